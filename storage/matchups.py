"""Matchup sets, the sides that were drawn, and the judgements that were given blind."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from hone.storage import people
from hone.storage.errors import Conflict, NotFound
from hone.storage.people import Person
from hone.storage.records import Record, new_id, now
from hone.storage.store import Cursor, insert, one, rows, value

Side: TypeAlias = Literal["new", "old"]
Choice: TypeAlias = Literal["left", "right", "tie", "both_bad", "skip", "undo"]


class MatchupSet(Record):
    """Two candidates' answers to the same test items, to be judged blind by `wanted` reviewers each."""

    id: str
    project_id: str
    number: int
    batch_id: str
    new_candidate: str
    old_candidate: str
    wanted: int
    seed: int
    identical: int  # items left out: both answers are the same text
    made_by: str
    made_at: datetime


class Matchup(Record):
    """One item of a set with the two answers."""

    id: str
    set_id: str
    pair_id: str
    instruction: str
    context: str
    new_text: str
    old_text: str


class Showing(Record):
    """What one reviewer sees of one matchup: the side drawn for them, under an opaque token."""

    token: str
    matchup_id: str
    set_id: str
    person_id: str
    left_side: Side
    shown_at: datetime


class Judgement(Record):
    """One reviewer's blind opinion. `choice` is a side of the screen; `left_side` says whose answer stood there."""

    id: str
    token: str
    matchup_id: str
    set_id: str
    person_id: str
    left_side: Side
    choice: Choice
    undoes: str | None = None
    strength: int | None = None
    reasons: tuple[str, ...] = ()
    note: str = ""
    seconds: float | None = None
    source: Literal["page", "file", "example"]
    request_key: str
    created_at: datetime


def add_set(cursor: Cursor, made: MatchupSet, matchups: Sequence[tuple[str, str, str]]) -> None:
    """Store a set; `matchups` are (pair id, new generation id, old generation id)."""
    insert(cursor, "matchup_set", made.model_dump())
    insert(
        cursor,
        "matchup",
        *[
            {"id": new_id(), "set_id": made.id, "pair_id": pair, "new_generation": new, "old_generation": old}
            for pair, new, old in matchups
        ],
    )


def next_number(cursor: Cursor, project_id: str) -> int:
    """The number that the next set of the project gets."""
    return int(value(cursor, "select coalesce(max(number), 0) + 1 from matchup_set where project_id = ?", [project_id]))


def get_set(cursor: Cursor, set_id: str) -> MatchupSet:
    """The set, or NotFound."""
    row = one(cursor, "select * from matchup_set where id = ?", [set_id])
    if row is None:
        raise NotFound(f"There is no matchup set {set_id}.")
    return MatchupSet.model_validate(row)


def numbered(cursor: Cursor, project_id: str, number: int) -> MatchupSet:
    """Set `number` of the project, or NotFound with the numbers that exist."""
    row = one(cursor, "select * from matchup_set where project_id = ? and number = ?", [project_id, number])
    if row is None:
        known = ", ".join(str(made.number) for made in sets(cursor, project_id)) or "none yet"
        raise NotFound(f"There is no matchup set {number}. There are: {known}.")
    return MatchupSet.model_validate(row)


def sets(cursor: Cursor, project_id: str) -> list[MatchupSet]:
    """The sets of a project, the oldest first."""
    found = rows(cursor, "select * from matchup_set where project_id = ? order by number", [project_id])
    return [MatchupSet.model_validate(row) for row in found]


_MATCHUP = (
    "select m.id, m.set_id, m.pair_id, i.instruction, i.context, n.response as new_text, o.response as old_text "
    "from matchup m join matchup_set s on s.id = m.set_id "
    "join batch_item i on i.batch_id = s.batch_id and i.pair_id = m.pair_id "
    "join generation n on n.id = m.new_generation join generation o on o.id = m.old_generation "
)


def matchups(cursor: Cursor, set_id: str) -> list[Matchup]:
    """All matchups of a set."""
    return [
        Matchup.model_validate(row) for row in rows(cursor, _MATCHUP + "where m.set_id = ? order by m.id", [set_id])
    ]


def ids(cursor: Cursor, set_id: str) -> list[str]:
    """Ids of the matchups of a set."""
    return [row["id"] for row in rows(cursor, "select id from matchup where set_id = ? order by id", [set_id])]


def pair_of(cursor: Cursor, set_id: str) -> dict[str, str]:
    """The pair of each matchup of a set, by matchup id."""
    return {
        row["id"]: row["pair_id"] for row in rows(cursor, "select id, pair_id from matchup where set_id = ?", [set_id])
    }


