"""Texts of two splits that are nearly the same, found exactly and fast: 100,000 texts take seconds.

What nearly means is said in `duplicates`: the sets of three-word shingles have a Jaccard similarity of at least 0.8.
Such texts share one of their rarest shingles (prefix filter: Bayardo, Ma & Srikant 2007, "Scaling up all pairs
similarity search"), so only texts that do are compared. A shingle is a number of 64 bits here, and all texts are
compared as arrays.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hone.labeling.batches.duplicates import ALIKE

Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints]

MIX = tuple(np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
AT_ONCE = 4_000_000  # shingles that are looked up in one step: about 200 MB
ROUNDING = 1e-9
LOW = 0xFFFFFFFF
COMMON = 60_000  # times; what is said more often is as common


@dataclass(frozen=True)
class Like:
    """The text that another is most like, by its place, and their Jaccard similarity, 0.8 to 1."""

    place: int
    jaccard: float


class Shingled:
    """Texts as sets of shingles. Text `i` has those of `rank` from `start[i]` to `start[i + 1]`, the rarest first."""

    def __init__(self, texts: Sequence[Sequence[str]]):
        owner, code = _shingles(texts)
        _, inverse, count = np.unique(code, return_inverse=True, return_counts=True)
        rarity = np.empty(len(count), np.int64)
        rarity[np.argsort(np.minimum(count, COMMON).astype(np.uint16), kind="stable")] = np.arange(len(count))
        self._keys = _once((owner << 32) | rarity[inverse])
        self.owner, self.rank = self._keys >> 32, self._keys & LOW
        self.start = np.searchsorted(self.owner, np.arange(len(texts) + 1))
        self.size = np.diff(self.start)

    def nearest(self, probes: Sequence[int], others: Sequence[int]) -> dict[int, Like]:
        """For each probe that is nearly the same as one of the others: the most alike, of equals the first."""
        found: dict[int, Like] = {}
        if not len(probes) or not len(others):
            return found
        for one, other in self._candidates(np.asarray(probes, np.int64), np.asarray(others, np.int64)):
            common = self._common(one, other)
            jaccard = common / (self.size[one] + self.size[other] - common)
            for i in np.flatnonzero(jaccard >= ALIKE).tolist():
                probe, like = int(one[i]), Like(int(other[i]), float(jaccard[i]))
                known = found.get(probe)
                if known is None or (-like.jaccard, like.place) < (-known.jaccard, known.place):
                    found[probe] = like
        return found

    def _candidates(self, probes: Ints, others: Ints) -> Generator[Pairs, None, None]:
        """Pairs of texts that share one of their rarest shingles and whose sizes allow that they are alike."""
        who, what = self._rarest(others)
        order = np.argsort(what, kind="stable")
        who, what = who[order], what[order]
        probe, wanted = self._rarest(probes)
        first, last = np.searchsorted(what, wanted, "left"), np.searchsorted(what, wanted, "right")
        hits = last - first
        for part in _chunks(hits * self.size[probe]):
            one = np.repeat(probe[part], hits[part])
            other = who[_ranges(first[part], hits[part])]
            pairs = _once((one << 32) | other)
            one, other = pairs >> 32, pairs & LOW
            small, large = np.minimum(self.size[one], self.size[other]), np.maximum(self.size[one], self.size[other])
            fit = (small >= ALIKE * large - ROUNDING) & (one != other)
            if fit.any():
                yield one[fit], other[fit]

    def _rarest(self, texts: Ints) -> Pairs:
        """The owner and the rank of the shingles of which two texts that are alike must share one."""
        size = self.size[texts]
        prefix = np.where(size > 0, size - np.ceil(ALIKE * size - ROUNDING).astype(np.int64) + 1, 0)
        return np.repeat(texts, prefix), self.rank[_ranges(self.start[texts], prefix)]

    def _common(self, one: Ints, other: Ints) -> Ints:
        """How many shingles the texts of each pair share."""
        size = self.size[one]
        sought = (np.repeat(other, size) << 32) | self.rank[_ranges(self.start[one], size)]
        place = np.minimum(np.searchsorted(self._keys, sought), len(self._keys) - 1)
        hit = (self._keys[place] == sought).astype(np.int64)
        return np.add.reduceat(hit, np.concatenate([[0], np.cumsum(size)[:-1]]))


def _shingles(texts: Sequence[Sequence[str]]) -> tuple[Ints, NDArray[np.uint64]]:
    """The owner and the code of every shingle, in their order; a text of one or two words is one itself."""
    lengths = np.fromiter((len(words) for words in texts), np.int64, len(texts))
    spoken = dict.fromkeys(chain.from_iterable(texts))
    number = dict(zip(spoken, range(1, len(spoken) + 1), strict=True))
    ids = np.zeros(int(lengths.sum()) + 2 * len(texts), np.uint64)  # two signs of the end stand behind each text
    starts = np.cumsum(lengths + 2) - (lengths + 2)
    numbers = map(number.__getitem__, chain.from_iterable(texts))
    ids[_ranges(starts, lengths)] = np.fromiter(numbers, np.uint64, int(lengths.sum()))
    many = np.where(lengths > 0, np.maximum(lengths - 2, 1), 0)
    at = _ranges(starts, many)
    with np.errstate(over="ignore"):
        code = ids[at] * MIX[0] + ids[at + 1] * MIX[1] + ids[at + 2] * MIX[2]
        code ^= code >> np.uint64(29)
    return np.repeat(np.arange(len(texts)), many), code


def _once(numbers: Ints) -> Ints:
    """The numbers in order, each once: numpy's own `unique` takes a hundred times as long for millions."""
    found = np.sort(numbers)
    return found[np.concatenate([[True], found[1:] != found[:-1]])] if len(found) else found


def _ranges(start: NDArray[Any], length: Ints) -> Ints:
    """start[0], start[0] + 1, ... for length[0] places, then the same for the next."""
    before = np.cumsum(length) - length
    return np.repeat(start - before, length) + np.arange(int(length.sum()))


def _chunks(cost: Ints) -> Generator[slice, None, None]:
    """Stretches of about equal cost; one that is dear by itself stands alone."""
    steps = math.ceil(int(cost.sum()) / AT_ONCE)
    bounds = np.searchsorted(np.cumsum(cost), np.arange(1, steps) * AT_ONCE) + 1
    edges = np.unique(np.concatenate([[0], bounds, [len(cost)]])).tolist()
    for first, last in pairwise(edges):
        yield slice(first, last)
