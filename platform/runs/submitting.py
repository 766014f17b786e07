"""How a run gets its number, its folder and its row, and how the supervisor hears of it."""

import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from hone.platform.runs.supervisor import Supervisor
from hone.storage import audit, batches, runs
from hone.storage.batches import Batch
from hone.storage.errors import RunError
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.runs import Kind, Run
from hone.storage.store import Cursor, Store
from hone.training.config import AnyConfig
from hone.training.folder import Row, Split
from hone.training.prepare import prepare
from hone.training.settings import with_loading

SPACE = 500_000_000  # bytes that must be free before a run begins
_numbering = threading.Lock()  # a run's folder is made before its row: two must not take the same number


class Machine(Protocol):
    """An open workspace with the supervisor of its runs; `hone.platform.runtime.Runtime` is one."""

    @property
    def store(self) -> Store:
        """The workspace's store."""
        ...

    @property
    def supervisor(self) -> Supervisor:
        """Who starts the runs."""
        ...


def submit(
    machine: Machine,
    project: Project,
    person: Person,
    kind: Kind,
    batch: Batch | None,
    config: AnyConfig,
    rows: Mapping[Split, Sequence[Row]],
    model_id: str | None = None,
    *,
    learns_from: Sequence[str] = (),
    kept: Mapping[int, Sequence[Row]] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Run:
    """Write the run folder, then the row that the supervisor sees.

    Args:
        machine: Whose supervisor takes the run.
        project: Of the run.
        person: Who asked for it.
        kind: Of the run.
        batch: What it learns from, or the test split that it answers; None for open pairs.
        config: What the run is told.
        rows: Its rows.
        model_id: Of the model that speaks, or that is trained on.
        learns_from: Test items that it learns from; from now on they test neither its model nor one that follows it.
        kept: The test rows of earlier batches, by the batch's number.
        facts: Of the rows, beside those of the batch; they travel with the model.

    Raises:
        RunError: The disk has too little space left.
        InputError: There is no row that the run could use.
    """
    store, workspace = machine.store, machine.store.workspace
    require_space(workspace.root)
    threads = config.threads or machine.supervisor.settings.training.threads
    config = with_loading(config, threads=threads)
    with _numbering:
        with store.read() as cursor:
            number = runs.next_number(cursor)
            approvals = batches.approvals(cursor, batch.id) if batch else {}
        while workspace.run_folder(number).exists():  # made just before a crash, or of runs that a restore forgot
            number += 1
        path = workspace.run_folder(number)
        known = facts_of(project, batch, approvals) if batch else {"project": project.name}
        prepare(path, config, rows, {**known, **(facts or {})}, kept)

        def change(cursor: Cursor) -> Run:
            made = runs.add(
                cursor,
                number=number,
                project_id=project.id,
                kind=kind,
                batch_id=batch.id if batch else None,
                config=config.model_dump(mode="json"),
                created_by=person.id,
                model_id=model_id,
            )
            runs.learn_from(cursor, made.id, learns_from)
            return made

        run = store.write(change)
    store.write(lambda cursor: audit.record(cursor, person.id, f"run added: {kind}", run.id, number=number))
    return machine.supervisor.submit(run)


def facts_of(project: Project, batch: Batch, approvals: Mapping[int, int] | None = None) -> dict[str, Any]:
    """What the run folder says of the batch; it travels with the model."""
    return {
        "project": project.name,
        "id": batch.id,
        "number": batch.number,
        "name": batch.name,
        "sha256": batch.sha256,
        "frozen_at": batch.frozen_at.isoformat(),
        "left_out": batch.left_out,
        "approvals": {f"{n} {'person' if n == 1 else 'people'}": pairs for n, pairs in (approvals or {}).items()},
    }


def require_space(folder: Path, needed: int = SPACE) -> None:
    """RunError unless the disk of this folder has so many bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RunError(
            f"The disk of {folder} has {free / 1e6:,.0f} MB left; a run needs {needed / 1e6:,.0f} MB. "
            "Free some space and start it again."
        )
