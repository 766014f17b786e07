"""Pairs out: a file to take away, or a file or folder on this machine for the workspace's owner."""

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from hone.labeling.files import exporting
from hone.labeling.files.exporting import APPROVED, SUFFIXES, Choice, Exported, Format, Prompt
from hone.platform.api.caller import Lead, Of, Open
from hone.platform.api.imports import must_be_owner
from hone.platform.api.pairs import meant
from hone.platform.runtime import Runtime
from hone.storage.filters import PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store
from hone.training.prompt import prompt_text

router = APIRouter(tags=["export"])

MEDIA = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet", ".zip": "application/zip"}
Where = Annotated[str, Query(description="as `state=approved metadata.topic=notice`; without it all approved pairs")]


@router.get("/projects/{name}/export", response_class=FileResponse)
def export(
    opened: Open,
    who: Lead,
    project: Of,
    format: Format = "pairs",
    where: Where = "",
    batch: int | None = None,
    provenance: bool = False,
) -> FileResponse:
    """Pairs as a file in one of the formats; a Hugging Face data set comes as a ZIP archive."""
    chosen = choice(meaning(opened, who, project, where), format, batch, provenance)
    folder = Path(tempfile.mkdtemp(prefix=".export-", dir=opened.workspace.exports))
    forget = partial(shutil.rmtree, folder, ignore_errors=True)
    try:
        file = made(opened.store, project, who, chosen, folder)
    except BaseException:
        forget()
        raise
    media = MEDIA.get(file.suffix, "application/jsonl")
    return FileResponse(file, media_type=media, filename=file.name, background=BackgroundTask(forget))


@router.post("/projects/{name}/exports")
def export_here(
    request: Request,
    opened: Open,
    who: Lead,
    project: Of,
    path: str,
    format: Format | None = None,
    where: Where = "",
    batch: int | None = None,
    provenance: bool = False,
) -> Exported:
    """Write pairs to a path of the server's machine; for the owner key only. Without `format` the suffix says it."""
    must_be_owner(request, opened)
    to = Path(path)
    wanted = meaning(opened, who, project, where)
    chosen = choice(wanted, format or exporting.format_of(to), batch, provenance)
    return exporting.export(opened.store, project, who, chosen, to, prompt_of(project))


def meaning(opened: Runtime, who: Person, project: Project, where: str) -> PairFilter:
    """The pairs that are meant: without a filter the approved ones."""
    return meant(opened, who, project, where) if where.strip() else APPROVED


def choice(wanted: PairFilter, format: Format, batch: int | None, provenance: bool) -> Choice:
    """What was asked for."""
    return Choice(format=format, wanted=wanted, batch=batch, provenance=provenance)


def made(store: Store, project: Project, who: Person, chosen: Choice, folder: Path) -> Path:
    """The file of an export in an empty folder; a data set's folder as a ZIP archive."""
    what = chosen.format if chosen.batch is None else f"batch-{chosen.batch}-{chosen.format}"
    name = f"{_plain(project.name)}-{what}"
    suffix = SUFFIXES.get(chosen.format, ".jsonl")
    to = folder / (name if chosen.format == "hf" else name + suffix)
    exporting.export(store, project, who, chosen, to, prompt_of(project))
    return Path(shutil.make_archive(str(to), "zip", folder, name)) if chosen.format == "hf" else to


def prompt_of(project: Project) -> Prompt:
    """The project's template, filled in as at training."""
    return partial(prompt_text, project.settings.template)


def _plain(name: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else "-" for char in name)[:60].strip("-") or "pairs"
