"""What a lead does to go round the loop: train on a frozen batch, let models answer its test split, decide."""

import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from hone.labeling import batches as frozen
from hone.platform.runs import run_config
from hone.platform.runs.bases import checked_base
from hone.platform.runs.finishing import answer_settings
from hone.platform.runs.supervisor import Supervisor
from hone.storage import audit, models, runs
from hone.storage.batches import Batch, BatchItem
from hone.storage.errors import Conflict, InputError, RunError
from hone.storage.models import Model, ModelDecision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id, now
from hone.storage.reports import StoredReport
from hone.storage.runs import Kind, Run
from hone.storage.store import Store
from hone.training.config import AnyConfig
from hone.training.folder import Row, Split, prepare

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


def start_training(
    machine: Machine,
    project: Project,
    person: Person,
    batch: Batch,
    *,
    base: str | None = None,
    parent: Model | None = None,
    settings: Sequence[str] = (),
) -> Run:
    """A LoRA run on a frozen batch, handed to the supervisor; it waits for its turn.

    Args:
        base: "toy", a folder, or an id on the hub. None takes the parent's, else the project's setting, else
            the base of the project's earlier models.
        parent: An iteration whose adapter is trained on; None starts a fresh adapter.
        settings: "key=value", as `--set` takes them; they win over the project's training settings.

    Raises:
        Forbidden: The person is no lead.
        InputError: The base is no base, or a setting is unknown or not allowed.
        Conflict: The batch is not what was frozen.
        RunError: The disk has too little space left.
    """
    person.must("lead")
    frozen.verify(machine.store, batch)
    named = checked_base(base or run_config.usual_base(machine.store, project, parent))
    chosen = run_config.same_toy(machine.store, project, named)
    config = run_config.train_config(project, chosen, batch, settings)
    if parent is not None:
        config = run_config.with_parent(config, parent)
    found = frozen.rows_by_split(machine.store, batch)
    rows: dict[Split, list[Row]] = {split: _rows(items) for split, items in found.items()}
    return _submit(machine, project, person, "train", batch, config, rows)


def start_generation(
    machine: Machine,
    project: Project,
    person: Person,
    batch: Batch,
    model: Model,
    *,
    settings: Sequence[str] = (),
) -> Run:
    """A run in which a model answers the test split of a batch, handed to the supervisor.

    The model answers the prompt that it was trained with; the base answers the project's.

    Args:
        settings: "key=value" for hone.training.config.GenerateConfig, as temperature=0.7.

    Raises:
        Forbidden: The person is no lead.
        InputError: A setting is unknown or not allowed.
        Conflict: The model has answered this test split with these settings, or the batch is not what was frozen.
        RunError: The disk has too little space left, or the model's folder is gone.
    """
    person.must("lead")
    frozen.verify(machine.store, batch)
    config = run_config.generate_config(machine.store, project, batch, model, settings)
    with machine.store.read() as cursor:
        answered = models.answered(cursor, model.id, batch.id)
    if answered is not None and answered.settings == answer_settings(config):
        raise Conflict(f"{model.name} has answered the test split of batch {batch.number} already.")
    rows: dict[Split, list[Row]] = {"test": _rows(frozen.rows_by_split(machine.store, batch)["test"])}
    return _submit(machine, project, person, "generate", batch, config, rows, model.id)


def cancel(machine: Machine, person: Person, run: Run) -> Run:
    """Stop a run; what it saved stays.

    Raises:
        Forbidden: The person is no lead.
        Conflict: The run has ended already.
    """
    person.must("lead")
    found = machine.supervisor.cancel(run)
    machine.store.write(lambda cursor: audit.record(cursor, person.id, "run cancelled", run.id, number=run.number))
    return found


def resume(machine: Machine, person: Person, run: Run) -> Run:
    """Let a failed or cancelled run go on from what it saved.

    Raises:
        Forbidden: The person is no lead.
        Conflict: The run waits, goes on or is done.
        RunError: The disk has too little space left.
    """
    person.must("lead")
    require_space(machine.store.workspace.root)
    found = machine.supervisor.resume(run)
    machine.store.write(lambda cursor: audit.record(cursor, person.id, "run resumed", run.id, number=run.number))
    return found


def promote(
    store: Store, project: Project, person: Person, model: Model, reason: str, report: StoredReport | None = None
) -> ModelDecision:
    """Make a model the one that the project uses, from now on.

    Raises:
        Forbidden: The person is no lead.
        InputError: There is no reason.
    """
    return _decide(store, project, person, model, "promote", reason, report)


def reject(
    store: Store, project: Project, person: Person, model: Model, reason: str, report: StoredReport | None = None
) -> ModelDecision:
    """Say that a model is not to be used; later models are compared with the one before it.

    Raises:
        Forbidden: The person is no lead.
        InputError: There is no reason.
    """
    return _decide(store, project, person, model, "reject", reason, report)


def require_space(folder: Path, needed: int = SPACE) -> None:
    """RunError unless the disk of this folder has so many bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RunError(
            f"The disk of {folder} has {free / 1e6:,.0f} MB left; a run needs {needed / 1e6:,.0f} MB. "
            "Free some space and start it again."
        )


def _rows(items: Sequence[BatchItem]) -> list[Row]:
    return [
        Row(
            id=item.pair_id,
            instruction=item.instruction,
            context=item.context,
            response=item.response,
            group=item.group,
        )
        for item in items
    ]


def _submit(
    machine: Machine,
    project: Project,
    person: Person,
    kind: Kind,
    batch: Batch,
    config: AnyConfig,
    rows: Mapping[Split, Sequence[Row]],
    model_id: str | None = None,
) -> Run:
    """Write the run folder, then the row that the supervisor sees."""
    store, workspace = machine.store, machine.store.workspace
    require_space(workspace.root)
    threads = config.threads or machine.supervisor.settings.training.threads
    config = config.model_copy(update={"threads": threads})
    with _numbering:
        with store.read() as cursor:
            number = runs.next_number(cursor)
        while workspace.run_folder(number).exists():  # made just before a crash, or of runs that a restore forgot
            number += 1
        path = workspace.run_folder(number)
        prepare(path, config, rows, _facts(project, batch))
        run = store.write(
            lambda cursor: runs.add(
                cursor,
                number=number,
                project_id=project.id,
                kind=kind,
                batch_id=batch.id,
                config=config.model_dump(mode="json"),
                created_by=person.id,
                model_id=model_id,
            )
        )
    store.write(lambda cursor: audit.record(cursor, person.id, f"run added: {kind}", run.id, number=number))
    return machine.supervisor.submit(run)


def _facts(project: Project, batch: Batch) -> dict[str, Any]:
    return {
        "project": project.name,
        "id": batch.id,
        "number": batch.number,
        "name": batch.name,
        "sha256": batch.sha256,
        "frozen_at": batch.frozen_at.isoformat(),
        "left_out": batch.left_out,
    }


def _decide(
    store: Store,
    project: Project,
    person: Person,
    model: Model,
    decision: Literal["promote", "reject"],
    reason: str,
    report: StoredReport | None,
) -> ModelDecision:
    if not reason.strip():
        raise InputError(f"Say in a few words why to {decision} {model.name.lower()}: it is kept with the decision.")
    made = ModelDecision(
        id=new_id(),
        project_id=project.id,
        model_id=model.id,
        report_id=report.id if report else None,
        decision=decision,
        reason=reason.strip(),
        person_id=person.id,
        created_at=now(),
    )
    store.write(lambda cursor: models.decide(cursor, made, person))
    return made
