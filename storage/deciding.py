"""What waits for a lead's word: pairs on which experts differ, or whose agreement is to be signed off; send-backs."""

from datetime import datetime
from typing import Literal, TypeAlias

from hone.storage.records import Record
from hone.storage.store import Cursor, one, rows, value

Waiting: TypeAlias = Literal["disputed", "agreed"]


class SentBack(Record):
    """An opinion that a lead gave back to its expert, and why: it counts no more."""

    id: str
    review_id: str
    pair_id: str
    expert_id: str
    person_id: str
    comment: str
    request_key: str
    created_at: datetime


def waiting(cursor: Cursor, project_id: str, state: Waiting, limit: int = 50, skip: int = 0) -> list[str]:
    """The ids of the pairs in this state, by priority and number."""
    found = rows(
        cursor,
        "select id from pair where project_id = ? and kind = 'pair' and state = ? "
        "order by priority desc, number limit ? offset ?",
        [project_id, state, limit, skip],
    )
    return [row["id"] for row in found]


def count(cursor: Cursor, project_id: str, state: Waiting) -> int:
    """How many pairs are in this state."""
    sql = "select count(*) from pair where project_id = ? and kind = 'pair' and state = ?"
    return int(value(cursor, sql, [project_id, state]))


def to_do_again(cursor: Cursor, project_id: str, person_id: str) -> int:
    """How many pairs wait for this person because their opinion was sent back."""
    sql = "select count(*) from pair where project_id = ? and state = 'open' and reserved_for = ?"
    return int(value(cursor, sql, [project_id, person_id]))


def sent_back_by_request(cursor: Cursor, request_key: str) -> SentBack | None:
    """What an earlier try of the same request stored."""
    row = one(cursor, "select * from sent_back where request_key = ?", [request_key])
    return SentBack.model_validate(row) if row else None


def sent_back_of(cursor: Cursor, pair_id: str) -> list[SentBack]:
    """What was given back of a pair, the oldest first."""
    found = rows(cursor, "select * from sent_back where pair_id = ? order by created_at, id", [pair_id])
    return [SentBack.model_validate(row) for row in found]
