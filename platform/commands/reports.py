"""Reports, the gate, and what goes back to the experts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.commands import terminal
from hone.platform.commands.common import AsJson, ProjectName, Session, session
from hone.storage.errors import InputError

GATE = {"better": 0, "worse": 1, "cannot tell yet": 2}

report = typer.Typer(help="Is the new model better? Make, list and show reports.")
queue = typer.Typer(no_args_is_help=True, help="Send what a report shows back to the experts.")
Number = Annotated[int | None, typer.Argument(metavar="NUMBER", show_default=False, help="Else the newest.")]
Model = Annotated[int | None, typer.Option(metavar="NUMBER", help="0 is the base.")]


@report.callback(invoke_without_command=True)
def report_(ctx: typer.Context, project: ProjectName = None, as_json: AsJson = False) -> None:
    """Is the new model better? Make, list and show reports."""
    if ctx.invoked_subcommand is None:
        show(None, project, as_json)


@report.command("make")
def make(
    project: ProjectName = None,
    set_: Annotated[int | None, typer.Option("--set", metavar="NUMBER", help="A matchup set; else the newest.")] = None,
    new: Model = None,
    old: Model = None,
    as_json: AsJson = False,
) -> None:
    """Compute a report from the stored answers and judgements, and keep it."""
    with session(project) as here, terminal.progress("Computing the report"):
        made = here.post("/reports", {"set": set_, "new": new, "old": old})
        document = here.get(f"/reports/{made['number']}")
    if as_json:
        terminal.as_json({"number": made["number"], "verdict": made["verdict"], "sha256": made["sha256"]})
        return
    show_report(made["number"], document)


@report.command("list")
def list_(project: ProjectName = None, as_json: AsJson = False) -> None:
    """All reports of a project."""
    with session(project) as here:
        found = here.get("/reports")
    if as_json:
        terminal.as_json(found)
        return
    rows = [
        (made["number"], made["new"], made["old"], made["set"], made["verdict"], terminal.moment(made["made_at"]))
        for made in found
    ]
    terminal.table((">report", "new", "old", ">set", "verdict", "made (UTC)"), rows)


@report.command("show")
def show(number: Number = None, project: ProjectName = None, as_json: AsJson = False) -> None:
    """One report as a table, or with --json as its whole document."""
    with session(project) as here:
        chosen = _chosen(here, number)
        document = here.get(f"/reports/{chosen}")
    if as_json:
        terminal.as_json(document)
    else:
        show_report(chosen, document)


@report.command("html")
def html(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    number: Annotated[int | None, typer.Option("--report", metavar="NUMBER", help="Else the newest.")] = None,
    project: ProjectName = None,
) -> None:
    """Write a report as one HTML file that needs nothing else."""
    _written("html", file, number, project)


@report.command("markdown")
def markdown(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    number: Annotated[int | None, typer.Option("--report", metavar="NUMBER", help="Else the newest.")] = None,
    project: ProjectName = None,
) -> None:
    """Write a report's figures as Markdown."""
    _written("markdown", file, number, project)


def gate(number: Number = None, project: ProjectName = None, as_json: AsJson = False) -> None:
    """Answer by exit code: 0 better, 1 worse, 2 cannot tell yet, 3 no answer."""
    with session(project) as here:
        chosen = _chosen(here, number)
        verdict = here.get(f"/reports/{chosen}")["verdict"]
    if as_json:
        terminal.as_json({"report": chosen, **verdict})
    else:
        terminal.say(f"{verdict['value']}: {verdict['sentence']}")
    raise typer.Exit(GATE[verdict["value"]])


@queue.callback()
def queue_() -> None:
    """Send what a report shows back to the experts."""


