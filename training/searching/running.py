"""A search from its folder to its result, trial by trial."""

import json
import platform
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from statistics import fmean, stdev
from types import SimpleNamespace
from typing import Any

import torch
from transformers import AutoConfig

from hone.storage.errors import HoneError, RunError
from hone.training.config import SearchConfig
from hone.training.fitting import checkpoints
from hone.training.fitting.material import tell_cuts
from hone.training.fitting.plan import Plan
from hone.training.folder import RunFolder, write_whole
from hone.training.models import loading
from hone.training.models.families import resolved
from hone.training.models.weights import locate_base, require_weights
from hone.training.rows.cache import encoded
from hone.training.search import Trial, best_of, read_trials
from hone.training.searching import sampling, space
from hone.training.searching.folds import folds_of
from hone.training.searching.scoring import Material, fold_loss, planned
from hone.training.session import Cancelled
from hone.training.speaking.lines import append
from hone.training.tasks.task import of
from hone.training.worker import available_cores

_PACKAGES = ("torch", "transformers", "peft", "optuna")
_TOLD_SECONDS = 1.0


def search_settings(folder: RunFolder, config: SearchConfig) -> dict[str, Any]:
    """Try settings until all trials have ended, those of an earlier start among them, and write result.json.

    Returns:
        What the event "done" tells: trials, the best loss, seconds.

    Raises:
        Cancelled: Somebody asked to stop; the trials that have ended are kept.
        RunError: The run cannot start or go on, or every trial failed.
    """
    torch.set_num_threads(config.train.threads or available_cores())
    space.check_space(config.space, config.train)
    folder.verify()
    base = locate_base(config.base)
    base_sha256 = require_weights(base, config.train.base_sha256, "The base")
    _same_search(folder, checkpoints.identity(folder, base_sha256, None))
    watch = _Course(folder, config)
    material = material_of(folder, config)
    plan = planned(folder, config.train, material)
    while len(watch.trials) < watch.planned:
        watch.ended(_trial(folder, config, material, plan, watch))
    return _finish(folder, config, material, watch.trials, base_sha256)


class _Course:
    """How far a search has come, and what it tells of it. A step is a fold; those of a pruned trial count as done."""

    def __init__(self, folder: RunFolder, config: SearchConfig) -> None:
        self.folder = folder
        self.config = config
        self.trials = read_trials(folder)
        self.planned = sampling.planned(config)
        self._told = 0.0
        self._before = len(self.trials)
        self._began = time.monotonic()

    def at(self, fold: int, share: float, losses: Sequence[float]) -> None:
        """Tell of a fold at work, at most once a second."""
        if share < 1 and time.monotonic() - self._told < _TOLD_SECONDS:
            return
        so_far = {"so_far": fmean(losses)} if losses else {}
        self._tell(
            len(self.trials) * self.config.folds + fold + share, trial=len(self.trials) + 1, fold=fold + 1, **so_far
        )

    def ended(self, trial: Trial) -> None:
        """Keep a trial that has ended, and tell of it."""
        append(self.folder.trials_file, [trial])
        self.trials.append(trial)
        done = len(self.trials) * self.config.folds
        told = {"trial_loss": trial.loss, "reason": trial.reason or None}
        known = {name: value for name, value in told.items() if value is not None}
        self.folder.append_event("metric", step=done, trial=trial.number, state=trial.state, **known)
        self._tell(done)

    def _tell(self, done: float, **where: Any) -> None:
        self._told = time.monotonic()
        best = best_of(self.trials)
        self.folder.append_event(
            "progress",
            step=int(done),
            total_steps=self.planned * self.config.folds,
            eta_seconds=self._left(done),
            **where,
            **({"best": best.loss, "best_trial": best.number} if best else {}),
        )

    def _left(self, done: float) -> float | None:
        fresh = done - self._before * self.config.folds
        total = self.planned * self.config.folds
        return round((time.monotonic() - self._began) / fresh * (total - done), 1) if fresh > 0 else None


def _same_search(folder: RunFolder, identity: dict[str, Any]) -> None:
    """A search goes on only with the data, base and settings that it began with."""
    if folder.trials_file.exists():
        checkpoints.check_identity(folder, identity)
    else:
        checkpoints.write_identity(folder, identity)


def material_of(folder: RunFolder, config: SearchConfig) -> Material:
    """The rows as tokens, once for all trials: no setting that is searched changes them."""
    base = locate_base(config.base)
    task = resolved(config.train.task, base)
    tokenizer = loading.load_tokenizer(base, task)
    sizes = SimpleNamespace(config=AutoConfig.from_pretrained(str(base), **loading.LOCAL))  # without the weights
    limit = loading.position_limit(sizes, config.train.max_length)
    rows = folder.rows("train")
    encoding = encoded(rows, tokenizer, config.train, limit, task)
    kept = {row.id for row in encoding.rows}
    folds = folds_of([row for row in rows if row.id in kept], config.folds, config.seed, by_label=task == "classify")
    tell_cuts(folder, {"train": encoding})
    return Material(base, tokenizer, of(task), encoding.rows, folds)


def _trial(folder: RunFolder, config: SearchConfig, material: Material, plan: Plan, watch: _Course) -> Trial:
    settings = sampling.next_settings(config, watch.trials)
    losses: list[float] = []
    began = time.monotonic()

    def ended(**how: Any) -> Trial:
        seconds = round(time.monotonic() - began, 3)
        known = {"number": len(watch.trials) + 1, "settings": settings, "losses": tuple(losses), "seconds": seconds}
        return Trial.model_validate({**known, **how})

    for fold in range(config.folds):
        if folder.cancel_requested():
            raise Cancelled
        watch.at(fold, 0.0, losses)
        try:
            train = space.applied(config.train, settings)
            losses.append(fold_loss(folder, train, material, plan, fold, partial(watch.at, fold, losses=losses)))
        except (HoneError, torch.OutOfMemoryError) as error:
            return ended(state="failed", reason=" ".join(str(error).split())[:500])
        watch.at(fold, 1.0, losses)
        if config.prune and fold + 1 < config.folds and sampling.hopeless(losses, watch.trials):
            return ended(state="pruned")
    return ended(state="done", loss=fmean(losses), spread=stdev(losses))


def _finish(
    folder: RunFolder, config: SearchConfig, material: Material, trials: Sequence[Trial], base_sha256: str
) -> dict[str, Any]:
    best = best_of(trials)
    if best is None:
        raise RunError(f"All {len(trials)} trials failed; the first: {trials[0].reason}")
    held = Counter(material.folds.values())
    seconds = round(sum(trial.seconds for trial in trials), 3)
    result = {
        "best": best.model_dump(mode="json", exclude={"state", "reason"}),
        "trials": dict(Counter(trial.state for trial in trials)),
        "folds": [held[fold] for fold in range(config.folds)],
        "rows": len(material.rows),
        "importance": sampling.importance(config, trials),
        "base": config.base,
        "base_sha256": base_sha256,
        "seconds": seconds,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
    }
    write_whole(folder.result_file, json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return {"trials": len(trials), "loss": best.loss, "seconds": seconds}
