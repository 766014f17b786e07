"""One thread writes: every change of the store goes through it and is committed in groups.

Measured with 50 threads claiming items: select-then-update on each thread's own cursor gave 561 of 808
items to two people; a lock gave 334 claims a second; one writer with group commit 6,030, none doubled.

Requests of one kind are also worked on together (`call_each`): fifty submits are then a dozen statements over
sets of rows, not a dozen each.
"""

import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import duckdb

from hone.storage.errors import HoneError, WorkspaceError
from hone.storage.memory import Memory

R = TypeVar("R")
T = TypeVar("T")
Change: TypeAlias = Callable[[duckdb.DuckDBPyConnection], T]
Work: TypeAlias = Callable[[duckdb.DuckDBPyConnection, Memory, Sequence[R]], Sequence[T | HoneError]]

ONE_PROCESS = True  # so nobody else changes what was read; with several (on PostgreSQL) nothing is kept in memory
GROUP = 64  # requests in one transaction at most


@dataclass(frozen=True)
class Request:
    """One thing to do, and where its answer goes. Requests with the same `work` are done together."""

    work: Work[Any, Any]
    wish: Any
    strange: bool = False  # changes what a memory may hold, without telling it
    answer: Future[Any] = field(default_factory=Future[Any])


class Writer:
    """Runs changes in transactions of its own thread; `call` returns after the commit."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._cursor = connection.cursor()
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._memory = Memory()
        self.changes = 0  # so often has something been committed that is not the work of `call_each`
        self._closed = False
        self._lock = threading.Lock()  # no request may enter the queue behind the one that ends the thread
        self._thread = threading.Thread(target=self._loop, name="hone-writer", daemon=True)
        self._thread.start()

    def call(self, change: Change[T]) -> T:
        """Run `change(cursor)` in a transaction and give what it returns, once that is committed.

        `change` must do nothing but statements and arithmetic: it may run twice, when another request of
        its group fails and the group is replayed one by one. What it raises is raised here, and nothing
        of it is stored.
        """

        def alone(cursor: duckdb.DuckDBPyConnection, memory: Memory, _: Sequence[None]) -> Sequence[T]:
            memory.forget()
            return [change(cursor)]

        answer: T = self._ask(Request(alone, None, strange=True))
        return answer

    def call_each(self, work: Work[R, T], wish: R) -> T:
        """The same for one of a kind: all wishes for `work` that wait are given to it together, as a list.

        `work(cursor, memory, wishes)` answers each in their order; one that it cannot fulfil it answers with a
        HoneError, which is raised here, and stores nothing of it: the others are stored. It may run twice, as in
        `call`. It keeps the memory in step with all that it writes.
        """
        answer: T = self._ask(Request(work, wish))
        return answer

    def _ask(self, request: Request) -> Any:
        with self._lock:
            if self._closed:
                raise WorkspaceError("The workspace is closed. Open it again.")
            self._requests.put(request)
        return request.answer.result()

    def close(self) -> None:
        """Finish what is waiting, then end the thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._requests.put(None)
        self._thread.join()
        self._cursor.close()

    def _loop(self) -> None:
        while (group := self._next_group()) is not None:
            if not self._run(group):
                for request in group:
                    self._run([request], last=True)

    def _next_group(self) -> list[Request] | None:
        """Wait for one request and take those that wait behind it; None at the end."""
        first = self._requests.get()
        if first is None:
            return None
        group = [first]
        while len(group) < GROUP and not self._requests.empty():
            request = self._requests.get()
            if request is None:
                self._requests.put(None)  # close comes after what is already taken
                break
            group.append(request)
        return group

    def _run(self, group: list[Request], last: bool = False) -> bool:
        """All of the group in one transaction. False: nothing is stored and nobody was answered."""
        if last or not ONE_PROCESS:
            self._memory.forget()
        knew = not self._memory.empty
        try:
            self._cursor.begin()
            answers = self._answers(group)
            self._cursor.commit()
        except BaseException as problem:
            self._rollback()
            self._memory.forget()  # it may know what was not stored
            alone = len(group) == 1 and (group[0].strange or not knew)  # else it is worth a second try, from the store
            if last or alone:
                group[0].answer.set_exception(_readable(problem))
                return True
            return False
        if any(request.strange for request in group):
            self.changes += 1  # before anybody is answered: what was read earlier is asked for no more
        for request, answer in answers:
            if isinstance(answer, HoneError):
                request.answer.set_exception(answer)
            else:
                request.answer.set_result(answer)
        return True

    def _answers(self, group: list[Request]) -> list[tuple[Request, Any]]:
        """What each request comes to; those for the same work are handed to it together."""
        kinds: defaultdict[Work[Any, Any], list[Request]] = defaultdict(list)
        for request in group:
            kinds[request.work].append(request)
        return [
            pair
            for work, requests in kinds.items()
            for pair in zip(requests, work(self._cursor, self._memory, [one.wish for one in requests]), strict=True)
        ]

    def _rollback(self) -> None:
        # After a failed statement COMMIT would silently roll back; ROLLBACK says what it does.
        with suppress(duckdb.Error):  # a failed commit has ended the transaction itself
            self._cursor.rollback()


def _readable(problem: BaseException) -> BaseException:
    """A full disk is something a person can mend."""
    if isinstance(problem, duckdb.Error) and "No space left on device" in str(problem):
        return WorkspaceError(
            "The disk is full: the last change was not saved, everything before it was. Free some space and repeat."
        )
    return problem
