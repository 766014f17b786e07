"""Fingerprints of pairs, by which those that say nearly the same are found among a million.

MinHash (Broder 1997) over runs of three words, 24 values of what is asked (instruction and context) and 24 of the
response, in 12 bands of two and two: two pairs meet in a bucket when at least one band is equal (Leskovec, Rajaraman &
Ullman, "Mining of Massive Datasets", 3.4). Pairs that meet are then compared exactly. A band takes from both, because
many questions share a context, and many answers are the same few words: neither alone makes pairs alike.
With a similarity of 0.8 on both sides a pair is met with probability 1 - (1 - 0.8**4)**12 = 0.998.
"""

import hashlib
import zlib
from typing import Any, NamedTuple

import numpy as np

from hone.labeling.batches.duplicates import SHINGLE, jaccard, normalised, shingles
from hone.labeling.checks.found import Texts

BANDS = 12
ROWS = 2  # of each side in a band
EXACT = -1  # the band of the pair's words themselves
FEWEST_WORDS = 8  # in a pair, below which only the very same is the same

_MIX = np.random.default_rng(20)  # fixed: fingerprints are kept
_FACTORS = _MIX.integers(1, 2**63, (2, BANDS * ROWS), dtype=np.uint64) | np.uint64(1)
_SHIFTS = _MIX.integers(0, 2**63, (2, BANDS * ROWS), dtype=np.uint64)
_PLACES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


class Bucket(NamedTuple):
    """Where a pair lies: pairs of the same bucket of a band may be alike; of band -1 they are the same."""

    band: int
    bucket: int


def buckets(texts: Texts) -> list[Bucket]:
    """All buckets of a pair, 13; only the exact one for very short pairs, none for a pair without words."""
    asked, answered = normalised(f"{texts.instruction} {texts.context}").split(), normalised(texts.response).split()
    if not asked and not answered:
        return []
    exact = hashlib.blake2b(" ".join(asked).encode() + b"\n" + " ".join(answered).encode(), digest_size=8).digest()
    found = [Bucket(EXACT, int.from_bytes(exact, "big", signed=True))]
    if len(asked) + len(answered) < FEWEST_WORDS:
        return found
    both = np.concatenate((_minhash(asked, 0).reshape(BANDS, ROWS), _minhash(answered, 1).reshape(BANDS, ROWS)), axis=1)
    for band, values in enumerate(both):
        digest = hashlib.blake2b(values.tobytes(), digest_size=8).digest()
        found.append(Bucket(band, int.from_bytes(digest, "big", signed=True)))
    return found


def likeness(one: Texts, other: Texts) -> float:
    """How alike two pairs are, 0 to 1: the lesser of the Jaccard similarities of what is asked and of the "
    "responses."""
    return min(
        _alike(f"{one.instruction} {one.context}", f"{other.instruction} {other.context}"),
        _alike(one.response, other.response),
    )


def same(one: Texts, other: Texts) -> bool:
    """Whether two pairs are word for word the same, apart from case, spacing and punctuation."""
    return all(normalised(a) == normalised(b) for a, b in zip(one, other, strict=True))


def _alike(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return jaccard(a, b) if a or b else 1.0


def _minhash(words: list[str], side: int) -> Any:
    """(BANDS * ROWS,) the least value of each of as many hash functions over the runs of three words."""
    if not words:
        return np.zeros(BANDS * ROWS, dtype=np.uint64)
    hashes = np.array([zlib.crc32(word.encode()) for word in words], dtype=np.uint64)
    runs = max(1, len(words) - SHINGLE + 1)
    summed = sum(hashes[place : place + runs] * _PLACES[place] for place in range(min(SHINGLE, len(words))))
    mixed = np.asarray(summed, dtype=np.uint64)
    mixed ^= mixed >> np.uint64(29)  # the low bits decide too
    return ((mixed[:, None] * _FACTORS[side] + _SHIFTS[side]) >> np.uint64(17)).min(axis=0)
