"""A file of rows, as it was given: which format, which encoding, which columns, and what is wrong in which line.

Nothing here knows what a pair is. The content decides the format; the suffix only settles a doubt. Values keep
their own notation: the number 1.10 becomes the text "1.10".
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

from hone.labeling import texts
from hone.labeling.decoding import LARGEST, content, decode, single_byte
from hone.storage.errors import InputError
from hone.storage.records import Record

Format: TypeAlias = Literal["jsonl", "csv", "json"]

LONGEST_NAME = 200  # characters of a column
DELIMITERS = ",\t;|"


class RawRow(Record):
    """One row. `line` counts from 1: the line where it starts, in a JSON document its position.

    Either `values` (by column; objects and lists as Python values) or `problem` says something.
    """

    line: int
    values: dict[str, Any] = {}
    problem: str | None = None
    key: str | None = None


class Table(Record):
    """All rows of a file. `columns` are in the order of their first appearance."""

    format: Format
    encoding: str
    delimiter: str | None = None
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]


class _Refused(ValueError):
    """A JSON text that parses, but not to what it seems to say."""


def read(path: Path, name: str | None = None) -> Table:
    """The rows of a JSONL, CSV or JSON file.

    Raises:
        InputError: It is no file, empty, unreadable, too large, no text, or its format cannot be told; a JSON
            document is broken as a whole; a CSV file has no usable header.
    """
    name = name or path.name
    raw = content(path, name)
    text, encoding = decode(raw, name)
    if not text.strip():
        raise InputError(f"{name} is empty. Choose a JSONL, CSV or JSON file with at least one row.")
    kind = _format(text, path.suffix.lower(), name)
    if kind == "csv":
        table = _csv(*single_byte(raw, text, encoding), path.suffix.lower(), name)
    else:
        rows = tuple(_json_lines(text) if kind == "jsonl" else _json_document(text, name))
        columns = dict.fromkeys(column for row in rows for column in row.values)
        table = Table(format=kind, encoding=encoding, columns=tuple(columns), rows=rows)
    _must_have_rows(table, name)
    return table


def _must_have_rows(table: Table, name: str) -> None:
    if not table.rows:
        raise InputError(f"{name} has no rows. Choose a file with at least one.")
    first = table.rows[0]
    if all(row.problem for row in table.rows):
        raise InputError(f"{name} has no row that can be read; the first, in line {first.line}: {first.problem}.")


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
    if suffix in (".csv", ".tsv") or any(mark in start.splitlines()[0] for mark in DELIMITERS):
        return "csv"
    raise InputError(f"{name} is neither JSONL, CSV nor JSON. Give it the right suffix if it is one of them.")


def _starts_with_a_row(text: str) -> bool:
    """Whether the first line alone is a JSON object of values: then the file is JSON lines."""
    try:
        first = json.loads(text.split("\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and not all(isinstance(value, dict) for value in first.values())


def _json_lines(text: str) -> Iterator[RawRow]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = _parse(line)
        except ValueError as problem:
            yield RawRow(line=number, problem=_broken(problem))
            continue
        yield _row(number, value)


def _json_document(text: str, name: str) -> Iterator[RawRow]:
    try:
        document = _parse(text)
    except ValueError as problem:
        why = _broken(problem, with_line=True)
        raise InputError(f"{name} is broken JSON: {why}. Mend it, or use JSONL.") from problem
    if isinstance(document, list):
        return (_row(place, value) for place, value in enumerate(document, start=1))
    if document and all(isinstance(value, dict) for value in document.values()):
        return (_row(place, value, key) for place, (key, value) in enumerate(document.items(), start=1))
    raise InputError(f"{name} must hold an array of objects, or an object of objects, with one object for each row.")


def _row(line: int, value: Any, key: str | None = None) -> RawRow:
    if not isinstance(value, dict):
        return RawRow(line=line, problem=f"is {what_is(value)}, not an object with named fields")
    for name in (*value, key or ""):
        why = texts.problem(name, LONGEST_NAME)
        if why:
            return RawRow(line=line, problem=f"has a name that {why}")
    return RawRow(line=line, values=value, key=key)


def _parse(text: str) -> Any:
    """JSON with numbers as they are written. ValueError for what is no JSON, or says one name twice."""
    try:
        return json.loads(
            text, parse_float=_Number, parse_int=_Number, parse_constant=_not_json, object_pairs_hook=_once
        )
    except RecursionError as problem:
        raise _Refused("is nested too deeply") from problem


class _Number(str):
    """The digits of a number."""

    __slots__ = ()


def _not_json(name: str) -> Any:
    raise _Refused(f"{name} is not JSON; use null")


def _once(found: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(found)
    if len(values) < len(found):
        seen: set[str] = set()
        twice = next(name for name, _ in found if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Refused(f"the name {twice[:40]!a} stands twice in one object")
    return values


def _broken(problem: ValueError, with_line: bool = False) -> str:
    if isinstance(problem, json.JSONDecodeError):
        place = f"line {problem.lineno}, column {problem.colno}" if with_line else f"column {problem.colno}"
        said = f"{problem.msg[:1].lower()}{problem.msg[1:]} at {place}"
        return said if with_line else f"broken JSON: {said}"
    return str(problem)


def what_is(value: Any) -> str:
    """What kind of JSON value this is, for a message."""
    names = {list: "a list", dict: "an object", _Number: "a number", str: "a text", bool: "true or false"}
    return names.get(type(value), "null")


def as_text(value: Any) -> str | None:
    """A value as text, numbers as they were written and null as nothing; None for a list or an object."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else None


