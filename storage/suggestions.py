"""What a model says to open pairs: an answer where there is none, and how likely it finds the text."""

from datetime import datetime

from hone.storage.records import Record
from hone.storage.store import Cursor, one


class Suggestion(Record):
    """`mean_logprob` is the mean log-probability of a token of the response, natural logarithm, 0 or below.

    `response` is the model's own answer, None when it only read the one that is there.
    """

    id: str
    pair_id: str
    model_id: str
    response: str | None
    mean_logprob: float | None
    run_id: str
    created_at: datetime


def newest(cursor: Cursor, pair_id: str) -> Suggestion | None:
    """The last suggestion for a pair."""
    row = one(cursor, "select * from suggestion where pair_id = ? order by created_at desc, id desc limit 1", [pair_id])
    return Suggestion.model_validate(row) if row else None
