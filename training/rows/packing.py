"""Rows end to end instead of padded: which go together, and whether a base keeps them apart."""

from collections.abc import Sequence
from typing import Any

import torch

from hone.training.models.loading import Model
from hone.training.rows.batches import collate, label_logits, learnt, moved
from hone.training.rows.encode import IGNORED, Encoded

_SAME = 1e-3  # of the largest logit: above what the order of a sum changes, far below what a leak does
_ROUNDED = 16  # steps of a coarser number, as of bfloat16


def packs(rows: Sequence[Encoded], room: int) -> list[list[Encoded]]:
    """The rows in packs of at most so many tokens, by first fit, the longest first; the fullest pack comes first.

    A row that is longer than the room has a pack of its own.
    """
    found: list[list[Encoded]] = []
    left: list[int] = []
    for row in sorted(rows, key=len, reverse=True):
        fits = next((place for place, free in enumerate(left) if len(row) <= free), None)
        if fits is None:
            found.append([row])
            left.append(room - len(row))
        else:
            found[fits].append(row)
            left[fits] -= len(row)
    return [found[place] for place in sorted(range(len(found)), key=lambda place: left[place])]


def pack(rows: Sequence[Encoded]) -> dict[str, Any]:
    """A pack of causal rows as tensors (1, tokens): input_ids and position_ids; `places` and `targets` as by `collate`.

    Positions begin anew with each row and there is no attention mask: by that a base of transformers knows that no row
    may see another one.
    """
    following = [label for row in rows for label in [*row.labels[1:], IGNORED]]  # nobody foretells the next row's start
    return {
        "input_ids": torch.tensor([[token for row in rows for token in row.ids]]),
        "position_ids": torch.tensor([[place for row in rows for place in range(len(row))]]),
        **learnt(following),
    }


@torch.no_grad()
def keeps_apart(model: Model, rows: Sequence[Encoded]) -> bool:
    """Whether the model says to packed rows what it says to each alone. Two rows are tried.

    Not every architecture honours positions; one that does not would learn from foreign rows without a word.
    """
    pair = list(rows[:2])
    was_training = model.training
    model.eval()
    try:
        device = next(model.parameters()).device
        together = label_logits(model, moved(pack(pair), device))
        alone = torch.cat([label_logits(model, moved(collate([row], 0), device)) for row in pair])
    finally:
        model.train(was_training)
    bound = max(_SAME, _ROUNDED * torch.finfo(alone.dtype).eps)
    return bool((together - alone).abs().max() <= bound * alone.abs().max())
