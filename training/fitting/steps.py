"""The unit of training: a whole step. Its rows, cut into micro batches that fit into memory, and their gradient."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting.memory import give_back, out_of_memory
from hone.training.models.loading import Model
from hone.training.rows.batches import StepOrder, moved
from hone.training.rows.encode import Encoded
from hone.training.rows.packing import pack, packs
from hone.training.tasks.task import Task

_ALIKE = 0.8  # a row stands in a micro batch with rows at most a quarter longer


class RowsFailed(RunError):
    """A step cannot be learnt; its facts name the rows."""

    def __init__(self, message: str, rows: Sequence[Encoded]) -> None:
        super().__init__(message)
        self.facts = {"rows": [{"id": row.id, "tokens": len(row)} for row in rows]}


class StepLoader(DataLoader[list[Encoded]]):
    """Gives the rows of one step after the other, the same on every process."""

    def __init__(self, rows: Sequence[Encoded], config: TrainConfig) -> None:
        self.order = StepOrder([len(row) for row in rows], config.effective_batch, config.seed)
        own = torch.Generator()  # else each epoch would draw from the generator that dropout draws from
        super().__init__(rows, batch_sampler=self.order, collate_fn=list, generator=own)  # type: ignore[arg-type]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose steps come next."""
        self.order.set_epoch(epoch)


class Stepper:
    """Makes the gradient of a step, the same however many rows fit into memory at once.

    Attributes:
        micro_batch: Rows that are in memory at once; packed: how many of average length. Out of memory halves it.
    """

    def __init__(self, task: Task, rows: Sequence[Encoded], config: TrainConfig, pad: int) -> None:
        self.task = task
        self.pad = pad
        self.smoothing = config.label_smoothing
        self.mean_tokens = sum(map(len, rows)) / len(rows)
        self.micro_batch = config.micro_batch
        self.packed = False
        self.half = False  # arithmetic in bfloat16

    def cut(self, rows: Sequence[Encoded]) -> list[list[Encoded]]:
        """The micro batches of these rows: of like length, or packed; the longest first, so that memory runs out at
        once if it does."""
        if self.packed:
            return packs(rows, round(self.micro_batch * self.mean_tokens))
        parts: list[list[Encoded]] = []
        for row in sorted(rows, key=len, reverse=True):
            if parts and len(parts[-1]) < self.micro_batch and len(row) >= _ALIKE * len(parts[-1][0]):
                parts[-1].append(row)
            else:
                parts.append([row])
        return parts

    def heaviest(self, rows: Sequence[Encoded]) -> list[Encoded]:
        """The micro batch of these rows that takes the most memory."""
        return max(self.cut(rows), key=self.places)

    def places(self, part: Sequence[Encoded]) -> int:
        """Tokens that are computed for a micro batch, with padding."""
        return sum(map(len, part)) if self.packed else len(part) * max(map(len, part))

    def loss(self, model: Model, part: Sequence[Encoded], smoothing: float = 0.0) -> Tensor:
        """Sum of the cross entropies of all items of a micro batch, in nats."""
        device = next(model.parameters()).device
        batch = moved(pack(part) if self.packed else self.task.collate(part, self.pad), device)
        with self.arithmetic(device.type):
            return self.task.loss(model, batch, smoothing)

    def arithmetic(self, device_type: str) -> AbstractContextManager[Any]:
        """Where matrices are multiplied in the precision of the plan."""
        return torch.autocast(device_type, dtype=torch.bfloat16, enabled=self.half)

    def gradient(self, model: Model, rows: Sequence[Encoded], items: int, weight: float = 1.0) -> Tensor:
        """Add the gradient of these rows' share in the mean loss of a step to the parameters.

        Args:
            model: As wrapped for several processes, if it is: all but the last micro batch keep their gradient to
                themselves.
            rows: This process's share of the step.
            items: Of the whole step, over all processes.
            weight: Of the share: the number of processes, because their gradients are averaged.

        Returns:
            The sum of the losses over items, times weight; without a graph.
        """
        parts = self.cut(rows)
        alone: Any = getattr(model, "no_sync", nullcontext)
        total = torch.zeros((), device=next(model.parameters()).device)
        for place, part in enumerate(parts):
            with alone() if place < len(parts) - 1 else nullcontext():
                total += self._backward(self.loss(model, part, self.smoothing) * (weight / items))
        return total

    def gradient_that_fits(self, model: Model, rows: Sequence[Encoded], items: int, weight: float = 1.0) -> Tensor:
        """The same; when memory runs out, the step is done anew with half the micro batch, with the same chances.

        Raises:
            RunError: A single row does not fit; the longest is named.
        """
        return self._until_it_fits(model, rows, lambda: self.gradient(model, rows, items, weight))

    def try_heaviest(self, model: Model, rows: Sequence[Encoded]) -> None:
        """Find out now whether memory is enough for the heaviest micro batch of these rows; nothing is learnt.

        Raises:
            RunError: A single row does not fit; the longest is named.
        """
        chance = random_state()
        self._until_it_fits(model, rows, lambda: self._backward(self.loss(model, self.heaviest(rows))))
        model.zero_grad()
        restore_random_state(chance)

    def _backward(self, loss: Tensor) -> Tensor:
        torch.autograd.backward(loss)
        return loss.detach()

    def _until_it_fits(self, model: Model, rows: Sequence[Encoded], attempt: Callable[[], Tensor]) -> Tensor:
        chance = random_state()
        while True:
            try:
                return attempt()
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
            model.zero_grad()  # here, because the error would hold on to what it could not finish
            give_back()
            restore_random_state(chance)
            self.halve(rows)

    def halve(self, rows: Sequence[Encoded]) -> None:
        """Make the micro batches of these rows smaller.

        Raises:
            RunError: They are single rows already.
        """
        before = self.cut(rows)
        while self.micro_batch > 1:
            self.micro_batch //= 2
            if self.cut(rows) != before:
                return
        longest = max(rows, key=len)
        raise RowsFailed(
            f"Row {longest.id!r} ({len(longest)} tokens) does not fit into memory even alone: set recompute=true, "
            "quantize=8bit or a lower max_length, or take a smaller base.",
            [longest],
        )


def random_state() -> list[Tensor]:
    """The state of torch's generators, of the machine and of each card."""
    cards = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return [torch.get_rng_state(), *cards]


def restore_random_state(state: list[Tensor]) -> None:
    """Go back to a state of torch's generators."""
    torch.set_rng_state(state[0])
    if state[1:]:
        torch.cuda.set_rng_state_all(state[1:])
