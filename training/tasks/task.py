"""What the trainer asks of a task; `of` gives the one for a name."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal, Protocol, cast

from torch import Tensor

from hone.training.models.loading import Model
from hone.training.rows.encode import Encoded

TaskName = Literal["causal", "seq2seq", "classify"]
Batch = dict[str, Any]


class Task(Protocol):
    """A kind of model and its loss. Each module of this folder is one."""

    def items(self, row: Encoded) -> int:
        """Over how many items the loss of a row is a mean: its learnt tokens, or 1 for a label."""
        ...

    def collate(self, rows: Sequence[Encoded], pad: int) -> Batch:
        """A micro batch as tensors (rows, longest), padded on the right."""
        ...

    def loss(self, model: Model, batch: Batch, smoothing: float = 0.0) -> Tensor:
        """The sum of the cross entropies of all items, in nats; a scalar with its graph."""
        ...


def of(name: TaskName) -> Task:
    """The task of this name."""
    return cast(Task, import_module(f"hone.training.tasks.{name}"))
