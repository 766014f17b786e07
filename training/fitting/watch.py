"""When a run logs, evaluates, saves and stops, and what its events say of it."""

import math
import time
from typing import Any, Protocol

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from typing_extensions import override

from hone.training.config import TrainConfig
from hone.training.fitting.memory import peak_bytes
from hone.training.folder import RunFolder
from hone.training.launch import world

_POINTS = 200  # of the loss curve
_PROGRESS_SECONDS = 0.5
_NAMES = {
    "loss": "loss",
    "eval_loss": "validation_loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "rewards/margins": "margin",  # of TRL's trainers of preferences
    "rewards/accuracies": "accuracy",
    "eval_rewards/margins": "validation_margin",
    "eval_rewards/accuracies": "validation_accuracy",
}


class EarlyStop(Exception):
    """A resumed run has nothing to learn any more: its patience was at an end when it was interrupted."""


class Watched(Protocol):
    """What the watch needs of a trainer; see `Told`."""

    folder: RunFolder
    config: TrainConfig
    tokens: int

    @property
    def best_step(self) -> int | None:
        """Where the validation loss was lowest."""

    def has_validation(self) -> bool:
        """Whether there is something to evaluate on."""
        ...

    def evaluate(self) -> Any:
        """Evaluate now."""

    def keep_best(self) -> None:
        """Keep the weights as they are now."""

    def heed_cancel(self) -> None:
        """Save and stop if somebody asked to."""


class Watch(TrainerCallback):
    """Decides when to log, evaluate, save and stop, and writes the events.

    Attributes:
        cancelled: Whether the run was asked to stop, and saved.
    """

    def __init__(self, trainer: Watched) -> None:
        self.trainer = trainer
        self.folder = trainer.folder
        self.config = trainer.config
        self.cancelled = False

    @override
    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.began = self.told = self.logged = time.monotonic()
        self.first = state.global_step
        self.told_tokens = self.logged_tokens = 0
        self.log_every = max(1, state.max_steps // _POINTS)
        self.evaluate_every = self.config.evaluate_every or math.ceil(state.max_steps / self.config.epochs)
        if self._evaluation_due(state) and state.global_step not in validation_losses(state):
            self.trainer.evaluate()  # it was cancelled in the middle of it
        if self._patience_ended(state):
            raise EarlyStop

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        step, last = state.global_step, state.global_step >= state.max_steps
        self.cancelled = not last and world.agreed(self.folder.cancel_requested())
        control.should_save = self.cancelled or last or step % self.config.checkpoint_every == 0
        control.should_log = control.should_save or step % self.log_every == 0 or step == 1
        control.should_evaluate = not self.cancelled and self._evaluation_due(state)
        control.should_training_stop = last or self.cancelled
        self._tell_progress(state, always=last or self.cancelled)

    @override
    def on_prediction_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self.trainer.heed_cancel()

    @override
    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        logs = logs or {}
        told = {_NAMES[name]: value for name, value in logs.items() if name in _NAMES}
        if "loss" in told:
            now = time.monotonic()
            rate = (self.trainer.tokens - self.logged_tokens) / max(now - self.logged, 1e-6)
            told |= {"tokens_per_second": round(rate, 1), "memory_mb": peak_bytes() // 2**20}
            self.logged, self.logged_tokens = now, self.trainer.tokens
        if told:
            self.folder.append_event("metric", step=state.global_step, **told)

    @override
    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.config.patience is not None and self.trainer.best_step == state.global_step:
            self.trainer.keep_best()
        if self._patience_ended(state):
            control.should_training_stop = control.should_save = True

    def _evaluation_due(self, state: TrainerState) -> bool:
        step = state.global_step
        due = step > 0 and (step % self.evaluate_every == 0 or step >= state.max_steps)
        return due and self.trainer.has_validation()

    def _patience_ended(self, state: TrainerState) -> bool:
        if self.config.patience is None:
            return False
        best = best_until(state, state.global_step)
        since = [step for step in validation_losses(state) if best is not None and step > best]
        return len(since) >= self.config.patience

    def _tell_progress(self, state: TrainerState, always: bool) -> None:
        now = time.monotonic()
        if not always and now - self.told < _PROGRESS_SECONDS:
            return
        rate = (self.trainer.tokens - self.told_tokens) / max(now - self.told, 1e-6)
        a_step = (now - self.began) / (state.global_step - self.first)
        self.folder.append_event(
            "progress",
            step=state.global_step,
            total_steps=state.max_steps,
            epoch=round(state.epoch or 0.0, 3),
            tokens_per_second=round(rate, 1),
            eta_seconds=round(a_step * (state.max_steps - state.global_step), 1),
        )
        self.told, self.told_tokens = now, self.trainer.tokens


def validation_losses(state: TrainerState) -> dict[int, float]:
    """Validation loss by step, in the order of the evaluations; they survive a resume."""
    return {int(entry["step"]): entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry}


def best_until(state: TrainerState, step: int) -> int | None:
    """The step of the lowest validation loss up to a step, the earliest of equals; None without an evaluation."""
    losses = {at: loss for at, loss in validation_losses(state).items() if at <= step}
    return min(losses, key=lambda at: losses[at]) if losses else None
