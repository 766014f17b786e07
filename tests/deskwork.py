"""A project with experts at its desk, and short words for what they do there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hone.labeling import desk
from hone.labeling.desk import DeskView, Opinion
from hone.labeling.opinions import record_reviews
from hone.labeling.saying import Verdict
from hone.storage import pairs
from hone.storage.filters import PairFilter
from hone.storage.pairs import NewPair, Pair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.reviews import Review
from hone.storage.store import Store


@dataclass
class Desk:
    """One project, its people, and a counter for request keys."""

    store: Store
    project: Project
    lead: Person
    ana: Person
    ben: Person
    cleo: Person
    keys: Iterator[int] = field(default_factory=count)

    def add(self, *new: NewPair) -> list[str]:
        wanted = self.project.settings.overlap
        return self.store.write(
            lambda cursor: pairs.add(cursor, self.project.id, new, author_id=self.lead.id, wanted=wanted)
        )

    def fill(self, number: int, groups: int | None = None) -> list[str]:
        """`number` pairs that are nothing alike."""
        return self.add(
            *(
                NewPair(
                    instruction=f"Explain topic {place}",
                    response=" ".join(f"word{place}x{part}" for part in range(6)),
                    group=f"group {place % groups}" if groups else None,
                )
                for place in range(number)
            )
        )

    def next(self, person: Person) -> DeskView:
        return desk.next_view(self.store, self.project, person)

    def key(self) -> str:
        return f"request {next(self.keys)}"

    def say(self, person: Person, decision: Verdict = "approve", **more: Any) -> Review:
        """Take the next pair and say this about it."""
        view = self.next(person)
        assert view.lease is not None
        opinion = Opinion(decision=decision, **more)
        return desk.submit(self.store, self.project, person, view.lease.token, opinion, self.key())

    def undo(self, person: Person) -> Review | None:
        return desk.undo(self.store, self.project, person, self.key())

    def approve(self, *keys: str) -> None:
        """Ana and Ben approve these pairs as they are."""
        rows = [{"key": key, "annotator": name, "decision": "approve"} for key in keys for name in ("ana", "ben")]
        done = record_reviews(self.store, self.project, self.lead, rows)
        assert done.refused == ()

    def all_approve(self) -> None:
        with self.store.read() as cursor:
            waiting = pairs.listing(cursor, self.project.id, PairFilter(states=("open",)), limit=1_000)
        self.approve(*(f"#{pair.number}" for pair in waiting if pair.done == 0))

    def pair(self, pair_id: str) -> Pair:
        with self.store.read() as cursor:
            return pairs.get(cursor, pair_id)

    def approved_text(self, pair_id: str) -> str:
        revision = self.pair(pair_id).approved_revision
        assert revision is not None
        with self.store.read() as cursor:
            return pairs.revision(cursor, revision).response
