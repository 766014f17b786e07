"""Text classification with an encoder, as BERT: a text is read, its label is learnt."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from hone.training.models.loading import Model
from hone.training.rows.encode import Encoded
from hone.training.rows.padded import padded
from hone.training.tasks.task import Batch


def items(row: Encoded) -> int:  # noqa: ARG001
    """See Task; a row is one label."""
    return 1


def collate(rows: Sequence[Encoded], pad: int) -> Batch:
    """See Task; `labels` (rows) are places in the set of labels."""
    assert all(row.label is not None for row in rows), "the rows were not encoded for this task"
    return {**padded(rows, pad), "labels": torch.tensor([row.label for row in rows])}


def loss(model: Model, batch: Batch, smoothing: float = 0.0) -> Tensor:
    """See Task."""
    found = logits(model, batch).float()
    return cross_entropy(found, batch["labels"], reduction="sum", label_smoothing=smoothing)


def logits(model: Model, batch: Batch) -> Tensor:
    """How much each label fits each text, (rows, labels)."""
    found: Tensor = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    return found
