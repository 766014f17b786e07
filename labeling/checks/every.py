"""All checks of one pair's texts, and what they need to know of the project."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from hone.labeling.checks import (
    empty,
    garbled,
    language,
    length,
    mismatch,
    personal,
    refusal,
    repeated,
    residue,
    secret,
    spacing,
    spelling,
    toxic,
    truncated,
)
from hone.labeling.checks.found import Found, Norms, Texts
from hone.labeling.checks.tongues import tongue

CHECKS = (
    secret,
    personal,
    toxic,
    empty,
    truncated,
    refusal,
    mismatch,
    repeated,
    language,
    garbled,
    residue,
    spelling,
    length,
    spacing,
)
MOST = 50  # findings of one kind in one pair: a list of a thousand addresses is one matter
SAMPLE = 300  # responses whose language is asked
MAJORITY = 0.6
OWN_WORD = 3  # pairs with a word, from which on it is the team's own


def check(texts: Texts, norms: Norms) -> list[Found]:
    """What is found in one pair, without comparing it with others; by check, then by place."""
    return [found for each in CHECKS for found in _some(each.find(texts, norms))]


class Seen(NamedTuple):
    """What one pair of a sample says about what is usual; `language` and `ended` None where nothing tells them."""

    language: str | None
    context: int
    response: int
    ended: bool | None


def seen(texts: Texts, ask_language: bool) -> Seen:
    """What a pair says about what is usual in its project."""
    response = texts.response.strip()
    return Seen(
        tongue(texts.response) if ask_language else None,
        len(texts.context.strip()),
        len(response),
        truncated.ends(texts.response) if response else None,
    )


def norms_of(sample: Sequence[Seen]) -> Norms:
    """What is usual among these pairs of a project; its own words are counted apart."""
    return Norms(
        language=_majority([one.language for one in sample]),
        lengths={
            "context": length.usual([one.context for one in sample]),
            "response": length.usual([one.response for one in sample]),
        },
        ended=_share_ended([one.ended for one in sample if one.ended is not None]),
    )


def own_words(norms: Norms, counted: Mapping[str, int]) -> Norms:
    """The same with the words that the team uses itself, by the number of pairs that have them."""
    return replace(norms, common=frozenset(word for word, pairs in counted.items() if pairs >= OWN_WORD))


def _share_ended(ended: Sequence[bool]) -> float | None:
    return sum(ended) / len(ended) if len(ended) >= length.FEWEST else None


def unknown_words(texts: Texts) -> set[str]:
    """The words that no dictionary has, in any text of a pair: a team's word is in its contexts too."""
    return {match[0] for _, text in texts.fields() for match in spelling.unknown(text)}


def _majority(found: Sequence[str | None]) -> str | None:
    said = Counter(code for code in found if code is not None)
    code, count = said.most_common(1)[0] if said else (None, 0)
    return code if count and count >= MAJORITY * said.total() else None


def _some(found: Iterator[Found]) -> Iterator[Found]:
    for place, one in enumerate(found):
        if place == MOST:
            return
        yield one
