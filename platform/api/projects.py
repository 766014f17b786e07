"""Projects: begin one, read and change its settings, take them elsewhere."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from hone.labeling import standing
from hone.labeling.projects import project_file, setting_up
from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.settings_words import differences
from hone.labeling.projects.templates.shelf import TEMPLATES, template
from hone.platform import aiming, declared
from hone.platform.api.caller import Lead, Of, Open, Who
from hone.storage import people, projects
from hone.storage.errors import InputError
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import Record

router = APIRouter(tags=["projects"])


class NewProject(Record):
    """A project to make: from a template, with settings of its own, or with the defaults."""

    name: str
    template: str | None = None
    settings: ProjectSettings | None = None


class NewName(Record):
    """What a copy is to be called."""

    name: str


class TemplateFacts(Record):
    """A template to begin with; `settings` is all that it would set."""

    key: str
    name: str
    says: str
    reasons: tuple[str, ...]
    settings: ProjectSettings


class Change(Record):
    """A version of a project's settings, and what it changed, in sentences."""

    version: int
    made_by: str
    made_at: datetime
    changes: tuple[str, ...]


class Imported(Record):
    """A project that came from a file, and what of the file was left out because this Hone does not know it."""

    project: Project
    left_out: tuple[str, ...]


@router.get("/templates")
def list_templates(_: Who) -> list[TemplateFacts]:
    """What a project can begin with."""
    return [
        TemplateFacts(
            key=each.key, name=each.name, says=each.says, reasons=each.reasons, settings=_settings_of(each.key)
        )
        for each in TEMPLATES
    ]


@router.get("/projects")
def list_projects(opened: Open, _: Who) -> list[Project]:
    """All projects, the oldest first."""
    with opened.store.read() as cursor:
        return projects.everything(cursor)


@router.post("/projects")
def create_project(opened: Open, who: Lead, new: NewProject) -> Project:
    """Make a project. Its name is part of paths, so it has no slash; examples in its settings become gold pairs."""
    if new.template is not None and new.settings is not None:
        raise InputError("Name a template or give settings, not both: change what the template set afterwards.")
    settings = new.settings or (_settings_of(new.template) if new.template is not None else default_settings())
    declared.check(settings)
    return opened.store.write(lambda cursor: setting_up.begin(cursor, new.name, settings, who))


@router.get("/projects/{name}")
def get_project(project: Of) -> Project:
    """A project with its settings as they are now."""
    return project


@router.patch("/projects/{name}/settings")
def change_settings(opened: Open, who: Lead, project: Of, changes: dict[str, Any]) -> Project:
    """Change the settings that are named; what was said before keeps the version it was said under."""
    settings = declared.changed(project.settings, changes)
    return opened.store.write(lambda cursor: standing.change_settings(cursor, project, settings, who))


@router.get("/projects/{name}/versions")
def list_versions(opened: Open, _: Lead, project: Of) -> list[Change]:
    """Every version of the settings, the first one first: who made it, when, and what it changed."""
    with opened.store.read() as cursor:
        made = projects.versions(cursor, project.id)
        names = {each.id: each.name for each in people.everyone(cursor)}
    before = [None, *made]
    return [
        Change(
            version=each.version,
            made_by=names.get(each.made_by, each.made_by),
            made_at=each.made_at,
            changes=tuple(differences(earlier.settings, each.settings)) if earlier else (),
        )
        for earlier, each in zip(before, made, strict=False)
    ]


@router.post("/projects/{name}/copies")
def copy_project(opened: Open, who: Lead, project: Of, new: NewName) -> Project:
    """A new project with the same settings; no pair and no opinion goes along, but gold pairs are made anew."""
    return opened.store.write(lambda cursor: setting_up.begin(cursor, new.name, project.settings, who))


@router.get("/projects/{name}/file", response_class=PlainTextResponse)
def export_project(project: Of) -> PlainTextResponse:
    """The settings as one JSON file, for `POST /project-files` of this or another workspace."""
    return PlainTextResponse(project_file.write(project), media_type="application/json")


@router.post("/project-files")
async def import_project(
    opened: Open, who: Lead, request: Request, name: str = "", leave_out_unknown: bool = False
) -> Imported:
    """A new project from a file. Without `name` it is called as in the file."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        project_file.must_be_small(len(content))
    found = project_file.read(bytes(content), leave_out_unknown=leave_out_unknown)
    settings = declared.check(found.settings)
    made = opened.store.write(lambda cursor: setting_up.begin(cursor, name or found.name, settings, who))
    return Imported(project=made, left_out=found.left_out)


def _settings_of(key: str) -> ProjectSettings:
    """The settings of a template, with the number of pairs that its comparison needs."""
    chosen = template(key)
    settings = chosen.settings
    aim = aiming.pairs_for(chosen.worth_finding, settings)
    return settings.model_copy(update={"aim": aim, "aim_reason": aiming.reason(aim, settings)})
