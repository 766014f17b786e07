"""Gold pairs: their right decision is known, and each expert meets them once among the others."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from hone.storage import pairs, tally
from hone.storage.pairs import NewPair
from hone.storage.records import Record, now
from hone.storage.store import Cursor, insert, marks, rows

Decision: TypeAlias = Literal["approve", "reject"]


class Gold(Record):
    """What is right about a gold pair, and why; `ratings` are the right scores, of the dimensions that have one."""

    pair_id: str
    project_id: str
    decision: Decision
    ratings: dict[str, int] = {}
    reason: str = ""
    made_by: str
    made_at: datetime


class GoldResult(Record):
    """What one expert said about a gold pair. `right`: the decision is the known one."""

    pair_id: str
    pair_number: int
    person_id: str
    decision: Literal["approve", "reject", "skip"]
    ratings: dict[str, int]
    expected: Decision
    expected_ratings: dict[str, int]
    seconds: float | None
    created_at: datetime

    @property
    def right(self) -> bool:
        """Whether the decision is the known one."""
        return self.decision == self.expected


def add(
    cursor: Cursor,
    project_id: str,
    new: NewPair,
    decision: Decision,
    *,
    made_by: str,
    ratings: dict[str, int] | None = None,
    reason: str = "",
) -> Gold | None:
    """A gold pair with its right decision; None when the project has a pair with these texts already."""
    made = pairs.add(cursor, project_id, [new], author_id=made_by, wanted=1)
    if not made:
        return None
    cursor.execute("update pair set kind = 'gold' where id = ?", [made[0]])
    with tally.counting(cursor, project_id) as noted:
        noted.counts[(tally.PROJECT, "free")] -= 1  # it waits for nobody
    gold = Gold(
        pair_id=made[0],
        project_id=project_id,
        decision=decision,
        ratings=ratings or {},
        reason=reason,
        made_by=made_by,
        made_at=now(),
    )
    insert(cursor, "gold", {**gold.model_dump(), "ratings": json.dumps(gold.ratings)})
    return gold


def of_project(cursor: Cursor, project_id: str) -> list[Gold]:
    """What is known in a project, the oldest first."""
    found = rows(cursor, "select * from gold where project_id = ? order by made_at, pair_id", [project_id])
    return [Gold.model_validate({**row, "ratings": json.loads(row["ratings"])}) for row in found]


def results(cursor: Cursor, project_id: str, person_id: str | None = None) -> list[GoldResult]:
    """What experts (or one) said about the gold pairs of a project, the oldest first."""
    sql, values = _RESULTS, [project_id]
    if person_id is not None:
        sql, values = sql + "and r.person_id = ? ", [project_id, person_id]
    found = rows(cursor, sql + "order by r.created_at, r.id", values)
    return [_result(row) for row in found]


def met(cursor: Cursor, pair_ids: Sequence[str], person_id: str) -> set[str]:
    """Those of these gold pairs on which this person has decided, and did not take it back."""
    if not pair_ids:
        return set()
    found = rows(
        cursor,
        f"select id, pair_id, undoes from review where person_id = ? and pair_id in ({marks(pair_ids)})",
        [person_id, *pair_ids],
    )
    undone = {row["undoes"] for row in found}
    return {row["pair_id"] for row in found if row["undoes"] is None and row["id"] not in undone}


_RESULTS = (
    "select r.pair_id, p.number as pair_number, r.person_id, r.decision, r.ratings, g.decision as expected, "
    "g.ratings as expected_ratings, r.seconds, r.created_at "
    "from gold g join pair p on p.id = g.pair_id join current_check r on r.pair_id = g.pair_id "
    "where g.project_id = ? and r.kind = 'gold' "
)


def _result(row: dict[str, Any]) -> GoldResult:
    parsed = {name: json.loads(row[name]) for name in ("ratings", "expected_ratings")}
    return GoldResult.model_validate({**row, **parsed})
