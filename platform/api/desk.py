"""The review desk and adjudication, and opinions that were kept elsewhere."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from hone.labeling import adjudication, desk, opinions
from hone.labeling.adjudication import Dispute
from hone.labeling.counterfactual import swapping as counterfactual
from hone.labeling.counterfactual.swapping import SwappedPair
from hone.labeling.desk import DeskView, Draft, Opinion
from hone.labeling.opinions import Recorded
from hone.labeling.texts import LONGEST
from hone.platform.api.caller import Lead, Of, Open, Who
from hone.storage.deciding import Waiting
from hone.storage.queue import Lease
from hone.storage.records import Record
from hone.storage.reviews import Adjudication, Review

router = APIRouter(tags=["review"])


class Submitted(Opinion):
    """An opinion on the pair of a lease; the same `request_key` again stores nothing twice.

    With `seen`, the id of the revision that was read, a text that changed meanwhile is not decided unread.
    """

    token: str
    seen: str | None = None
    request_key: str = Field(min_length=8, max_length=200)


class DraftOf(Draft):
    """What is typed so far on the pair of a lease."""

    token: str


class LeaseOf(Record):
    """The token of a lease."""

    token: str


class Leaving(LeaseOf):
    """The token of a lease that is given back; `soon` leaves half a minute to come back."""

    soon: bool = False


class PairTexts(Record):
    """The texts of a pair as they stand on the page."""

    instruction: str = Field(max_length=LONGEST)
    context: str = Field(default="", max_length=LONGEST)
    response: str = Field(default="", max_length=LONGEST)


class UndoKey(Record):
    """The same `request_key` again takes back nothing more."""

    request_key: str = Field(min_length=8, max_length=200)


class Rows(Record):
    """Rows of a file of opinions."""

    rows: list[dict[str, Any]]


class Decide(Record):
    """A lead's decision between experts: approve the text of a version, or one of their own; or reject."""

    pair_id: str
    decision: Literal["approve", "reject"]
    version: str | None = None
    response: str | None = None
    reason: str = ""
    request_key: str = Field(min_length=8, max_length=200)


@router.post("/projects/{name}/desk/next", response_model=DeskView)
def next_view(opened: Open, who: Who, project: Of) -> Response:
    """The next pair for this expert, leased for some minutes."""
    return _answer(desk.next_view(opened.store, project, who))


@router.post("/projects/{name}/desk/reviews", response_model=Review)
def submit(opened: Open, who: Who, project: Of, body: Submitted) -> Response:
    """Store an opinion; answered once it is safe on disk."""
    return _answer(desk.submit(opened.store, project, who, body.token, body, body.request_key, seen=body.seen))


def _answer(said: Record) -> Response:
    """A record as JSON at once: FastAPI would check it again and hand it to another thread, 1 ms for a pair."""
    return Response(said.model_dump_json(), media_type="application/json")


@router.post("/projects/{name}/desk/undo")
def undo(opened: Open, who: Who, project: Of, body: UndoKey) -> Review | None:
    """Take one's last opinion back, as a new row; null when there is none."""
    return desk.undo(opened.store, project, who, body.request_key)


@router.put("/projects/{name}/desk/draft", status_code=204)
def save_draft(opened: Open, who: Who, project: Of, body: DraftOf) -> Response:
    """Keep what is typed so far."""
    desk.save_draft(opened.store, project, who, body.token, Draft(**body.model_dump(exclude={"token"})))
    return Response(status_code=204)


@router.post("/projects/{name}/desk/keep")
def keep_lease(opened: Open, who: Who, project: Of, body: LeaseOf) -> Lease:
    """Keep a pair for some more minutes."""
    return desk.keep_lease(opened.store, project, who, body.token)


@router.post("/projects/{name}/desk/leave", status_code=204)
def leave(opened: Open, who: Who, project: Of, body: Leaving) -> Response:
    """Give a pair back without an opinion."""
    desk.leave(opened.store, project, who, body.token, soon=body.soon)
    return Response(status_code=204)


@router.post("/projects/{name}/desk/swaps")
def swaps(_: Of, body: PairTexts) -> list[SwappedPair]:
    """The pair with the words for each group of people in it exchanged for another's, to set beside it."""
    return list(counterfactual.swapped_pair(body.instruction, body.context, body.response))


@router.get("/projects/{name}/disputes")
def disputes(
    opened: Open,
    who: Lead,
    project: Of,
    state: Waiting = "disputed",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    skip: Annotated[int, Query(ge=0)] = 0,
) -> list[Dispute]:
    """Where experts differ, or what they agree on and a lead is to sign off: the versions, without names."""
    return adjudication.disputes(opened.store, project, who, state, limit=limit, skip=skip)


@router.post("/projects/{name}/disputes/decisions")
def decide(opened: Open, who: Lead, project: Of, body: Decide) -> Adjudication:
    """Decide between experts."""
    return adjudication.decide(
        opened.store,
        project,
        who,
        body.pair_id,
        body.decision,
        response=body.response,
        version=body.version,
        reason=body.reason,
        request_key=body.request_key,
    )


@router.post("/projects/{name}/reviews")
def record_reviews(opened: Open, who: Lead, project: Of, body: Rows) -> Recorded:
    """Store opinions that were kept elsewhere; a row that is not right is refused with its reason."""
    return opinions.record_reviews(opened.store, project, who, body.rows, source="file")


@router.post("/projects/{name}/adjudications")
def record_adjudications(opened: Open, who: Lead, project: Of, body: Rows) -> Recorded:
    """Store decisions between experts that were kept elsewhere."""
    return opinions.record_adjudications(opened.store, project, who, body.rows, source="file")
