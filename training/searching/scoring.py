"""How good settings are on one fold: a training of their own, on the other folds, that leaves nothing behind."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import set_seed
from typing_extensions import override

from hone.storage.records import now
from hone.training.config import TrainConfig
from hone.training.events import Event, EventKind
from hone.training.fitting import plan as planning
from hone.training.fitting.memory import give_back
from hone.training.fitting.plan import Plan
from hone.training.fitting.probe import probe
from hone.training.fitting.trainer import StepTrainer
from hone.training.fitting.watch import validation_losses
from hone.training.folder import RunFolder
from hone.training.models import adapters, loading
from hone.training.rows.encode import Encoded
from hone.training.session import Cancelled
from hone.training.tasks.task import Task

NEVER = 10**9  # steps


@dataclass(frozen=True)
class Material:
    """What every trial of a search uses: the base's folder, its tokenizer, the rows as tokens and their folds."""

    base: Path
    tokenizer: loading.Tokenizer
    task: Task
    rows: list[Encoded]
    folds: Mapping[str, int]


class FoldFolder(RunFolder):
    """The folder of one fold, gone when it is scored. A request to stop the search stops its training at once."""

    def __init__(self, search: RunFolder, tell: Callable[[float], None]) -> None:
        super().__init__(search.checkpoints / "fold")
        self._search = search
        self._tell = tell

    @override
    def append_event(self, kind: EventKind, **data: Any) -> Event:
        """Nobody reads the events of a fold; how far it is, is told."""
        if kind == "progress" and data.get("total_steps"):
            self._tell(data["step"] / data["total_steps"])
        return Event(seq=0, at=now(), kind=kind, data=data)

    @override
    def cancel_requested(self) -> bool:
        """Never true: a search that is to stop saves nothing of the fold.

        Raises:
            Cancelled: Somebody asked the search to stop.
        """
        if self._search.cancel_requested():
            raise Cancelled
        return False


class FoldTrainer(StepTrainer):
    """Trains to know a loss: its weights are wanted by nobody."""

    @override
    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        pass

    @override
    def keep_best(self) -> None:
        """Not kept."""


def planned(search: RunFolder, config: TrainConfig, material: Material) -> Plan:
    """How all trials compute: found once, by trying where that pays, and the same after the search was broken off.

    Raises:
        RunError: A row does not fit into memory even alone, or rows are to be packed that would not stay apart.
    """
    known = planning.read_plan(search)
    if known is not None:
        return known
    model = _model(config, material)
    pad = loading.pad_id(material.tokenizer)
    long = planning.worth_probing(model, material.rows, config)
    known = probe(model, material.task, material.rows, config, pad) if long else planning.plain(config)
    planning.require_packable(model, material.task, material.rows, config)
    planning.write_plan(search, known)
    return known


def fold_loss(
    search: RunFolder, config: TrainConfig, material: Material, plan: Plan, fold: int, tell: Callable[[float], None]
) -> float:
    """The loss on a fold of a model that learnt from the others, in nats per item.

    It is the loss of the model that a run with these settings would publish: the best evaluation where a patience is
    set, else the last. Every fold starts from the base anew and from the same seed, so that neither the order of folds
    nor what was tried before counts.

    Args:
        search: Whose checkpoints folder lends the room.
        config: The training run with the settings of the trial.
        material: Of the search.
        plan: See `planned`.
        fold: Which one is held out.
        tell: Called with the share of the training that is done, 0 to 1.

    Raises:
        Cancelled: Somebody asked the search to stop.
        RunError: These settings cannot be trained with: the loss is not finite, or the memory too small.
    """
    folder = FoldFolder(search, tell)
    shutil.rmtree(folder.path, ignore_errors=True)  # of a fold that was broken off
    folder.checkpoints.mkdir(parents=True)
    try:
        return _loss(folder, alone(config), material, plan, fold)
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)


def alone(config: TrainConfig) -> TrainConfig:
    """The training run without what a trial has no use for: samples, checkpoints, trackers, needless evaluations."""
    evaluate = {} if config.patience else {"evaluate_every": NEVER}
    quiet = {"samples": 0, "checkpoint_every": NEVER, "tracker": "none", "rehearsal": 0.0, "forgetting": 0}
    return config.model_copy(update={**quiet, **evaluate})


def _loss(folder: RunFolder, config: TrainConfig, material: Material, plan: Plan, fold: int) -> float:
    learnt = [row for row in material.rows if material.folds[row.id] != fold]
    held_out = [row for row in material.rows if material.folds[row.id] == fold]
    model = _model(config, material)
    if plan.halves(config):
        planning.halve_frozen(model)
    trainer = FoldTrainer(model, material.tokenizer, folder, config, learnt, held_out, plan)
    trainer.train()
    losses = list(validation_losses(trainer.state).values())
    del trainer, model
    give_back()  # the next fold may have larger batches
    return min(losses) if config.patience else losses[-1]


def _model(config: TrainConfig, material: Material) -> loading.Model:
    set_seed(config.seed)
    return adapters.to_train(material.base, config, loading.compute_dtype(config.precision))
