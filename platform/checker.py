"""The checks in the background: one thread of the process that owns the workspace, awake while pairs are unchecked.

The thread fetches and stores; a child of low priority reads the texts, so that no page waits for it, and what it has
in memory goes when it ends. What is stored is done; after a restart the next pairs without `checks` follow.
"""

import threading
import traceback
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from hone.storage import findings
from hone.storage.errors import HoneError
from hone.storage.findings import Progress
from hone.storage.store import Store

if TYPE_CHECKING:
    from hone.labeling.checks.reader import ReaderChild

ANYWHERE = 10  # pairs at which the child ended once: then it is not the pairs


class Checker:
    """Checks the pairs of an open workspace. `start` it in a server; elsewhere call `finish` where it is wanted."""

    def __init__(self, store: Store):
        self.store = store
        self._wake = threading.Event()
        self._idle = threading.Event()
        self._lock = threading.Lock()  # between the two
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._child: ReaderChild | None = None

    def start(self) -> None:
        """Begin with what is unchecked, and with each import after it."""
        if self._thread is None:
            self.wake()
            self._thread = threading.Thread(target=self._loop, name="hone-checker", daemon=True)
            self._thread.start()

    @property
    def started(self) -> bool:
        """Whether a thread of this process does the work."""
        return self._thread is not None

    def wake(self) -> None:
        """Pairs have come, or texts have changed."""
        with self._lock:
            self._idle.clear()
            self._wake.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Until the thread has nothing left to do; False when that takes longer than `timeout` seconds."""
        return self._idle.wait(timeout)

    def stop(self) -> None:
        """Stop within a second; what was checked but not stored is checked again."""
        with self._lock:
            self._stopping = True
            self._wake.set()
            if self._child is not None:
                self._child.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def finish(self, project_id: str, at_most: int) -> Progress:
        """Check in this thread, when no other does it, unless more pairs than `at_most` wait; how far it is then."""
        with self.store.read() as cursor:
            before = findings.progress(cursor, project_id)
        left = before.total - before.checked
        if self.started or not left or left > at_most:
            return before
        from hone.labeling.checks.reader import Reader  # numpy and a dictionary: only now
        from hone.labeling.checks.running import ProjectChecks

        checks = ProjectChecks(self.store, project_id, Reader())
        while checks.portion(self._go_on):
            pass
        with self.store.read() as cursor:
            return findings.progress(cursor, project_id)

    def _loop(self) -> None:
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            try:
                self._all()
            except HoneError as problem:  # no process can be started: the next import, or the next start, tries again
                self._waits(problem)
            with self._lock:
                if not self._wake.is_set():
                    self._idle.set()

    def _all(self) -> None:
        with self.store.read() as cursor:
            waiting = findings.waiting(cursor)
        for project_id in waiting:
            if self._stopping:
                return
            try:
                self._project(project_id)
            except HoneError as problem:  # a full disk, a child that ended: see above
                self._waits(problem)
            except Exception:  # what fails in one project must not take the others' work with it
                traceback.print_exc()

    def _project(self, project_id: str) -> None:
        """Check a project. A pair at which the child ended twice is left out: it must not stop all others."""
        from hone.labeling.checks.reader import ReaderEnded

        ended: Counter[str] = Counter()
        while not self._stopping:
            try:
                self._read(project_id, {pair_id for pair_id, times in ended.items() if times > 1})
                return
            except ReaderEnded as problem:
                if problem.pair is None or self._stopping:
                    raise
                ended[problem.pair.pair_id] += 1
                if ended[problem.pair.pair_id] > 1:
                    print(f"hone: pair #{problem.pair.number} is left without checks: their process ended at it twice.")
                if list(ended.values()).count(1) > ANYWHERE:
                    raise

    def _read(self, project_id: str, without: Collection[str]) -> None:
        from hone.labeling.checks.reader import ReaderChild
        from hone.labeling.checks.running import ProjectChecks

        with ReaderChild() as child:
            with self._lock:
                self._child = child
                if self._stopping:
                    return
            try:
                checks = ProjectChecks(self.store, project_id, child, without)
                while checks.portion(self._go_on):
                    pass
            finally:
                with self._lock:
                    self._child = None

    def _waits(self, problem: HoneError) -> None:
        if not self._stopping:  # a child that `stop` has ended is no trouble
            print(f"hone: the checks wait: {problem}")

    def _go_on(self) -> bool:
        return not self._stopping
