"""Texts that say the same: exactly, or nearly.

Nearly means that the sets of three-word shingles have a Jaccard similarity of at least 0.8 (Broder 1997, "On the
resemblance and containment of documents"). The search is exact, not sampled: texts that similar share one of
their rarest shingles (prefix filter: Bayardo, Ma & Srikant 2007, "Scaling up all pairs similarity search").
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TypeAlias

from hone.labeling.diff import TOKEN
from hone.storage.records import Record

SHINGLE = 3  # words
ALIKE = 0.8
Shingles: TypeAlias = frozenset[str]


class Likeness(Record):
    """The text that another is most like, and how much: Jaccard similarity, 0.8 to 1."""

    like: str
    jaccard: float


def normalised(text: str) -> str:
    """The words of a text in lower case, without punctuation and spacing (Unicode NFKC)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(token for token in TOKEN.findall(folded) if token[0].isalnum())


def shingles(text: str) -> Shingles:
    """All runs of three words of a text; a shorter text is one shingle, one without words has none."""
    words = normalised(text).split()
    if not words:
        return frozenset()
    return frozenset(" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1)))


def near_duplicates(probes: Mapping[str, Shingles], kept: Mapping[str, Shingles]) -> dict[str, Likeness]:
    """For each probe that is nearly the same as one of `kept`: which one, the most alike and then the first by name."""
    count = Counter(shingle for group in (probes, kept) for text in group.values() for shingle in text)

    def rarest(text: Shingles) -> list[str]:
        prefix = len(text) - math.ceil(ALIKE * len(text)) + 1
        return sorted(text, key=lambda shingle: (count[shingle], shingle))[:prefix]

    index: defaultdict[str, list[str]] = defaultdict(list)
    for name, text in kept.items():
        for shingle in rarest(text) if text else ():
            index[shingle].append(name)
    found: dict[str, Likeness] = {}
    for probe, text in probes.items():
        candidates = {name for shingle in rarest(text) for name in index.get(shingle, ())} if text else set[str]()
        closest = min(((-jaccard(text, kept[name]), name) for name in candidates), default=(0.0, ""))
        if -closest[0] >= ALIKE:
            found[probe] = Likeness(like=closest[1], jaccard=-closest[0])
    return found


def jaccard(one: Shingles, other: Shingles) -> float:
    """The share of shingles that two texts have in common, of all that they have; 0 for two empty ones."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0
