"""A look at a training run before it begins: in a folder of its own, by a child process, without a row in the store.

The folder has the very settings and rows that the run would be given. What a look left behind goes when some more have
begun, or when the workspace is opened again.
"""

import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Literal

from hone.platform.runs.children import last_line, start_child
from hone.platform.runs.declared_training import price
from hone.platform.runs.material import training_material
from hone.platform.runs.submitting import Machine, facts_of, require_space
from hone.storage import pairs, runs
from hone.storage.batches import Batch
from hone.storage.errors import NotFound
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, new_id
from hone.storage.store import Store
from hone.training.folder import RunFolder
from hone.training.preflight import Preflight, read_preflight
from hone.training.prepare import prepare

PREFIX = ".preflight-"
KEPT = 3  # looks that have ended, of the whole workspace
at_work: dict[str, "subprocess.Popen[bytes]"] = {}  # by id: asked for their end, so that none stays a zombie


class Look(Record):
    """A look, as far as it is. `beside` are runs that were at work when it began: the time it tells is then rough.

    `cost` is that of the time told, in `currency`, where the project says what an hour costs. `numbers` are those of
    the pairs that are named, by their ids.
    """

    id: str
    state: Literal["running", "done", "failed", "cancelled"]
    stage: str = ""
    share: float = 0.0
    message: str = ""
    began: datetime | None = None
    parent: int | None = None
    beside: tuple[int, ...] = ()
    rehearsed: dict[int, int] = {}
    result: Preflight | None = None
    numbers: dict[str, int] = {}
    cost: float | None = None
    currency: str = ""


def start_preflight(
    machine: Machine,
    project: Project,
    person: Person,
    batch: Batch,
    *,
    base: str | None = None,
    parent: Model | None = None,
    settings: tuple[str, ...] = (),
) -> Look:
    """Begin to look at what `iterations.start_training` would start with the same words.

    Looks of the project that are still at work are stopped: they looked at other settings.

    Raises:
        Forbidden: The person is no lead.
        InputError: As of `start_training`.
        WorkspaceError: A batch is not what was frozen.
        RunError: The disk has too little space left.
    """
    person.must("lead")
    workspace, training = machine.store.workspace, machine.supervisor.settings.training
    require_space(workspace.root)
    made = training_material(machine.store, project, batch, base=base, parent=parent, settings=settings)
    _tidy(workspace.runs, project)
    with machine.store.read() as cursor:
        beside = [run.number for run in runs.unfinished(cursor) if run.status == "running"]
    look_id = new_id()
    facts = {
        **facts_of(project, batch),
        **made.facts,
        "look": {"beside": beside, "parent": made.parent.number if made.parent else None, "again": made.rehearsed},
    }
    config = made.config.model_copy(update={"threads": made.config.threads or training.threads})
    folder = prepare(workspace.runs / f"{PREFIX}{look_id}", config, made.rows, facts, made.kept)
    at_work[look_id] = start_child(folder, "preflight", workspace.root, training)
    return preflight(machine, project, look_id)


def preflight(machine: Machine, project: Project, look_id: str) -> Look:
    """A look of this project, with what it found once it has ended.

    Raises:
        NotFound: There is no such look (any more).
    """
    folder = _folder(machine, project, look_id)
    events, _ = folder.read_events()
    stages = [event.data for event in events if event.kind == "progress" and "stage" in event.data]
    known = _known(folder, look_id).model_copy(
        update={
            "began": events[0].at if events else None,
            "stage": str(stages[-1]["stage"]) if stages else "starting",
            "share": float(stages[-1].get("share", 0.0)) if stages else 0.0,
        }
    )
    last = events[-1] if events else None
    if last is not None and last.kind == "done":
        return _told(machine.store, known, project, read_preflight(folder))
    if last is not None and last.kind in ("failed", "cancelled"):
        return known.model_copy(update={"state": last.kind, "message": str(last.data.get("message", ""))})
    if _alive(folder, look_id):
        return known
    said = last_line(folder.log_file) or "it left no word in its log"
    return known.model_copy(update={"state": "failed", "message": f"The look ended before it had looked: {said}"})


def cancel_preflight(machine: Machine, project: Project, person: Person, look_id: str) -> Look:
    """Ask a look to stop; one that has ended stays as it is.

    Raises:
        Forbidden: The person is no lead.
        NotFound: There is no such look (any more).
    """
    person.must("lead")
    folder = _folder(machine, project, look_id)
    if _alive(folder, look_id):
        folder.request_cancel()
    return preflight(machine, project, look_id)


def clear(folder: Path) -> None:
    """Remove the looks of an earlier process from a workspace's runs: nobody asks for them any more."""
    for path in folder.glob(f"{PREFIX}*"):
        if not _alive(RunFolder(path), path.name.removeprefix(PREFIX)):
            shutil.rmtree(path, ignore_errors=True)


def _folder(machine: Machine, project: Project, look_id: str) -> RunFolder:
    folder = RunFolder(machine.store.workspace.runs / f"{PREFIX}{look_id}")
    known = re.fullmatch(r"[0-9a-f-]{36}", look_id) is not None and folder.manifest_file.is_file()
    if not known or folder.manifest().batch.get("project") != project.name:
        raise NotFound(f"There is no look {look_id[:40]!r} at a run of {project.name} (any more). Look again.")
    return folder


def _known(folder: RunFolder, look_id: str) -> Look:
    said = folder.manifest().batch.get("look", {})
    return Look(
        id=look_id,
        state="running",
        beside=tuple(said.get("beside", ())),
        parent=said.get("parent"),
        rehearsed=said.get("again", {}),
    )


def _told(store: Store, known: Look, project: Project, found: Preflight) -> Look:
    rate, told = price(project.settings), found.estimate
    named = {row.id for row in found.longest} | {row.id for row in found.overlong} | {view.id for view in found.views}
    named |= {row_id for each in found.duplicates for row_id in (each.id, each.test_id)}
    with store.read() as cursor:
        held = pairs.many(cursor, sorted(named))
    return known.model_copy(
        update={
            "state": "done",
            "share": 1.0,
            "result": found,
            "numbers": {pair_id: pair.number for pair_id, pair in held.items()},
            "cost": rate.of(told.total_seconds) if rate and told else None,
            "currency": rate.currency if rate else "",
        }
    )


def _alive(folder: RunFolder, look_id: str) -> bool:
    child = at_work.get(look_id)
    if child is not None and child.poll() is None:
        return True
    return folder.alive()


def _tidy(folder: Path, project: Project) -> None:
    """Stop the project's looks that go on, and remove all but the newest of those that have ended."""
    ended: list[tuple[float, Path]] = []
    for path in folder.glob(f"{PREFIX}*"):
        look, look_id = RunFolder(path), path.name.removeprefix(PREFIX)
        if _alive(look, look_id):
            if look.manifest().batch.get("project") == project.name:
                look.request_cancel()
        else:
            at_work.pop(look_id, None)
            ended.append((path.stat().st_mtime, path))
    for _, path in sorted(ended)[: -(KEPT - 1)]:
        shutil.rmtree(path, ignore_errors=True)
