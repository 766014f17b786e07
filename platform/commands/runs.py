"""Train, generate and suggest, and watch the runs."""

import time
from typing import Annotated, Any

import typer

from hone.platform.client import Connection
from hone.platform.commands import preflight, terminal
from hone.platform.commands.common import AsJson, ProjectName, connected, numbers, session, typed
from hone.storage.errors import RunError
from hone.training.presets import PRESETS

LOOK = 0.5  # seconds between two looks at a run
BEGIN = 5.0  # seconds in which a run that need not wait for others has begun
FINISHED = ("done", "failed", "cancelled")

Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the run, as learning_rate=1e-3.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Start it and come back at once.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", show_default=False)]

runs = typer.Typer(help="List, show, cancel and resume runs; read their logs.", invoke_without_command=True)


def train(
    batch: Annotated[int, typer.Option("--batch", help="The number of a frozen batch.")],
    project: ProjectName = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="toy|FOLDER|HUB ID", help="Else the base of the project's models so far."),
    ] = None,
    parent: Annotated[int | None, typer.Option("--parent", help="Train on from this model.")] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="|".join(PRESETS), help="Settings that go well together.")
    ] = None,
    set_: Set = None,
    check: Annotated[bool, typer.Option("--check", help="Only look: rows, tokens, time, memory, cost.")] = False,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Train on a frozen batch, live; Ctrl-C leaves the run at work."""
    with session(project) as here:
        settings = [*([f"preset={preset}"] if preset else []), *(set_ or [])]
        body = {"batch": batch, "base": base, "parent": parent, "settings": settings}
        if check:
            preflight.check(here, body, as_json)
            return
        run = here.post("/runs/train", body)
        what = f"Run {run['number']}, training"
        run = begun(here.connection, run) if detach else follow(here.connection, run["number"], what)
        tell_runs([run], as_json)


def generate(
    batch: Annotated[int, typer.Option("--batch", help="The number of a frozen batch.")],
    models: Annotated[str, typer.Option("--models", metavar="NUMBERS", help="0 is the base: 0,1.")],
    project: ProjectName = None,
    set_: Set = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Let models answer the test split of a batch."""
    body = {"batch": batch, "models": numbers(models), "settings": set_ or []}
    with session(project) as here:
        started = here.post("/runs/generate", body)
        if detach:
            started = [begun(here.connection, started[0]), *started[1:]]
        else:
            started = [follow(here.connection, run["number"], f"Run {run['number']}, answering") for run in started]
        tell_runs(started, as_json)


