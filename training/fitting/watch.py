"""When a run logs, evaluates, saves and stops, and what its events say of it."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from typing_extensions import override

if TYPE_CHECKING:
    from hone.training.fitting.told import Told

_POINTS = 200  # of the loss curve
_PROGRESS_SECONDS = 0.5


class Watch(TrainerCallback):
    """Decides when to log, evaluate, save and stop, and writes the events.

    Attributes:
        cancelled: Whether the run was asked to stop, and saved.
    """

    def __init__(self, trainer: Told) -> None:
        self.trainer = trainer
        self.folder = trainer.folder
        self.config = trainer.config
        self.cancelled = False

    @override
    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.began = self.told = time.monotonic()
        self.first = state.global_step
        self.told_tokens = 0
        self.log_every = max(1, state.max_steps // _POINTS)
        self.evaluate_every = self.config.evaluate_every or math.ceil(state.max_steps / self.config.epochs)

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        step, last = state.global_step, state.global_step >= state.max_steps
        self.cancelled = not last and self.folder.cancel_requested()
        due = step % self.evaluate_every == 0 or last
        control.should_log = step % self.log_every == 0 or step == 1 or last or self.cancelled
        control.should_evaluate = self.trainer.has_validation() and due
        control.should_save = self.cancelled or (step % self.config.checkpoint_every == 0 and not last)
        control.should_training_stop = last or self.cancelled
        self._tell_progress(state, always=last or self.cancelled)

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
        names = {"loss": "loss", "eval_loss": "validation_loss", "learning_rate": "learning_rate"}
        told = {names[name]: value for name, value in logs.items() if name in names}
        if told:
            self.folder.append_event("metric", step=state.global_step, **told)

    @override
    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.config.patience is None:
            return
        best = self.trainer.best_step
        if best == state.global_step:
            self.trainer.keep_best()
        since = [step for step in validation_losses(state) if best is not None and step > best]
        if len(since) >= self.config.patience:
            control.should_training_stop = True

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
