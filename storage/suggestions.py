"""What a model says to open pairs: an answer where there is none, and how likely it finds the text."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hone.storage.records import Record
from hone.storage.reviews import Decision
from hone.storage.store import Cursor, among, insert, one, rows

BLANKS = " \t\r\n"


class Suggestion(Record):
    """`mean_logprob` is the mean log-probability of a token of the response, natural logarithm, 0 or below.

    `response` is the model's own answer, None when it only read the one that is there, or had nothing to say.
    """

    id: str
    pair_id: str
    model_id: str
    response: str | None
    mean_logprob: float | None
    run_id: str
    created_at: datetime


class Offer(Record):
    """A model's answer as an expert may see it: nothing in it tells which model it was."""

    id: str
    response: str


class Open(Record):
    """An open pair as it was imported. `bare`: it has no response, and nobody approved one in an earlier round."""

    id: str
    round: int
    instruction: str
    context: str
    response: str
    bare: bool


class Use(Record):
    """An expert's opinion that stands, given with a suggestion on the screen: both texts, and what was decided."""

    suggested: str
    decision: Decision
    response: str


def add(cursor: Cursor, made: Sequence[Suggestion]) -> None:
    """Store what one run said; what it said to a pair before is left as it is."""
    if not made:
        return
    known = {
        row["pair_id"] for row in rows(cursor, "select pair_id from suggestion where run_id = ?", [made[0].run_id])
    }
    insert(cursor, "suggestion", *[each.model_dump() for each in made if each.pair_id not in known])


def offer(cursor: Cursor, pair_id: str) -> Offer | None:
    """The last answer that a model gave to a pair."""
    sql = "select id, response from suggestion where pair_id = ? and response is not null"
    row = one(cursor, sql + " order by created_at desc, id desc limit 1", [pair_id])
    return Offer.model_validate(row) if row else None


def offered(cursor: Cursor, suggestion_ids: Sequence[str]) -> dict[tuple[str, str], Offer]:
    """The answers with these ids, by their pair and id."""
    if not suggestion_ids:
        return {}
    within, values = among(suggestion_ids)
    found = rows(
        cursor, f"select pair_id, id, response from suggestion where id {within} and response is not null", values
    )
    return {(row["pair_id"], row["id"]): Offer(id=row["id"], response=row["response"]) for row in found}


def of_run(cursor: Cursor, run_id: str) -> list[Suggestion]:
    """What a run said, in no order that means something."""
    return [
        Suggestion.model_validate(row) for row in rows(cursor, "select * from suggestion where run_id = ?", [run_id])
    ]


_BARE = (
    "(trim(r.response, ?) = '' and (p.round = 1 or not exists "
    "(select 1 from review v where v.pair_id = p.id and v.decision = 'approve')))"
)
_OPEN = (
    "from pair p join revision r on r.id = p.first_revision "
    "where p.project_id = ? and p.kind = 'pair' and p.state = 'open' "
    "and not exists (select 1 from suggestion s where s.pair_id = p.id and s.model_id = ?) "
)


def untold(cursor: Cursor, project_id: str, model_id: str, *, bare: bool, limit: int) -> list[Open]:
    """Open pairs to which this model has said nothing, as the queue has them; bare ones, or all others."""
    found = rows(
        cursor,
        f"select p.id, p.round, r.instruction, r.context, r.response, {_BARE} as bare {_OPEN} and {_BARE} = ? "
        "order by p.priority desc, p.place, p.number limit ?",
        [BLANKS, project_id, model_id, BLANKS, bare, limit],
    )
    return [Open.model_validate(row) for row in found]


def count_untold(cursor: Cursor, project_id: str, model_id: str) -> tuple[int, int]:
    """How many open pairs this model has said nothing to: bare ones, and all others."""
    found = one(
        cursor,
        f"select count(*) filter (where {_BARE}) as bare, count(*) as everything {_OPEN}",
        [BLANKS, project_id, model_id],
    )
    counts: dict[str, Any] = found or {"bare": 0, "everything": 0}
    return int(counts["bare"]), int(counts["everything"]) - int(counts["bare"])


_USES = (
    "select s.response as suggested, v.decision, t.response from current_review v "
    "join suggestion s on s.id = v.suggestion_id join revision t on t.id = v.revision_id "
)


def uses_of_model(cursor: Cursor, model_id: str) -> list[Use]:
    """What experts did with the answers of a model, the oldest opinion first."""
    found = rows(cursor, _USES + "where s.model_id = ? order by v.created_at, v.id", [model_id])
    return [Use.model_validate(row) for row in found]


def uses_of_run(cursor: Cursor, run_id: str) -> list[Use]:
    """The same for the answers of one run."""
    found = rows(cursor, _USES + "where s.run_id = ? order by v.created_at, v.id", [run_id])
    return [Use.model_validate(row) for row in found]
