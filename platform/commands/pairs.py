"""Pairs in, what experts said elsewhere, approved pairs out; and where everything stands."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from hone.platform.client import Connection
from hone.platform.commands import checking, common, terminal
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
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="A file, or a data set's folder.")],
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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "--preview", help="Go through the whole file, and store nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in pairs: JSONL, JSON, CSV, TSV, Parquet, Arrow, or the folder of a data set.

    Alpaca, prompt/completion, chat messages, ShareGPT, Argilla and Label Studio exports are recognised. Targets are
    instruction, context, response, group (one group never spans train and test), key, metadata.NAME.
    """
    if not file.is_dir():
        readable(file)
    given = {"map": map_, "set": set_, "file_name": name or file.absolute().name, "path": str(file.absolute())}
    if not common.workspace().exists():
        found = _first_look(file, given)  # nothing is made for a file that cannot be read
        if dry_run:
            _show_check(found, as_json)
            return
        terminal.notice(f"Making the workspace {common.workspace().root}")
    with connected(make=True) as connection:
        chosen, there = _project(connection, project)
        if dry_run:
            _show_check(_watched(connection, "/previews", {**given, "project": chosen if there else None}), as_json)
            return
        if not there:
            _make(connection, chosen, given, strict)
        result = _watched(connection, f"{project_path(chosen)}/imports", {**given, "strict": strict})
        refused_to = _refused_file(result)
        checking.after_import(connection, chosen)
    if as_json:
        terminal.as_json({**result, "refused_file": refused_to})
    else:
        _tell(result, chosen, refused_to)
    tell_refused(result["problems"], result["counted_in"], result["refused"])
    if not result["added"] + result["known"]:
        raise InputError(f"No row of {file} could be used.")


def reviews(file: Source, project: ProjectName = None, as_json: AsJson = False) -> None:
    """Record experts' opinions that were kept elsewhere.

    JSON lines: key (of the row in its file, or #number), annotator, decision (approve, reject, skip), and if wanted
    response (the edited text), ratings, answers, categories, edit_reason, flags, note, seconds.
    """
    _record(file, project, "/reviews", as_json)


def adjudications(file: Source, project: ProjectName = None, as_json: AsJson = False) -> None:
    """Record leads' decisions between experts.

    JSON lines: key, decision (approve, reject), for an approval version (A, B, ...) or response, and if wanted reason.
    """
    _record(file, project, "/adjudications", as_json)


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


def tell_refused(refused: list[dict[str, Any]], unit: str = "line", total: int | None = None) -> None:
    """The first refused rows, each with its line and reason, on stderr."""
    for row in refused[:SHOWN]:
        terminal.notice(f"{unit} {row['line']}: {row['reason']}")
    total = len(refused) if total is None else total
    if total > SHOWN:
        terminal.notice(f"... and {total - SHOWN:,} more")


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


def _first_look(file: Path, given: dict[str, Any]) -> dict[str, Any]:
    """What an import would do, without a workspace."""
    from hone.platform.api import imports

    mapping = imports.parts(given["map"] or [], given["set"] or [])
    return imports.look(None, None, file, given["file_name"], mapping, None).model_dump(mode="json")


def _project(connection: Connection, name: str | None) -> tuple[str, bool]:
    """The project that is meant, and whether it is there."""
    known = [found["name"] for found in connection.call("GET", "/projects")]
    if name is None and len(known) == 1:
        return str(known[0]), True
    if name is None:
        raise InputError("Name the project with --project; it is made when it is not there yet.")
    project_path(name)  # a name that fits no path is refused before anything is made
    return name, name in known


def _make(connection: Connection, name: str, given: dict[str, Any], strict: bool) -> None:
    """Make the project, once it is known that something will go in: a strict import needs every row to be good."""
    found = _watched(connection, "/previews", {**given, "enough": None if strict else 1})
    checked = found["check"]
    if checked is None:
        there = ", ".join(found["preview"]["columns"])
        raise InputError(
            f"Nothing gives the instruction. Map a column of {given['file_name']} to it ({there}), "
            'or set one text for all rows, as in --set instruction="Summarise this text."'
        )
    if not checked["new"] + checked["known"] or (strict and checked["refused"]):
        tell_refused(checked["problems"], checked["counted_in"], checked["refused"])
        raise InputError(
            f"{checked['refused']:,} of {checked['read']:,} rows of {given['file_name']} are bad: nothing went in, "
            f"and the project '{name}' was not made."
        )
    connection.call("POST", "/projects", json={"name": name})
    terminal.notice(f"Made the project '{name}' with default settings; change them on the page Project.")


