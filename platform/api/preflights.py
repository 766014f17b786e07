"""Looks at a training run before it begins: what it would read and learn, take and cost, and what stands against it."""

from fastapi import APIRouter

from hone.platform.api.caller import Lead, Of, Open
from hone.platform.api.runs import Train
from hone.platform.runs import preflight as looking
from hone.platform.runs.preflight import Look
from hone.storage import batches, models

router = APIRouter(tags=["runs"])


@router.post("/projects/{name}/preflights")
def start_preflight(opened: Open, who: Lead, project: Of, body: Train) -> Look:
    """Look at the run that the same body would start."""
    with opened.store.read() as cursor:
        batch = batches.numbered(cursor, project.id, body.batch)
        parent = models.numbered(cursor, project.id, body.parent) if body.parent is not None else None
    return looking.start_preflight(opened, project, who, batch, base=body.base, parent=parent, settings=body.settings)


@router.get("/projects/{name}/preflights/{look_id}")
def get_preflight(opened: Open, _: Lead, project: Of, look_id: str) -> Look:
    """A look: how far it is, and what it found."""
    return looking.preflight(opened, project, look_id)


@router.post("/projects/{name}/preflights/{look_id}/cancel")
def cancel_preflight(opened: Open, who: Lead, project: Of, look_id: str) -> Look:
    """Ask a look to stop."""
    return looking.cancel_preflight(opened, project, who, look_id)
