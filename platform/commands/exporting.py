"""Pairs out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import terminal
from hone.platform.commands.common import ProjectName, session


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    project: ProjectName = None,
    batch: Annotated[int | None, typer.Option("--batch", help="A frozen batch; else all approved pairs.")] = None,
) -> None:
    """Write approved pairs, or a frozen batch, as JSON lines with where each text comes from."""
    with session(project) as here:
        path = "/export" if batch is None else f"/batches/{batch}/items"
        lines = here.connection.download(here.path + path, file)
    terminal.say(f"{lines:,} pairs in {file}")


VERBS: dict[str, Any] = {"export": export}
