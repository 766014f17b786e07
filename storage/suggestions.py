"""What a model says to open pairs: an answer where there is none, and how likely it finds the text."""

from collections.abc import Sequence
from datetime import datetime

from hone.storage.records import Record
from hone.storage.reviews import Decision
from hone.storage.store import Cursor, among, insert, one, rows, value

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
    """An open pair as it was imported. A bare one has no response, and nobody approved one in an earlier round."""

    id: str
    round: int
    instruction: str
    context: str
    response: str


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


_EMPTY = "(length(r.response) < 64 and trim(r.response, ?) = '')"  # the length first: it is read much faster
_OPEN = (
    "from pair p join revision r on r.id = p.first_revision "
    "where p.project_id = ? and p.kind = 'pair' and p.state = 'open' "
)
_UNTOLD = "and not exists (select 1 from suggestion s where s.pair_id = p.id and s.model_id = ?) "
_BARE = f"({_EMPTY} and p.id not in (select unnest(?)))"


def untold(cursor: Cursor, project_id: str, model_id: str, *, bare: bool, limit: int) -> list[Open]:
    """Open pairs to which this model has said nothing, as the queue has them; bare ones, or all others."""
    found = rows(
        cursor,
        f"select p.id, p.round, r.instruction, r.context, r.response {_OPEN}{_UNTOLD} "
        f"and {_BARE if bare else f'not {_BARE}'} order by p.priority desc, p.place, p.number limit ?",
        [project_id, model_id, BLANKS, _answered_before(cursor, project_id), limit],
    )
    return [Open.model_validate(row) for row in found]


def count_untold(cursor: Cursor, project_id: str, model_id: str) -> tuple[int, int]:
    """How many open pairs this model has said nothing to: bare ones, and all others."""
    everything = value(cursor, f"select count(*) {_OPEN}{_UNTOLD}", [project_id, model_id])
    bare = value(
        cursor,
        f"select count(*) {_OPEN}{_UNTOLD} and {_BARE}",
        [project_id, model_id, BLANKS, _answered_before(cursor, project_id)],
    )
    return int(bare), int(everything) - int(bare)


def _answered_before(cursor: Cursor, project_id: str) -> list[str]:
    """Open pairs that came without a response, and for which somebody approved one in an earlier round."""
    again = rows(cursor, f"select p.id {_OPEN} and p.round > 1 and {_EMPTY}", [project_id, BLANKS])
    if not again:
        return []
    within, values = among([row["id"] for row in again])
    sql = f"select distinct pair_id from review where pair_id {within} and decision = 'approve'"
    return [row["pair_id"] for row in rows(cursor, sql, values)]


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
