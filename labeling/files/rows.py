"""One row of a file as it was given, and its values as text. Nothing here knows what a pair is.

Values keep their own notation: the number 1.10 becomes the text "1.10".
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from hone.labeling import texts
from hone.storage.records import Record

LONGEST_ROW = 8 * 2**20  # characters of one row as it stands in its file
LONGEST_NAME = 200  # characters of a column
MOST_NAMES = 1_000  # that are remembered as good
_known_names: set[str] = set()
NONE: Mapping[str, Any] = {}

Values: TypeAlias = Mapping[str, Any]


class RawRow(NamedTuple):
    """One row. `line` counts from 1: the line where it starts; in a document or a table of columns its position.

    Either `values` (by column; objects and lists as Python values) or `problem` says something. `raw` is the text of
    a row that has a problem, as far as it is known.
    """

    line: int
    values: Values = NONE
    problem: str | None = None
    key: str | None = None
    raw: str = ""


class RowProblem(Record):
    """A row that was left out: its line (or its position, from 1) and why."""

    line: int
    reason: str


class Number(str):
    """The digits of a number."""

    __slots__ = ()


class Refused(ValueError):
    """A JSON text that parses, but not to what it seems to say."""


def row(line: int, value: Any, key: str | None = None, raw: str = "") -> RawRow:
    """The row of a parsed JSON value."""
    if not isinstance(value, dict):
        return RawRow(line, problem=f"is {what_is(value)}, not an object with named fields", raw=raw)
    if key or not value.keys() <= _known_names:
        for name in (*value, key or ""):
            why = texts.problem(name, LONGEST_NAME)
            if why:
                return RawRow(line, problem=f"has a name that {why}", raw=raw)
        if len(_known_names) < MOST_NAMES:
            _known_names.update(value)
    return RawRow(line, value, key=key)


def as_text(value: Any) -> str | None:
    """A value as text, numbers as they were written and null as nothing; None for a list or an object."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None


def what_is(value: Any) -> str:
    """What kind of value this is, for a message."""
    names = {
        list: "a list",
        dict: "an object",
        Number: "a number",
        str: "a text",
        bool: "true or false",
        bytes: "binary data",
    }
    return names.get(type(value), "null")


def parse(text: str) -> Any:
    """JSON with numbers as they are written.

    Raises:
        ValueError: It is no JSON, or says one name twice; `broken` puts it into words.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError as problem:
        raise Refused("is nested too deeply") from problem


def parse_at(text: str, start: int) -> tuple[Any, int]:
    """The JSON value that starts there, and where it ends; ValueError as in `parse`."""
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError as problem:
        raise Refused("is nested too deeply") from problem


def broken(problem: ValueError) -> str:
    """What is wrong with a line of JSON."""
    if isinstance(problem, json.JSONDecodeError):
        return f"broken JSON: {problem.msg[:1].lower()}{problem.msg[1:]} at column {problem.colno}"
    return str(problem)


def _not_json(name: str) -> Any:
    raise Refused(f"{name} is not JSON; use null")


def _once(found: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(found)
    if len(values) < len(found):
        seen: set[str] = set()
        twice = next(name for name, _ in found if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Refused(f"the name {twice[:40]!a} stands twice in one object")
    return values


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_not_json, object_pairs_hook=_once)