def matchup(cursor: Cursor, matchup_id: str) -> Matchup:
    """One matchup, or NotFound."""
    row = one(cursor, _MATCHUP + "where m.id = ?", [matchup_id])
    if row is None:
        raise NotFound(f"There is no matchup {matchup_id}.")
    return Matchup.model_validate(row)


def show(cursor: Cursor, matchup_id: str, set_id: str, person_id: str, left_side: Side) -> Showing:
    """Write down the side drawn for a reviewer before they see it; the first draw stands for ever."""
    row = one(cursor, "select * from showing where matchup_id = ? and person_id = ?", [matchup_id, person_id])
    if row:
        return Showing.model_validate(row)
    made = Showing(
        token=secrets.token_hex(16),
        matchup_id=matchup_id,
        set_id=set_id,
        person_id=person_id,
        left_side=left_side,
        shown_at=now(),
    )
    insert(cursor, "showing", made.model_dump())
    return made


def showing(cursor: Cursor, token: str, person_id: str) -> Showing:
    """What was shown under this token to this person, or Conflict."""
    row = one(cursor, "select * from showing where token = ? and person_id = ?", [token, person_id])
    if row is None:
        raise Conflict("This matchup was not shown to you. Take the next one.")
    return Showing.model_validate(row)


def shown_to(cursor: Cursor, token: str) -> Person:
    """The reviewer to whom a token was given, or NotFound."""
    row = one(cursor, "select person_id from showing where token = ?", [token])
    if row is None:
        raise NotFound(f"No matchup was shown under the token {token}.")
    return people.get(cursor, row["person_id"])


def given_by(cursor: Cursor, set_id: str, person_id: str) -> int:
    """How many judgements of this reviewer stand in a set, without skips."""
    return int(
        value(
            cursor,
            "select count(*) from current_judgement where set_id = ? and person_id = ? and choice <> 'skip'",
            [set_id, person_id],
        )
    )


def add_judgement(cursor: Cursor, judgement: Judgement) -> None:
    """Store a judgement for good."""
    insert(cursor, "judgement", {**judgement.model_dump(), "reasons": json.dumps(list(judgement.reasons))})


def by_request(cursor: Cursor, request_key: str) -> Judgement | None:
    """The judgement that an earlier try of the same request stored."""
    row = one(cursor, "select * from judgement where request_key = ?", [request_key])
    return _judgement(row) if row else None


def current(cursor: Cursor, set_id: str) -> list[Judgement]:
    """The judgements of a set that stand, skips among them, the oldest first."""
    found = rows(cursor, "select * from current_judgement where set_id = ? order by created_at, id", [set_id])
    return [_judgement(row) for row in found]


def current_of(cursor: Cursor, matchup_id: str) -> list[Judgement]:
    """The judgements of one matchup that stand, skips among them."""
    found = rows(cursor, "select * from current_judgement where matchup_id = ?", [matchup_id])
    return [_judgement(row) for row in found]


def last_of(cursor: Cursor, set_id: str, person_id: str, limit: int = 10) -> list[Judgement]:
    """A reviewer's last judgements in a set that stand, the newest first."""
    found = rows(
        cursor,
        "select * from current_judgement where set_id = ? and person_id = ? order by created_at desc, id desc limit ?",
        [set_id, person_id, limit],
    )
    return [_judgement(row) for row in found]


def open_for(cursor: Cursor, set_id: str, person_id: str, skipped: bool = False) -> list[str]:
    """Ids of the matchups that still want a judgement which this person could give; with the skipped ones, if asked."""
    found = rows(
        cursor,
        "select m.id from matchup m join matchup_set s on s.id = m.set_id where m.set_id = ? "
        "and not exists (select 1 from current_judgement j where j.matchup_id = m.id and j.person_id = ? "
        "                and (j.choice <> 'skip' or not ?)) "
        "and s.wanted > (select count(*) from current_judgement j where j.matchup_id = m.id and j.choice <> 'skip') "
        "       + (select count(*) from lease l where l.subject_id = m.id and l.person_id <> ? and l.expires_at > ?) "
        "order by m.id",
        [set_id, person_id, skipped, person_id, now()],
    )
    return [row["id"] for row in found]


def _judgement(row: dict[str, Any]) -> Judgement:
    return Judgement.model_validate({**row, "reasons": tuple(json.loads(row["reasons"]))})
