"""Models: the base, the iterations, and what a lead decided on them."""

from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request

from hone.platform import chain as linking
from hone.platform.api.caller import Lead, Of, Open
from hone.platform.api.imports import must_be_owner
from hone.platform.chain import Link
from hone.platform.runs import iterations, merging
from hone.platform.runs.merging import Dtype, Merged
from hone.storage import models, reports
from hone.storage.models import Model, ModelDecision
from hone.storage.records import Record

router = APIRouter(tags=["models"])


class Decide(Record):
    """Promote or reject a model, and why; `report` is the number of the report that led to it."""

    decision: Literal["promote", "reject"]
    reason: str
    report: int | None = None


class Take(Record):
    """Merge a model into its base, to take it away: a folder, or by `gguf` one file for llama.cpp.

    `path` is where on the server's machine, for the owner key only; without it the workspace's exports.
    """

    path: str | None = None
    gguf: bool = False
    dtype: Dtype = "auto"


class Models(Record):
    """The models of a project, which one is the champion, and the decisions so far."""

    models: tuple[Model, ...]
    champion: int | None
    decisions: tuple[ModelDecision, ...]


@router.get("/projects/{name}/models")
def list_models(opened: Open, _: Lead, project: Of) -> Models:
    """The base (0) and the iterations."""
    with opened.store.read() as cursor:
        champion = models.champion(cursor, project.id)
        return Models(
            models=tuple(models.listing(cursor, project.id)),
            champion=champion.number if champion else None,
            decisions=tuple(models.decisions(cursor, project.id)),
        )


@router.get("/projects/{name}/models/chain")
def chain(opened: Open, _: Lead, project: Of) -> tuple[Link, ...]:
    """The chain of models, the base first: what each learnt, how it did, and what is new in it."""
    return linking.chain(opened.store, project)


@router.post("/projects/{name}/models/{number}/decisions")
def decide(opened: Open, who: Lead, project: Of, number: int, body: Decide) -> ModelDecision:
    """Promote a model to champion, or reject it; the reason is kept with the decision."""
    with opened.store.read() as cursor:
        model = models.numbered(cursor, project.id, number)
        report = reports.numbered(cursor, project.id, body.report) if body.report is not None else None
    act = iterations.promote if body.decision == "promote" else iterations.reject
    return act(opened.store, project, who, model, body.reason, report)


@router.post("/projects/{name}/models/{number}/merged")
def merge(request: Request, opened: Open, who: Lead, project: Of, number: int, body: Take) -> Merged:
    """Write the merged model of an iteration, checked against the adapter on its base; the answer comes when done."""
    if body.path is not None:
        must_be_owner(request, opened)
    with opened.store.read() as cursor:
        model = models.numbered(cursor, project.id, number)
    to = Path(body.path).absolute() if body.path is not None else None
    return merging.merge(opened, project, who, model, to=to, gguf=body.gguf, dtype=body.dtype)