def _csv(text: str, encoding: str, suffix: str, name: str) -> Table:
    csv.field_size_limit(LARGEST)
    delimiter = "\t" if suffix == ".tsv" else _delimiter(text)
    records = _records(text, delimiter)
    _, header, problem = next(records)
    columns = [column.strip() or f"column {place}" for place, column in enumerate(header, start=1)]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    no_name = next((why for column in columns if (why := texts.problem(column, LONGEST_NAME))), None)
    if problem or twice or no_name:
        why = f"names '{twice[0]}' twice" if twice else f"is broken: {problem or f'a name {no_name}'}"
        raise InputError(f"The first line of {name} {why}. It must name each column once.")
    rows = tuple(_csv_row(line, columns, values, why) for line, values, why in records if values or why)
    return Table(format="csv", encoding=encoding, delimiter=delimiter, columns=tuple(columns), rows=rows)


def _csv_row(line: int, columns: list[str], values: list[str], problem: str | None) -> RawRow:
    if problem:
        return RawRow(line=line, problem=problem)
    if len(values) != len(columns):
        return RawRow(line=line, problem=f"has {len(values)} values, but the first line names {len(columns)} columns")
    return RawRow(line=line, values=dict(zip(columns, values, strict=True)))


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """The line where each record starts, its values, and why it is broken if it is."""
    reader = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter, strict=True)
    skipped = len(text) - len(text.lstrip("\r\n"))
    before = text[:skipped].count("\n")
    while True:
        line = before + reader.line_num + 1
        try:
            yield line, next(reader), None
        except StopIteration:
            return
        except csv.Error as problem:
            said = str(problem)
            unclosed = "unexpected end" in said
            yield line, [], "a quotation mark opens here and is never closed" if unclosed else f"broken CSV: {said}"


def _delimiter(text: str) -> str:
    """The sign by which the first rows fall into the same number of columns as the header, the most of them."""
    return max(DELIMITERS, key=lambda sign: _fit(text, sign))


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    """How well a delimiter fits: the share of the first rows as wide as the header, and that width."""
    widths = [len(values) for _, (_, values, _) in zip(range(30), _records(text, delimiter), strict=False) if values]
    if not widths or widths[0] < 2:
        return (0.0, 1)
    return (widths.count(widths[0]) / len(widths), widths[0])
