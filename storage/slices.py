"""Slices of a project: the values that its pairs have in a field, with how many pairs have each.

A field is "state", "source", "group" or "metadata." and the name of a field of the metadata, as filters write them.
"""

import json
from typing import Any

from hone.storage.errors import InputError
from hone.storage.filters import PairFilter, joined, plain_name, where
from hone.storage.records import Record
from hone.storage.store import Cursor, rows, value

SAMPLE = 2_000  # pairs that are asked for the names of their fields
MOST = 50  # values that are listed
EVERY = PairFilter()


class Value(Record):
    """A value of a field, and how many pairs have it."""

    value: str
    pairs: int


def fields(cursor: Cursor, project_id: str) -> list[str]:
    """The fields of metadata, by name: those of at least one of 2,000 pairs that are spread over the project."""
    last = value(cursor, "select max(number) from pair where project_id = ?", [project_id]) or 0
    step = 1 + int(last) // SAMPLE
    sql = "select distinct metadata from pair where project_id = ? and kind = 'pair' and number % ? = 0"
    found = rows(cursor, sql, [project_id, step])
    return sorted({field for row in found for field in json.loads(row["metadata"]) if _named_plainly(field)})


def values(cursor: Cursor, project_id: str, field: str, wanted: PairFilter = EVERY, limit: int = MOST) -> list[Value]:
    """The commonest values of a field among the pairs that the filter means, the commonest first."""
    column, bound = _column(field)
    said, filtered = where(wanted)
    found = rows(
        cursor,
        f"select v as value, count(*) as pairs from (select {column} as v from {joined(wanted)} "
        f"where p.project_id = ? and {said}) found where v is not null group by v order by pairs desc, v limit ?",
        [*bound, project_id, *filtered, limit],
    )
    return [Value.model_validate(row) for row in found]


def has(cursor: Cursor, project_id: str, field: str, sought: str) -> bool:
    """Whether any pair of the project has this value in this field."""
    column, bound = _column(field)
    sql = f"select count(*) from pair p where p.project_id = ? and {column} = ?"
    return bool(value(cursor, sql, [project_id, *bound, sought]))


def checks(cursor: Cursor, project_id: str, wanted: PairFilter = EVERY) -> dict[str, int]:
    """How many of the pairs that the filter means have each kind of finding."""
    said, filtered = where(wanted)
    sql = f"select p.checks, count(*) as n from {joined(wanted)} where p.project_id = ? and {said} group by p.checks"
    found: dict[str, int] = {}
    for row in rows(cursor, sql, [project_id, *filtered]):
        for kind in (row["checks"] or "").split():
            found[kind] = found.get(kind, 0) + row["n"]
    return found


def unchecked(cursor: Cursor, project_id: str) -> int:
    """How many pairs wait for their checks."""
    sql = "select count(*) from pair where project_id = ? and kind = 'pair' and checks is null"
    return int(value(cursor, sql, [project_id]))


def flag_kinds(cursor: Cursor, project_id: str) -> set[str]:
    """The kinds of flags that were ever set in the project."""
    sql = "select distinct f.category from flag f join pair p on p.id = f.pair_id where p.project_id = ?"
    return {row["category"] for row in rows(cursor, sql, [project_id])}


def _column(field: str) -> tuple[str, list[Any]]:
    name = {"state": "p.state", "source": "p.source", "group": "p.group_key"}.get(field)
    if name:
        return name, []
    if not field.startswith("metadata."):
        raise InputError(f"'{field}' is no field of a pair. There are: state, source, group, metadata.NAME.")
    return "(cast(p.metadata as json) ->> ?)", [plain_name(field.removeprefix("metadata."))]


def _named_plainly(field: str) -> bool:
    return bool(field) and field[0] not in "$/"
