"""What an encoder reads: rows of ids of one length."""

from collections.abc import Sequence
from typing import Any

import torch

from hone.training.rows.encode import Encoded


def padded(rows: Sequence[Encoded], pad: int) -> dict[str, Any]:
    """The ids of rows and their mask, each (rows, longest), padded on the right."""
    width = max(len(row.ids) for row in rows)
    return {
        "input_ids": torch.tensor([row.ids + [pad] * (width - len(row.ids)) for row in rows]),
        "attention_mask": torch.tensor([[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows]),
    }