def _watched(connection: Connection, path: str, given: dict[str, Any]) -> dict[str, Any]:
    """Let the workspace go through the file, and show how far it is with it."""
    watch = new_id()
    done = threading.Event()
    with terminal.progress(f"Reading {given['file_name']}") as step:

        def follow() -> None:
            with suppress(HoneError):  # what is wrong, the import itself tells
                while not done.wait(LOOK):
                    rows, total = connection.call("GET", f"/imports/{watch}")
                    if rows:
                        step(rows, total, "rows")

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        try:
            answer: dict[str, Any] = connection.call("POST", path, params={**given, "watch": watch})
        finally:
            done.set()
            follower.join()
    return answer


def _refused_file(result: dict[str, Any]) -> str | None:
    """Where all refused rows are, on this machine."""
    if not result["refused_file"]:
        return None
    return str(common.workspace().exports / result["refused_file"])


def _tell(result: dict[str, Any], project: str, refused_to: str | None) -> None:
    shape = "" if result["shape"] == "columns" else f" ({result['shape']})"
    terminal.say(
        f"{result['read']:,} rows read from {result['file_name']}{shape}: {result['added']:,} added to {project}, "
        f"{result['known']:,} known already, {result['refused']:,} refused."
    )
    if result["without_response"]:
        terminal.say(f"{result['without_response']:,} have no response: an expert writes it, or a model suggests one.")
    if result["opinions"] or result["annotations_kept"] or result["opinions_refused"]:
        terminal.say(
            f"{result['opinions']:,} annotations recorded as opinions, {result['annotations_kept']:,} kept as "
            f"metadata, {len(result['opinions_refused']):,} refused."
        )
        tell_refused(result["opinions_refused"], result["counted_in"])
    if result["left_out"]:
        terminal.notice(f"Not kept: {_columns(result['left_out'])}. Map a column to keep it.")
    if refused_to:
        terminal.notice(f"All refused rows are in {refused_to}")


def _columns(left_out: dict[str, int]) -> str:
    shown = [f"{name} ({count:,})" for name, count in list(left_out.items())[:8]]
    return ", ".join(shown) + (", ..." if len(left_out) > 8 else "")


def _show_check(found: dict[str, Any], as_json: bool) -> None:
    preview, checked = found["preview"], found["check"]
    if as_json:
        terminal.as_json(found)
        return
    if checked is None:
        terminal.say(
            f"{preview['format']}, {preview['encoding']}, {preview['shape']}. Nothing gives the instruction yet."
        )
        rows = [(name, *(row.get(name, "")[:60] for row in preview["rows"][:2])) for name in preview["columns"]]
        terminal.table(("column", "first row", "second row"), rows)
        return
    first = [(pair["instruction"][:60], pair["context"][:60], pair["response"][:60]) for pair in checked["pairs"]]
    terminal.table(("instruction", "context", "response"), first)
    mapped = ", ".join(f"{target} from {column}" for target, column in found["mapping"]["fields"].items())
    terminal.say(f"{preview['format']}, {preview['encoding']}, {preview['shape']}: {mapped}")
    terminal.say(
        f"{checked['read']:,} rows: {checked['new']:,} would be added, {checked['known']:,} known already, "
        f"{checked['refused']:,} refused. Nothing was stored."
    )
    if checked["without_response"]:
        terminal.say(f"{checked['without_response']:,} have no response.")
    if checked["opinions"] or checked["annotations_kept"]:
        terminal.say(f"{checked['opinions']:,} annotations fit as opinions, {checked['annotations_kept']:,} do not.")
    if checked["left_out"]:
        terminal.notice(f"Not kept: {_columns(checked['left_out'])}. Map a column to keep it.")
    tell_refused(checked["problems"], checked["counted_in"], checked["refused"])


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
    "status": status,
}
