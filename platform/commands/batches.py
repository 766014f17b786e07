"""Batches: freeze, look, verify, write to a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import terminal
from hone.platform.commands.choosing import Where
from hone.platform.commands.common import AsJson, ProjectName, session

batch = typer.Typer(
    no_args_is_help=True, help="Freeze approved pairs into a batch; list, show, compare, verify, export."
)
Number = Annotated[int, typer.Argument(metavar="NUMBER", show_default=False)]


@batch.command("freeze")
def freeze(
    project: ProjectName = None,
    where: Where = "",
    name: Annotated[str, typer.Option("--name", help="Else Batch and its number.")] = "",
    note: Annotated[str, typer.Option("--note", help="Kept in the audit log.")] = "",
    floor: Annotated[int, typer.Option("--floor", min=0, help="Pairs that a slice should have.")] = 20,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be frozen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Freeze the approved pairs of a filter, or all, with grouped splits and a hash."""
    with session(project) as here:
        plan = here.get("/batches/plan", where=where, floor=floor)
        for warning in plan["warnings"]:
            terminal.notice(f"note: {warning}")
        made = plan if dry_run else here.post("/batches", {"name": name, "where": where, "note": note})
    if as_json:
        terminal.as_json(made)
        return
    if dry_run:
        terminal.say(plan["problem"] or f"A batch frozen now would hold {_counts(plan['counts'])}.")
        _show_balance(plan["balance"])
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
    if found["where"]:
        terminal.say(f"Chosen by {found['where']}")
    _show_left_out(made["left_out"])


@batch.command("diff")
def diff(
    before: Annotated[int, typer.Argument(metavar="BEFORE", show_default=False)],
    after: Annotated[int, typer.Argument(metavar="AFTER", show_default=False)],
    project: ProjectName = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Pairs that are shown of each kind.")] = 20,
    as_json: AsJson = False,
) -> None:
    """What led from one batch to another: pairs that came and went, words that changed, splits that moved."""
    with session(project) as here:
        found = here.get(f"/batches/{before}/difference/{after}", limit=limit)
    if as_json:
        terminal.as_json(found)
        return
    counts = found["counts"]
    told = ", ".join(f"{counts[kind]:,} {kind}" for kind in ("added", "removed", "changed", "moved"))
    terminal.say(f"From batch {before} to batch {after}: {found['same']:,} the same, {told}.")
    for kind, sign in (("added", "+"), ("removed", "-")):
        for each in found[kind]:
            why = f" ({each['reason']})" if each["reason"] else ""
            terminal.say(f"{sign} #{each['pair_number']} {each['split']}: {' '.join(each['response'].split())}{why}")
    for each in found["changed"]:
        for field, pieces in each["pieces"].items():
            terminal.say(f"~ #{each['pair_number']} {field}: {''.join(map(_marked, pieces))}")
    for each in found["moved"]:
        terminal.say(f"! #{each['pair_number']} moved from {each['before']} to {each['after']}")


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


def _show_balance(balance: dict[str, Any]) -> None:
    rows = [
        (field["name"], share["value"], *share["counts"].values(), sum(share["counts"].values()))
        for field in balance["fields"]
        for share in field["shares"]
    ]
    if rows:
        terminal.table(("field", "value", ">train", ">validation", ">test", ">all"), rows)
    for lack in balance["missing"]:
        waits = f"; {lack['waiting']} not decided yet" if lack["waiting"] else ""
        name = lack["field"].removeprefix("metadata.")
        terminal.say(f"Missing: {name} {lack['value']} has {lack['held']} of {lack['floor']}{waits}.")
    if balance["aim"] is not None:
        terminal.say(f"{balance['to_aim']:,} approved pairs are missing to the project's aim of {balance['aim']:,}.")


def _marked(piece: dict[str, str]) -> str:
    """A piece of a word diff as plain text: [-what went-], {+what came+}."""
    text = piece["text"]
    return {"same": text, "removed": f"[-{text}-]", "added": f"{{+{text}+}}"}[piece["op"]]


VERBS: dict[str, Any] = {"batch": batch}
