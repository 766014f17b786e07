"""Is what is stored still what was stored?"""

from fastapi import APIRouter

from hone.labeling.batches import freezing as frozen
from hone.platform.api.caller import Lead, Open
from hone.storage import audit, batches, models, projects
from hone.storage.errors import WorkspaceError
from hone.storage.records import Record

router = APIRouter(tags=["status"])


class Checks(Record):
    """What a look at the whole store found. `audit_broken_at` is None when the chain of acts is whole."""

    audit_broken_at: int | None
    batches: int
    broken_batches: tuple[str, ...]
    models: int
    missing_models: tuple[str, ...]


@router.get("/checks")
def checks(opened: Open, _: Lead) -> Checks:
    """Recompute the audit chain and each batch's hash, and look for the models' folders."""
    with opened.store.read() as cursor:
        broken_at = audit.first_broken(cursor)
        known = projects.everything(cursor)
        made = [batch for project in known for batch in batches.listing(cursor, project.id)]
        trained = [model for project in known for model in models.listing(cursor, project.id) if model.folder]
    broken = []
    for batch in made:
        try:
            frozen.verify(opened.store, batch)
        except WorkspaceError as problem:
            broken.append(str(problem))
    root = opened.workspace.root
    missing = [model.name for model in trained if model.folder and not (root / model.folder).is_dir()]
    return Checks(
        audit_broken_at=broken_at,
        batches=len(made),
        broken_batches=tuple(broken),
        models=len(trained),
        missing_models=tuple(missing),
    )
