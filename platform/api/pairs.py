"""Pairs: the queue as a list, and one pair with all that was said about it."""

from typing import Annotated

from fastapi import APIRouter, Query

from hone.labeling import feed, filtering, kept_back, overlap
from hone.labeling.feed import Sent
from hone.labeling.overlap import Asked
from hone.platform.api.caller import Lead, Of, Open, Who
from hone.platform.runtime import Runtime
from hone.storage import pairs, reviews, slices
from hone.storage.errors import NotFound
from hone.storage.filters import Kind, PairFilter
from hone.storage.pairs import Pair, Revision, State
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.reviews import Adjudication, Flag, Review
from hone.storage.slices import Value
from hone.storage.store import Cursor

router = APIRouter(tags=["pairs"])


class Said(Record):
    """A pair and what was said about it. Only a lead sees other people's opinions and texts."""

    pair: Pair
    revisions: tuple[Revision, ...]
    reviews: tuple[Review, ...]
    flags: tuple[Flag, ...]
    adjudication: Adjudication | None


class Counted(Record):
    """How many pairs a filter means, by state, and the filter as it is written."""

    where: str
    total: int
    states: dict[State, int]


class Slice(Record):
    """A field of pairs with its commonest values."""

    field: str
    values: tuple[Value, ...]


class Send(Record):
    """Which pairs go to the experts and why; `reopen`: decided ones start a new round."""

    where: str = ""
    why: str
    reopen: bool = False


class Ask(Record):
    """On which pairs how many opinions are wanted."""

    where: str = ""
    opinions: int


@router.get("/projects/{name}/pairs")
def list_pairs(
    opened: Open,
    who: Who,
    project: Of,
    where: str = "",
    after: int = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> list[Pair]:
    """Pairs by number, those after `after`, that a filter means: `state=approved metadata.topic=law`."""
    wanted = meant(opened, who, project, where)
    with opened.store.read() as cursor:
        return [
            kept_back.shown(pair, who) for pair in pairs.listing(cursor, project.id, wanted, after=after, limit=limit)
        ]


@router.get("/projects/{name}/pairs/counts")
def count_pairs(opened: Open, who: Who, project: Of, where: str = "") -> Counted:
    """How many pairs a filter means, by state."""
    wanted = meant(opened, who, project, where)
    with opened.store.read() as cursor:
        states = pairs.counts(cursor, project.id, wanted)
    return Counted(where=filtering.text_of(wanted), total=sum(states.values()), states=states)


@router.get("/projects/{name}/pairs/slices")
def list_slices(opened: Open, who: Who, project: Of, where: str = "") -> list[Slice]:
    """Source, group and the fields of metadata, with the commonest values of each among the pairs of a filter."""
    wanted = meant(opened, who, project, where)
    with opened.store.read() as cursor:
        known = kept_back.fields(slices.fields(cursor, project.id), who)
        fields = ["source", "group", *(f"metadata.{field}" for field in known)]
        return [Slice(field=field, values=tuple(slices.values(cursor, project.id, field, wanted))) for field in fields]


@router.post("/projects/{name}/pairs/send")
def send_pairs(opened: Open, who: Lead, project: Of, body: Send) -> Sent:
    """Send the pairs of a filter to the experts, before all others."""
    wanted = meant(opened, who, project, body.where)
    return feed.send_chosen(opened.store, project, who, wanted, body.why, reopen=body.reopen)


@router.post("/projects/{name}/pairs/opinions")
def ask_opinions(opened: Open, who: Lead, project: Of, body: Ask) -> Asked:
    """Ask for so many opinions on each open pair of a filter."""
    return overlap.ask(opened.store, project, who, meant(opened, who, project, body.where), body.opinions)


def meant(opened: Runtime, who: Person, project: Project, where: str) -> PairFilter:
    """The filter that a line of text says, when everything in it exists and this person may ask so."""
    who.must("expert", "lead")
    wanted = filtering.may_ask(who, filtering.parse(where))
    with opened.store.read() as cursor:
        return filtering.must_exist(cursor, project, wanted)


@router.get("/projects/{name}/pairs/{number}")
def get_pair(opened: Open, who: Who, project: Of, number: int) -> Said:
    """One pair with its texts, reviews and flags: an expert's own, a lead's all."""
    who.must("expert", "lead")
    with opened.store.read() as cursor:
        kinds: tuple[Kind, ...] = ("pair", "gold") if who.has("lead") else ("pair",)  # which are gold, experts guess
        return _visible(_said(cursor, numbered(cursor, project, number, kinds)), who)


def numbered(cursor: Cursor, project: Project, number: int, kinds: tuple[Kind, ...] = ("pair",)) -> Pair:
    """Pair `number` of the project, of one of these kinds, or NotFound."""
    for kind in kinds:
        found = pairs.listing(cursor, project.id, PairFilter(kind=kind), after=number - 1, limit=1)
        if found and found[0].number == number:
            return found[0]
    raise NotFound(f"There is no pair {number} in {project.name}.")


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
            "pair": kept_back.shown(said.pair, who),
            "revisions": tuple(text for text in said.revisions if text.author_id == who.id or text.id in known),
            "reviews": tuple(review for review in said.reviews if review.person_id == who.id),
            "flags": tuple(flag for flag in said.flags if flag.person_id == who.id),
            "adjudication": None,
        }
    )
