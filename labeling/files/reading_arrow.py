"""Rows of Parquet and Arrow files: columns come in small batches, and no value is unpacked before its size is known.

A compressed column can declare little and unpack to anything (a "zip bomb"). So a row group of Parquet, or a batch of
Arrow, may unpack to one gigabyte at most, texts stay in their dictionaries while they are weighed, and a row over the
limit is refused without ever being made.
"""

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.compute import call_function

from hone.labeling.files import arrow_sizes
from hone.labeling.files.decoding import opened
from hone.labeling.files.reading_text import TOO_LONG
from hone.labeling.files.rows import LONGEST_ROW, Number, RawRow
from hone.storage.errors import InputError

LARGEST_GROUP = 2**30  # bytes of a row group, unpacked
MOST_VALUES = 50_000_000  # in one column of a row group
BATCH = 2_000  # rows


def parquet(path: Path, name: str) -> Iterator[RawRow]:
    """The rows of a Parquet file."""
    with _readable(name), opened(path, name) as raw, pq.ParquetFile(raw) as file:
        _must_be_bounded(file, name)
        texts = [file.schema.column(at).path for at in range(len(file.schema)) if _is_text(file.schema.column(at))]
    with _readable(name), opened(path, name) as raw, pq.ParquetFile(raw, read_dictionary=texts) as file:
        yield from _rows(file.iter_batches(BATCH, use_threads=False))


def arrow(path: Path, name: str) -> Iterator[RawRow]:
    """The rows of an Arrow file or stream, as `save_to_disk` of the `datasets` library writes them."""
    with _readable(name), opened(path, name) as raw:
        yield from _rows(map(_sound, _stream(raw, name)))


def parquet_shape(path: Path, name: str) -> tuple[tuple[str, ...], int]:
    """The columns of a Parquet file and how many rows it says that it has."""
    with _readable(name), opened(path, name) as raw, pq.ParquetFile(raw) as file:
        _must_be_bounded(file, name)
        return tuple(file.schema_arrow.names), file.metadata.num_rows


def arrow_columns(path: Path, name: str) -> tuple[str, ...]:
    """The columns of an Arrow file or stream."""
    with _readable(name), opened(path, name) as raw:
        return tuple(_stream(raw, name).schema.names)


def _stream(raw: "io.BufferedReader[io.FileIO]", name: str) -> Any:
    """As a stream in both: what a file's table of contents names might not be what was looked at."""
    _must_unpack_to_little(raw, name)
    raw.seek(arrow_sizes.start_of(raw.fileno()))
    return pa.ipc.open_stream(raw)


@contextmanager
def _readable(name: str) -> Generator[None, None, None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeError) as problem:
        said = (str(problem).strip().splitlines() or ["it is empty"])[0].rstrip(".")[:200]
        raise InputError(f"{name} is broken, or not what its name says: {said}. Write it again.") from problem


def _must_be_bounded(file: pq.ParquetFile, name: str) -> None:
    for group in range(file.metadata.num_row_groups):
        said = file.metadata.row_group(group)
        columns = [said.column(at) for at in range(said.num_columns)]
        size = max(said.total_byte_size, sum(column.total_uncompressed_size for column in columns))
        most = max((column.num_values for column in columns), default=0)
        if size > LARGEST_GROUP or most > MOST_VALUES:
            raise InputError(
                f"{name} unpacks to {size // 2**20:,} MB and {most:,} values in one row group; the limit is "
                f"{LARGEST_GROUP // 2**20:,} MB and {MOST_VALUES:,}. Write it with smaller row groups."
            )


def _must_unpack_to_little(raw: "io.BufferedReader[io.FileIO]", name: str) -> None:
    dictionaries = 0  # are held until the end
    for each in arrow_sizes.sizes(raw):
        dictionaries += each.unpacked * each.dictionary
        size = dictionaries + each.unpacked * (not each.dictionary)
        if size > LARGEST_GROUP or each.values > MOST_VALUES:
            raise InputError(
                f"{name} unpacks to {size // 2**20:,} MB and {each.values:,} values in one batch; the limit is "
                f"{LARGEST_GROUP // 2**20:,} MB and {MOST_VALUES:,}. Write it with smaller batches."
            )


def _sound(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch, once no place in it leads out of it. Bytes that are no UTF-8 pass: they cost their row alone."""
    for column in batch.columns:
        kind = column.type
        as_bytes = pa.binary() if pa.types.is_string(kind) else pa.large_binary()
        is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        (column.view(as_bytes) if is_text else column).validate(full=True)
    return batch


def _is_text(column: Any) -> bool:
    return bool(column.physical_type == "BYTE_ARRAY")


def _rows(batches: Any) -> Iterator[RawRow]:
    place = 0
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH):  # Arrow files have batches of any size
            yield from _made(batch.slice(start, BATCH), place + start)
        place += batch.num_rows


def _made(batch: pa.RecordBatch, before: int) -> Iterator[RawRow]:
    """The rows of a batch; halved until what is made of it at once is no more than a row may be."""
    if not batch.num_rows:
        return
    weight = sum(_weight(column) for column in batch.columns)
    if batch.num_rows == 1 and weight > LONGEST_ROW:
        yield RawRow(before + 1, problem=TOO_LONG)
    elif weight > LONGEST_ROW:
        half = batch.num_rows // 2
        yield from _made(batch.slice(0, half), before)
        yield from _made(batch.slice(half), before + half)
    else:
        yield from _python(batch, before)


def _python(batch: pa.RecordBatch, before: int) -> Iterator[RawRow]:
    try:
        columns = [_values(column) for column in batch.columns]
    except UnicodeDecodeError:
        if batch.num_rows == 1:
            yield RawRow(before + 1, problem="holds bytes that are not UTF-8")
            return
        for at in range(batch.num_rows):
            yield from _python(batch.slice(at, 1), before + at)
        return
    names = batch.schema.names
    for at, found in enumerate(zip(*columns, strict=True), start=before + 1):
        yield RawRow(at, dict(zip(names, found, strict=True)))


def _weight(array: pa.Array) -> int:
    """Bytes of the values that an array stands for, when each is written out."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        lengths = _lengths(array.dictionary)
        return _sum(lengths.take(array.indices)) if len(lengths) else 0
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return 16 * len(array) + _weight(array.flatten())
    if pa.types.is_struct(kind):
        return sum(_weight(part) for part in array.flatten())
    return _sum(_lengths(array))


def _lengths(array: pa.Array) -> pa.Array:
    if _is_binary(array.type):
        return call_function("binary_length", [array]).cast(pa.int64())
    return pa.array([8] * len(array), pa.int64())


def _sum(numbers: pa.Array) -> int:
    return int(call_function("sum", [numbers]).as_py() or 0)


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _values(array: pa.Array) -> list[Any]:
    """Python values in which numbers and times are texts."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _values(array.dictionary.take(array.indices)) if len(array.dictionary) else [None] * len(array)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind) or _is_binary(kind):
        return list(array.to_pylist())
    if pa.types.is_nested(kind):
        return [_plain(value) for value in array.to_pylist()]
    return [None if value is None else Number(_written(value)) for value in array.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, str | bool | bytes):
        return value
    return Number(_written(value))


def _written(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
