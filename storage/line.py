"""The front of the queue as the writer's thread remembers it: leases, the next pairs, and who has a draft.

Kept in step by `queue` and `seats`, in the thread that writes; see `memory` for when it is forgotten.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from hone.storage.pairs import Begun
from hone.storage.records import Record


class Lease(Record):
    """A pair or matchup promised to one person for some minutes. The token is opaque and random."""

    token: str
    subject_id: str
    person_id: str
    expires_at: datetime


@dataclass
class Front:
    """The first pairs of a project that want an opinion of anybody, by place and number.

    Those before `end` that are not here have no room: others are at work on them.
    """

    pairs: list[Begun]
    end: float = inf


@dataclass
class Line:
    """What is known of all projects. `leases` are those of pairs, the newest first; None before they were read."""

    leases: list[Lease] | None = None
    pairs: dict[str, Begun] = field(default_factory=dict[str, Begun])
    fronts: dict[str, Front] = field(default_factory=dict[str, Front])
    drafts: dict[str, set[str]] = field(default_factory=dict[str, set[str]])  # pairs, by person

    def holders(self) -> defaultdict[str, set[str]]:
        """Who is at work on each pair."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for lease in self.leases or ():
            found[lease.subject_id].add(lease.person_id)
        return found

    def released(self, gone: Collection[tuple[str, str]]) -> list[str]:
        """Forget what these people (behind the pair) hold; gives the tokens."""
        known = self.leases or []
        dropped = [lease.token for lease in known if (lease.subject_id, lease.person_id) in gone]
        self.leases = [lease for lease in known if (lease.subject_id, lease.person_id) not in gone]
        return dropped

    def moved(self, one: Begun) -> None:
        """A pair stands elsewhere now; `one` is how."""
        pair = one.pair
        front = self.fronts.get(pair.project_id)
        if front is not None:
            front.pairs = [other for other in front.pairs if other.pair.id != pair.id]
            if wanting(one) and pair.reserved_for is None and pair.place < front.end:
                insort(front.pairs, one, key=turn)
        if wanting(one):
            self.pairs[pair.id] = one
        else:
            self.pairs.pop(pair.id, None)


def turn(one: Begun) -> tuple[float, int]:
    """By this the pairs come."""
    return (one.pair.place, one.pair.number)


def wanting(one: Begun) -> bool:
    """Whether the queue has the pair."""
    pair = one.pair
    return pair.kind == "pair" and pair.state == "open" and pair.done < pair.wanted


def has_room(one: Begun, holders: Collection[str]) -> bool:
    """Whether it wants more opinions than it has and will get; who takes a second look does not count."""
    return one.pair.done + len(set(holders) - one.said_by) < one.pair.wanted
