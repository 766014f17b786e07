"""Who reads the texts: this process, or a child of low priority that leaves nothing behind in a server's memory.

The child (`child.py`) gets calls on its standard input and answers on its standard output, once for each text: so it is
known at which one it ended, or does not come to an end.
"""

import os
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pickle import UnpicklingError
from typing import IO, Any, NamedTuple, Protocol, TypeVar

from hone.labeling.checks import alike
from hone.labeling.checks.alike import Bucket
from hone.labeling.checks.every import SAMPLE, Seen, check, norms_of, own_words, seen, unknown_words
from hone.labeling.checks.found import Found, Norms, Texts
from hone.storage.errors import WorkspaceError
from hone.storage.findings import Unchecked

COMMAND = [sys.executable, "-m", "hone.labeling.checks.child"]
PATIENCE = 5.0  # seconds for a child to end
START = 120.0  # seconds for a child to begin
LONGEST = 60.0  # seconds for one text
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
        for _ in self.beginning(sample):
            pass

    def expect(self, texts: Sequence[Texts]) -> None:
        """Count the words of texts that are to be read, so that a team's own are known before the first."""
        for _ in self.expecting(texts):
            pass

    def read(self, texts: Sequence[Texts]) -> list[Reading]:
        """Check these pairs."""
        return list(self.reading(texts))

    def beginning(self, sample: Sequence[Texts]) -> Iterator[None]:
        """`begin`, one text after the other."""
        step = max(1, len(sample) // SAMPLE)
        known: list[Seen] = []
        self._words = Counter()
        for place, one in enumerate(sample):
            known += _spared(partial(_seen, one, place % step == 0), [])
            self._words.update(_unknown(one))
            yield None
        self._norms = norms_of(known)

    def expecting(self, texts: Sequence[Texts]) -> Iterator[None]:
        """`expect`, one text after the other."""
        for one in texts:
            self._words.update(_unknown(one))
            yield None
        self._norms = own_words(self._norms, self._words)

    def reading(self, texts: Sequence[Texts]) -> Iterator[Reading]:
        """`read`, one text after the other."""
        return map(self._read, texts)

    def _read(self, one: Texts) -> Reading:
        return _spared(lambda: Reading(check(one, self._norms), alike.buckets(one)), Reading([], []))


def _seen(one: Texts, ask_language: bool) -> list[Seen]:
    return [seen(one, ask_language)]


def _unknown(one: Texts) -> set[str]:
    return _spared(lambda: unknown_words(one), set())


def _spared(make: Callable[[], T], otherwise: T) -> T:
    """What is made, or `otherwise` and a line in the log: a text on which a check fails must not stop all others."""
    try:
        return make()
    except Exception:
        traceback.print_exc()
        return otherwise


class ReaderEnded(WorkspaceError):
    """The child ended, or was ended after LONGEST seconds, at one of the texts that it was asked about.

    `place` is that of the text; `pair` is known to who asked.
    """

    def __init__(self, place: int):
        super().__init__(_ENDED)
        self.place = place
        self.pair: Unchecked | None = None


_ENDED = "The process that reads the pairs has ended. The next import starts another."


class ReaderChild:
    """Reads in a child process; use it as a context manager.

    Raises:
        ReaderEnded: The child ended at a text, or took too long.
        WorkspaceError: The child could not be started, or ended for another reason.
    """

    def __init__(self) -> None:
        try:
            self._child = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as problem:
            raise WorkspaceError(f"The checks cannot start a process: {problem.strerror}.") from problem
        self._calls = Connection(_taken(self._child.stdin), readable=False)
        self._answers = Connection(_taken(self._child.stdout), writable=False)
        self._began = False

    def begin(self, sample: Sequence[Texts]) -> None:
        """Learn from a sample what is usual in a project."""
        self._ask("begin", list(sample))

    def expect(self, texts: Sequence[Texts]) -> None:
        """Count the words of texts that are to be read, so that a team's own are known before the first."""
        self._ask("expect", list(texts))

    def read(self, texts: Sequence[Texts]) -> list[Reading]:
        """Check these pairs."""
        return self._ask("read", list(texts))

    def stop(self) -> None:
        """End the child at once, whatever it reads: who waits for its answer gets a WorkspaceError."""
        self._child.kill()

    def close(self) -> None:
        """Let the child end; one that does not is killed."""
        self._calls.close()
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._answers.close()

    def __enter__(self) -> "ReaderChild":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, what: str, texts: list[Texts]) -> list[Any]:
        try:
            if not self._began:  # its first word: what ends it from now on is a text
                self._answer(START)
                self._began = True
            self._calls.send((what, texts))
        except (OSError, EOFError, UnpicklingError) as problem:
            raise WorkspaceError(_ENDED) from problem
        answers: list[Any] = []
        while len(answers) < len(texts):
            try:
                answers.append(self._answer(LONGEST))
            except (OSError, EOFError, UnpicklingError) as problem:
                raise ReaderEnded(len(answers)) from problem
        return answers

    def _answer(self, patience: float) -> Any:
        if not self._answers.poll(patience):
            self.stop()
        return self._answers.recv()


def _taken(pipe: IO[bytes] | None) -> int:
    """The other end of a pipe, for a connection that closes it itself."""
    assert pipe is not None
    with pipe:
        return os.dup(pipe.fileno())
