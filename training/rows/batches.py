"""Rows into steps: which stand together, how they are padded, and what their loss is."""

import inspect
import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import Sampler

from hone.training.models.loading import Model
from hone.training.rows.encode import IGNORED, Encoded

_WINDOW = 50  # steps whose rows are sorted by length together


class LengthGrouped(Sampler[int]):
    """The order of rows in an epoch: rows of like length stand together, the steps come in random order.

    The rows of a step depend on seed, epoch and effective batch alone, so that 1 x 8 and 8 x 1 learn the same.
    A short last step comes last.
    """

    def __init__(self, lengths: Sequence[int], effective_batch: int, seed: int) -> None:
        self.lengths = lengths
        self.effective_batch = effective_batch
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"{self.seed}:{self.epoch}")
        order = list(range(len(self.lengths)))
        draw.shuffle(order)
        steps: list[list[int]] = []
        for window in chunks(order, self.effective_batch * _WINDOW):
            window.sort(key=lambda index: self.lengths[index] * draw.uniform(0.98, 1.02))
            steps += chunks(window, self.effective_batch)
        short = [step for step in steps if len(step) < self.effective_batch]
        whole = [step for step in steps if len(step) == self.effective_batch]
        draw.shuffle(whole)
        for step in whole + short:
            yield from step


def collate(rows: Sequence[Encoded], pad: int) -> dict[str, Any]:
    """A micro batch, padded on the right: ids, mask and labels, each (rows, longest), and its count of tokens."""
    width = max(len(row) for row in rows)
    return {
        "input_ids": torch.tensor([row.ids + [pad] * (width - len(row)) for row in rows]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows]),
        "labels": torch.tensor([row.labels + [IGNORED] * (width - len(row)) for row in rows]),
        "tokens": sum(len(row) for row in rows),
    }


def label_loss(model: Model, batch: dict[str, Any], smoothing: float = 0.0) -> torch.Tensor:
    """Sum of the cross entropies of all labels; logits are made only in columns where some row has a label."""
    logits, targets = _label_logits(model, batch)
    return cross_entropy(
        logits.float().flatten(0, 1),
        targets.flatten(),
        ignore_index=IGNORED,
        reduction="sum",
        label_smoothing=smoothing,
    )


@torch.inference_mode()
def mean_logprobs(model: Model, batch: dict[str, Any]) -> list[float]:
    """For each row of a batch the mean log-probability of its labels, natural logarithm, 0 or below.

    Args:
        model: In evaluation mode.
        batch: See `collate`; every row has a label.
    """
    logits, targets = _label_logits(model, batch)
    each = zip(logits, targets, strict=True)  # a row at a time: in float32 all of them may not fit
    return [-float(cross_entropy(row.float(), labels, ignore_index=IGNORED)) for row, labels in each]


def _label_logits(model: Model, batch: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (rows, columns, vocabulary) and labels (rows, columns), where some row has a label."""
    targets = batch["labels"][:, 1:]
    inputs: dict[str, Any] = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    columns = (targets != IGNORED).any(dim=0).nonzero().squeeze(1)
    if _can_keep(model):
        logits = model(**inputs, use_cache=False, logits_to_keep=columns).logits
    else:
        logits = model(**inputs, use_cache=False).logits[:, columns]
    return logits, targets[:, columns]


def chunks(items: Sequence[Any], size: int) -> list[list[Any]]:
    """The items in lists of a size; the last may be shorter."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _can_keep(model: Model) -> bool:
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(inner.forward).parameters
