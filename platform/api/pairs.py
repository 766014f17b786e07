"""Pairs: the queue as a list, and one pair with all that was said about it."""

from typing import Annotated

from fastapi import APIRouter, Query

from hone.platform.api.caller import Of, Open, Who
from hone.storage import pairs, reviews
from hone.storage.errors import NotFound
from hone.storage.filters import PairFilter
from hone.storage.pairs import Pair, Revision, State
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.reviews import Adjudication, Flag, Review
from hone.storage.store import Cursor

router = APIRouter(tags=["pairs"])


class Said(Record):
    """A pair and what was said about it. Only a lead sees other people's opinions and texts."""

    pair: Pair
    revisions: tuple[Revision, ...]
    reviews: tuple[Review, ...]
    flags: tuple[Flag, ...]
    adjudication: Adjudication | None


@router.get("/projects/{name}/pairs")
def list_pairs(
    opened: Open,
    who: Who,
    project: Of,
    state: State | None = None,
    contains: str = "",
    after: int = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> list[Pair]:
    """Pairs by number, those after `after`, of one state or that contain a text."""
    who.must("expert", "lead")
    with opened.store.read() as cursor:
        wanted = PairFilter(states=(state,) if state else (), contains=contains)
        return pairs.listing(cursor, project.id, wanted, after=after, limit=limit)


@router.get("/projects/{name}/pairs/{number}")
def get_pair(opened: Open, who: Who, project: Of, number: int) -> Said:
    """One pair with its texts, reviews and flags: an expert's own, a lead's all."""
    who.must("expert", "lead")
    with opened.store.read() as cursor:
        return _visible(_said(cursor, numbered(cursor, project, number)), who)


def numbered(cursor: Cursor, project: Project, number: int) -> Pair:
    """Pair `number` of the project, or NotFound."""
    found = pairs.listing(cursor, project.id, after=number - 1, limit=1)
    if not found or found[0].number != number:
        raise NotFound(f"There is no pair {number} in {project.name}.")
    return found[0]


def _said(cursor: Cursor, pair: Pair) -> Said:
    return Said(
        pair=pair,
        revisions=tuple(pairs.revisions(cursor, pair.id)),
        reviews=tuple(reviews.current(cursor, pair.id)),
        flags=tuple(reviews.flags(cursor, [pair.id])),
        adjudication=reviews.adjudication_of(cursor, pair.id, pair.round),
    )


def _visible(said: Said, who: Person) -> Said:
    """An expert's own opinion stays their own: they see the first text, the approved one and what they wrote."""
    if who.has("lead"):
        return said
    known = (said.pair.first_revision, said.pair.approved_revision)
    return said.model_copy(
        update={
            "revisions": tuple(text for text in said.revisions if text.author_id == who.id or text.id in known),
            "reviews": tuple(review for review in said.reviews if review.person_id == who.id),
            "flags": tuple(flag for flag in said.flags if flag.person_id == who.id),
            "adjudication": None,
        }
    )
