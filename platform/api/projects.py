"""Projects and their settings."""

from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError

from hone.labeling import standing
from hone.labeling.defaults import default_settings
from hone.platform.api.caller import Lead, Of, Open, Who
from hone.storage import projects
from hone.storage.errors import InputError
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import Record

router = APIRouter(tags=["projects"])


class NewProject(Record):
    """A project to make; without settings it gets the defaults."""

    name: str
    settings: ProjectSettings | None = None


@router.get("/projects")
def list_projects(opened: Open, _: Who) -> list[Project]:
    """All projects, the oldest first."""
    with opened.store.read() as cursor:
        return projects.everything(cursor)


@router.post("/projects")
def create_project(opened: Open, who: Lead, new: NewProject) -> Project:
    """Make a project. Its name is part of paths, so it has no slash."""
    settings = new.settings or default_settings()
    return opened.store.write(lambda cursor: projects.create(cursor, new.name, settings, who))


@router.get("/projects/{name}")
def get_project(project: Of) -> Project:
    """A project with its settings as they are now."""
    return project


@router.patch("/projects/{name}/settings")
def change_settings(opened: Open, who: Lead, project: Of, changes: dict[str, Any]) -> Project:
    """Change the settings that are named; what was said before keeps the version it was said under."""
    try:
        settings = ProjectSettings.model_validate({**project.settings.model_dump(), **changes})
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "settings"
        raise InputError(f"{place}: {first['msg']}.") from problem
    return opened.store.write(lambda cursor: standing.change_settings(cursor, project, settings, who))
