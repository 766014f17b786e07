"""The rows that an import refused, as a CSV file to mend and bring again: line, reason, and the row as it was."""

import csv
import json
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from hone.labeling.files.rows import RawRow, Values
from hone.labeling.texts import harmless

SUFFIX = ".csv"


def file_of(exports: Path, import_id: str) -> Path:
    """Where the refused rows of an import are, if it refused any."""
    return exports / f"refused-{import_id}{SUFFIX}"


class Refusals:
    """Writes each refused row as it comes; without one there is no file."""

    def __init__(self, exports: Path, import_id: str):
        self.path = file_of(exports, import_id)
        self._file: TextIO | None = None

    def add(self, row: RawRow, values: Values, reason: str) -> None:
        """One more."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            csv.writer(self._file).writerow(("line", "reason", "row"))
        said = row.raw.rstrip("\r\n") or json.dumps(dict(values), ensure_ascii=False, default=str)
        csv.writer(self._file).writerow((row.line, harmless(reason), harmless(said)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        if kind is not None:  # the message tells what went wrong
            self.path.unlink(missing_ok=True)
