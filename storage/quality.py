"""What the figures about people's work are computed from: counts over everything, and the newest opinions."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hone.storage.records import Record
from hone.storage.store import Cursor, rows

# Ids of what counts no more. Both are few, so that the newest of three million opinions are found in a moment.
_GONE = (
    "with gone as (select undoes as id from review where undoes is not null union all select review_id from sent_back) "
)
_STANDS = "not exists (select 1 from gone where gone.id = r.id)"
_ANSWER = f"r.decision in ('approve', 'reject') and {_STANDS}"
_OPINION = f"r.kind = 'review' and {_ANSWER}"
# By what is left out: nearly nothing in the usual workspace of one project, where a join of all would take a second.
_OF_PROJECT = "r.pair_id not in (select p.id from pair p where p.project_id <> ?)"

_GIVEN = (
    "r.id, r.pair_id, r.round, r.person_id, r.decision, r.ratings, r.revision_id, r.seen_revision, r.seconds, "
    "r.created_at"
)


class Tally(Record):
    """One person's opinions that stand, without skips; `fast` counts the timed ones below the project's limit."""

    person_id: str
    done: int
    approved: int
    edited: int
    timed: int
    fast: int
    last_at: datetime


class Given(Record):
    """An opinion, as far as it is compared with others'."""

    id: str
    pair_id: str
    round: int
    person_id: str
    decision: str
    ratings: dict[str, int]
    revision_id: str
    seen_revision: str
    seconds: float | None
    created_at: datetime


class Check(Record):
    """An answer to a gold pair, or a second answer to a pair, and what it is held against.

    For a gold pair `wanted` is what is known to be right, else what the same person said before.
    """

    pair_id: str
    person_id: str
    decision: str
    ratings: dict[str, int]
    wanted: str
    wanted_ratings: dict[str, int]
    created_at: datetime


class Look(Record):
    """An opinion that a lead looked at: sent back, or weighed in an adjudication that kept it or overruled it."""

    person_id: str
    pair_id: str
    sent_back: bool
    overruled: bool
    created_at: datetime


class SentBack(Record):
    """What a lead wrote when they gave an opinion back, and whether the expert has answered since."""

    pair_id: str
    number: int
    expert_id: str
    comment: str
    answered: bool
    created_at: datetime


def tallies(cursor: Cursor, project_id: str, fast_seconds: float) -> list[Tally]:
    """Everybody's opinions counted, over the whole project."""
    return _tallies(cursor, f"{_OPINION} and {_OF_PROJECT}", [fast_seconds, project_id])


def own_tally(cursor: Cursor, project_id: str, fast_seconds: float, person_id: str) -> list[Tally]:
    """One person's answers counted, over the whole project; none when they gave none.

    Answers to gold pairs and second answers are among them, as an expert's own desk counts: a difference would tell
    which they were.
    """
    said = f"r.person_id = ? and {_ANSWER} and {_OF_PROJECT}"
    return _tallies(cursor, said, [fast_seconds, person_id, project_id])


def _tallies(cursor: Cursor, said: str, values: Sequence[Any]) -> list[Tally]:
    found = rows(
        cursor,
        f"{_GONE}select r.person_id, count(*) as done, sum(case when r.decision = 'approve' then 1 else 0 end) as "
        "approved, sum(case when r.revision_id <> r.seen_revision then 1 else 0 end) as edited, "
        "count(r.seconds) as timed, sum(case when r.seconds < ? then 1 else 0 end) as fast, "
        f"max(r.created_at) as last_at from review r where {said} group by r.person_id order by r.person_id",
        values,
    )
    return [Tally.model_validate(row) for row in found]


def newest(cursor: Cursor, project_id: str, limit: int) -> list[Given]:
    """The newest opinions of everybody, the oldest of them first.

    Looked for among the last rows of all first, which are found by their times alone; then further back.
    """
    reach = 2 * limit
    while True:
        since = _since(cursor, reach)
        found = rows(
            cursor,
            f"{_GONE}select {_GIVEN} from review r where {_OPINION} and {_OF_PROJECT} and r.created_at >= ? "
            "order by r.created_at desc, r.id desc limit ?",
            [project_id, since or datetime.min, limit],
        )
        if len(found) == limit or since is None:
            return [_given(row) for row in reversed(found)]
        reach *= 8


def _since(cursor: Cursor, reach: int) -> datetime | None:
    """When the last `reach` rows begin; None when there are no more."""
    found = rows(cursor, "select created_at from review order by created_at desc limit 1 offset ?", [reach])
    return found[0]["created_at"] if found else None


def around(cursor: Cursor, project_id: str, person_id: str, limit: int) -> list[Given]:
    """The newest opinions of one person, and everybody's on the same items (pair and round); the oldest first."""
    found = rows(
        cursor,
        f"{_GONE}, mine as (select r.pair_id, r.round from review r where {_OPINION} and {_OF_PROJECT} "
        "and r.person_id = ? order by r.created_at desc, r.id desc limit ?) "
        f"select {_GIVEN} from review r join mine m on m.pair_id = r.pair_id and m.round = r.round "
        f"where {_OPINION} order by r.created_at, r.id",
        [project_id, person_id, limit],
    )
    return [_given(row) for row in found]


