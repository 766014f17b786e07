"""Where the workspace stands."""

from importlib.metadata import version

from fastapi import APIRouter

from hone.platform import loop
from hone.platform.api.caller import Open, Who
from hone.storage import projects
from hone.storage.records import Record

router = APIRouter(tags=["status"])


class Status(Record):
    """The workspace and, for each project, where its iteration stands."""

    hone: str
    workspace: str
    person: str
    roles: tuple[str, ...]
    projects: tuple[loop.Standing, ...]


@router.get("/status")
def status(opened: Open, who: Who) -> Status:
    """Where each project's iteration stands and what is next; an expert or reviewer learns nothing of models."""
    with opened.store.read() as cursor:
        standings = [loop.standing(cursor, project) for project in projects.everything(cursor)]
    shown = standings if who.has("lead") else [standing.without_models() for standing in standings]
    return Status(
        hone=version("hone-llm"),
        workspace=str(opened.workspace.root),
        person=who.name,
        roles=who.roles,
        projects=tuple(shown),
    )
