"""Projects and their versioned settings: what is asked of experts, and when a model counts as better."""

from collections import Counter
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from hone.storage import audit
from hone.storage.errors import Conflict, InputError, NotFound
from hone.storage.people import Person
from hone.storage.records import Record, new_id, now
from hone.storage.store import Cursor, insert, one, rows

TEMPLATE = """### Instruction:
{instruction}

### Input:
{context}

### Response:
"""


class Dimension(Record):
    """One question of the rubric, scored from 1 up to what its anchors say: two to seven scores, usually five."""

    key: str
    name: str
    question: str
    anchors: dict[int, str]

    @model_validator(mode="after")
    def _a_scale(self) -> Self:
        count = len(self.anchors)
        if not 2 <= count <= 7 or sorted(self.anchors) != list(range(1, count + 1)):
            given = ", ".join(map(str, sorted(self.anchors))) or "none"
            raise ValueError(
                f"{self.name or self.key} needs words for two to seven scores from 1 up; given are {given}"
            )
        return self


class FlagCategory(Record):
    """One kind of bias or harm that an expert can mark in the words."""

    key: str
    name: str
    definition: str
    protected: bool = False  # about a protected group, which the flag then names
    examples: tuple[str, ...] = ()


class Question(Record):
    """One more question that a project asks about each pair. `options` are for single and multi."""

    key: str
    name: str
    kind: Literal["yes_no", "single", "multi", "text"]
    options: tuple[str, ...] = ()
    required: bool = False

    @model_validator(mode="after")
    def _can_be_chosen(self) -> Self:
        if self.kind in ("single", "multi") and len(set(self.options)) < 2:
            raise ValueError(f"{self.name or self.key} needs at least two different options to choose from")
        return self


class Example(Record):
    """An answer in the team's own words, and why it is good or bad: for the guidelines and the first gold pairs."""

    instruction: str
    context: str = ""
    response: str
    good: bool
    why: str = ""


Order: TypeAlias = Literal["oldest", "random", "disagreement", "uncertain"]


class ProjectSettings(Record):
    """All that a project declares. A change makes a new version; a review keeps the one it was made under."""

    purpose: str = ""
    audience: str = ""  # who acts on the answers
    task: Literal["generation", "classification"] = "generation"
    labels: tuple[str, ...] = ()  # of a classification
    template: str = TEMPLATE
    guidelines: str = ""
    examples: tuple[Example, ...] = ()
    rubric: tuple[Dimension, ...] = ()
    questions: tuple[Question, ...] = ()
    taxonomy: tuple[FlagCategory, ...] = ()
    protected_groups: tuple[str, ...] = ()  # what a flag about a group offers; others can be written
    categories: tuple[str, ...] = ()
    edit_reasons: tuple[str, ...] = ()
    overlap: int = Field(default=2, ge=1, le=9)
    agree: int = Field(default=2, ge=1, le=9)
    sign_off: bool = False  # what the experts agree on waits for a lead's word
    order: Order = "oldest"
    gold_rate: float = Field(default=0, ge=0, le=0.5)  # share of an expert's pairs that are gold
    repeat_rate: float = Field(default=0, ge=0, le=0.5)  # share that they have seen before
    fast_seconds: float = Field(default=3, ge=0)  # an opinion given faster is called too fast
    suggestions: Literal["show", "ask", "off"] = "ask"  # a model's answer where there is none
    aim: int | None = Field(default=None, ge=1)  # approved pairs to reach
    aim_reason: str = ""
    judges: int = Field(default=2, ge=1, le=9)
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)  # train, validation, test
    gate: dict[str, Any] = {}
    training: dict[str, Any] = {}  # settings of a run that differ from the defaults
    seed: int = 7

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.agree > self.overlap:
            raise ValueError(f"agree ({self.agree}) cannot be more than overlap ({self.overlap})")
        if abs(sum(self.fractions) - 1) > 1e-9 or min(self.fractions) <= 0:
            raise ValueError(f"train, validation and test must each be above 0 and add up to 100 %, not {_sum(self)} %")
        if self.task == "classification" and len(self.labels) < 2:
            raise ValueError("a classification needs at least two labels")
        if self.gold_rate + self.repeat_rate > 0.5:
            raise ValueError("gold pairs and repeats together cannot be more than half of the work")
        for what, keyed in (("rubric", self.rubric), ("questions", self.questions), ("flags", self.taxonomy)):
            twice = [key for key, times in Counter(each.key for each in keyed).items() if times > 1]
            if twice:
                raise ValueError(f"two of the {what} have the key '{twice[0]}': each needs its own")
        return self


