"""`hone check`: what the checks found in the pairs, and what is mended at once."""

from typing import Annotated, Any

import typer

from hone.platform.client import Connection
from hone.platform.commands import terminal
from hone.platform.commands.common import AsJson, ProjectName, Session, numbers, project_path, session
from hone.storage.errors import InputError

AT_ONCE = 1_000_000  # a command may take its time
SHOWN = 20


def check(
    project: ProjectName = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="CHECK", help="Show the pairs with it, and where it is.")
    ] = None,
    fix: Annotated[
        str | None,
        typer.Option(
            "--fix", metavar="CHECK,...", help="Mend what was found, as new revisions: trim, mask, repair, ..."
        ),
    ] = None,
    pairs: Annotated[
        str | None, typer.Option("--pairs", metavar="N,...", help="Mend these pairs alone; else all that are open.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Forget what was found, and check all pairs anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the checks found: duplicates, personal data, cut off texts, and so on.

    With --fix, mend what can be mended safely: spacing (trim), residue (remove), personal_data and secret (mask),
    garbled (repair), duplicate and near_duplicate (leave out). Nothing is lost: each is a revision or a decision.
    """
    if pairs is not None and fix is None:
        raise InputError("--pairs says where to mend: name what with --fix, as in --fix trim.")
    with session(project) as here:
        if again:
            here.post("/findings/again")
        here.post("/findings/finish", {"at_most": AT_ONCE})
        if fix is not None:
            _mend(here, fix, pairs, as_json)
        elif kind is not None:
            _show_kind(here, kind, as_json)
        else:
            _show_all(here, as_json)


def after_import(connection: Connection, project: str) -> None:
    """Check what came in when no server does it: some thousands at once, more at its next start, which is said."""
    if connection.address:
        return
    progress = connection.call("POST", f"{project_path(project)}/findings/finish", json={})
    left = progress["total"] - progress["checked"]
    if left:
        terminal.notice(f"{left:,} pairs are still to be checked: `hone serve` does it by the way, `hone check` now.")


def _show_all(here: Session, as_json: bool) -> None:
    found = here.get("/findings")
    if as_json:
        terminal.as_json(found)
        return
    progress = found["progress"]
    terminal.say(f"{progress['checked']:,} of {progress['total']:,} pairs checked.")
    rows = [
        (one["kind"]["key"], f"{one['pairs']:,}", f"{one['open']:,}", one["kind"]["mend"] or "", one["kind"]["about"])
        for one in found["kinds"]
    ]
    if rows:
        terminal.table(("check", "pairs", "open", "--fix", "what it means"), rows)
    elif progress["total"] and progress["checked"] == progress["total"]:
        terminal.say("Nothing was found.")


def _show_kind(here: Session, kind: str, as_json: bool) -> None:
    found = here.get(f"/findings/{kind}", limit=1000)
    if as_json:
        terminal.as_json(found)
        return
    for pair in found[:SHOWN]:
        for one in pair["findings"][:3]:
            place = f" {one['field']}" if one["end"] else ""
            terminal.say(f"#{pair['number']}{place}: {one['says']}")
    if len(found) > SHOWN:
        terminal.notice(f"... and {len(found) - SHOWN:,}{'+' if len(found) == 1000 else ''} more; --json shows them.")
    if not found:
        terminal.say("No pair has it.")


def _mend(here: Session, fix: str, pairs: str | None, as_json: bool) -> None:
    kinds = [name.strip() for name in fix.split(",") if name.strip()]
    chosen = None if pairs is None else numbers(pairs)
    made = here.post("/findings/mend", {"kinds": kinds, "pairs": chosen})
    here.post("/findings/finish", {"at_most": AT_ONCE})
    if as_json:
        terminal.as_json(made)
        return
    terminal.say(f"{made['pairs']:,} pair{'' if made['pairs'] == 1 else 's'} mended.")
    for why, count in made["left_out"].items():
        terminal.notice(f"{count:,} left as they are: {why}.")


VERBS: dict[str, Any] = {"check": check}
