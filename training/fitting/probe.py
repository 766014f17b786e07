"""How a run could compute, tried on three steps of its own rows: what is fast, exact enough, and fits into memory."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hone.training.config import TrainConfig
from hone.training.fitting.memory import forget_peak, give_back, out_of_memory, peak_bytes
from hone.training.fitting.optim import optimizer
from hone.training.fitting.plan import Plan, Variant, is_causal, plain, require_packable, worth_probing
from hone.training.fitting.steps import Stepper, random_state, restore_random_state
from hone.training.models.loading import Model
from hone.training.rows.batches import StepOrder
from hone.training.rows.encode import Encoded
from hone.training.rows.packing import keeps_apart
from hone.training.tasks.task import Task

GAIN = 1.15  # so many times faster a variant must be, or the plain one stays
LOSS_BOUND = 0.01  # bfloat16 counts as exact enough when on the probe's rows the loss is within this share of float32's
GRADIENT_BOUND = 0.1  # ... and the gradient's difference is at most this share of its length


def probe(model: Model, task: Task, rows: Sequence[Encoded], config: TrainConfig, pad: int) -> Plan:
    """Try three steps of real rows, and where the configuration leaves a choice and the run is long enough, three of
    each variant. Weights and chance are as before when it returns.

    A variant is taken when it is at least 15 % faster, and bfloat16 only where it is exact enough: LOSS_BOUND and
    GRADIENT_BOUND.

    Args:
        model: Ready to train, on its device; nothing else trains it now.
        task: See hone.training.tasks.task.
        rows: All that the run learns from.
        config: Of the run.
        pad: What fills short rows.

    Raises:
        RunError: A row does not fit into memory even alone.
    """
    require_packable(model, task, rows, config)
    probing = _Probe(model, task, rows, config, pad)
    chance = random_state()
    try:
        return probing.plan()
    finally:
        probing.restore()
        restore_random_state(chance)
        give_back()


@dataclass(frozen=True)
class Timed:
    """How long so many tokens took: by the measure that variants are chosen by, and by the clock, in seconds."""

    chosen_by: float  # seconds of processor time, or by the clock on a card
    clock: float
    tokens: int

    @property
    def rate(self) -> float:
        """Tokens a second, by the measure that variants are chosen by."""
        return self.tokens / self.chosen_by


class _Probe:
    def __init__(self, model: Model, task: Task, rows: Sequence[Encoded], config: TrainConfig, pad: int) -> None:
        self.model, self.task, self.config = model, task, config
        self.stepper = Stepper(task, rows, config, pad)
        self.device: torch.device = next(model.parameters()).device
        self.learning = [part for part in model.parameters() if part.requires_grad]
        self.start = [part.detach().clone() for part in self.learning]
        self.steps = _typical(rows, config)
        self.free = worth_probing(model, rows, config)
        self.variants: list[Variant] = []

    def plan(self) -> Plan:
        best = plain(self.config)
        self._set(best)
        self._gradient()  # finds what fits, and warms up
        forget_peak()
        timed = self._timed()
        self._note(best, timed, "the plain way")
        for wanted in self._others():
            best, timed = self._better(best, timed, wanted)
        return best.model_copy(
            update={
                "micro_batch": self.stepper.micro_batch,
                "tokens_per_second": round(timed.tokens / timed.clock, 1),
                "seconds_per_step": timed.clock / len(self.steps),
                "peak_memory_bytes": peak_bytes(),
                "variants": tuple(self.variants),
            }
        )

    def _others(self) -> list[dict[str, str]]:
        if not self.free:
            return []
        on_card = self.device.type != "cpu"
        half = self.config.precision == "auto" and not on_card and self.config.quantize == "none"
        pack = self.config.batching == "auto" and is_causal(self.task)
        return [*([{"precision": "bfloat16"}] if half else []), *([{"batching": "packed"}] if pack else [])]

    def _better(self, best: Plan, timed: Timed, wanted: dict[str, str]) -> tuple[Plan, Timed]:
        other = best.model_copy(update=wanted)
        if other.batching != best.batching and not keeps_apart(self.model, self.steps[0] + self.steps[1]):
            self._note(other, None, "left out: this base mixes packed rows")
            return best, timed
        exact = self._gradient() if other.precision != best.precision else None
        try:
            self._set(other)
            differences = _differences(exact, self._gradient(retry=False)) if exact else (None, None)
            tried = self._timed()
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            tried, differences = None, (None, None)
        said = verdict(timed, tried, differences)
        self._note(other, tried, said, differences)
        if said == "taken" and tried is not None:
            return other, tried
        self._set(best)
        return best, timed

    def _set(self, plan: Plan) -> None:
        self.stepper.packed = plan.batching == "packed"
        self.stepper.half = plan.precision == "bfloat16"

    def _gradient(self, retry: bool = True) -> tuple[float, Tensor]:
        """Loss and gradient of the middling step from the weights that the run starts with."""
        self.restore()
        rows = self.steps[1]
        learn = self.stepper.gradient_that_fits if retry else self.stepper.gradient
        chance = random_state()
        loss = float(learn(self.model, rows, sum(map(self.task.items, rows))))
        restore_random_state(chance)
        return loss, torch.cat([part.grad.flatten() for part in self.learning if part.grad is not None])

    def _timed(self) -> Timed:
        self.restore()
        learner = optimizer(self.learning, self.config)
        clock, used = time.perf_counter(), time.process_time()
        for rows in self.steps:
            self.stepper.gradient_that_fits(self.model, rows, sum(map(self.task.items, rows)))
            nn.utils.clip_grad_norm_(self.learning, self.config.grad_clip or float("inf"))
            learner.step()
            self.model.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        clock = time.perf_counter() - clock
        by = time.process_time() - used if self.device.type == "cpu" else clock
        return Timed(by, clock, sum(len(row) for rows in self.steps for row in rows))

    def restore(self) -> None:
        """Give the weights back what they were, without a gradient."""
        with torch.no_grad():
            for part, kept in zip(self.learning, self.start, strict=True):
                part.copy_(kept)
        self.model.train()
        self.model.zero_grad()

    def _note(
        self, plan: Plan, timed: Timed | None, said: str, differences: tuple[float | None, float | None] = (None, None)
    ) -> None:
        rate = round(timed.rate, 1) if timed else None
        loss, gradient = differences
        self.variants.append(
            Variant(
                precision=plan.precision,
                batching=plan.batching,
                tokens_per_second=rate,
                loss_difference=loss,
                gradient_difference=gradient,
                said=said,
            )
        )


def _typical(rows: Sequence[Encoded], config: TrainConfig) -> list[list[Encoded]]:
    """Three steps of the first epoch: the middles of the lightest, the middling and the heaviest third."""
    order = StepOrder([len(row) for row in rows], config.effective_batch, config.seed)
    steps = sorted(([rows[place] for place in step] for step in order), key=lambda step: sum(map(len, step)))
    return [steps[len(steps) * third // 6] for third in (1, 3, 5)]


def _differences(exact: tuple[float, Tensor], other: tuple[float, Tensor]) -> tuple[float, float]:
    loss = abs(other[0] - exact[0]) / abs(exact[0])
    return loss, float((other[1] - exact[1]).norm() / exact[1].norm())


def verdict(timed: Timed, tried: Timed | None, differences: tuple[float | None, float | None]) -> str:
    """Whether a variant is taken against what was timed before, or why not; differences are of loss and gradient."""
    loss, gradient = differences
    if tried is None:
        return "left out: it needs more memory"
    if loss is not None and not loss <= LOSS_BOUND:
        return f"left out: the loss differs by {loss:.1%}"
    if gradient is not None and not gradient <= GRADIENT_BOUND:
        return f"left out: the gradient differs by {gradient:.1%}"
    if tried.rate < GAIN * timed.rate:
        return f"left out: {tried.rate / timed.rate:.2f} times as fast"
    return "taken"
