"""Batches: what would get in, freezing, and what is frozen."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from hone.labeling import filtering
from hone.labeling.batches import balance as batch_balance
from hone.labeling.batches import difference as batch_diff
from hone.labeling.batches import freezing
from hone.labeling.batches import plan as batch_plan
from hone.labeling.batches.difference import Difference
from hone.platform.api.caller import Lead, Of, Open
from hone.platform.api.pairs import meant
from hone.storage import batches
from hone.storage.batches import Batch, Exclusion, Split
from hone.storage.records import Record, canonical

router = APIRouter(tags=["batches"])


class Freeze(Record):
    """What to freeze: the filter in words, a name (one is made when there is none), and a note for the audit log."""

    name: str = ""
    where: str = ""
    note: str = ""


class FrozenBatch(Record):
    """A batch, the filter in words that chose it, and the approved pairs that were left out of it."""

    batch: Batch
    where: str
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
def plan(opened: Open, who: Lead, project: Of, where: str = "", floor: int = batch_balance.FLOOR) -> dict[str, Any]:
    """What a batch frozen now would hold: counts by split, what is left out and why, balance, what is missing."""
    found = batch_plan.plan(opened.store, project, meant(opened, who, project, where))
    balance = batch_balance.balance(opened.store, project, found, floor)
    return {**found.model_dump(mode="json", exclude={"items", "basis"}), "balance": balance.model_dump(mode="json")}


@router.post("/projects/{name}/batches")
def freeze(opened: Open, who: Lead, project: Of, body: Freeze) -> Batch:
    """Freeze the approved pairs of a filter into a batch with grouped splits and a hash."""
    wanted = meant(opened, who, project, body.where)
    return freezing.freeze(opened.store, project, who, body.name, body.note, wanted)


@router.get("/projects/{name}/batches/{number}/difference/{other}")
def difference(
    opened: Open,
    _: Lead,
    project: Of,
    number: int,
    other: int,
    limit: Annotated[int, Query(ge=1, le=1000)] = batch_diff.SHOWN,
) -> Difference:
    """What led from batch `number` to batch `other`: pairs that came and went, changed words, moved splits."""
    with opened.store.read() as cursor:
        before, after = (batches.numbered(cursor, project.id, each) for each in (number, other))
    return batch_diff.difference(opened.store, before, after, limit)


@router.get("/projects/{name}/batches/{number}")
def get_batch(opened: Open, _: Lead, project: Of, number: int) -> FrozenBatch:
    """One batch and what was left out of it."""
    with opened.store.read() as cursor:
        found = batches.numbered(cursor, project.id, number)
        return FrozenBatch(
            batch=found, where=filtering.text_of(found.chosen), exclusions=tuple(batches.exclusions(cursor, found.id))
        )


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
