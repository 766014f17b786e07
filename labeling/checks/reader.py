"""Who reads the texts: this process, or a child of low priority that leaves nothing behind in a server's memory.

The child (`child.py`) gets pickled calls on its standard input and answers on its standard output.
"""

import pickle
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple, Protocol, TypeVar

from hone.labeling.checks import alike
from hone.labeling.checks.alike import Bucket
from hone.labeling.checks.every import check, norms_of, own_words, unknown_words
from hone.labeling.checks.found import Found, Norms, Texts
from hone.storage.errors import WorkspaceError

PATIENCE = 5.0  # seconds for a child to end
T = TypeVar("T")


class Reading(NamedTuple):
    """What was found in one pair, and the buckets by which like ones are met."""

    found: list[Found]
    buckets: list[Bucket]


class Reads(Protocol):
    """Somebody who reads texts of one project after another."""

    def begin(self, sample: Sequence[Texts]) -> None:
        """Learn from a sample what is usual in a project."""

    def expect(self, texts: Sequence[Texts]) -> None:
        """Count the words of texts that are to be read, so that a team's own are known before the first."""

    def read(self, texts: Sequence[Texts]) -> list[Reading]:
        """Check these pairs."""
        ...


class Reader:
    """Reads in this process."""

    def __init__(self) -> None:
        self._norms = Norms()
        self._words: Counter[str] = Counter()

    def begin(self, sample: Sequence[Texts]) -> None:
        """Learn from a sample what is usual in a project."""
        self._norms = _spared(lambda: norms_of(sample), Norms())
        self._words = Counter(word for texts in sample for word in _unknown(texts))

    def expect(self, texts: Sequence[Texts]) -> None:
        """Count the words of texts that are to be read, so that a team's own are known before the first."""
        self._words.update(word for one in texts for word in _unknown(one))
        self._norms = own_words(self._norms, self._words)

    def read(self, texts: Sequence[Texts]) -> list[Reading]:
        """Check these pairs."""
        return [self._read(one) for one in texts]

    def _read(self, one: Texts) -> Reading:
        return _spared(lambda: Reading(check(one, self._norms), alike.buckets(one)), Reading([], []))


def _unknown(one: Texts) -> set[str]:
    return _spared(lambda: unknown_words(one), set())


def _spared(make: Callable[[], T], otherwise: T) -> T:
    """What is made, or `otherwise` and a line in the log: a text on which a check fails must not stop all others."""
    try:
        return make()
    except Exception:
        traceback.print_exc()
        return otherwise


class ReaderChild:
    """Reads in a child process; use it as a context manager.

    Raises:
        WorkspaceError: The child could not be started, or ended before it answered.
    """

    def __init__(self) -> None:
        command = [sys.executable, "-m", "hone.labeling.checks.child"]
        try:
            self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as problem:
            raise WorkspaceError(f"The checks cannot start a process: {problem.strerror}.") from problem

    def begin(self, sample: Sequence[Texts]) -> None:
        """Learn from a sample what is usual in a project."""
        self._ask("begin", list(sample))

    def expect(self, texts: Sequence[Texts]) -> None:
        """Count the words of texts that are to be read, so that a team's own are known before the first."""
        self._ask("expect", list(texts))

    def read(self, texts: Sequence[Texts]) -> list[Reading]:
        """Check these pairs."""
        found: list[Reading] = self._ask("read", list(texts))
        return found

    def stop(self) -> None:
        """End the child at once, whatever it reads: who waits for its answer gets a WorkspaceError."""
        self._child.kill()

    def close(self) -> None:
        """Let the child end; one that does not is killed."""
        with suppress(OSError):
            self._pipe(self._child.stdin).close()
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._pipe(self._child.stdout).close()

    def __enter__(self) -> "ReaderChild":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, what: str, texts: list[Texts]) -> Any:
        try:
            pickle.dump((what, texts), self._pipe(self._child.stdin))
            self._pipe(self._child.stdin).flush()
            return pickle.load(self._pipe(self._child.stdout))
        except (OSError, EOFError, pickle.UnpicklingError) as problem:
            raise WorkspaceError("The process that reads the pairs has ended. The next import starts another.") from (
                problem
            )

    @staticmethod
    def _pipe(pipe: Any) -> BinaryIO:
        assert pipe is not None
        made: BinaryIO = pipe
        return made
