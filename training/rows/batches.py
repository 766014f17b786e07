"""Rows into steps: which stand together, how they are padded, and what their loss is."""

import random
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import Sampler

from hone.training.models.loading import Model
from hone.training.rows.encode import IGNORED, Encoded

_WINDOW = 50  # steps whose rows are sorted by length together


class StepOrder(Sampler[list[int]]):
    """The steps of an epoch, each a list of places: rows of like length stand together, the steps come at random.

    The rows of a step depend on lengths, seed, epoch and effective batch alone, so that 1 x 8, 8 x 1 and two processes
    learn the same. What does not fill a step is drawn at random and comes last.
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
        return -(-len(self.lengths) // self.effective_batch)

    def __iter__(self) -> Iterator[list[int]]:
        draw = random.Random(f"{self.seed}:{self.epoch}")
        order = list(range(len(self.lengths)))
        draw.shuffle(order)
        over = len(order) % self.effective_batch
        rest, order = order[:over], order[over:]
        steps: list[list[int]] = []
        for window in chunks(order, self.effective_batch * _WINDOW):
            window.sort(key=lambda index: self.lengths[index] * draw.uniform(0.98, 1.02))
            steps += chunks(window, self.effective_batch)
        draw.shuffle(steps)
        yield from [*steps, rest] if rest else steps


def collate(rows: Sequence[Encoded], pad: int) -> dict[str, Any]:
    """A micro batch, padded on the right.

    Returns:
        input_ids, attention_mask and labels, each (rows, longest); `places`, where in rows x longest, read as one line,
        the next token is learnt; and `targets`, which it is there, as long.
    """
    width = max(len(row) for row in rows)
    labels = [row.labels + [IGNORED] * (width - len(row)) for row in rows]
    return {
        "input_ids": torch.tensor([row.ids + [pad] * (width - len(row)) for row in rows]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows]),
        "labels": torch.tensor(labels),
        **learnt([label for line in labels for label in [*line[1:], IGNORED]]),
    }


def learnt(following: Sequence[int]) -> dict[str, Tensor]:
    """`places` and `targets` of a batch, read as one line: at which places the following label is learnt."""
    places = [place for place, label in enumerate(following) if label != IGNORED]
    return {"places": torch.tensor(places), "targets": torch.tensor([following[place] for place in places])}


def label_loss(model: Model, batch: dict[str, Any], smoothing: float = 0.0) -> Tensor:
    """Sum of the cross entropies of all labels, in nats; logits are made only where a label is."""
    logits = label_logits(model, batch).float()
    return cross_entropy(logits, batch["targets"], reduction="sum", label_smoothing=smoothing)


@torch.inference_mode()
def mean_logprobs(model: Model, batch: dict[str, Any]) -> list[float]:
    """For each row of a batch the mean log-probability of its labels, natural logarithm, 0 or below.

    Args:
        model: In evaluation mode.
        batch: See `collate`; every row has a label.
    """
    counts = (batch["labels"][:, 1:] != IGNORED).sum(dim=1).tolist()
    logits, targets = torch.split(label_logits(model, batch), counts), torch.split(batch["targets"], counts)
    each = zip(logits, targets, strict=True)  # a row at a time: in float32 all of them may not fit
    return [-float(cross_entropy(row.float(), labels)) for row, labels in each]


def label_logits(model: Model, batch: dict[str, Any]) -> Tensor:
    """Logits (labels, vocabulary), in the order of `places`."""
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "position_ids") if name in batch}
    places = batch["places"]
    with _head_only_at(places, model):
        logits: Tensor = model(**inputs, use_cache=False).logits
    logits = logits.flatten(0, 1)
    return logits if len(logits) == len(places) else logits[places]


@contextmanager
def _head_only_at(places: Tensor, model: Model) -> Generator[None]:
    """While the block runs, the output layer sees the hidden states of these places alone.

    A vocabulary is hundreds of times wider than what it is made from, and most places have no label.
    """

    def narrowed(_head: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return (inputs[0].flatten(0, 1).index_select(0, places).unsqueeze(0), *inputs[1:])

    inner: Any = getattr(model, "module", model)
    hook = inner.get_output_embeddings().register_forward_pre_hook(narrowed)
    try:
        yield
    finally:
        hook.remove()


def moved(batch: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """The batch with its tensors on the device."""
    return {name: value.to(device) if isinstance(value, Tensor) else value for name, value in batch.items()}


def chunks(items: Sequence[Any], size: int) -> list[list[Any]]:
    """The items in lists of a size; the last may be shorter."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]
