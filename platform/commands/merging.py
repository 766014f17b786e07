"""Models to take away: merged into their base, as a folder or as one GGUF file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import terminal
from hone.platform.commands.common import AsJson, ProjectName, Session, session
from hone.storage.errors import InputError

DTYPES = ("auto", "float32", "bfloat16")

Dtype = Annotated[str, typer.Option("--dtype", metavar="|".join(DTYPES), help="Of the weights; auto: as the base's.")]


def merge(
    number: Annotated[int, typer.Argument(metavar="NUMBER", show_default=False, help="Of an iteration.")],
    project: ProjectName = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="A new folder; else one in the workspace's exports.")
    ] = None,
    dtype: Dtype = "auto",
    as_json: AsJson = False,
) -> None:
    """Merge a model into its base: a folder that needs no adapter, checked against the model before it is done."""
    with session(project) as here:
        made = take(here, number, to, gguf=False, dtype=dtype)
    tell(made, number, as_json)


def export_gguf(file: Path, project: str | None, number: int | None, dtype: str, as_json: bool) -> None:
    """Write a model, merged, as one GGUF file; without a number the champion."""
    with session(project) as here:
        chosen = number if number is not None else here.get("/models")["champion"]
        if chosen is None:
            raise InputError("The project has no model yet. `hone train` makes one.")
        made = take(here, chosen, file, gguf=True, dtype=dtype)
    tell(made, chosen, as_json)


def take(here: Session, number: int, to: Path | None, *, gguf: bool, dtype: str) -> dict[str, Any]:
    """Ask for a merged model, and wait for it."""
    if dtype not in DTYPES:
        raise InputError(f"There is no dtype '{dtype}'. Choose one of {', '.join(DTYPES)}.")
    with terminal.progress(f"Merging model {number} and checking it"):
        body = {"path": str(to.absolute()) if to else None, "gguf": gguf, "dtype": dtype}
        made: dict[str, Any] = here.post(f"/models/{number}/merged", body)
    return made


def tell(made: dict[str, Any], number: int, as_json: bool) -> None:
    """Where it is, and how far it is from the model on its base."""
    if as_json:
        terminal.as_json(made)
        return
    terminal.say(f"Model {number}, merged, {made['dtype']}: {made['path']}")
    terminal.say(
        f"Against the model on its base, on {made['rows']} rows: logits differ by at most "
        f"{made['largest_difference']:.2g}, {made['argmax_agreement']:.1%} of the choices agree, "
        f"loss {made['loss_before']:.4f} and {made['loss_after']:.4f}, "
        f"{made['same_answers']} of {made['answers']} answers are the same."
    )


VERBS: dict[str, Any] = {"merge": merge}
