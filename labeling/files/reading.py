"""A file of rows, or a folder of a data set, as it was given: which format, which encoding, which columns.

The content decides the format; the suffix only settles a doubt. Rows are read as they are needed, and a file that
changes under the reader is noticed.
"""

import json
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Literal, TypeAlias

from hone.labeling.files import decoding, reading_text
from hone.labeling.files.decoding import decoded, encoding_of, head, opened, single_byte, stamp
from hone.labeling.files.folders import data_files
from hone.labeling.files.rows import RawRow, RowProblem
from hone.storage.errors import InputError

__all__ = ["Format", "RawRow", "RowProblem", "Source", "read"]

Format: TypeAlias = Literal["jsonl", "csv", "json", "parquet", "arrow"]
SAMPLE = 1_000  # rows that decide on shape and columns
LARGEST_SAMPLE = 32_000_000  # characters of them


class Source:
    """A file or folder that can be read, more than once.

    `sample` are its first rows, `columns` the columns of those in the order of their first appearance.
    """

    def __init__(self, path: Path, name: str, format: Format, encoding: str, delimiter: str | None = None):
        self.path = path
        self.name = name
        self.format: Format = format
        self.encoding = encoding
        self.delimiter = delimiter
        self.columns: tuple[str, ...] = ()
        self._stamp = stamp(path)
        self._file: FileIO | None = None
        self._share = 0.0
        self._declared: int | None = None
        if format == "csv":
            self.columns = tuple(self._header())
        elif format == "parquet":
            from hone.labeling.files import reading_arrow

            self.columns, self._declared = reading_arrow.parquet_shape(path, name)
        elif format == "arrow":
            from hone.labeling.files import reading_arrow

            self.columns = reading_arrow.arrow_columns(path, name)
        self.sample = _first(self.rows())
        if not self.columns:
            self.columns = tuple(dict.fromkeys(column for row in self.sample for column in row.values))

    @property
    def counted_in(self) -> Literal["line", "row"]:
        """What the numbers of rows count."""
        return "line" if self.format in ("jsonl", "csv") else "row"

    @property
    def share(self) -> float:
        """How much of the file the reading in progress has gone through, 0 to 1."""
        if self._file is not None and not self._file.closed:
            self._share = min(1.0, self._file.tell() / max(1, self._stamp[1]))
        return self._share

    def rows(self) -> Iterator[RawRow]:
        """Its rows from the first; InputError when it was changed since it was looked at, or is broken as a whole."""
        self.must_be_the_same()
        self._share = 0.0
        if self.format in ("parquet", "arrow"):
            return self._columnar()
        return self._textual()

    def must_be_the_same(self) -> None:
        """Raise InputError when the file is another than it was when it was opened first."""
        if stamp(self.path) != self._stamp:
            raise InputError(f"{self.name} was changed or replaced while it was read. Wait until it is whole.")

    def _textual(self) -> Iterator[RawRow]:
        with opened(self.path, self.name) as file:
            self._file = file.raw
            text = decoding.as_text(file, self.encoding, "" if self.format == "csv" else "\n")
            if self.format == "csv":
                yield from reading_text.separated(text, self.delimiter or ",", list(self.columns))
            elif self.format == "jsonl":
                yield from reading_text.json_lines(text)
            else:
                yield from reading_text.json_document(text, self.name)
            self._share = 1.0

    def _columnar(self) -> Iterator[RawRow]:
        from hone.labeling.files import reading_arrow  # loads pyarrow

        found = (reading_arrow.parquet if self.format == "parquet" else reading_arrow.arrow)(self.path, self.name)
        for row in found:
            if self._declared:
                self._share = row.line / self._declared
            yield row
        self._share = 1.0

    def _header(self) -> list[str]:
        with opened(self.path, self.name) as file:
            return reading_text.header(decoding.as_text(file, self.encoding, ""), self.delimiter or ",", self.name)