class Version(Record):
    """The settings as they were from `made_at` on, and who made them so."""

    version: int
    made_by: str
    made_at: datetime
    settings: ProjectSettings


class Project(Record):
    """A project with its current settings."""

    id: str
    name: str
    created_at: datetime
    version: int
    settings: ProjectSettings


def _sum(settings: ProjectSettings) -> str:
    return f"{100 * sum(settings.fractions):g}"


def create(cursor: Cursor, name: str, settings: ProjectSettings, by: Person) -> Project:
    """A new project; names are unique in the workspace."""
    by.must("lead")
    if "/" in name:  # it is part of the API's paths
        raise InputError(f"'{name}' cannot be a project's name: it has a slash. Use a dash.")
    if name != name.strip() or not 1 <= len(name) <= 80 or not name.isprintable():
        raise InputError("A project needs a name of 1 to 80 characters, with no blanks at its ends.")
    if one(cursor, "select id from project where name = ?", [name]):
        raise Conflict(f"There is already a project '{name}'. Choose another name, or import into it.")
    project_id = new_id()
    insert(cursor, "project", {"id": project_id, "name": name, "created_at": now(), "created_by": by.id})
    _add_version(cursor, project_id, 1, settings, by)
    audit.record(cursor, by.id, "project created", project_id, name=name)
    return get(cursor, project_id)


def change(cursor: Cursor, project: Project, settings: ProjectSettings, by: Person) -> Project:
    """A new version of the settings; nothing that was said before is touched.

    Raises:
        Conflict: Somebody else changed them since `project` was read.
    """
    by.must("lead")
    if get(cursor, project.id).version != project.version:
        raise Conflict(f"The settings of {project.name} were changed in the meantime. Look at them again, then repeat.")
    if settings == project.settings:
        return project
    _add_version(cursor, project.id, project.version + 1, settings, by)
    audit.record(cursor, by.id, "project changed", project.id, version=project.version + 1)
    return get(cursor, project.id)


def get(cursor: Cursor, project_id: str) -> Project:
    """The project with its newest settings, or NotFound."""
    return _found(rows(cursor, _NEWEST + " where p.id = ? order by v.version desc limit 1", [project_id]), project_id)


def named(cursor: Cursor, name: str) -> Project:
    """The project of this name, or NotFound with the names that exist."""
    found = rows(cursor, _NEWEST + " where p.name = ? order by v.version desc limit 1", [name])
    if not found:
        known = ", ".join(project.name for project in everything(cursor)) or "none yet"
        raise NotFound(f"There is no project '{name}'. There are: {known}.")
    return _found(found, name)


def everything(cursor: Cursor) -> list[Project]:
    """All projects, the oldest first."""
    newest: dict[str, Project] = {}
    for row in rows(cursor, _NEWEST + " order by p.created_at, p.id, v.version"):
        newest[row["id"]] = _project(row)
    return list(newest.values())


def versions(cursor: Cursor, project_id: str, last: int | None = None) -> list[Version]:
    """The settings that a project has had, the first one first; with `last` only so many of the newest."""
    found = rows(
        cursor,
        "select version, made_by, made_at, settings from project_version where project_id = ? "
        "order by version desc limit ?",
        [project_id, last or 1_000_000],
    )
    return [Version.model_validate({**row, "settings": _settings(row)}) for row in reversed(found)]


_NEWEST = (
    "select p.id, p.name, p.created_at, v.version, v.settings "
    "from project p join project_version v on v.project_id = p.id"
)


def _add_version(cursor: Cursor, project_id: str, version: int, settings: ProjectSettings, by: Person) -> None:
    insert(
        cursor,
        "project_version",
        {
            "project_id": project_id,
            "version": version,
            "settings": settings.model_dump_json(),
            "made_by": by.id,
            "made_at": now(),
        },
    )


def _found(found: list[dict[str, Any]], name: str) -> Project:
    if not found:
        raise NotFound(f"There is no project {name}.")
    return _project(found[0])


def _project(row: dict[str, Any]) -> Project:
    return Project.model_validate({**row, "settings": _settings(row)})


def _settings(row: dict[str, Any]) -> ProjectSettings:
    return ProjectSettings.model_validate_json(row["settings"])
