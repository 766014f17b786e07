"""Which prompts are answered together."""

from collections.abc import Callable, Sequence
from typing import TypeVar

TOKENS = 16_384  # of a batch, prompts and longest answers together
ROWS = 64  # more rows hardly gain anything: the slowest one of a batch is waited for by all others

Asked = TypeVar("Asked")


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
