"""How rows are written: JSON lines, CSV for spreadsheets, Parquet, and Parquet by split."""

import csv
import json
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from hone.labeling.texts import harmless

Row: TypeAlias = dict[str, Any]
Write: TypeAlias = Callable[[Sequence[Row]], None]
COLUMNS = ("instruction", "context", "response", "pair", "state", "revision", "group", "split", "approvers", "source",
           "metadata")  # fmt: skip
PROVENANCE = "provenance"
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@contextmanager
def writer(format: str, path: Path) -> Generator[Write, None, None]:
    """A function that writes rows to the file, which is whole when the block ends."""
    if format == "csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:  # the mark tells spreadsheets that it is UTF-8
            yield _csv(file)
    elif format == "parquet":
        with _Parquet(path) as table:
            yield table.write
    else:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            yield lambda rows: file.writelines(_ENCODE(row) + "\n" for row in rows)


def _csv(file: Any) -> Write:
    table = csv.writer(file)
    table.writerow((*COLUMNS, PROVENANCE))

    def write(rows: Sequence[Row]) -> None:
        table.writerows([_cell(row.get(name)) for name in (*COLUMNS, PROVENANCE)] for row in rows)

    return write


def _cell(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    if value is None:
        return ""
    return harmless(value if isinstance(value, str) else _ENCODE(value))


class Splits:
    """The Parquet files of a data set's folder, one for each split."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._open: dict[str, _Parquet] = {}

    def write(self, split: str, rows: Sequence[Row]) -> None:
        """Rows of one split."""
        if split not in self._open:
            self._open[split] = _Parquet(self._folder / f"{split}-00000-of-00001.parquet")
        self._open[split].write(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for table in self._open.values():
            table.close()


class _Parquet:
    """One Parquet file; `metadata` and `provenance` are JSON texts in it."""

    def __init__(self, path: Path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {"pair": pa.int64()}
        self._schema = pa.schema([(name, kinds.get(name, pa.string())) for name in (*COLUMNS, PROVENANCE)])
        self._table = pa.table
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, rows: Sequence[Row]) -> None:
        columns = {name: [_plain(row.get(name)) for row in rows] for name in self._schema.names}
        self._file.write_table(self._table(columns, schema=self._schema))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _plain(value: Any) -> Any:
    return _ENCODE(value) if isinstance(value, dict | list) else value
