"""Let a model learn from blind judgements, or from approvals and rejections."""

from typing import Annotated, Any, Literal

import typer

from hone.platform.commands import runs, terminal
from hone.platform.commands.common import AsJson, ProjectName, session
from hone.storage.errors import Conflict, InputError


def prefer(
    project: ProjectName = None,
    matchups: Annotated[
        int | None, typer.Option("--matchups", metavar="NUMBER", help="Of a judged set; else the newest one.")
    ] = None,
    reviews: Annotated[
        bool, typer.Option("--reviews", help="Learn from approvals and rejections instead (kto); needs --batch.")
    ] = False,
    batch: Annotated[int | None, typer.Option("--batch", help="Of --reviews: whose approved pairs are good.")] = None,
    objective: Annotated[
        Literal["dpo", "kto"] | None, typer.Option("--objective", help="dpo: pairs of answers. kto: good and bad ones.")
    ] = None,
    parent: Annotated[
        int | None, typer.Option("--parent", help="The model to train on; else the set's new one, or the project's.")
    ] = None,
    leave: Annotated[
        int | None, typer.Option("--leave", min=0, help="Test items that must go on testing; else 10.")
    ] = None,
    set_: runs.Set = None,
    look: Annotated[bool, typer.Option("--preview", help="Say what would be learnt, and start nothing.")] = False,
    detach: runs.Detach = False,
    as_json: AsJson = False,
) -> None:
    """Let a model learn from what people preferred. The test items that it learns from test it no more."""
    if reviews == (batch is None):
        raise InputError("--reviews and --batch go together; without both, blind judgements are learnt from.")
    if reviews and matchups is not None:
        raise InputError("Name either --matchups, or --reviews with --batch.")
    with session(project) as here:
        if not reviews and matchups is None:
            matchups = _newest(here.get("/matchups"))
        told = {"matchups": matchups, "batch": batch, "objective": objective, "parent": parent, "leave": leave}
        wanted = {name: value for name, value in told.items() if value is not None}
        found = here.get("/preferences", **wanted)
        if look and as_json:
            terminal.as_json(found)
            return
        _tell(found, terminal.say if look else terminal.notice)
        if look:
            return
        if found["problem"]:
            raise Conflict(found["problem"])
        run = here.post("/runs/prefer", {**wanted, "settings": set_ or []})
        what = f"Run {run['number']}, learning preferences"
        run = runs.begun(here.connection, run) if detach else runs.follow(here.connection, run["number"], what)
        runs.tell_runs([run], as_json)


def _newest(sets: list[dict[str, Any]]) -> int:
    if not sets:
        raise InputError("There is no matchup set yet. `hone matchups make` makes one.")
    return int(sets[-1]["number"])


def _tell(found: dict[str, Any], say: Any) -> None:
    say(f"{found['parent_name']} learns by {found['objective']} from {found['of']}.")
    say(found["says"])
    say(f"Rows: {found['train']:,} to learn, {found['validation']:,} held out.")
    for reason, count in found["left_out"].items():
        say(f"Left out: {count:,} {reason}.")
    for warning in found["warnings"]:
        say(f"note: {warning}")
    if found["problem"]:
        say(f"It cannot begin: {found['problem']}")


VERBS: dict[str, Any] = {"prefer": prefer}
