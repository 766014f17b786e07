"""Matchups and blind judgements. What a reviewer gets here tells them no model, no run, no order of the two."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from hone.evaluation import judging
from hone.evaluation import matchups as matching
from hone.evaluation.judging import JudgeView, Recorded, SheetRow, Verdict
from hone.evaluation.matchups import Progress
from hone.platform import loop
from hone.platform.api.caller import Lead, Of, Open, Who
from hone.platform.runtime import Runtime
from hone.storage import batches, matchups, models, people
from hone.storage.errors import Conflict
from hone.storage.matchups import Choice, Judgement, MatchupSet
from hone.storage.models import Model
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Cursor

router = APIRouter(tags=["matchups"])


class NewSet(Record):
    """Which models to compare on which batch's test split; what is left out is chosen: newest against champion."""

    batch: int | None = None
    new: int | None = None
    old: int | None = None
    size: int | None = None
    wanted: int | None = None


class SetView(Record):
    """A set as everybody may see it: its number and how much there is to do."""

    number: int
    matchups: int
    judged: int
    wanted: int


class Given(Record):
    """A judgement as its reviewer may see it: their choice, not what stood behind the sides."""

    token: str
    choice: Choice
    given_at: datetime


class Submitted(Verdict):
    """A verdict on the matchup of a token; the same `request_key` again stores nothing twice."""

    token: str
    request_key: str = Field(min_length=8, max_length=200)


class UndoKey(Record):
    """The same `request_key` again takes back nothing more."""

    request_key: str = Field(min_length=8, max_length=200)


class RecordedSet(Record):
    """The rows of a filled sheet."""

    rows: list[dict[str, Any]]


@router.get("/projects/{name}/matchups")
def list_sets(opened: Open, project: Of, who: Who) -> list[SetView]:
    """The sets of a project and how far the judging is."""
    who.must("reviewer", "lead")
    with opened.store.read() as cursor:
        known = matchups.sets(cursor, project.id)
    return [_view(made, matching.progress(opened.store, made)) for made in known]


@router.post("/projects/{name}/matchups")
def make_set(opened: Open, who: Lead, project: Of, body: NewSet) -> MatchupSet:
    """Pair two models' answers to the same test items, to be judged blind."""
    with opened.store.read() as cursor:
        new, old = _two_models(cursor, project, body)
        number = body.batch
        batch = batches.numbered(cursor, project.id, number) if number is not None else _batch_of(cursor, new)
    return matching.make(opened.store, project, who, batch, new, old, size=body.size, wanted=body.wanted)


@router.get("/projects/{name}/matchups/{number}")
def progress(opened: Open, _: Lead, project: Of, number: int) -> Progress:
    """How far the judging of a set is, by reviewer."""
    return matching.progress(opened.store, _set(opened, project, number))


@router.post("/projects/{name}/matchups/{number}/next")
def next_view(opened: Open, who: Who, project: Of, number: int) -> JudgeView:
    """The next matchup for this reviewer: two whole answers, left and right."""
    return judging.next_view(opened.store, _set(opened, project, number), who)


@router.post("/projects/{name}/matchups/{number}/judgements")
def submit(opened: Open, who: Who, project: Of, number: int, body: Submitted) -> Given:
    """Store a judgement; answered once it is safe on disk."""
    made = _set(opened, project, number)
    with opened.store.read() as cursor:
        if matchups.showing(cursor, body.token, who.id).set_id != made.id:
            raise Conflict(f"This matchup is not of set {number}. Take the next one.")
    verdict = Verdict(**body.model_dump(exclude={"token", "request_key"}))
    return _given(judging.submit(opened.store, who, body.token, verdict, body.request_key))


@router.post("/projects/{name}/matchups/{number}/undo")
def undo(opened: Open, who: Who, project: Of, number: int, body: UndoKey) -> Given | None:
    """Take one's last judgement back; null when there is none."""
    taken = judging.undo(opened.store, _set(opened, project, number), who, body.request_key)
    return _given(taken) if taken else None


@router.get("/projects/{name}/matchups/{number}/sheet")
def sheet(opened: Open, who: Who, project: Of, number: int, reviewer: str | None = None) -> list[SheetRow]:
    """What a reviewer may still judge, as blind rows to fill in elsewhere; a lead makes one for a reviewer."""
    made = _set(opened, project, number)
    if reviewer not in (None, who.name):
        who.must("lead")  # before the name is looked up: an unknown one is answered by those that there are
    with opened.store.read() as cursor:
        person = people.named(cursor, reviewer) if reviewer else who
    return judging.sheet(opened.store, made, who, person)


@router.post("/projects/{name}/judgements")
def record(opened: Open, who: Who, project: Of, body: RecordedSet) -> Recorded:  # noqa: ARG001
    """Store a filled sheet: rows of token, choice, and if wanted strength, reasons, note, seconds."""
    who.must("reviewer", "lead")
    return judging.record(opened.store, who, body.rows)


def _view(made: MatchupSet, so_far: Progress) -> SetView:
    return SetView(number=made.number, matchups=so_far.matchups, judged=so_far.judged, wanted=so_far.wanted)


def _given(judgement: Judgement) -> Given:
    return Given(token=judgement.token, choice=judgement.choice, given_at=judgement.created_at)


def _set(opened: Runtime, project: Project, number: int) -> MatchupSet:
    with opened.store.read() as cursor:
        return matchups.numbered(cursor, project.id, number)


def _two_models(cursor: Cursor, project: Project, body: NewSet) -> tuple[Model, Model]:
    """The two that are named; one that is not is the newest, or what the newest is held against."""
    usual = loop.rivals(cursor, project)
    if usual is None:
        raise Conflict(f"{project.name} has no trained model to compare yet: `hone train` makes one.")
    return (
        usual[0] if body.new is None else models.numbered(cursor, project.id, body.new),
        usual[1] if body.old is None else models.numbered(cursor, project.id, body.old),
    )


def _batch_of(cursor: Cursor, new: Model) -> batches.Batch:
    if new.batch_id is None:
        raise Conflict(f"{new.name} learnt from no batch: name the batch whose test split is compared.")
    return batches.get(cursor, new.batch_id)
