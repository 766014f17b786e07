"""Batches in halves, when the memory cannot hold them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hone.storage.errors import RunError
from hone.training.fitting.memory import give_back, out_of_memory

Asked = TypeVar("Asked")
Said = TypeVar("Said")


def halving(speak: Callable[[Sequence[Asked]], Sequence[Said]], batch: Sequence[Asked]) -> list[Said]:
    """What is said to a batch; out of memory, to its halves one behind the other.

    Raises:
        RunError: One row alone does not fit.
    """
    try:
        return list(speak(batch))
    except (RuntimeError, MemoryError) as problem:
        if not out_of_memory(problem):
            raise
    if len(batch) == 1:
        raise RunError(
            "The memory does not hold one row with its answer: lower max_new_tokens or max_length, or load the base "
            "with quantize=4bit."
        )
    give_back()
    half = len(batch) // 2
    return [*halving(speak, batch[:half]), *halving(speak, batch[half:])]
