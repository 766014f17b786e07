"""Learning from what people preferred: what a run would use, and the run."""

from typing import Self

from fastapi import APIRouter
from pydantic import Field, ValidationError, model_validator

from hone.platform.api.caller import Lead, Of, Open
from hone.platform.runs import preference
from hone.platform.runs.preference import Planned, Preview
from hone.platform.runs.preferred import LEAVE, Objective
from hone.platform.runtime import Runtime
from hone.storage import batches, matchups, models
from hone.storage.errors import InputError
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.runs import Run

router = APIRouter(tags=["preferences"])


class Prefer(Record):
    """What to learn from: a matchup set's judgements, or a batch's approvals and the project's rejections (kto).

    `parent` is the number of the model that is trained on; without it the set's new model, or the project's. At least
    `leave` test items go on testing.
    """

    matchups: int | None = None
    batch: int | None = None
    objective: Objective | None = None
    parent: int | None = None
    leave: int = Field(default=LEAVE, ge=0)
    settings: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.matchups is None) == (self.batch is None):
            raise ValueError("name either a matchup set, or the batch whose approvals are learnt from")
        if self.batch is not None and self.objective == "dpo":
            raise ValueError("approvals and rejections are no two answers to one prompt: dpo needs a matchup set")
        return self


@router.get("/projects/{name}/preferences")
def preview(
    opened: Open,
    _: Lead,
    project: Of,
    matchups: int | None = None,
    batch: int | None = None,
    objective: Objective | None = None,
    parent: int | None = None,
    leave: int = LEAVE,
) -> Preview:
    """What a preference run would learn from, what it costs in test items, and why it cannot begin, if so."""
    try:
        asked = Prefer(matchups=matchups, batch=batch, objective=objective, parent=parent, leave=leave)
    except ValidationError as problem:
        raise InputError(f"{problem.errors()[0]['msg'].removeprefix('Value error, ')}.") from None
    return _planned(opened, project, asked).preview


@router.post("/projects/{name}/runs/prefer")
def start(opened: Open, who: Lead, project: Of, body: Prefer) -> Run:
    """Start a preference run, or put it behind the one that is at work. Its test items test no more from now on."""
    return preference.start(opened, project, who, _planned(opened, project, body), settings=body.settings)


def _planned(opened: Runtime, project: Project, asked: Prefer) -> Planned:
    with opened.store.read() as cursor:
        parent = models.numbered(cursor, project.id, asked.parent) if asked.parent is not None else None
        made = matchups.numbered(cursor, project.id, asked.matchups) if asked.matchups is not None else None
        batch = batches.numbered(cursor, project.id, asked.batch) if asked.batch is not None else None
    if made is not None:
        return preference.from_set(opened.store, project, made, asked.objective or "dpo", parent, asked.leave)
    assert batch is not None  # Prefer sees to it
    return preference.from_reviews(opened.store, project, batch, parent)
