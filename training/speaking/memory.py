"""Batches on the device, and in halves when it cannot hold them."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch

from hone.storage.errors import RunError

Asked = TypeVar("Asked")
Said = TypeVar("Said")


def moved(batch: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """The batch with its tensors on the device."""
    return {name: value.to(device) if isinstance(value, torch.Tensor) else value for name, value in batch.items()}


def halving(speak: Callable[[Sequence[Asked]], Sequence[Said]], batch: Sequence[Asked]) -> list[Said]:
    """What is said to a batch; out of memory, to its halves one behind the other.

    Raises:
        RunError: One row alone does not fit.
    """
    try:
        return list(speak(batch))
    except RuntimeError as problem:
        if not _out_of_memory(problem):
            raise
    if len(batch) == 1:
        raise RunError(
            "The memory does not hold one row with its answer: lower max_new_tokens or max_length, or load the base "
            "with quantize=4bit."
        )
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = len(batch) // 2
    return [*halving(speak, batch[:half]), *halving(speak, batch[half:])]


def _out_of_memory(problem: RuntimeError) -> bool:
    """Torch's own error on a card; on the CPU it is a plain one that names its allocator."""
    return isinstance(problem, torch.OutOfMemoryError) or "can't allocate memory" in str(problem)
