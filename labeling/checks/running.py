"""The checks over a whole project, a portion of pairs at a time: what is usual, what each pair has, which are alike."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeAlias, TypeVar

from hone.labeling.batches.duplicates import ALIKE
from hone.labeling.checks import alike
from hone.labeling.checks.alike import Bucket
from hone.labeling.checks.found import Texts
from hone.labeling.checks.reader import ReaderEnded, Reading, Reads
from hone.storage import findings
from hone.storage.findings import Checked, Finding, Unchecked
from hone.storage.store import Store

PORTION = 2_000  # pairs whose words are counted before the first of them is checked
CHUNK = 200  # pairs that are compared with all before them, and stored, at once
SAMPLE = 4_000  # pairs that say what is usual
FULL = 8  # pairs of a bucket, beyond which it takes no more
CLOSEST = 4  # pairs with the most buckets in common, with which one is compared word by word

T = TypeVar("T")
GoOn: TypeAlias = Callable[[], bool]  # called between chunks; False: stop here


class ProjectChecks:
    """The checks of one project. What is usual is read once, at the beginning; its own words are counted on.

    Args:
        store: The open workspace.
        project_id: Of the project.
        reads: Who reads the texts.
        without: Ids of pairs that are not read, and have no findings: those that end who reads them.
    """

    def __init__(self, store: Store, project_id: str, reads: Reads, without: Collection[str] = ()):
        self.store = store
        self.project_id = project_id
        self.reads = reads
        self.without = without
        with store.read() as cursor:
            sample = findings.sample(cursor, project_id, SAMPLE)
        _ask(reads.begin, self._readable(sample))

    def portion(self, go_on: GoOn) -> int:
        """Check the next pairs, as long as `go_on` gives True between chunks; how many were stored.

        0 means that none is left, or that it was stopped.
        """
        with self.store.read() as cursor:
            waiting = findings.unchecked(cursor, self.project_id, PORTION)
        if not waiting:
            return 0
        _ask(self.reads.expect, self._readable(waiting))
        stored = 0
        for start in range(0, len(waiting), CHUNK):
            if not go_on():
                break
            self._chunk(waiting[start : start + CHUNK])
            stored += CHUNK
        return stored

    def _chunk(self, chunk: Sequence[Unchecked]) -> None:
        readable = self._readable(chunk)
        read = dict(zip((pair.pair_id for pair in readable), _ask(self.reads.read, readable), strict=True))
        earlier = _Earlier(self.store, self.project_id, [one.buckets for one in read.values()])
        checked = [self._one(pair, read.get(pair.pair_id, Reading([], [])), earlier) for pair in chunk]
        self.store.write(partial(findings.keep, project_id=self.project_id, checked=checked))

    def _readable(self, some: Sequence[Unchecked]) -> list[Unchecked]:
        return [pair for pair in some if pair.pair_id not in self.without]

    def _one(self, pair: Unchecked, reading: Reading, earlier: "_Earlier") -> Checked:
        found = [Finding(pair_id=pair.pair_id, **one._asdict()) for one in reading.found]
        like = earlier.like(pair, reading.buckets)
        if like:
            return Checked(pair.pair_id, [like, *found], ())
        return Checked(pair.pair_id, found, earlier.take(pair, reading.buckets))


class _Earlier:
    """The pairs that were checked before, as far as they share a bucket with those of a chunk."""

    def __init__(self, store: Store, project_id: str, places: Sequence[Sequence[Bucket]]):
        self._in: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        with store.read() as cursor:
            for one in findings.met(cursor, project_id, sorted({place for each in places for place in each})):
                self._in[one.band, one.bucket].append(one.pair_id)
            wanted = {pair_id for each in places for pair_id, _ in self._shared(each).most_common(CLOSEST)}
            self._known = findings.texts(cursor, sorted(wanted))

    def like(self, pair: Unchecked, places: Sequence[Bucket]) -> Finding | None:
        """What is found when another pair says the same, or nearly; the one that came first is named."""
        shared = {other: count for other, count in self._shared(places).items() if other in self._known}
        closest = sorted(shared, key=lambda other: (-shared[other], self._known[other].number))[:CLOSEST]
        texts = _texts(pair)
        for other in closest:
            if alike.same(texts, _texts(self._known[other])):
                says = f"The same as pair #{self._known[other].number}, apart from case, spacing and punctuation."
                return Finding(pair_id=pair.pair_id, kind="duplicate", field="response", start=0, end=0, says=says)
        for other in closest:
            likeness = alike.likeness(texts, _texts(self._known[other]))
            if likeness >= ALIKE:
                says = f"{likeness:.0%} the same phrases as pair #{self._known[other].number}."
                return Finding(pair_id=pair.pair_id, kind="near_duplicate", field="response", start=0, end=0, says=says)
        return None

    def _shared(self, places: Sequence[Bucket]) -> Counter[str]:
        """How many buckets others share with a pair."""
        return Counter(pair_id for place in places for pair_id in self._in.get(place, ()))

    def take(self, pair: Unchecked, places: Sequence[Bucket]) -> list[tuple[int, int]]:
        """Put a pair into its buckets, so that later ones meet it; those that are full take it no more."""
        kept = [(place.band, place.bucket) for place in places if len(self._in.get(place, ())) < FULL]
        self._known[pair.pair_id] = pair
        for place in kept:
            self._in[place].append(pair.pair_id)
        return kept


def _ask(ask: Callable[[Sequence[Texts]], T], some: Sequence[Unchecked]) -> T:
    """What is answered about these pairs; whoever ends at one of them names it."""
    try:
        return ask([_texts(one) for one in some])
    except ReaderEnded as problem:
        problem.pair = some[problem.place]
        raise


def _texts(one: Unchecked) -> Texts:
    return Texts(one.instruction, one.context, one.response)
