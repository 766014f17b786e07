"""Texts that say the same: exactly, or nearly.

Nearly means that the sets of three-word shingles have a Jaccard similarity of at least 0.8 (Broder 1997, "On the
resemblance and containment of documents"). The checks and `leaks` each search in their own way; this is what they mean.
"""

import unicodedata
from collections.abc import Callable
from typing import TypeAlias

from hone.labeling.diff import TOKEN

SHINGLE = 3  # words
ALIKE = 0.8
Shingles: TypeAlias = frozenset[str]


def normalised(text: str) -> str:
    """The words of a text in lower case, without punctuation and spacing (Unicode NFKC)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(token for token in TOKEN.findall(folded) if token[0].isalnum())


def compared(instruction: str, context: str, response: str, words: Callable[[str], str] = normalised) -> list[str]:
    """The words by which two pairs are compared: an instruction that many contexts share is no likeness."""
    return f"{words(context if context.strip() else instruction)} {words(response)}".split()


def shingles(text: str) -> Shingles:
    """All runs of three words of a text; a shorter text is one shingle, one without words has none."""
    words = normalised(text).split()
    if not words:
        return frozenset()
    return frozenset(" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1)))


def jaccard(one: Shingles, other: Shingles) -> float:
    """The share of shingles that two texts have in common, of all that they have; 0 for two empty ones."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0
