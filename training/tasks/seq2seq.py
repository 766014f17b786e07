"""Sequence to sequence, as T5: the source is read, the target and its end are learnt."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from hone.training.models.loading import Model
from hone.training.rows.encode import IGNORED, Encoded
from hone.training.rows.padded import padded
from hone.training.tasks.task import Batch


def items(row: Encoded) -> int:
    """See Task."""
    return len(_target(row))


def collate(rows: Sequence[Encoded], pad: int) -> Batch:
    """See Task; `labels` (rows, longest target) are IGNORED where a target has ended."""
    width = max(items(row) for row in rows)
    labels = [_target(row) + [IGNORED] * (width - items(row)) for row in rows]
    return {**padded(rows, pad), "labels": torch.tensor(labels)}


def loss(model: Model, batch: Batch, smoothing: float = 0.0) -> Tensor:
    """See Task."""
    return cross_entropy(
        logits(model, batch).float().flatten(0, 1),
        batch["labels"].flatten(),
        ignore_index=IGNORED,
        reduction="sum",
        label_smoothing=smoothing,
    )


def logits(model: Model, batch: Batch) -> Tensor:
    """What the model expects at each place of the targets, (rows, longest target, vocabulary)."""
    inner: Any = getattr(model, "module", model)  # of several processes
    found: Tensor = model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        decoder_input_ids=inner.prepare_decoder_input_ids_from_labels(labels=batch["labels"]),
        use_cache=False,
    ).logits
    return found


def _target(row: Encoded) -> list[int]:
    assert row.target is not None, f"row {row.id} was not encoded for this task"
    return row.target
