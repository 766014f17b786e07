"""Claims and whole submits in the store, from many threads at once."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import quantiles

from hone.labeling import desk
from hone.labeling.desk import Opinion
from hone.labeling.spans import mark
from hone.storage import pairs, people, queue
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.queue import Lease, Wish
from hone.storage.records import new_id
from hone.storage.store import Cursor, Store

TEXT = "word " * 60 + "nurses are women " + "word " * 60
FLAG = mark(TEXT, "stereotype", "nurses are women", protected_group="women")
WHOLE = Opinion(
    decision="approve", response=TEXT.replace("word", "term", 3), flags=(FLAG,), ratings={"accuracy": 4}, note="edited"
)


@dataclass
class Timed:
    """Seconds of all together and of each act, and what each act was about."""

    seconds: float = 0.0
    each: list[float] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)

    @property
    def doubled(self) -> int:
        """Acts on something that another act was about."""
        return len(self.subjects) - len(set(self.subjects))

    def cells(self) -> tuple[str, str, str]:
        """A second, median and 95th percentile in milliseconds."""
        cuts = quantiles(self.each, n=20)
        return f"{len(self.each) / self.seconds:,.0f}", f"{cuts[9] * 1000:.1f}", f"{cuts[18] * 1000:.1f}"


def fill(store: Store, project: Project, author: Person, count: int) -> list[str]:
    """So many pairs of about 1 kB, checked already: a server looks through new ones as soon as it starts."""
    new = [NewPair(instruction=f"Answer letter {n}.", context="c " * 100, response=TEXT) for n in range(count)]

    def change(cursor: Cursor) -> list[str]:
        made = pairs.add(cursor, project.id, new, author_id=author.id, wanted=project.settings.overlap)
        cursor.execute("update pair set checks = '' where project_id = ?", [project.id])
        return made

    return store.write(change)


def hire(store: Store, count: int, name: str = "expert") -> list[Person]:
    """So many experts."""

    def change(cursor: Cursor) -> list[Person]:
        return [people.add(cursor, f"{name}{number}", ("expert",)) for number in range(count)]

    return store.write(change)


def claims(store: Store, project: Project, threads: int, count: int) -> Timed:
    """Leases taken by people who hold nothing yet, and given back at the end."""

    def work(place: int) -> Iterator[Callable[[], str]]:
        for turn in range(count // threads):
            wish = Wish(project_id=project.id, person_id=f"{threads} {place} {turn}")
            yield partial(_claimed, store, wish)

    done = together(threads, work)
    store.write(lambda cursor: cursor.execute("delete from lease").fetchall())
    return done


def _claimed(store: Store, wish: Wish) -> str:
    lease: Lease | None = store.write_each(queue.claim_all, wish)
    assert lease is not None, "there are fewer pairs than claims: ask for more --pairs"
    return lease.subject_id


def submits(store: Store, project: Project, experts: Sequence[Person], count: int) -> Timed:
    """Whole opinions: an edited text, a flag, ratings and a note, on pairs that these people hold."""
    share = count // len(experts)
    held = [[_hold(store, project, expert) for _ in range(share)] for expert in experts]

    def work(place: int) -> Iterator[Callable[[], str]]:
        for token in held[place]:
            yield partial(_submitted, store, project, experts[place], token)

    return together(len(experts), work)


def _submitted(store: Store, project: Project, expert: Person, token: str) -> str:
    return desk.submit(store, project, expert, token, WHOLE, new_id()).pair_id


def _hold(store: Store, project: Project, expert: Person) -> str:
    """A lease on one more pair, beside those that the expert holds already."""
    free = (
        "select id from pair where project_id = ? and state = 'open' "
        "and id not in (select subject_id from lease) limit 1"
    )

    def change(cursor: Cursor) -> str:
        row = cursor.execute(free, [project.id]).fetchone()
        assert row is not None, "there are fewer pairs than submits: ask for more --pairs"
        return queue.lease(cursor, "pair", row[0], expert.id).token

    return store.write(change)


def cycles(store: Store, project: Project, expert: Person, count: int) -> tuple[Timed, Timed]:
    """One expert alone: the next pair, then a plain approval."""
    taken, said = Timed(), Timed()
    for _ in range(count):
        begun = time.perf_counter()
        lease = desk.next_view(store, project, expert).lease
        between = time.perf_counter()
        assert lease is not None, "there are fewer pairs than cycles: ask for more --pairs"
        desk.submit(store, project, expert, lease.token, Opinion(decision="approve"), new_id())
        taken.each.append(between - begun)
        said.each.append(time.perf_counter() - between)
    taken.seconds, said.seconds = sum(taken.each), sum(said.each)
    return taken, said


def together(threads: int, work: Callable[[int], Iterator[Callable[[], str]]]) -> Timed:
    """Run `work(0)`, `work(1)`, ... in threads; each gives acts, which are timed and give their subject."""
    done = Timed()

    def run(place: int) -> None:
        for act in work(place):
            begun = time.perf_counter()
            subject = act()
            done.each.append(time.perf_counter() - begun)
            done.subjects.append(subject)

    crowd = [threading.Thread(target=run, args=(place,)) for place in range(threads)]
    begun = time.perf_counter()
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    done.seconds = time.perf_counter() - begun
    return done
