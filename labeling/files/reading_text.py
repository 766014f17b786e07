"""Rows of JSON lines, of JSON documents and of separated values, one after the other."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, TextIO

from hone.labeling import texts
from hone.labeling.files.decoding import lines
from hone.labeling.files.rows import LONGEST_NAME, LONGEST_ROW, RawRow, broken, parse, parse_at, row
from hone.storage.errors import InputError

DELIMITERS = ",\t;|"
TOO_LONG = f"is longer than {LONGEST_ROW // 2**20} MB, the limit of a row"
_UNCLOSED = f"a quotation mark opens here and is not closed within {LONGEST_ROW // 2**20} MB; what follows was not read"
_BLANK = " \t\r\n"
_BLOCK = 1 << 20  # characters of a document that are read at once


def json_lines(text: TextIO) -> Iterator[RawRow]:
    """A row for each line that is not blank."""
    for number, line, whole in lines(text):
        if not whole:
            yield RawRow(number, problem=TOO_LONG, raw=line)
        elif not line.isspace():
            yield _json_line(number, line)


def _json_line(number: int, line: str) -> RawRow:
    if line.endswith("\n"):
        line = line[:-1]
    try:
        value = parse(line)
    except ValueError as problem:
        return RawRow(number, problem=broken(problem), raw=line)
    return row(number, value, raw=line)


def json_document(text: TextIO, name: str) -> Iterator[RawRow]:
    """A row for each object of an array, or of an object of objects, whose keys they then have.

    Raises:
        InputError: The document is broken, or is neither of the two.
    """
    document = _Document(text, name)
    return document.elements() if document.next() == "[" else document.members()


class _Document:
    """A JSON document that is read as far as it is needed."""

    def __init__(self, text: TextIO, name: str):
        self._text = text
        self._name = name
        self._held = ""
        self._at = 0
        self._lines = 1  # the line of the first character that is held
        self._columns = 0  # characters of that line before it

    def elements(self) -> Iterator[RawRow]:
        """The objects of an array."""
        self._must_be("[")
        place = 0
        while self.next() != "]":
            if place:
                self._must_be(",")
            place += 1
            self.next()
            yield row(place, self._value())
        self._must_end()

    def members(self) -> Iterator[RawRow]:
        """The objects of an object of objects."""
        self._must_be("{")
        place = 0
        seen: set[str] = set()
        while self.next() != "}":
            if place:
                self._must_be(",")
            place += 1
            if self.next() != '"':
                raise self._broken("expecting property name enclosed in double quotes", self._at)
            key = self._value()
            if key in seen:
                raise InputError(f"{self._name} is broken JSON: the name {key[:40]!a} stands twice in one object.")
            seen.add(key)
            self._must_be(":")
            self.next()
            value = self._value()
            if not isinstance(value, dict):
                raise self._neither()
            yield row(place, value, key)
        if not place:
            raise self._neither()
        self._must_end()

    def next(self) -> str:
        """The next character that is no blank, which is not consumed; nothing at the end."""
        while True:
            while self._at < len(self._held):
                if self._held[self._at] not in _BLANK:
                    return self._held[self._at]
                self._at += 1
            if not self._more():
                return ""

    def _value(self) -> Any:
        while True:
            try:
                value, self._at = parse_at(self._held, self._at)
                return value
            except json.JSONDecodeError as problem:
                if len(self._held) - self._at > LONGEST_ROW:
                    raise InputError(
                        f"{self._name} is broken JSON, or its row at line {self._line(self._at)} {TOO_LONG}."
                    ) from problem
                at = problem.pos - self._at
                if not self._more():
                    raise self._broken(problem.msg, at) from problem
            except ValueError as problem:
                raise InputError(f"{self._name} is broken JSON: {problem}. Mend it, or use JSONL.") from problem

    def _more(self) -> bool:
        block = self._text.read(_BLOCK)
        done = self._held[: self._at]
        self._lines += done.count("\n")
        self._columns = len(done) - done.rfind("\n") - 1 + (0 if "\n" in done else self._columns)
        self._held = self._held[self._at :] + block
        self._at = 0
        return bool(block)

    def _must_be(self, sign: str) -> None:
        if self.next() != sign:
            raise self._broken(f"expecting '{sign}' delimiter", self._at)
        self._at += 1

    def _must_end(self) -> None:
        self._at += 1
        if self.next():
            raise self._broken("extra data", self._at)

    def _line(self, at: int) -> int:
        return self._lines + self._held.count("\n", 0, at)

    def _broken(self, says: str, at: int) -> InputError:
        before = self._held[:at]
        column = at - before.rfind("\n") + (0 if "\n" in before else self._columns)
        said = f"{says[:1].lower()}{says[1:]} at line {self._line(at)}, column {column}"
        return InputError(f"{self._name} is broken JSON: {said}. Mend it, or use JSONL.")

    def _neither(self) -> InputError:
        return InputError(
            f"{self._name} must hold an array of objects, or an object of objects, with one object for each row."
        )


def header(text: TextIO, delimiter: str, name: str) -> list[str]:
    """The columns that the first line names; InputError when it does not name each of them once."""
    line, found, problem = next(_records(text, delimiter), (1, [], "it is empty"))
    columns = [column.strip() or f"column {place}" for place, column in enumerate(found, start=1)]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    no_name = next((why for column in columns if (why := texts.problem(column, LONGEST_NAME))), None)
    if problem or twice or no_name:
        why = f"names '{twice[0]}' twice" if twice else f"is broken: {problem or f'a name {no_name}'}"
        raise InputError(f"Line {line} of {name} {why}. It must name each column once.")
    return columns


def separated(text: TextIO, delimiter: str, columns: list[str]) -> Iterator[RawRow]:
    """A row for each record below the header."""
    records = _records(text, delimiter)
    next(records, None)
    for line, values, problem in records:
        if problem:
            yield RawRow(line, problem=problem, raw=delimiter.join(values))
        elif len(values) == len(columns):
            yield RawRow(line, dict(zip(columns, values, strict=True)))
        elif values:
            why = f"has {len(values)} values, but the first line names {len(columns)} columns"
            yield RawRow(line, problem=why, raw=delimiter.join(values))


def _records(text: TextIO, delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """The line where each record starts, its values, and why it is broken if it is."""
    csv.field_size_limit(LONGEST_ROW)
    cut: list[int] = []
    before = 0

    def whole() -> Iterator[str]:
        nonlocal before
        begun = False
        for number, line, complete in lines(text):
            if not begun and not line.strip("\r\n"):
                before = number
                continue
            begun = True
            if not complete:
                cut.append(number)
            yield line if complete else "\n"

    reader = csv.reader(whole(), delimiter=delimiter, strict=True)
    values: list[str] = []
    while True:
        start = reader.line_num + 1
        try:
            values, problem = next(reader), TOO_LONG if cut else None
        except StopIteration:
            return
        except csv.Error as error:
            values, problem = [], _said(str(error))
        yield before + start, values, problem
        cut.clear()
        if problem == _UNCLOSED:
            return  # what follows would be read with its quotation marks the wrong way round


def _said(error: str) -> str:
    if "unexpected end" in error:
        return "a quotation mark opens here and is never closed"
    return _UNCLOSED if "field limit" in error else f"broken CSV: {error}"


def delimiter_of(head: str) -> str:
    """The sign by which the first rows fall into the same number of columns as the header, the most of them."""
    return max(DELIMITERS, key=lambda sign: _fit(head, sign))


def _fit(head: str, delimiter: str) -> tuple[float, int]:
    """How well a delimiter fits: the share of the first rows as wide as the header, and that width."""
    records = _records(io.StringIO(head, newline=""), delimiter)
    widths = [len(values) for _, (_, values, _) in zip(range(30), records, strict=False) if values]
    if not widths or widths[0] < 2:
        return (0.0, 1)
    return (widths.count(widths[0]) / len(widths), widths[0])
