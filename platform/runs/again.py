"""The same training once more: the settings of an earlier run on its batch, as it was asked for."""

from typing import Any

from hone.platform.runs import iterations
from hone.platform.runs.submitting import Machine
from hone.storage import batches, models, projects
from hone.storage.errors import InputError
from hone.storage.people import Person
from hone.storage.runs import Run
from hone.training.config import TrainConfig

NAMED = frozenset(  # settings that are named beside the others, or that a new run takes from where it stands
    {"schema_version", "kind", "run", "base", "base_sha256", "parent", "template", "threads", "labels", "objective"}
)


def train_again(machine: Machine, person: Person, run: Run) -> Run:
    """A new run with the settings, the batch, the base and the parent of a training; it waits for its turn.

    Raises:
        Forbidden: The person is no lead.
        InputError: The run was no training on responses, or its parent is no model of the project any more.
        RunError: The disk has too little space left.
    """
    if run.kind != "train" or run.batch_id is None or run.config.get("objective", "sft") != "sft":
        raise InputError(f"Run {run.number} is no training on a batch's responses: start it where it was started.")
    with machine.store.read() as cursor:
        project = projects.get(cursor, run.project_id)
        batch = batches.get(cursor, run.batch_id)
        known = models.listing(cursor, run.project_id)
    folder = run.config.get("parent")
    parent = next((model for model in known if model.folder == folder), None) if folder else None
    if folder and parent is None:
        raise InputError(f"Run {run.number} went on from {folder}, which is no model of this project any more.")
    base = None if parent else str(run.config["base"])
    return iterations.start_training(
        machine, project, person, batch, base=base, parent=parent, settings=settings_of(run.config)
    )


def settings_of(config: dict[str, Any]) -> list[str]:
    """The settings of a stored training as "key=value"; see `hone.training.settings.with_settings`."""
    names = [name for name in TrainConfig.model_fields if name in config and name not in NAMED]
    return [f"{name}={'none' if config[name] is None else config[name]}" for name in names]
