"""Which prompts are answered together, and what happens when they do not fit into memory."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from hone.storage.errors import RunError

TOKENS = 16_384  # of a batch, prompts and longest answers together
ROWS = 64  # more rows hardly gain anything: the slowest one of a batch is waited for by all others

Asked = TypeVar("Asked")
Said = TypeVar("Said")


def batches(rows: Sequence[Asked], length: Callable[[Asked], int], size: int | None) -> list[list[Asked]]:
    """The rows in batches, in their order, which is by length.

    Args:
        rows: The shortest first.
        length: Tokens of a row with its longest answer.
        size: Rows in a batch; None takes up to 64, and as many as stay below 16,384 tokens with padding.
    """
    made: list[list[Asked]] = []
    for row in rows:
        full = not made or len(made[-1]) >= (size or ROWS)
        if full or (size is None and (len(made[-1]) + 1) * length(row) > TOKENS):
            made.append([])
        made[-1].append(row)
    return made


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
