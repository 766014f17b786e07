"""A lead searches for good settings on a batch's train split, and trains with those that won."""

from collections.abc import Sequence
from typing import Literal

from hone.labeling.batches import freezing as frozen
from hone.platform.runs import again, iterations, run_config
from hone.platform.runs.alike import together
from hone.platform.runs.bases import checked_base
from hone.platform.runs.material import row_of
from hone.platform.runs.submitting import Machine, submit
from hone.storage import audit, batches
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, InputError
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.runs import Run
from hone.training.config import SearchConfig
from hone.training.searching.folds import folds_of
from hone.training.searching.space import PRESETS, Space, applied, check_space, parse_space

Sampler = Literal["bayesian", "grid"]


def chosen_space(preset: str | None, ranges: Sequence[str]) -> Space:
    """The ranges of a preset, and on them these.

    Raises:
        InputError: No such preset, or a text is no range.
    """
    if preset is not None and preset not in PRESETS:
        raise InputError(f"There is no preset {preset!r} of ranges; there are {', '.join(PRESETS)}.")
    return {**parse_space(PRESETS[preset].space if preset else ()), **parse_space(ranges)}


def start_search(
    machine: Machine,
    project: Project,
    person: Person,
    batch: Batch,
    *,
    space: Space,
    base: str | None = None,
    trials: int = 12,
    folds: int = 3,
    sampler: Sampler = "bayesian",
    prune: bool = True,
    seed: int = 0,
    settings: Sequence[str] = (),
) -> Run:
    """A search on the train split of a frozen batch, handed to the supervisor; it never sees the other splits.

    Rows that are nearly the same stand in one group, and a group in one fold.

    Args:
        space: What is tried; see `chosen_space`.
        base: As of `iterations.start_training`. The search begins from it, not from an iteration.
        trials: Most settings to try.
        folds: Of the cross-validation.
        sampler: "bayesian" learns from the trials so far, "grid" walks through all points.
        prune: Whether a trial is stopped once its folds are worse than most.
        seed: Of folds and order; that of the training is a setting.
        settings: "key=value" of the training run, the same in every trial.

    Raises:
        Forbidden: The person is no lead.
        InputError: A range, setting or base is not allowed, or there are fewer groups than folds.
        Conflict: The batch is not what was frozen.
        RunError: The disk has too little space left.
    """
    person.must("lead")
    if not (1 <= trials <= 10_000 and 2 <= folds <= 20):
        raise InputError(f"A search has 1 to 10,000 trials of 2 to 20 folds, not {trials:,} of {folds}.")
    frozen.verify(machine.store, batch)
    named = checked_base(base or run_config.usual_base(machine.store, project, None))
    train = run_config.train_config(project, run_config.same_toy(machine.store, project, named), batch, settings)
    check_space(space, train)
    rows = together([row_of(item) for item in frozen.rows_by_split(machine.store, batch)["train"]])
    folds_of(rows, folds, seed, by_label=project.settings.task == "classification")
    given = {"space": space, "sampler": sampler, "trials": trials, "folds": folds, "prune": prune, "seed": seed}
    config = SearchConfig.model_validate({"run": train.run, "train": train, **given})
    return submit(machine, project, person, "search", batch, config, {"train": rows})


def train_winner(machine: Machine, project: Project, person: Person, run: Run) -> Run:
    """A training run on the batch of a search, with the settings that won it and those that were the same in all.

    Raises:
        Forbidden: The person is no lead.
        Conflict: The run is no search, or not done.
        InputError, RunError: See `iterations.start_training`.
    """
    person.must("lead")
    if run.kind != "search" or run.result is None or run.batch_id is None:
        raise Conflict(f"Run {run.number} has no winner: a search has one when it is done.")
    config = SearchConfig.model_validate(run.config)
    best = applied(config.train, run.result["best"]["settings"])
    with machine.store.read() as cursor:
        batch = batches.get(cursor, run.batch_id)
    made = iterations.start_training(
        machine, project, person, batch, base=best.base, settings=again.settings_of(best.model_dump())
    )
    machine.store.write(
        lambda cursor: audit.record(cursor, person.id, "search won", made.id, number=made.number, search=run.number)
    )
    return made
