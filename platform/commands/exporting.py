"""Pairs out, in the formats that others read."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import merging, terminal
from hone.platform.commands.choosing import Where
from hone.platform.commands.common import AsJson, ProjectName, session
from hone.storage.errors import InputError

FORMATS = ("pairs", "alpaca", "chat", "prompt", "dpo", "csv", "parquet", "hf")


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="For hf a new folder.")],
    project: ProjectName = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}; else what the suffix says."),
    ] = None,
    where: Where = "",
    batch: Annotated[int | None, typer.Option("--batch", help="A frozen batch; else all approved pairs.")] = None,
    provenance: Annotated[bool, typer.Option("--provenance", help="With who said what, when and why.")] = False,
    gguf: Annotated[bool, typer.Option("--gguf", help="A model instead of pairs, merged, for llama.cpp.")] = False,
    model: Annotated[int | None, typer.Option("--model", help="With --gguf: an iteration; else the champion.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write approved pairs, a frozen batch or what a filter means: for training, a spreadsheet or the Hub.

    pairs is JSON lines with all that Hone keeps; alpaca, chat and prompt are JSON lines for other trainers; dpo takes
    chosen and rejected answers from the blind judgements; hf is a folder with Parquet files and a card. --gguf writes
    a model instead, by llama.cpp's converter (`hone merge` writes it as a folder).
    """
    if gguf:
        if format_ or where or batch is not None or provenance:
            raise InputError(
                "--gguf takes a model away, not pairs: leave out --format, --where, --batch, --provenance."
            )
        merging.export_gguf(file, project, model, "auto", as_json)
        return
    if model is not None:
        raise InputError("--model goes with --gguf: pairs belong to no model. Leave it out, or add --gguf.")
    if format_ is not None and format_ not in FORMATS:
        raise InputError(f"There is no format '{format_}'. Choose one of {', '.join(FORMATS)}.")
    with session(project) as here:
        asked = {"format": format_, "where": where, "batch": batch, "provenance": provenance}
        made = here.connection.call("POST", f"{here.path}/exports", params={"path": str(file.absolute()), **asked})
    if as_json:
        terminal.as_json(made)
    else:
        what = "preferred answers" if format_ == "dpo" else "pairs"
        terminal.say(f"{made['rows']:,} {what} in {file}")


VERBS: dict[str, Any] = {"export": export}
