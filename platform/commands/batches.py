"""Batches: freeze, look, verify, write to a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import terminal
from hone.platform.commands.common import AsJson, ProjectName, session

batch = typer.Typer(no_args_is_help=True, help="Freeze approved pairs into a batch; list, show, verify, export.")
Number = Annotated[int, typer.Argument(metavar="NUMBER", show_default=False)]


@batch.command("freeze")
def freeze(
    project: ProjectName = None,
    name: Annotated[str, typer.Option("--name", help="Else Batch and its number.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be frozen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Freeze all approved pairs with grouped splits and a hash."""
    with session(project) as here:
        plan = here.get("/batches/plan")
        for warning in plan["warnings"]:
            terminal.notice(f"note: {warning}")
        made = plan if dry_run else here.post("/batches", {"name": name})
    if as_json:
        terminal.as_json(made)
        return
    if dry_run:
        terminal.say(plan["problem"] or f"A batch frozen now would hold {_counts(plan['counts'])}.")
    else:
        terminal.say(f"Froze batch {made['number']} ({made['name']}): {_counts(made['counts'])}.")
        terminal.say(f"sha256 {made['sha256']}")
    _show_left_out(made["left_out"])


@batch.command("list")
def list_(project: ProjectName = None, as_json: AsJson = False) -> None:
    """All batches of a project."""
    with session(project) as here:
        found = here.get("/batches")
    if as_json:
        terminal.as_json(found)
        return
    rows = [
        (
            made["number"],
            made["name"],
            *made["counts"].values(),
            terminal.moment(made["frozen_at"]),
            made["sha256"][:12],
        )
        for made in found
    ]
    splits = tuple(f">{split}" for split in (found[0]["counts"] if found else ()))
    terminal.table((">batch", "name", *splits, "frozen (UTC)", "sha256"), rows)


@batch.command("show")
def show(number: Number, project: ProjectName = None, as_json: AsJson = False) -> None:
    """One batch: its splits, and what was left out and why."""
    with session(project) as here:
        found = here.get(f"/batches/{number}")
    if as_json:
        terminal.as_json(found)
        return
    made = found["batch"]
    frozen = terminal.moment(made["frozen_at"])
    terminal.say(f"Batch {made['number']} ({made['name']}), frozen {frozen} UTC: {_counts(made['counts'])}")
    terminal.say(f"sha256 {made['sha256']}, seed {made['seed']}, fractions {made['fractions']}")
    _show_left_out(made["left_out"])


@batch.command("verify")
def verify(number: Number, project: ProjectName = None) -> None:
    """Compute a batch's hash again from its rows."""
    with session(project) as here:
        found = here.post(f"/batches/{number}/verify")
    terminal.say(f"Batch {number} is what was frozen: {found['items']:,} pairs, sha256 {found['sha256']}")


@batch.command("export")
def export(
    number: Number,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    project: ProjectName = None,
) -> None:
    """Write a batch as JSON lines; the file's sha256 is the batch's."""
    with session(project) as here:
        lines = here.connection.download(f"{here.path}/batches/{number}/items", file)
    terminal.say(f"{lines:,} pairs in {file}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {split}" for split, count in counts.items())


def _show_left_out(left_out: dict[str, int]) -> None:
    told = [f"{count:,} {reason}" for reason, count in left_out.items() if count]
    if told:
        terminal.say(f"Left out: {', '.join(told)}.")


VERBS: dict[str, Any] = {"batch": batch}