def suggest(
    project: ProjectName = None,
    model: Annotated[
        int | None, typer.Option("--model", help="Else the promoted one, the newest iteration, or the base.")
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="toy|FOLDER|HUB ID", help="For a project that has no model yet.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="Most pairs.")] = 1000,
    read: Annotated[
        bool | None,
        typer.Option("--read/--no-read", help="Read the responses of the others too; else if the queue needs it."),
    ] = None,
    set_: Set = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Let a model suggest answers to open pairs that have none."""
    body = {"model": model, "base": base, "limit": limit, "read": read, "settings": set_ or []}
    with session(project) as here:
        run = here.post("/runs/suggest", body)
        what = f"Run {run['number']}, suggesting"
        run = begun(here.connection, run) if detach else follow(here.connection, run["number"], what)
        tell_runs([run], as_json)


@runs.callback()
def runs_(ctx: typer.Context, project: ProjectName = None, as_json: AsJson = False) -> None:
    """List, show, cancel and resume runs; read their logs."""
    if ctx.invoked_subcommand is None:
        list_(project, as_json)


@runs.command("list")
def list_(project: ProjectName = None, as_json: AsJson = False) -> None:
    """All runs of the workspace or of a project, the newest first; those that wait with their place in the queue."""
    from hone.platform.waiting import Place, in_words

    with connected() as connection:
        found = connection.call("GET", "/runs", params={"project": project})
    if as_json:
        terminal.as_json(found)
        return
    rows = [
        (
            run["number"],
            run["kind"],
            run["config"].get("run"),
            run["status"],
            terminal.moment(run["created_at"]),
            in_words(Place.model_validate(run["queue"])) if run["queue"] else run["message"],
        )
        for run in found
    ]
    terminal.table((">run", "kind", "of", "status", "asked for (UTC)", "says"), rows)


@runs.command("show")
def show(
    number: Number,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Until it has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """One run as its page shows it: where it stands, its figures and what they say, what it left."""
    from hone.platform.commands.run_lines import lines, tell_trials
    from hone.platform.run_view import RunView

    with connected() as connection:
        run = connection.call("GET", f"/runs/{number}")
        if follow_ and run["status"] not in FINISHED:
            run = follow(connection, number, f"Run {number}")
        if as_json:
            terminal.as_json({"run": run, "events": connection.call("GET", f"/runs/{number}/events")})
            return
        seen = RunView.model_validate(connection.call("GET", f"/runs/{number}/view"))
        trials = connection.call("GET", f"/runs/{number}/trials") if run["kind"] == "search" else []
    for line in lines(seen):
        terminal.say(line)
    tell_trials(run, trials)


@runs.command("cancel")
def cancel(number: Number) -> None:
    """Let a run save what it has, and stop."""
    with connected() as connection:
        run = connection.call("POST", f"/runs/{number}/cancel")
    terminal.say(
        f"Run {number} is {run['status']}." if run["status"] in FINISHED else f"Run {number} is asked to stop."
    )


@runs.command("resume")
def resume(number: Number, detach: Detach = False) -> None:
    """Go on from a run's last checkpoint."""
    with connected() as connection:
        run = connection.call("POST", f"/runs/{number}/resume")
        run = begun(connection, run) if detach else follow(connection, number, f"Run {number}")
        tell_runs([run], False)


@runs.command("log")
def log(number: Number, lines: Annotated[int, typer.Option("--lines", "-n", min=1)] = 50) -> None:
    """The last lines that a run printed."""
    with connected() as connection:
        terminal.say(str(connection.call("GET", f"/runs/{number}/log", params={"lines": lines}) or "").rstrip("\n"))


def follow(connection: Connection, number: int, what: str) -> dict[str, Any]:
    """Show a run live until it has ended; Ctrl-C leaves it at work and says how to come back."""
    seen = -1
    loss: float | None = None
    with terminal.interrupts() as asked, terminal.progress(what) as step:
        while not asked:
            run: dict[str, Any] = connection.call("GET", f"/runs/{number}")
            for event in connection.call("GET", f"/runs/{number}/events", params={"after": seen}):
                seen = event["seq"]
                loss = event["body"].get("loss", loss)
                _show_event(event, step, loss)
            if run["status"] in FINISHED:
                return run
            time.sleep(LOOK)
    _tell_left(connection.call("GET", f"/runs/{number}"))
    raise typer.Exit(130)


def begun(connection: Connection, run: dict[str, Any]) -> dict[str, Any]:
    """The run once it is at work, or as it stands when it has to wait for others."""
    end = time.monotonic() + BEGIN
    found: dict[str, Any] = run
    while found["status"] == "waiting" and time.monotonic() < end:
        time.sleep(LOOK / 5)
        found = connection.call("GET", f"/runs/{run['number']}")
    return found


def _show_event(event: dict[str, Any], step: terminal.Step, loss: float | None) -> None:
    from hone.platform.run_words import plan

    body = event["body"]
    if event["kind"] == "warning":
        terminal.notice(f"note: {body.get('message', '')}")
    elif event["kind"] == "plan" and body.get("tokens_per_second"):  # something was tried
        terminal.notice(f"note: {plan(body)}")
    elif event["kind"] == "progress" and "stage" in body:
        step(100 * float(body.get("share", 0)), 100, str(body["stage"]))
    elif event["kind"] == "progress":
        told = "" if loss is None else f"loss {loss:.3f} "
        left = f"{body['eta_seconds']:.0f} s left" if body.get("eta_seconds") else ""
        step(body["step"], body["total_steps"], told + left)


def tell_runs(ended: list[dict[str, Any]], as_json: bool) -> None:
    """Say what became of runs; the first that failed or was cancelled is the command's error."""
    if as_json:
        terminal.as_json(ended if len(ended) != 1 else ended[0])
    for run in ended:
        if run["status"] == "done" and not as_json:
            said = f" {run['message']}" if run["kind"] in ("suggest", "search") else ""
            terminal.say(f"Run {run['number']} is done.{said}")
        elif run["status"] not in FINISHED and not as_json:
            _tell_left(run)
    failed = [run for run in ended if run["status"] in ("failed", "cancelled")]
    if failed:
        run = failed[0]
        raise RunError(
            f"Run {run['number']} is {run['status']}: {run['message']} `hone runs log {run['number']}` shows more, "
            f"`hone runs resume {run['number']}` goes on."
        )


def _tell_left(run: dict[str, Any]) -> None:
    """What becomes of a run that nobody follows now."""
    number = run["number"]
    if run["status"] == "waiting":
        terminal.notice(f"Run {number} waits for its turn; `{typed('hone serve')}` or the next command starts it.")
    elif run["status"] == "running":
        terminal.notice(f"Run {number} goes on by itself. {_come_back(number)}")


def _come_back(number: int) -> str:
    watch, stop = typed(f"hone runs show {number} --follow"), typed(f"hone runs cancel {number}")
    return f"See it with `{watch}`, stop it with `{stop}`."


VERBS: dict[str, Any] = {"train": train, "runs": runs, "generate": generate, "suggest": suggest}
