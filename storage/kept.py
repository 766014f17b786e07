"""Rows that never change, kept in memory by their id: the text on a desk is read once, not at every step.

Safe without any care for transactions: an id names one row for ever, and nobody asks for the id of a row that was
never stored.
"""

from collections.abc import Callable, Collection
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The rows that were used last, at most `most` of them, of `size` letters in all."""

    def __init__(self, most: int, size: Callable[[T], int] = lambda _: 0, letters: int = 20_000_000):
        self._rows: dict[str, T] = {}
        self._size, self._most, self._letters = size, most, letters
        self._held = 0

    def put(self, row_id: str, row: T) -> None:
        """Keep a row; all others are forgotten when it is too much."""
        if row_id in self._rows:
            return
        self._held += self._size(row)
        if len(self._rows) >= self._most or self._held > self._letters:
            self._rows, self._held = {}, self._size(row)
        self._rows[row_id] = row

    def get(self, ids: Collection[str]) -> dict[str, T]:
        """Those of these rows that are kept."""
        rows = self._rows
        return {row_id: row for row_id in ids if (row := rows.get(row_id)) is not None}
