"""What became of flags: resolutions by people, inserted; the newest counts."""

from collections import Counter
from datetime import datetime
from typing import Any, Literal, TypeAlias

from hone.storage.records import Record
from hone.storage.reviews import Flag
from hone.storage.store import Cursor, insert, one, rows, value

Outcome: TypeAlias = Literal["mended", "accepted", "dismissed"]
OUTCOMES: tuple[Outcome, ...] = ("mended", "accepted", "dismissed")


class Resolution(Record):
    """What a person decided about a flag: its words are mended, it is right and stays, or it was no flag at all."""

    id: str
    flag_id: str
    pair_id: str
    person_id: str
    outcome: Outcome
    reason: str
    request_key: str
    created_at: datetime


# Flags of opinions that stand, on pairs that count: by what is left out, which is little.
_STANDING = (
    "from flag f where f.pair_id not in (select p.id from pair p where p.project_id <> ? or p.kind <> 'pair') "
    "and f.review_id not in (select u.undoes from review u where u.undoes is not null "
    "union all select s.review_id from sent_back s union all select c.id from review c where c.kind <> 'review') "
)
_OPEN = "and not exists (select 1 from flag_resolution s where s.flag_id = f.id) "


def unresolved(cursor: Cursor, project_id: str) -> list[str]:
    """The ids of the flags that nobody has resolved, of opinions that stand."""
    return [row["id"] for row in rows(cursor, f"select f.id {_STANDING}{_OPEN}order by f.id", [project_id])]


def open_counts(cursor: Cursor, project_id: str) -> Counter[tuple[str, int]]:
    """How many flags are open, by category and severity."""
    found = rows(
        cursor,
        f"select f.category, f.severity, count(*) as n {_STANDING}{_OPEN}group by f.category, f.severity",
        [project_id],
    )
    return Counter({(row["category"], row["severity"]): row["n"] for row in found})


def listing(
    cursor: Cursor,
    project_id: str,
    *,
    resolved: bool = False,
    category: str | None = None,
    severity: int | None = None,
    limit: int = 50,
    skip: int = 0,
) -> list[Flag]:
    """Flags of opinions that stand, open or resolved, the gravest first, then the oldest."""
    said = _OPEN.replace("not exists", "exists") if resolved else _OPEN
    bound: list[Any] = [project_id]
    for column, wanted in (("category", category), ("severity", severity)):
        if wanted is not None:
            said += f"and f.{column} = ? "
            bound.append(wanted)
    found = rows(
        cursor,
        f"select f.* {_STANDING}{said}order by f.severity desc, f.created_at, f.id limit ? offset ?",
        [*bound, limit, skip],
    )
    return [_flag(row) for row in found]


def get(cursor: Cursor, flag_id: str) -> Flag | None:
    """The flag with this id, or None."""
    row = one(cursor, "select * from flag where id = ?", [flag_id])
    return _flag(row) if row else None


def stands(cursor: Cursor, flag: Flag) -> bool:
    """Whether the opinion that the flag belongs to still stands."""
    return bool(value(cursor, "select count(*) from current_review where id = ?", [flag.review_id]))


def texts_of(cursor: Cursor, flag: Flag) -> tuple[str, str]:
    """The ids of the revisions that the flag's opinion decided on, and that it saw."""
    found = rows(cursor, "select revision_id, seen_revision from review where id = ?", [flag.review_id])
    return found[0]["revision_id"], found[0]["seen_revision"]


def resolve(cursor: Cursor, resolution: Resolution) -> None:
    """Store what was decided about a flag."""
    insert(cursor, "flag_resolution", resolution.model_dump())


def resolution_of(cursor: Cursor, flag_id: str) -> Resolution | None:
    """The newest resolution of a flag, or None when it is open."""
    row = one(
        cursor,
        "select * from flag_resolution where flag_id = ? order by created_at desc, id desc limit 1",
        [flag_id],
    )
    return Resolution.model_validate(row) if row else None


def resolutions(cursor: Cursor, pair_id: str) -> list[Resolution]:
    """All that was decided about the flags of a pair, the oldest first."""
    found = rows(cursor, "select * from flag_resolution where pair_id = ? order by created_at, id", [pair_id])
    return [Resolution.model_validate(row) for row in found]


def resolution_by_request(cursor: Cursor, request_key: str) -> Resolution | None:
    """The resolution that an earlier try of the same request stored."""
    row = one(cursor, "select * from flag_resolution where request_key = ?", [request_key])
    return Resolution.model_validate(row) if row else None


def _flag(row: dict[str, Any]) -> Flag:
    start, end = row.pop("span_start"), row.pop("span_end")
    return Flag(**row, start=start, end=end)
