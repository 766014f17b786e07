"""Pairs in, what experts said elsewhere, approved pairs out; and where everything stands."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.client import Connection
from hone.platform.commands import common, terminal
from hone.platform.commands.common import (
    AsJson,
    ProjectName,
    connected,
    json_lines,
    project_path,
    readable,
    session,
    typed,
)
from hone.storage.errors import HoneError, InputError
from hone.storage.records import new_id

SHOWN = 10  # refused rows that are told one by one
LOOK = 0.3  # seconds between two looks at how far an import is

Source = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


def import_(
    file: Source,
    project: Annotated[
        str | None,
        typer.Option("--project", "-p", metavar="NAME", help="Made when it is not there yet."),
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="TARGET=COLUMN", help="Where a part comes from; without it columns are guessed."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="TARGET=TEXT", help="The same text for every row.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the file is called in the workspace.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="One bad row, and nothing goes in.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what the file holds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take in a JSONL, CSV or JSON file of pairs.

    Targets are instruction, context, response, group (one group never spans train and test), key, metadata.NAME.
    """
    if preview:
        _show_preview(readable(file), as_json)
        return
    readable(file)
    known = common.workspace().exists()
    if not known:
        _look(file)  # nothing is made for a file that cannot be read
    with connected(make=True) as connection:
        if not known:
            terminal.notice(f"Made the workspace {common.workspace().root}")
        chosen = _project(connection, project, file)
        result = _send(connection, chosen, file, {"map": map_, "set": set_, "strict": strict}, name or file.name)
    if as_json:
        terminal.as_json(result)
    else:
        terminal.say(
            f"{result['read']:,} rows read from {result['file_name']}: {result['added']:,} added to {chosen}, "
            f"{result['known']:,} known already, {len(result['refused']):,} refused."
        )
    tell_refused(result["refused"], result["counted_in"])
    if not result["added"] + result["known"]:
        raise InputError(f"No row of {file} could be used.")


def reviews(file: Source, project: ProjectName = None, as_json: AsJson = False) -> None:
    """Record experts' opinions that were kept elsewhere.

    JSON lines: key (of the row in its file, or #number), annotator, decision (approve, reject, skip), and if wanted
    response (the edited text), ratings, categories, flags, note, seconds.
    """
    _record(file, project, "/reviews", as_json)


def adjudications(file: Source, project: ProjectName = None, as_json: AsJson = False) -> None:
    """Record leads' decisions between experts.

    JSON lines: key, decision (approve, reject), for an approval version (A, B, ...) or response, and if wanted reason.
    """
    _record(file, project, "/adjudications", as_json)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    project: ProjectName = None,
    batch: Annotated[int | None, typer.Option("--batch", help="A frozen batch; else all approved pairs.")] = None,
) -> None:
    """Write approved pairs, or a frozen batch, as JSON lines with where each text comes from."""
    with session(project) as here:
        path = "/export" if batch is None else f"/batches/{batch}/items"
        lines = here.connection.download(here.path + path, file)
    terminal.say(f"{lines:,} pairs in {file}")


def status(as_json: AsJson = False) -> None:
    """Where each project's iteration stands, and what is next."""
    with connected() as connection:
        found = connection.call("GET", "/status")
        address = connection.address
    if as_json:
        terminal.as_json({**found, "server": address})
        return
    terminal.say(
        f"{found['workspace']}, " + (f"served at {address}" if address else "not served; `hone serve` opens it")
    )
    for project in found["projects"]:
        _show_standing(project)
    if not found["projects"]:
        terminal.say("No project yet. `hone import FILE --project NAME` makes one.")


def tell_refused(refused: list[dict[str, Any]], unit: str = "line") -> None:
    """The first refused rows, each with its line and reason, on stderr."""
    for row in refused[:SHOWN]:
        terminal.notice(f"{unit} {row['line']}: {row['reason']}")
    if len(refused) > SHOWN:
        terminal.notice(f"... and {len(refused) - SHOWN:,} more; --json shows all.")


def _show_standing(found: dict[str, Any]) -> None:
    counts = found["pairs"]
    terminal.say("")
    terminal.say(found["project"])
    terminal.say(f"  pairs     {sum(counts.values()):,}: " + ", ".join(f"{n:,} {state}" for state, n in counts.items()))
    if found["batch"] is not None:
        terminal.say(f"  batch     {found['batch']}")
    iteration, judging = found["iteration"], found["judging"]
    if iteration and iteration["newest"] is not None:
        terminal.say(f"  model     {iteration['newest']} ({iteration['name']}), trained on batch {iteration['batch']}")
    if judging:
        terminal.say(f"  judged    {judging['judged']:,} of {judging['wanted']:,} in matchup set {judging['number']}")
    if iteration and iteration["report"] is not None:
        terminal.say(f"  report    {iteration['report']}: {iteration['verdict']}")
    if found["next"]:
        terminal.say(f"  next      {found['next']['says']}")
        terminal.say(f"            {typed(found['next']['command'])}")


def _look(file: Path) -> Any:
    from hone.labeling import importing

    return importing.columns(file)


def _show_preview(file: Path, as_json: bool) -> None:
    found = _look(file)
    if as_json:
        terminal.as_json(found.model_dump(mode="json"))
        return
    terminal.say(f"{file}: {found.format}, {found.total:,} rows, {found.broken:,} of them broken")
    rows = [(column, *(row.get(column, "")[:60] for row in found.rows[:2])) for column in found.columns]
    terminal.table(("column", "first row", "second row"), rows)


def _project(connection: Connection, name: str | None, file: Path) -> str:
    """The project that is meant; one that is named and not there is made, when the file can be read."""
    known = [found["name"] for found in connection.call("GET", "/projects")]
    if name is None and len(known) == 1:
        return str(known[0])
    if name is None:
        raise InputError("Name the project with --project; it is made when it is not there yet.")
    if name not in known:
        project_path(name)  # a name that fits no path is refused before anything is made
        _look(file)
        connection.call("POST", "/projects", json={"name": name})
        terminal.notice(f"Made the project '{name}' with default settings; change them on the page Project.")
    return name


def _send(connection: Connection, project: str, file: Path, given: dict[str, Any], name: str) -> dict[str, Any]:
    """Send the file, and show how far the workspace is with it."""
    watch = new_id()
    done = threading.Event()
    size = file.stat().st_size
    with terminal.progress(f"Importing {name}") as step:

        def follow() -> None:
            with suppress(HoneError):  # what is wrong, the import itself tells
                while not done.wait(LOOK):
                    rows, total = connection.call("GET", f"/imports/{watch}")
                    if rows:
                        step(rows, total, "rows")

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        try:
            answer: dict[str, Any] = connection.call(
                "POST",
                f"{project_path(project)}/imports",
                params={**given, "file_name": name, "watch": watch},
                file=file,
                sent=(lambda sent: step(sent, size, "bytes sent")) if connection.address else None,
            )
        finally:
            done.set()
            follower.join()
    return answer


def _record(file: Path, project: str | None, path: str, as_json: bool) -> None:
    rows = json_lines(file)
    with session(project) as here:
        result = here.post(path, {"rows": rows})
    if as_json:
        terminal.as_json(result)
    else:
        terminal.say(
            f"{result['added']:,} recorded, {result['known']:,} known already, {len(result['refused']):,} refused."
        )
    tell_refused(result["refused"], "row")
    if not result["added"] + result["known"]:
        raise InputError(f"No row of {file} could be used.")


VERBS: dict[str, Any] = {
    "import": import_,
    "reviews": reviews,
    "adjudications": adjudications,
    "export": export,
    "status": status,
}
