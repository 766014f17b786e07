"""Files of pairs: look into one, take one in, and give back what was refused."""

import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from hone.labeling import texts
from hone.labeling.files import importing, refusals
from hone.labeling.files.importing import Check, ImportResult, Mapping, Preview
from hone.platform.access import identity
from hone.platform.api.caller import Lead, Of, Open, Who
from hone.platform.runtime import Runtime
from hone.storage import intake, projects
from hone.storage.errors import Forbidden, InputError, NotFound, WorkspaceError
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Store

router = APIRouter(tags=["import"])

Settings = Annotated[list[str], Query(description="target=column or target=text; may be given more than once")]
OnServer = Annotated[
    str | None, Query(description="a file or folder on the server's machine instead of the body; owner key only")
]
Watch = Annotated[str | None, Query(description="a name under which GET /imports/NAME tells how far it is")]


class Look(Record):
    """What a file holds by its first rows, how its columns would be read, and what an import would do."""

    preview: Preview
    mapping: Mapping
    check: Check | None


@router.post("/previews")
async def preview(
    request: Request,
    opened: Open,
    _: Lead,
    file_name: str,
    path: OnServer = None,
    project: str | None = None,
    map: Settings = [],  # noqa: B006
    set: Settings = [],  # noqa: B006
    enough: int | None = None,
    watch: Watch = None,
) -> Look:
    """Go through the file without storing anything: the first rows as pairs, what would be refused and why.

    `check` is null when nothing gives the instruction yet. With `project`, what it holds already is counted as
    known; with `enough`, only so many good rows are looked for.
    """
    chosen = _project(opened, project)
    async with _given(request, opened, file_name, path) as file:
        try:
            return await to_thread.run_sync(
                lambda: look(opened.store, chosen, file, file_name, parts(map, set), enough, _teller(request, watch))
            )
        finally:
            request.app.state.imports.pop(watch or "", None)


@router.post("/projects/{name}/imports")
async def take_in(
    request: Request,
    opened: Open,
    who: Lead,
    project: Of,
    file_name: str,
    path: OnServer = None,
    map: Settings = [],  # noqa: B006
    set: Settings = [],  # noqa: B006
    strict: bool = False,
    watch: Watch = None,
) -> ImportResult:
    """Store the pairs of the file in the body. Rows that are not right are refused one by one, or all if strict.

    Without `map` the columns are guessed. GET /imports/{import_id}/refused gives the rows that were refused.
    """
    given = parts(map, set)
    async with _given(request, opened, file_name, path) as file:
        try:
            return await to_thread.run_sync(
                lambda: importing.import_file(
                    opened.store,
                    project,
                    who,
                    file,
                    _mapping(file, file_name, given),
                    name=file_name,
                    strict=strict,
                    progress=_teller(request, watch),
                )
            )
        finally:
            opened.checker.wake()  # a file that broke off has added pairs, too
            request.app.state.imports.pop(watch or "", None)


@router.get("/imports/{watch}")
def progress_of(request: Request, watch: str, _: Who) -> tuple[int, int | None]:
    """How many rows an import has read, and of how many as far as can be told."""
    so_far: dict[str, tuple[int, int | None]] = request.app.state.imports
    return so_far.get(watch, (0, None))


@router.get("/imports/{import_id}/refused", response_class=FileResponse)
def refused_rows(opened: Open, import_id: str, _: Lead) -> FileResponse:
    """The rows that an import refused, as CSV: line, reason, and the row as it was."""
    with opened.store.read() as cursor:
        known = intake.get_import(cursor, import_id)
    file = refusals.file_of(opened.workspace.exports, import_id)
    if known is None or not file.exists():
        raise NotFound(f"There are no refused rows of an import {import_id}. GET /projects/NAME/imports lists imports.")
    return FileResponse(file, media_type="text/csv", filename=file.name)


@router.get("/projects/{name}/imports")
def list_imports(opened: Open, project: Of, who: Who) -> list[dict[str, Any]]:
    """The files that were imported, the newest first."""
    who.must("expert", "lead")
    with opened.store.read() as cursor:
        return intake.imports(cursor, project.id)


def _project(opened: Runtime, name: str | None) -> Project | None:
    if name is None:
        return None
    with opened.store.read() as cursor:
        return projects.named(cursor, name)


def look(
    store: Store | None,
    project: Project | None,
    path: Path,
    name: str,
    given: Mapping,
    enough: int | None,
    progress: importing.Progress | None = None,
) -> Look:
    """A file by its first rows, and what an import of it would do; without a store, what a first import would."""
    found = importing.columns(path, name)
    mapping = _completed(given, found)
    if "instruction" not in (*mapping.fields, *mapping.constants):
        return Look(preview=found, mapping=mapping, check=None)
    checked = importing.check(store, project, path, mapping, name=name, progress=progress, enough=enough)
    return Look(preview=found, mapping=mapping, check=checked)


def _teller(request: Request, watch: str | None) -> importing.Progress:
    so_far: dict[str, tuple[int, int | None]] = request.app.state.imports

    def progress(done: int, total: int) -> None:
        if watch:
            so_far[watch] = (done, total)

    return progress


def _mapping(path: Path, name: str, given: Mapping) -> Mapping:
    return given if given.fields else _completed(given, importing.columns(path, name))


def _completed(given: Mapping, found: Preview) -> Mapping:
    """What was given, or with no column named, the likeliest beside the texts that were set."""
    if given.fields:
        return given
    guessed = importing.guess(found.columns)
    kept = {target: column for target, column in guessed.fields.items() if target not in given.constants}
    return Mapping(fields=kept, constants=given.constants)


def parts(fields: list[str], constants: list[str]) -> Mapping:
    """The mapping that target=column and target=text say."""
    return Mapping(fields=_pieces(fields, "map", "column"), constants=_pieces(constants, "set", "text"))


def _pieces(given: list[str], option: str, what: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        target, equals, value = text.partition("=")
        if not equals or not target.strip():
            raise InputError(f"--{option} '{text}' is not target={what}, as in --{option} response=answer.")
        found[target.strip()] = value
    return found


@asynccontextmanager
async def _given(request: Request, opened: Runtime, file_name: str, path: str | None) -> AsyncGenerator[Path, None]:
    """The file on this machine that is named, or the body as a file of the workspace, removed afterwards."""
    texts.must_be_text("file name", file_name, texts.LONGEST_NOTE)
    if path is not None:
        must_be_owner(request, opened)
        yield Path(path)
        return
    descriptor, name = tempfile.mkstemp(
        prefix=".incoming-", suffix=Path(file_name).suffix[:12], dir=opened.workspace.root
    )
    try:
        await _receive(request, descriptor)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def must_be_owner(request: Request, opened: Runtime) -> None:
    """Whoever holds the owner key can read the workspace's files, and so whatever its process can."""
    _, _, key = request.headers.get("authorization", "").partition(" ")
    if not identity.owner_key_matches(opened, key.strip()):
        raise Forbidden("Only the workspace's owner may name a file of the server's machine. Send the file instead.")


async def _receive(request: Request, descriptor: int) -> None:
    """Piece by piece to the disk: however large it is, it is never held."""
    try:
        with os.fdopen(descriptor, "wb") as file:
            async for chunk in request.stream():
                await to_thread.run_sync(file.write, chunk)
    except OSError as problem:
        raise WorkspaceError(
            f"The file could not be received: {problem.strerror}. Nothing was stored; free some space and repeat."
        ) from problem
