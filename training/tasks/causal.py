"""Causal instruction tuning: the response and its end are learnt, the prompt is given."""

from collections.abc import Sequence

from torch import Tensor

from hone.training.models.loading import Model
from hone.training.rows import batches
from hone.training.rows.encode import Encoded
from hone.training.tasks.task import Batch


def items(row: Encoded) -> int:
    """See Task. Nothing foretells the first token of all."""
    return len(row.ids) - max(1, row.prompt)


def collate(rows: Sequence[Encoded], pad: int) -> Batch:
    """See Task."""
    return batches.collate(rows, pad)


def loss(model: Model, batch: Batch, smoothing: float = 0.0) -> Tensor:
    """See Task; logits are made only where a label is. A pack of hone.training.rows.packing is a batch, too."""
    return batches.label_loss(model, batch, smoothing)
