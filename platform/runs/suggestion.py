"""A lead lets a model say something to open pairs: answers where there are none, and how likely it finds the others."""

from collections.abc import Sequence

from hone.labeling import suggesting
from hone.platform.runs import run_config
from hone.platform.runs.bases import checked_base
from hone.platform.runs.submitting import Machine, submit
from hone.storage import models, runs
from hone.storage.errors import Conflict, InputError
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.runs import Run
from hone.storage.store import Cursor
from hone.training.folder import Row


def start_suggestion(
    machine: Machine,
    project: Project,
    person: Person,
    model: Model | None = None,
    *,
    base: str | None = None,
    limit: int = suggesting.AT_MOST,
    read: bool | None = None,
    settings: Sequence[str] = (),
) -> Run:
    """A run in which a model answers open pairs without a response and reads the others, handed to the supervisor.

    Pairs to which this model has said something are left alone, and answers are not made where the project keeps
    suggestions off.

    Args:
        model: Who answers. None takes the promoted model, else the newest iteration, else the base.
        base: "toy", a folder or an id on the hub, for a project that has no model yet. None takes its usual base.
        limit: Most pairs, those without a response first, then in the queue's order.
        read: Whether responses that are there are read; None reads them if the queue puts uncertain ones first.
        settings: "key=value" for hone.training.config.SuggestConfig, as batch_size=16.

    Raises:
        Forbidden: The person is no lead.
        InputError: A setting is unknown or not allowed, or a base is named beside the project's models.
        Conflict: There is nothing for the model to say, or a run of it is at that already.
        RunError: The disk has too little space left, or the model's folder is gone.
    """
    person.must("lead")
    if not 1 <= limit <= 1_000_000:
        raise InputError(f"A run cannot ask {limit:,} pairs: name a limit of 1 to 1,000,000.")
    if read is None:
        read = suggesting.reads(project)
    with machine.store.read() as cursor:
        model = model or models.current(cursor, project.id)
        _nobody_at_it(cursor, project, model)
        answer = project.settings.suggestions != "off"
        asked = suggesting.choose(cursor, project, model, answer=answer, read=read, limit=limit)
    if not asked:
        raise Conflict(_nothing_to_say(project, model, read))
    if model is not None and base is not None:
        raise InputError(f"{model.name} stands on its own base: leave the base out.")
    named = model.base if model else checked_base(base or run_config.usual_base(machine.store, project, None))
    config = run_config.suggest_config(machine.store, project, model, named, settings)
    rows = [Row(id=each.pair_id, **each.model_dump(exclude={"pair_id"})) for each in asked]
    return submit(machine, project, person, "suggest", None, config, {"open": rows}, model.id if model else None)


def _nobody_at_it(cursor: Cursor, project: Project, model: Model | None) -> None:
    for run in runs.unfinished(cursor):
        if (run.kind, run.project_id, run.model_id) == ("suggest", project.id, model.id if model else None):
            raise Conflict(f"Run {run.number} lets the model suggest already: wait for it, or cancel it.")


def _nothing_to_say(project: Project, model: Model | None, read: bool) -> str:
    who = model.name if model else "the base"
    if read:
        return f"There is no open pair to which {who} has said nothing: import pairs first."
    if project.settings.suggestions == "off":
        return "This project keeps suggestions off: change that in its rules, or let the model read the responses."
    return f"Every open pair has a response, or an answer of {who}: let it read the responses instead."