class Folder:
    """The data files of a folder, one after the other; a row has its split as a column when the folder names it."""

    def __init__(self, path: Path, name: str):
        self.path = path
        self.name = name
        found = data_files(path, name)
        self._parts = [(_source(file, f"{name}/{where}", file.suffix), where, split) for file, where, split in found]
        first = self._parts[0][0]
        self.format: Format = first.format
        self.encoding = first.encoding
        self.delimiter = first.delimiter
        self.counted_in: Literal["line", "row"] = "row"
        self.sample = _first(self.rows())
        splits = ["split"] if any(split for _, _, split in self._parts) else []
        self.columns = tuple(dict.fromkeys([*(name for part, _, _ in self._parts for name in part.columns), *splits]))
        self._at = 0

    @property
    def share(self) -> float:
        """How much of the folder's files the reading in progress has gone through, 0 to 1."""
        return (self._at + self._parts[self._at][0].share) / len(self._parts)

    def rows(self) -> Iterator[RawRow]:
        """The rows of all files, counted through; a problem names its file."""
        before = 0
        for at, (part, where, split) in enumerate(self._parts):
            self._at, place = at, before
            for row in part.rows():
                place += 1
                if row.problem:
                    yield row._replace(line=place, problem=f"{row.problem} ({where}, {part.counted_in} {row.line})")
                elif split and "split" not in row.values:
                    yield row._replace(line=place, values={**row.values, "split": split})
                else:
                    yield row._replace(line=place)
            before = place

    def must_be_the_same(self) -> None:
        """Raise InputError when one of the files is another than it was at first."""
        for part, _, _ in self._parts:
            part.must_be_the_same()


def read(path: Path, name: str | None = None) -> Source | Folder:
    """What can be read at a path: a JSONL, JSON, CSV, TSV, Parquet or Arrow file, or a data set's folder.

    Raises:
        InputError: It is not there, empty, unreadable, no text, or its format cannot be told; its first rows are
            broken in a way that no row is left; a CSV file has no usable header.
    """
    name = name or path.name
    source = Folder(path, name) if os.path.isdir(path) else _source(path, name, path.suffix.lower())
    _must_have_rows(source)
    return source


def _first(rows: Iterator[RawRow]) -> tuple[RawRow, ...]:
    found: list[RawRow] = []
    weight = 0
    for row in rows:
        found.append(row)
        weight += len(repr(row.values))
        if len(found) == SAMPLE or weight > LARGEST_SAMPLE:
            break
    return tuple(found)


def _source(path: Path, name: str, suffix: str) -> Source:
    raw = head(path, name)
    if raw.startswith(b"PAR1"):
        return Source(path, name, "parquet", "binary")
    if raw.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return Source(path, name, "arrow", "binary")
    encoding = encoding_of(raw)
    text = decoded(raw, encoding)
    if not text.strip():
        raise InputError(f"{name} is empty. Choose {decoding.KINDS} with at least one row.")
    kind = _format(text, suffix, name)
    if kind != "csv":
        return Source(path, name, kind, encoding)
    encoding = single_byte(raw, encoding)
    delimiter = "\t" if suffix == ".tsv" else reading_text.delimiter_of(decoded(raw, encoding))
    return Source(path, name, kind, encoding, delimiter)


def _must_have_rows(source: Source | Folder) -> None:
    if not source.sample:
        raise InputError(f"{source.name} has no rows. Choose a file with at least one.")
    first = source.sample[0]
    if len(source.sample) < SAMPLE and all(row.problem for row in source.sample):
        raise InputError(
            f"{source.name} has no row that can be read; the first, in line {first.line}: {first.problem}."
        )


def _format(text: str, suffix: str, name: str) -> Format:
    start = text.lstrip()
    if start[0] == "[":
        return "jsonl" if suffix in (".jsonl", ".ndjson") else "json"
    if start[0] == "{":
        return "jsonl" if suffix in (".jsonl", ".ndjson") or _starts_with_a_row(start) else "json"
    if suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    if suffix == ".json":
        raise InputError(f"{name} is no JSON: it starts with '{start[:20].splitlines()[0]}' and not with [ or {{.")
    if suffix in (".csv", ".tsv") or any(mark in start.splitlines()[0] for mark in reading_text.DELIMITERS):
        return "csv"
    raise InputError(f"{name} is none of JSONL, CSV, JSON and Parquet. Give it the right suffix if it is one of them.")


def _starts_with_a_row(text: str) -> bool:
    """Whether the first line alone is a JSON object of values: then the file is JSON lines."""
    try:
        first = json.loads(text.split("\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and not all(isinstance(value, dict) for value in first.values())
