"""Pairs by what is known of them: list, count, look at one, send a slice to the experts, ask more about it."""

from typing import Annotated, Any, TypeAlias

import typer

from hone.platform.commands import terminal
from hone.platform.commands.common import AsJson, ProjectName, session

Where: TypeAlias = Annotated[
    str,
    typer.Option(
        "--where",
        metavar="FILTER",
        help='Which pairs, as "state=approved source=letters.csv metadata.topic=termination rated.accuracy=1..2".',
    ),
]
HELP = (
    "List, count and look at pairs; send them to the experts; ask for more opinions on them. --where takes: state, "
    "words, source, group, metadata.FIELD, check, -check, flag, flags=resolved, by, rated.DIMENSION, since, until."
)
WIDE = 60  # characters of a text in a list

pair = typer.Typer(no_args_is_help=True, help=HELP, short_help="List pairs; send a slice to the experts, or ask more.")


@pair.command("list")
def list_(
    project: ProjectName = None,
    where: Where = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    after: Annotated[int, typer.Option("--after", help="Go on after this number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """The pairs that a filter means, by number, and how many they are by state."""
    with session(project) as here:
        found = here.get("/pairs", where=where, limit=limit, after=after)
        counted = here.get("/pairs/counts", where=where)
    if as_json:
        terminal.as_json(found)
        return
    rows = [
        (each["number"], each["state"], _cut(each["response"]), each["group"], ", ".join(each["checks"] or ()))
        for each in found
    ]
    terminal.table((">pair", "state", "response", "group", "found"), rows)
    states = ", ".join(f"{number:,} {state}" for state, number in counted["states"].items() if number)
    terminal.say(f"{counted['total']:,} pairs{': ' + states if states else ''}")
    if found and len(found) == limit and counted["total"] > limit:
        terminal.notice(f"Go on with --after {found[-1]['number']}.")


@pair.command("slices")
def slices(project: ProjectName = None, where: Where = "", as_json: AsJson = False) -> None:
    """The fields of the pairs that a filter means, with the commonest values of each."""
    with session(project) as here:
        found = here.get("/pairs/slices", where=where)
    if as_json:
        terminal.as_json(found)
        return
    rows = [(each["field"], value["value"], value["pairs"]) for each in found for value in each["values"][:12]]
    terminal.table(("field", "value", ">pairs"), rows)


@pair.command("show")
def show(
    number: Annotated[int, typer.Argument(metavar="NUMBER", show_default=False)],
    project: ProjectName = None,
) -> None:
    """One pair with its texts, what was said of it and the flags, as JSON."""
    with session(project) as here:
        terminal.as_json(here.get(f"/pairs/{number}"))


@pair.command("send")
def send(
    why: Annotated[str, typer.Option("--why", help="What the experts read beside the pair.")],
    project: ProjectName = None,
    where: Where = "",
    reopen: Annotated[bool, typer.Option("--reopen", help="Decided pairs start a new round, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send pairs to the experts, before all others."""
    with session(project) as here:
        sent = here.post("/pairs/send", {"where": where, "why": why, "reopen": reopen})
    if as_json:
        terminal.as_json(sent)
        return
    terminal.say(
        f"{sent['moved']:,} moved to the front, {sent['reopened']:,} started a new round, "
        f"{sent['disputed']:,} wait for a lead as before."
    )


@pair.command("ask")
def ask(
    opinions: Annotated[int, typer.Argument(metavar="OPINIONS", min=1, max=9, show_default=False)],
    project: ProjectName = None,
    where: Where = "",
    as_json: AsJson = False,
) -> None:
    """Ask for so many opinions on each open pair of a slice; what is decided stays so."""
    with session(project) as here:
        asked = here.post("/pairs/opinions", {"where": where, "opinions": opinions})
    if as_json:
        terminal.as_json(asked)
        return
    terminal.say(
        f"{asked['open']:,} open pairs ask for {asked['opinions']} opinions; {asked['settled']:,} had enough and are "
        f"settled, {asked['decided']:,} others stay as they are."
    )


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDE else line[: WIDE - 1] + "…"


VERBS: dict[str, Any] = {"pairs": pair}
