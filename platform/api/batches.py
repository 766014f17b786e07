"""Batches: what would get in, freezing, and what is frozen."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from hone.labeling import batch_plan
from hone.labeling import batches as freezing
from hone.platform.api.caller import Lead, Of, Open
from hone.storage import batches
from hone.storage.batches import Batch, Exclusion, Split
from hone.storage.records import Record, canonical

router = APIRouter(tags=["batches"])


class Freeze(Record):
    """The name of a batch to freeze; a name is made when there is none."""

    name: str = ""


class FrozenBatch(Record):
    """A batch and the pairs that were left out of it."""

    batch: Batch
    exclusions: tuple[Exclusion, ...]


class Verified(Record):
    """The hash was computed again from the stored rows and is the same."""

    number: int
    sha256: str
    items: int


@router.get("/projects/{name}/batches")
def list_batches(opened: Open, _: Lead, project: Of) -> list[Batch]:
    """The batches of a project, the oldest first."""
    with opened.store.read() as cursor:
        return batches.listing(cursor, project.id)


@router.get("/projects/{name}/batches/plan")
def plan(opened: Open, _: Lead, project: Of) -> dict[str, Any]:
    """What a batch frozen now would hold: counts by split, what is left out and why, warnings."""
    found = batch_plan.plan(opened.store, project)
    return found.model_dump(mode="json", exclude={"items"})


@router.post("/projects/{name}/batches")
def freeze(opened: Open, who: Lead, project: Of, body: Freeze) -> Batch:
    """Freeze what is approved into a batch with grouped splits and a hash."""
    return freezing.freeze(opened.store, project, who, body.name)


@router.get("/projects/{name}/batches/{number}")
def get_batch(opened: Open, _: Lead, project: Of, number: int) -> FrozenBatch:
    """One batch and what was left out of it."""
    with opened.store.read() as cursor:
        found = batches.numbered(cursor, project.id, number)
        return FrozenBatch(batch=found, exclusions=tuple(batches.exclusions(cursor, found.id)))


@router.get("/projects/{name}/batches/{number}/items", response_class=StreamingResponse)
def items(opened: Open, _: Lead, project: Of, number: int, split: Split | None = None) -> StreamingResponse:
    """The rows of a batch as canonical JSON lines in their order: what its hash is of."""
    with opened.store.read() as cursor:
        found = batches.numbered(cursor, project.id, number)
        rows = batches.items(cursor, found.id, split)
    lines = (canonical(row.model_dump(mode="json")) + "\n" for row in rows)
    return StreamingResponse(lines, media_type="application/jsonl")


@router.post("/projects/{name}/batches/{number}/verify")
def verify(opened: Open, _: Lead, project: Of, number: int) -> Verified:
    """Compute the batch's hash again from its rows; a problem when it is not the one that was frozen."""
    with opened.store.read() as cursor:
        found = batches.numbered(cursor, project.id, number)
    freezing.verify(opened.store, found)
    return Verified(number=found.number, sha256=found.sha256, items=sum(found.counts.values()))
