"""The checks over a whole project, a portion of pairs at a time: what is usual, what each pair has, which are alike."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from hone.labeling.checks import alike
from hone.labeling.checks.alike import Bucket
from hone.labeling.checks.every import check, norms_of, own_words, unknown_words
from hone.labeling.checks.found import Norms, Texts
from hone.labeling.duplicates import ALIKE
from hone.storage import findings
from hone.storage.findings import Checked, Finding, Unchecked
from hone.storage.store import Store

PORTION = 1_000  # pairs that are read, and compared with all before them, at once
CHUNK = 200  # pairs of one transaction
SAMPLE = 4_000  # pairs that say what is usual
FULL = 8  # pairs of a bucket, beyond which it takes no more
CLOSEST = 4  # pairs with the most buckets in common, with which one is compared word by word

Pause: TypeAlias = Callable[[], bool]  # called between pairs; False: stop here


class ProjectChecks:
    """The checks of one project. What is usual is read once, at the beginning; its own words are counted on.

    Args:
        store: The open workspace.
        project_id: Of the project.
    """

    def __init__(self, store: Store, project_id: str):
        self.store = store
        self.project_id = project_id
        with store.read() as cursor:
            usual = [_texts(one) for one in findings.sample(cursor, project_id, SAMPLE)]
        self._norms = norms_of(usual)
        self._words: Counter[str] = Counter(word for texts in usual for word in unknown_words(texts))

    def portion(self, pause: Pause) -> int:
        """Check the next pairs, as long as `pause` gives True between them; how many were stored.

        0 means that none is left, or that it was stopped.
        """
        with self.store.read() as cursor:
            waiting = findings.unchecked(cursor, self.project_id, PORTION)
        if not waiting:
            return 0
        self._words.update(word for one in waiting for word in unknown_words(_texts(one)))
        norms = own_words(self._norms, self._words)
        places = {one.pair_id: alike.buckets(_texts(one)) for one in waiting if pause()}
        earlier = _Earlier(self.store, self.project_id, list(places.values()))
        stored = 0
        for start in range(0, len(waiting), CHUNK):
            chunk = [one for one in waiting[start : start + CHUNK] if one.pair_id in places]
            checked = [self._one(one, norms, places[one.pair_id], earlier) for one in chunk if pause()]
            if len(checked) < len(chunk) or not checked:
                break
            self.store.write(partial(findings.keep, project_id=self.project_id, checked=checked))
            stored += len(checked)
        return stored

    def _one(self, pair: Unchecked, norms: Norms, places: Sequence[Bucket], earlier: "_Earlier") -> Checked:
        found = [Finding(pair_id=pair.pair_id, **one._asdict()) for one in check(_texts(pair), norms)]
        like = earlier.like(pair, places)
        if like:
            return Checked(pair.pair_id, [like, *found], ())
        return Checked(pair.pair_id, found, earlier.take(pair, places))


class _Earlier:
    """The pairs that were checked before, as far as they share a bucket with those of a portion."""

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


def _texts(one: Unchecked) -> Texts:
    return Texts(one.instruction, one.context, one.response)
