"""A project's settings as one file: written by one workspace, read by another, older or newer."""

import json
from typing import Any

from pydantic import ValidationError

from hone.labeling.projects.settings_words import named, wrong
from hone.storage.errors import InputError
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import Record

SCHEMA_VERSION = 1
LARGEST = 5_000_000  # bytes; settings are some ten thousand
_TAKE = "Take one that `hone project export` wrote."


class ProjectFile(Record):
    """What a file holds: a project's name and settings, and what this Hone does not know and left out."""

    name: str
    settings: ProjectSettings
    left_out: tuple[str, ...] = ()


def write(project: Project) -> str:
    """The settings of a project as JSON, indented for people. No pair, no person, no opinion is in it."""
    document = {
        "hone_project": SCHEMA_VERSION,
        "name": project.name,
        "version": project.version,
        "settings": project.settings.model_dump(mode="json"),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def read(content: bytes, *, leave_out_unknown: bool = False) -> ProjectFile:
    """The project in a file.

    Args:
        content: What `write` wrote, here or elsewhere, as UTF-8.
        leave_out_unknown: Go on without the fields that this Hone does not know; they are named in the result.

    Raises:
        InputError: It is no such file, a value is not allowed, or it holds fields that this Hone does not know;
            each is named. Nothing is ever left out in silence.
    """
    document = _document(content)
    unknown = [str(name) for name in document if name not in ("hone_project", "name", "version", "settings")]
    for name in unknown:
        del document[name]
    settings, inner = _settings(document["settings"])
    unknown += inner
    if unknown and not leave_out_unknown:
        newer = document["hone_project"]
        made = (
            f" The file has schema version {newer}, this Hone writes {SCHEMA_VERSION}."
            if newer != SCHEMA_VERSION
            else ""
        )
        raise InputError(
            f"The file holds what this Hone does not know: {_listed(unknown)}.{made} "
            "Import it without them if they do not matter, or use a newer Hone."
        )
    return ProjectFile(name=str(document.get("name") or ""), settings=settings, left_out=tuple(unknown))


def must_be_small(size: int) -> None:
    """Raise InputError when a file of so many bytes cannot be a project."""
    if size > LARGEST:
        raise InputError(f"The file is no project: it is larger than {LARGEST:,} bytes. {_TAKE}")


def _document(content: bytes) -> dict[str, Any]:
    must_be_small(len(content))
    try:
        found = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as problem:
        raise InputError(f"The file is no project: it is not UTF-8 text. {_TAKE}") from problem
    except (ValueError, RecursionError) as problem:
        where = f" (line {problem.lineno})" if isinstance(problem, json.JSONDecodeError) else ""
        raise InputError(f"The file is no project: it is not JSON{where}. {_TAKE}") from problem
    if not isinstance(found, dict) or not isinstance(found.get("settings"), dict):
        raise InputError("The file is no project: it has no settings. " + _TAKE)
    if not isinstance(found.get("hone_project"), int):
        raise InputError('The file is no project: "hone_project", its schema version, is missing. ' + _TAKE)
    return found


def _settings(given: dict[str, Any]) -> tuple[ProjectSettings, list[str]]:
    """The settings, and the places of the fields that are not known, which are taken out of `given`."""
    unknown: list[str] = []
    while True:
        try:
            return ProjectSettings.model_validate(given), unknown
        except ValidationError as found:
            extra = [each["loc"] for each in found.errors(include_url=False) if each["type"] == "extra_forbidden"]
            if not extra:
                raise InputError(f"The file's settings do not hold. {wrong(found)}") from found
            for place in extra:
                _take_out(given, place)
                unknown.append(named(place) if len(place) > 1 else "".join(map(str, place)))


def _take_out(given: Any, place: tuple[int | str, ...]) -> None:
    for step in place[:-1]:
        given = given[step]
    del given[place[-1]]


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(name[:80] for name in names[:10]) + more
