"""What the `hone` commands share: the options, the way to the workspace, the project that is meant."""

import json
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from hone.platform.client import Connection, connect
from hone.storage.errors import InputError
from hone.storage.workspace import Workspace, workspace_at

ProjectName: TypeAlias = Annotated[
    str | None,
    typer.Option("--project", "-p", metavar="NAME", help="May be left out when the workspace has one project."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="For scripts: one JSON document on stdout.")]


@dataclass
class Globals:
    """The options before the verb."""

    workspace: str | None = None
    person: str | None = None


chosen = Globals()


def workspace(default: str | None = None) -> Workspace:
    """The workspace that the command is about; nothing is created."""
    return workspace_at(chosen.workspace or default)


@dataclass
class Session:
    """A connection, and the project that the command is about."""

    connection: Connection
    project: str

    @property
    def path(self) -> str:
        """The project's path in the API."""
        return project_path(self.project)

    def get(self, path: str, **params: Any) -> Any:
        """GET below the project."""
        return self.connection.call("GET", self.path + path, params=params)

    def post(self, path: str, body: Any = None) -> Any:
        """POST below the project."""
        return self.connection.call("POST", self.path + path, json=body if body is not None else {})


def project_path(name: str) -> str:
    """/projects/NAME, with the name made fit for a path."""
    return f"/projects/{part(name)}"


def part(name: str) -> str:
    """A name as a part of a path; InputError when it cannot be one."""
    if not name.strip() or "/" in name:
        raise InputError(f"'{name}' cannot be a name here: it is empty or has a slash.")
    return quote(name, safe="")


@contextmanager
def connected(make: bool = False) -> Generator[Connection, None, None]:
    """The workspace's API, acting as --as if that was given."""
    with connect(workspace(), person=chosen.person, make=make) as connection:
        yield connection


@contextmanager
def session(project: str | None) -> Generator[Session, None, None]:
    """The workspace's API and a project: the one named, else the only one.

    Raises:
        InputError: None was named and there is not exactly one.
    """
    with connected() as connection:
        yield Session(connection, project if project is not None else _only_project(connection))


def _only_project(connection: Connection) -> str:
    known = [found["name"] for found in connection.call("GET", "/projects")]
    if len(known) == 1:
        return str(known[0])
    if not known:
        raise InputError("The workspace has no project yet. `hone import FILE --project NAME` makes one.")
    raise InputError(f"There are {len(known)} projects: name one with --project. There are: {', '.join(known)}.")


def typed(command: str) -> str:
    """A command as it is to be typed: with the workspace, when this one was called with it."""
    if chosen.workspace is None:
        return command
    return command.replace("hone ", f"hone --workspace {shlex.quote(chosen.workspace)} ", 1)


def readable(path: Path) -> Path:
    """The path, when it is a file that can be read and is not empty.

    Raises:
        InputError: It is not there, no file, not readable, or empty.
    """
    try:
        if not path.exists():
            raise InputError(f"There is no file {path}.")
        if not path.is_file():
            raise InputError(f"{path} is not a file.")
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"{path} is empty.")
    except OSError as problem:
        raise InputError(f"Cannot read {path}: {problem.strerror}.") from problem
    return path


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file, each a JSON object.

    Raises:
        InputError: A line is no JSON object; its number is named. Nothing of the file is used then.
    """
    found: list[dict[str, Any]] = []
    with readable(path).open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                found.append(_row(path, number, line))
    return found


def _row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{path}, line {number} is not UTF-8 text. Save the file as UTF-8.") from None
    except json.JSONDecodeError as problem:
        raise InputError(f"{path}, line {number} is not JSON: {problem.msg}. Nothing was stored.") from None
    except RecursionError:
        raise InputError(f"{path}, line {number} is nested too deeply. Nothing was stored.") from None
    if not isinstance(row, dict):
        raise InputError(f"{path}, line {number} is not a JSON object such as {{...}}. Nothing was stored.")
    return row


def numbers(text: str) -> list[int]:
    """ "0,1" as numbers.

    Raises:
        InputError: Something else stands there.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdigit() for part in parts):
        raise InputError(f"'{text}' is no list of numbers: write them with commas, as in 0,1.")
    return [int(part) for part in parts]
