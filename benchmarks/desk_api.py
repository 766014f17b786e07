"""The desk over real HTTP: one client, several, and a soak that counts what must not happen."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from desk_store import Timed, together


class Desk(Protocol):
    """A desk that can be driven: the next task's id, and an answer to it."""

    def next(self) -> str | None:
        """The task that comes next, or None when there is none."""
        ...

    def submit(self) -> str:
        """Answer the task that came last; its id."""
        ...


class Line:
    """One kept-open connection. Answers that are no success are counted by their status, and raise."""

    def __init__(self, address: str, headers: dict[str, str]):
        where = urlsplit(address)
        self._connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=120)
        self._headers = {"Content-Type": "application/json", **headers}
        self.statuses: Counter[int] = Counter()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What comes back, as JSON."""
        text = None if body is None else json.dumps(body)
        try:
            return self._call(method, path, text)
        except (http.client.RemoteDisconnected, BrokenPipeError):  # the server has closed what was kept open
            self._connection.close()
            return self._call(method, path, text)

    def _call(self, method: str, path: str, text: str | None) -> Any:
        self._connection.request(method, path, text, self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        self.statuses[answer.status] += 1
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {said[:300]!r}")
        return json.loads(said) if said else None


@dataclass
class HoneDesk:
    """One expert at Hone's API."""

    line: Line
    project: str
    last: dict[str, Any] = field(default_factory=dict[str, Any])
    waiting: int = 0

    def next(self) -> str | None:
        """Take the next pair."""
        view = self.line.call("POST", f"/api/v1/projects/{self.project}/desk/next")
        self.last, self.waiting = view, int(view["waiting"])
        return str(view["pair"]["id"]) if view["pair"] else None

    def submit(self) -> str:
        """Rate it, and approve it with another text."""
        said = {
            "token": self.last["lease"]["token"],
            "seen": self.last["revision"]["id"],
            "decision": "approve",
            "response": self.last["revision"]["response"].replace("word", "term", 1),
            "ratings": {"accuracy": 4},
            "request_key": uuid4().hex,
        }
        return str(self.line.call("POST", f"/api/v1/projects/{self.project}/desk/reviews", said)["pair_id"])


def hone_desk(address: str, key: str, project: str, person: str) -> HoneDesk:
    """The desk of a person, by the owner's key."""
    return HoneDesk(Line(address, {"Authorization": f"Bearer {key}", "X-Hone-Person": person}), project)


def cycles(desks: list[Any], count: int) -> tuple[Timed, Timed, Timed]:
    """Next and submit in turn at all desks at once, so many in all: the cycles, and each of the two calls."""
    taken, said = Timed(), Timed()

    def work(place: int) -> Iterator[Callable[[], str]]:
        desk: Desk = desks[place]
        for _ in range(count // len(desks)):
            yield lambda: _cycle(desk, taken, said)

    done = together(len(desks), work)
    taken.seconds = said.seconds = done.seconds
    return done, taken, said


def _cycle(desk: Desk, taken: Timed, said: Timed) -> str:
    found = timed(taken, desk.next)
    assert found is not None, "there are fewer pairs than cycles: ask for more --pairs"
    return str(timed(said, desk.submit))


def timed(into: Timed, act: Callable[[], Any]) -> Any:
    """What `act` gives; how long it took is noted."""
    begun = time.perf_counter()
    answer = act()
    into.each.append(time.perf_counter() - begun)
    return answer


@dataclass
class Soak:
    """What came of many clients over one queue. All but `answered` must be 0."""

    answered: int = 0
    beyond: int = 0  # pairs that were with more people than wanted
    problems: int = 0  # answers that were no success
    lost: int = 0  # answered, and not stored


def soak(desks: list[HoneDesk], overlap: int) -> tuple[Soak, Counter[str]]:
    """All clients take and submit until nothing is left; also how many opinions were answered on each pair."""
    found, answered, served = Soak(), Counter[str](), Counter[str]()
    lock = threading.Lock()

    def work(desk: HoneDesk) -> None:
        try:
            while True:
                pair_id = desk.next()
                if pair_id is None:
                    if desk.waiting == 0:
                        return
                    continue
                with lock:
                    served[pair_id] += 1
                done = desk.submit()
                with lock:
                    answered[done] += 1
        except RuntimeError:
            with lock:
                found.problems += 1

    crowd = [threading.Thread(target=work, args=(desk,)) for desk in desks]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    found.answered = sum(answered.values())
    found.beyond = sum(count > overlap for count in served.values())
    return found, answered
