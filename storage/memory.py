"""What the writer's thread knows without reading: rows that the desk's own work has read and written itself.

Only the writer changes the store, so what one claim has read is true for the next, as long as nothing but such work
runs between them. Anything else that is written, and anything that fails, makes all of it forgotten.
"""

from typing import Any, TypeVar

T = TypeVar("T")


class Memory:
    """One object of each kind that somebody asks for, empty until that fills it."""

    def __init__(self) -> None:
        self._parts: dict[type[Any], Any] = {}

    def part(self, kind: type[T]) -> T:
        """The object of this kind; a new one after all was forgotten."""
        if kind not in self._parts:
            self._parts[kind] = kind()
        found: T = self._parts[kind]
        return found

    def forget(self) -> None:
        """Know nothing more."""
        self._parts = {}

    @property
    def empty(self) -> bool:
        """Whether nothing is known."""
        return not self._parts
