"""What a lead does to go round the loop: train on a frozen batch, let models answer its test split, decide."""

from collections.abc import Sequence
from typing import Literal

from hone.labeling.batches import freezing as frozen
from hone.platform.runs import run_config
from hone.platform.runs.finishing import answer_settings
from hone.platform.runs.material import row_of, training_material
from hone.platform.runs.submitting import Machine, require_space, submit
from hone.storage import audit, models
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, InputError
from hone.storage.models import Model, ModelDecision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id, now
from hone.storage.reports import StoredReport
from hone.storage.runs import Run
from hone.storage.store import Store

FEWEST = 5  # test items that a model must not have learnt from, to be tested at all


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
    """A training run on a frozen batch, handed to the supervisor; it waits for its turn.

    Beside the batch it learns a share of earlier batches (`rehearsal`), and of the generic rows that the project's
    training settings may name (`generic`); it is held against the test splits of all batches so far.

    Args:
        base: "toy", a folder, or an id on the hub. None takes the parent's, else the project's setting, else
            the base of the project's earlier models.
        parent: An iteration whose model is trained on; None starts from the base.
        settings: "key=value", as `--set` takes them; they win over the project's training settings.

    Raises:
        Forbidden: The person is no lead.
        InputError: The base is no base, a setting is unknown or not allowed, or the file of generic rows is no such.
        WorkspaceError: A batch is not what was frozen.
        RunError: The disk has too little space left.
    """
    person.must("lead")
    made = training_material(machine.store, project, batch, base=base, parent=parent, settings=settings)
    return submit(
        machine,
        project,
        person,
        "train",
        batch,
        made.config,
        made.rows,
        made.parent.id if made.parent else None,
        kept=made.kept,
        facts=made.facts,
    )


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

    The model answers the prompt that it was trained with; the base answers the project's. Items that it learnt from by
    preference are left out.

    Args:
        settings: "key=value" for hone.training.config.GenerateConfig, as temperature=0.7.

    Raises:
        Forbidden: The person is no lead.
        InputError: A setting is unknown or not allowed, or hone.toml does not name the server.
        Conflict: The model has answered this test split with these settings, or it learnt from nearly all of it.
        WorkspaceError: The batch is not what was frozen.
        RunError: The disk has too little space left, or the model's folder is gone.
    """
    person.must("lead")
    frozen.verify(machine.store, batch)
    config = run_config.generate_config(machine.store, project, batch, model, settings)
    _may_answer(config.server, machine.supervisor.settings.training.servers)
    with machine.store.read() as cursor:
        answered = models.answered(cursor, model.id, batch.id)
        learnt = models.learnt_items(cursor, model)
    if answered is not None and answered.settings == answer_settings(config):
        raise Conflict(f"{model.name} has answered the test split of batch {batch.number} already.")
    items = frozen.rows_by_split(machine.store, batch)["test"]
    asked = [row_of(item) for item in items if item.pair_id not in learnt]
    if len(asked) < len(items) and len(asked) < FEWEST:
        burnt = f"{len(items) - len(asked)} of the {len(items)} test items of batch {batch.number}"
        raise Conflict(
            f"{model.name} learnt from {burnt} by preference, and fewer than {FEWEST} are left to test it: freeze a "
            "batch with fresh test items."
        )
    return submit(machine, project, person, "generate", batch, config, {"test": asked}, model.id)


def _may_answer(server: str | None, known: Sequence[str]) -> None:
    """Only what hone.toml names is sent test items, and the key of this machine."""
    if server is not None and server.rstrip("/") not in {each.rstrip("/") for each in known}:
        named = f"it names {', '.join(known)}" if known else "it names none"
        raise InputError(
            f"server {server[:200]} is none that may answer: whoever runs Hone adds it to servers in [training] of "
            f"hone.toml ({named}) and starts Hone again."
        )


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
        InputError: It asks a server that hone.toml names no more.
        RunError: The disk has too little space left.
    """
    person.must("lead")
    _may_answer(run.config.get("server"), machine.supervisor.settings.training.servers)
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
