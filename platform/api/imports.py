"""Files of pairs: look into one, take one in."""

import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request

from hone.labeling import importing
from hone.labeling.importing import ImportResult, Mapping, Preview
from hone.platform.api.caller import Lead, Of, Open, Who
from hone.platform.runtime import Runtime
from hone.storage import intake
from hone.storage.errors import InputError, WorkspaceError
from hone.storage.records import Record

router = APIRouter(tags=["import"])

Settings = Annotated[list[str], Query(description="target=column or target=text; may be given more than once")]


class Look(Record):
    """What a file holds, and how its columns would be read."""

    preview: Preview
    mapping: Mapping


@router.post("/previews")
async def preview(request: Request, opened: Open, _: Lead, file_name: str) -> Look:
    """Read the columns and first rows of the file in the body; nothing is stored."""
    async with _received(request, opened, file_name) as path:
        return await to_thread.run_sync(_look, path)


@router.post("/projects/{name}/imports", response_model_exclude={"pair_ids"})
async def take_in(
    request: Request,
    opened: Open,
    who: Lead,
    project: Of,
    file_name: str,
    map: Settings = [],  # noqa: B006
    set: Settings = [],  # noqa: B006
    strict: bool = False,
    watch: str | None = None,
) -> ImportResult:
    """Store the pairs of the file in the body. Rows that are not right are refused one by one, or all if strict.

    Without `map` the columns are guessed. `watch` is a name under which GET /imports/NAME tells how far it is.
    """
    so_far: dict[str, tuple[int, int | None]] = request.app.state.imports

    def progress(done: int, total: int | None = None) -> None:
        if watch:
            so_far[watch] = (done, total)

    async with _received(request, opened, file_name) as path:
        try:
            return await to_thread.run_sync(
                lambda: importing.import_file(
                    opened.store,
                    project,
                    who,
                    path,
                    _mapping(path, map, set),
                    name=file_name,
                    strict=strict,
                    progress=progress,
                )
            )
        finally:
            so_far.pop(watch or "", None)


@router.get("/imports/{watch}")
def progress_of(request: Request, watch: str, _: Who) -> tuple[int, int | None]:
    """How many rows an import has read, and of how many if that is known."""
    so_far: dict[str, tuple[int, int | None]] = request.app.state.imports
    return so_far.get(watch, (0, None))


@router.get("/projects/{name}/imports")
def list_imports(opened: Open, project: Of, who: Who) -> list[dict[str, Any]]:
    """The files that were imported, the newest first."""
    who.must("expert", "lead")
    with opened.store.read() as cursor:
        return intake.imports(cursor, project.id)


def _look(path: Path) -> Look:
    found = importing.columns(path)
    return Look(preview=found, mapping=importing.guess(found.columns))


def _mapping(path: Path, fields: list[str], constants: list[str]) -> Mapping:
    given = Mapping(fields=_parts(fields, "map", "column"), constants=_parts(constants, "set", "text"))
    if given.fields:
        return given
    guessed = importing.guess(importing.columns(path).columns)
    kept = {target: column for target, column in guessed.fields.items() if target not in given.constants}
    return Mapping(fields=kept, constants=given.constants)


def _parts(given: list[str], option: str, what: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        target, equals, value = text.partition("=")
        if not equals or not target.strip():
            raise InputError(f"--{option} '{text}' is not target={what}, as in --{option} response=answer.")
        found[target.strip()] = value
    return found


@asynccontextmanager
async def _received(request: Request, opened: Runtime, file_name: str) -> AsyncGenerator[Path, None]:
    """The body as a file of the workspace, removed afterwards."""
    descriptor, name = tempfile.mkstemp(
        prefix=".incoming-", suffix=Path(file_name).suffix[:12], dir=opened.workspace.root
    )
    try:
        await _receive(request, descriptor)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


async def _receive(request: Request, descriptor: int) -> None:
    try:
        with os.fdopen(descriptor, "wb") as file:
            async for chunk in request.stream():
                await to_thread.run_sync(file.write, chunk)
    except OSError as problem:
        raise WorkspaceError(
            f"The file could not be received: {problem.strerror}. Nothing was stored; free some space and repeat."
        ) from problem