@queue.command("send")
def send(
    project: ProjectName = None,
    number: Annotated[int | None, typer.Option("--report", metavar="NUMBER", help="Else the newest.")] = None,
    disagreements: Annotated[
        bool, typer.Option("--disagreements", help="Where people and metrics preferred different answers.")
    ] = False,
    part: Annotated[
        str | None, typer.Option("--slice", metavar="FIELD=VALUE", help="The pairs with this metadata, or group=NAME.")
    ] = None,
    reopen: Annotated[bool, typer.Option("--reopen", help="A slice: its decided pairs, too.")] = False,
    why: Annotated[str, typer.Option("--why", help="What the experts read beside the pair.")] = "",
    as_json: AsJson = False,
) -> None:
    """Send a report's disagreements, or a slice, back to the experts, before everything else."""
    if disagreements == (part is not None):
        raise InputError("Say what to send: either --disagreements or --slice FIELD=VALUE.")
    body: dict[str, Any] = {"disagreements": disagreements, "reopen": reopen, "why": why}
    if part is not None:
        field, equals, value = part.partition("=")
        if not equals:
            raise InputError(f"--slice '{part}' is not FIELD=VALUE, as in --slice topic=leases.")
        body["slice"] = {"field": field, "value": value}
    with session(project) as here:
        chosen = _chosen(here, number) if disagreements or number is not None else None
        sent = here.post("/queue", {**body, "report": chosen})
    if as_json:
        terminal.as_json(sent)
        return
    terminal.say(
        f"{sent['reopened']:,} pairs opened again, {sent['moved']:,} moved to the front, "
        f"{sent['disputed']:,} wait for a lead's decision as before."
    )


def show_report(number: int, document: dict[str, Any]) -> None:
    """The report in a terminal: verdict, reasons, metrics, votes, what to do next."""
    verdict, preference = document["verdict"], document["preference"]
    terminal.say(
        f"Report {number}: {document['new']['name']} against {document['old']['name']}, {document['items']:,} items"
    )
    terminal.say(f"{verdict['value'].upper()}. {verdict['sentence']}")
    for reason in verdict["reasons"]:
        terminal.say(f"  - {reason}")
    rows = [
        (
            line["metric"],
            _number(line["new"]["value"]),
            _number(line["old"]["value"]),
            f"{line['paired']['difference']:+.3f}",
            _interval(line["paired"]["interval"]),
            f"{line['p_holm']:.3f}",
        )
        for line in document["metrics"]
    ]
    terminal.table(("metric", ">new", ">old", ">difference", "interval", ">p (Holm)"), rows)
    if "undefined" in preference:
        terminal.say(f"Win rate: undefined ({preference['undefined']})")
    else:
        _show_votes(preference, document["reviewers"])
    for warning in document["warnings"]:
        terminal.say(f"Note: {warning}")
    for step in verdict["next_steps"]:
        terminal.say(f"Next: {step}")


def _show_votes(preference: dict[str, Any], reviewers: dict[str, Any]) -> None:
    terminal.say(
        f"Win rate: {_estimate(preference['clustered'])}; "
        f"{preference['n']:,} votes by {preference['raters']:,} people: "
        f"{preference['wins']:,} for the new model, {preference['losses']:,} for the old, {preference['ties']:,} ties, "
        f"{preference['both_bad']:,} both bad"
    )
    terminal.say(f"Agreement of reviewers (Krippendorff's alpha): {_estimate(reviewers.get('alpha', reviewers))}")


def _estimate(found: dict[str, Any]) -> str:
    if "undefined" in found:
        return f"undefined ({found['undefined']})"
    return f"{_number(found['value'])} {_interval(found['interval'])}, n = {found['n']:,}"


def _interval(found: dict[str, Any]) -> str:
    if "undefined" in found:
        return f"undefined ({found['undefined']})"
    return f"[{found['low']:.3f}, {found['high']:.3f}]"


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float | int) else str(value)


def _chosen(here: Session, number: int | None) -> int:
    """The report that is meant: the one named, else the newest."""
    if number is not None:
        return number
    known = here.get("/reports")
    if not known:
        raise InputError(f"{here.project} has no report yet. `hone report make` makes one.")
    return int(known[-1]["number"])


VERBS: dict[str, Any] = {"report": report, "gate": gate, "queue": queue}


def _written(form: str, file: Path, number: int | None, project: str | None) -> None:
    with session(project) as here:
        chosen = _chosen(here, number)
        here.connection.download(f"{here.path}/reports/{chosen}/{form}", file)
    terminal.say(f"Report {chosen} is in {file}")