def gold_answers(cursor: Cursor, project_id: str, limit: int) -> list[Check]:
    """The newest answers to gold pairs, beside what is known to be right."""
    found = rows(
        cursor,
        f"{_GONE}select r.pair_id, r.person_id, r.decision, r.ratings, g.decision as wanted, "
        "g.ratings as wanted_ratings, r.created_at from review r join gold g on g.pair_id = r.pair_id "
        f"where g.project_id = ? and r.kind = 'gold' and r.decision in ('approve', 'reject') and {_STANDS} "
        "order by r.created_at desc, r.id desc limit ?",
        [project_id, limit],
    )
    return [_check(row) for row in found]


def repeat_answers(cursor: Cursor, project_id: str, limit: int) -> list[Check]:
    """The newest second answers, beside the last that the same person had given before."""
    found = rows(
        cursor,
        f"{_GONE}, again as (select r.* from review r where r.kind = 'repeat' "
        f"and r.decision in ('approve', 'reject') and {_STANDS} and {_OF_PROJECT} "
        "order by r.created_at desc, r.id desc limit ?) "
        "select a.id, a.pair_id, a.person_id, a.decision, a.ratings, r.decision as wanted, "
        "r.ratings as wanted_ratings, a.created_at from again a join review r on r.pair_id = a.pair_id "
        "and r.person_id = a.person_id and r.kind = 'review' and r.created_at < a.created_at "
        f"and r.decision in ('approve', 'reject') and {_STANDS} order by r.created_at, r.id",
        [project_id, limit],
    )
    last_before = {row.pop("id"): row for row in found}
    return [_check(row) for row in last_before.values()]


def looks(cursor: Cursor, project_id: str, limit: int) -> list[Look]:
    """The opinions that leads looked at last: those that were sent back, and those of adjudicated rounds.

    An adjudication overrules an opinion when it decides otherwise, or approves another text.
    """
    back = rows(
        cursor,
        "select s.expert_id as person_id, s.pair_id, true as sent_back, false as overruled, s.created_at "
        "from sent_back s join pair p on p.id = s.pair_id where p.project_id = ? "
        "order by s.created_at desc, s.id desc limit ?",
        [project_id, limit],
    )
    decided = rows(
        cursor,
        "select a.reviews, a.decision, a.revision_id, a.created_at from adjudication a join pair p on p.id = a.pair_id "
        "where p.project_id = ? order by a.created_at desc, a.id desc limit ?",
        [project_id, limit],
    )
    return [Look.model_validate(row) for row in back] + _weighed(cursor, decided)


def _weighed(cursor: Cursor, decided: Sequence[dict[str, Any]]) -> list[Look]:
    by_review = {review_id: row for row in decided for review_id in json.loads(row["reviews"])}
    texts = _texts(cursor, [row["revision_id"] for row in decided])
    found = rows(
        cursor,
        "select r.id, r.person_id, r.pair_id, r.decision, v.response from review r "
        "join revision v on v.id = r.revision_id where r.id in (select unnest(?))",
        [list(by_review)],
    )
    return [
        Look(
            person_id=row["person_id"],
            pair_id=row["pair_id"],
            sent_back=False,
            overruled=row["decision"] != (end := by_review[row["id"]])["decision"]
            or (row["decision"] == "approve" and row["response"].rstrip() != texts[end["revision_id"]].rstrip()),
            created_at=end["created_at"],
        )
        for row in found
    ]


def _texts(cursor: Cursor, revision_ids: Sequence[str]) -> dict[str, str]:
    found = rows(cursor, "select id, response from revision where id in (select unnest(?))", [list(revision_ids)])
    return {row["id"]: row["response"] for row in found}


def sent_back_to(cursor: Cursor, project_id: str, person_id: str, limit: int = 50) -> list[SentBack]:
    """What leads sent back to this person and why, the newest first."""
    found = rows(
        cursor,
        "select s.pair_id, p.number, s.expert_id, s.comment, s.created_at, "
        "exists (select 1 from review r where r.pair_id = s.pair_id and r.person_id = s.expert_id "
        "        and r.kind = 'review' and r.decision <> 'undo' and r.created_at > s.created_at) as answered "
        "from sent_back s join pair p on p.id = s.pair_id where p.project_id = ? and s.expert_id = ? "
        "order by s.created_at desc, s.id desc limit ?",
        [project_id, person_id, limit],
    )
    return [SentBack.model_validate(row) for row in found]


def daily(cursor: Cursor, project_id: str, person_id: str, since: datetime) -> list[tuple[datetime, int]]:
    """How many answers of a person stand by day (UTC) since a moment, the oldest first; a day without is left out.

    Answers to gold pairs and second answers are among them.
    """
    found = rows(
        cursor,
        f"{_GONE}select date_trunc('day', r.created_at) as day, count(*) as n from review r "
        f"where {_ANSWER} and {_OF_PROJECT} and r.person_id = ? and r.created_at >= ? group by 1 order by 1",
        [project_id, person_id, since],
    )
    return [(datetime(row["day"].year, row["day"].month, row["day"].day), row["n"]) for row in found]


def answers_given(cursor: Cursor) -> int:
    """How many rows of opinions the store holds: what is remembered of the figures is of so many."""
    return int(rows(cursor, "select count(*) as n from review")[0]["n"])


def _given(row: dict[str, Any]) -> Given:
    return Given.model_validate({**row, "ratings": json.loads(row["ratings"])})


def _check(row: dict[str, Any]) -> Check:
    parsed = {name: json.loads(row[name]) for name in ("ratings", "wanted_ratings")}
    return Check.model_validate({**row, **parsed})
