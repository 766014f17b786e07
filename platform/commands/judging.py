"""Matchups and blind sheets."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import terminal
from hone.platform.commands.common import AsJson, ProjectName, json_lines, session
from hone.storage.errors import InputError

matchups = typer.Typer(help="Pair two models' answers to be judged blind; list sets, write a blind sheet.")
Model = Annotated[int | None, typer.Option(metavar="NUMBER", help="0 is the base.")]


@matchups.callback(invoke_without_command=True)
def matchups_(ctx: typer.Context, project: ProjectName = None, as_json: AsJson = False) -> None:
    """Pair two models' answers to be judged blind; list sets, write a blind sheet."""
    if ctx.invoked_subcommand is None:
        list_(project, as_json)


@matchups.command("make")
def make(
    project: ProjectName = None,
    new: Model = None,
    old: Model = None,
    batch: Annotated[int | None, typer.Option("--batch", help="Whose test split; else the new model's.")] = None,
    size: Annotated[int | None, typer.Option("--size", min=1, help="So many, drawn at random; else all.")] = None,
    wanted: Annotated[int | None, typer.Option("--judges", min=1, help="Reviewers for each matchup.")] = None,
    as_json: AsJson = False,
) -> None:
    """A new set: the newest model against the one before it, unless others are named."""
    body = {"new": new, "old": old, "batch": batch, "size": size, "wanted": wanted}
    with session(project) as here:
        made = here.post("/matchups", body)
        so_far = here.get(f"/matchups/{made['number']}")
    if as_json:
        terminal.as_json({**made, **so_far})
        return
    terminal.say(
        f"Made matchup set {made['number']}: {so_far['matchups']:,} matchups, {so_far['wanted']:,} judgements wanted, "
        f"{made['identical']:,} items left out because both answers are the same."
    )


@matchups.command("list")
def list_(project: ProjectName = None, as_json: AsJson = False) -> None:
    """All sets of a project, and how far the judging is."""
    with session(project) as here:
        found = here.get("/matchups")
    if as_json:
        terminal.as_json(found)
        return
    rows = [(made["number"], made["matchups"], made["judged"], made["wanted"]) for made in found]
    terminal.table((">set", ">matchups", ">judged", ">wanted"), rows)


@matchups.command("sheet")
def sheet(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    reviewer: Annotated[
        str, typer.Option("--reviewer", metavar="NAME", help="Who will judge; each has their own sides.")
    ],
    project: ProjectName = None,
    set_: Annotated[int | None, typer.Option("--set", metavar="NUMBER", help="Else the newest set.")] = None,
) -> None:
    """Write what a reviewer may still judge, blind: JSON lines in which `choice` is to be filled in."""
    with session(project) as here:
        rows = here.get(f"/matchups/{_newest(here.get('/matchups'), set_)}/sheet", reviewer=reviewer)
    lines = [json.dumps({**row, "choice": None}, ensure_ascii=False) + "\n" for row in rows]
    try:
        file.write_text("".join(lines), encoding="utf-8")
    except OSError as problem:
        raise InputError(f"Cannot write {file}: {problem.strerror}. Choose another place.") from problem
    terminal.say(
        f"{len(rows):,} matchups in {file}: fill in choice (left, right, tie or both_bad), then `hone judgements`."
    )


def judgements(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    project: ProjectName = None,
    as_json: AsJson = False,
) -> None:
    """Record a filled sheet: JSON lines of token and choice (left, right, tie, both_bad), still blind.

    If wanted also strength (1 to 3), reasons, note, seconds. Rows without a choice are left for later.
    """
    rows = json_lines(file)
    filled = [row for row in rows if row.get("choice")]
    if not filled:
        raise InputError(f"No row of {file} has a choice yet. Fill in left, right, tie or both_bad.")
    with session(project) as here:
        result = here.post("/judgements", {"rows": filled})
    if as_json:
        terminal.as_json(result)
    else:
        terminal.say(
            f"{result['added']:,} recorded, {result['known']:,} known already, {len(result['refused']):,} refused, "
            f"{len(rows) - len(filled):,} not filled in."
        )
    for number, reason in result["refused"][:10]:
        terminal.notice(f"row {number}: {reason}")
    if not result["added"] + result["known"]:
        raise InputError(f"No row of {file} could be used.")


def _newest(sets: list[dict[str, Any]], number: int | None) -> int:
    if number is not None:
        return number
    if not sets:
        raise InputError("There is no matchup set yet. `hone matchups make` makes one.")
    return int(sets[-1]["number"])


VERBS: dict[str, Any] = {"matchups": matchups, "judgements": judgements}
