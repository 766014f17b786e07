"""The experts' work, and the flags that they set."""

from typing import Annotated, Any, Literal

import typer

from hone.platform.commands import terminal
from hone.platform.commands.common import AsJson, ProjectName, session
from hone.storage.errors import InputError
from hone.storage.records import new_id

flags = typer.Typer(help="Words that experts flagged: list those that are open, say what became of one.")
SHORT = 8  # the end of an id, enough to name a flag


def team(
    me: Annotated[bool, typer.Option("--me", help="Only yourself, as an expert.")] = False,
    project: ProjectName = None,
    as_json: AsJson = False,
) -> None:
    """How far the experts agree, and how each works. Small numbers are called few."""
    with session(project) as here:
        found = here.get("/team/me" if me else "/team")
    if as_json:
        terminal.as_json(found)
        return
    small = found["small"]
    rows = [_measured(each, small) for each in (found["decisions"], *found["dimensions"])]
    terminal.table(("question", ">items", ">same", ">alpha", "95 % interval"), rows)
    heads = ("expert", ">opinions", ">as others", ">gold right", ">repeats same", ">corrected", ">too fast")
    terminal.table(heads, [_expert(each, small) for each in ([found["me"]] if me else found["experts"])])


@flags.callback(invoke_without_command=True)
def flags_(ctx: typer.Context, project: ProjectName = None, as_json: AsJson = False) -> None:
    """Words that experts flagged: list those that are open, say what became of one."""
    if ctx.invoked_subcommand is None:
        list_(project=project, as_json=as_json)


@flags.command("list")
def list_(
    category: Annotated[str | None, typer.Option("--category", metavar="KIND")] = None,
    severity: Annotated[int | None, typer.Option("--severity", min=1, max=3, help="3 is grave.")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Those that are resolved instead.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    project: ProjectName = None,
    as_json: AsJson = False,
) -> None:
    """Open flags, the gravest first."""
    asked = {"resolved": resolved, "limit": limit, "category": category, "severity": severity}
    with session(project) as here:
        found = here.get("/flags", **{name: value for name, value in asked.items() if value is not None})
    if as_json:
        terminal.as_json(found)
        return
    rows = [
        (
            flag["flag_id"][-SHORT:],
            flag["number"],
            flag["category"],
            flag["severity"],
            flag["quote"][:60],
            flag["resolution"]["outcome"] if flag["resolution"] else "open",
        )
        for flag in found["flags"]
    ]
    terminal.table(("flag", ">pair", "kind", ">severity", "words", "state"), rows)
    terminal.say(f"{sum(each['open'] for each in found['open']):,} open in all.")


@flags.command("resolve")
def resolve(
    flag: Annotated[str, typer.Argument(metavar="FLAG", show_default=False, help="As `hone flags list` names it.")],
    outcome: Annotated[Literal["mended", "accepted", "dismissed"], typer.Argument(metavar="OUTCOME")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why, in a few words.")],
    project: ProjectName = None,
    as_json: AsJson = False,
) -> None:
    """Say what became of a flag: mended, accepted (the words may stay) or dismissed (there was nothing to flag)."""
    with session(project) as here:
        body = {"outcome": outcome, "reason": reason, "request_key": new_id()}
        made = here.post(f"/flags/{_flag(here.get('/flags', limit=1000), flag)}/resolution", body)
    if as_json:
        terminal.as_json(made)
    else:
        terminal.say(f"Flag {made['flag_id'][-SHORT:]} is {made['outcome']}.")


def _flag(found: dict[str, Any], name: str) -> str:
    """The id that is meant, by its end; a whole id is taken as it is."""
    fitting = [flag["flag_id"] for flag in found["flags"] if flag["flag_id"].endswith(name)]
    if len(name) > SHORT:
        return name
    if len(fitting) != 1 or not name:
        many = f"{len(fitting)} open flags end" if fitting else "No open flag ends"
        raise InputError(f"{many} with '{name}'. `hone flags list` names them; --json gives whole ids.")
    return str(fitting[0])


def _measured(each: dict[str, Any], small: int) -> tuple[str, str, str, str, str]:
    alpha = each["alpha"]
    interval = alpha.get("interval") or {}
    ends = f"{interval['low']:.2f} to {interval['high']:.2f}" if "low" in interval else interval.get("undefined", "")
    return (
        each["name"],
        f"{each['items']:,}{_few(each['items'], small)}",
        _percent(each["raw"]),
        f"{alpha['value']:.2f}" if "value" in alpha else alpha["undefined"],
        ends,
    )


def _expert(each: dict[str, Any], small: int) -> tuple[str, ...]:
    shares = (
        each["agreeing"], each["gold"]["decisions"], each["repeats"]["decisions"], each["corrected"]["rate"],
        each["fast"],
    )  # fmt: skip
    return (
        each["name"],
        f"{each['done']:,}",
        *(f"{_percent(one)} of {one['n']:,}{_few(one['n'], small)}" if "n" in one else "–" for one in shares),
    )


def _percent(figure: dict[str, Any]) -> str:
    return f"{100 * figure['value']:.0f} %" if "value" in figure else "–"


def _few(n: int, small: int) -> str:
    return ", few" if n < small else ""


VERBS: dict[str, Any] = {"team": team, "flags": flags}
