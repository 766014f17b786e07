"""English words that no dictionary has, one letter away from one that it has, and rare in the project.

A word counts as a slip only when a common word is one letter away (Damerau 1964: four of five slips are), when it is
written small, and when fewer than three pairs have it: what a team writes thrice is its own word.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from hone.labeling.checks.found import Found, Norms, Texts, shown
from hone.labeling.checks.tongues import tongue
from hone.labeling.checks.words import dictionary
from hone.labeling.counterfactual.terms import these

SHORTEST = 4
MOST = 20  # findings in one pair: a text with more is no text
COMMON = 300  # times in the dictionary's corpus (film subtitles): what is rarer is no word that one meant
_WORD = re.compile(r"(?<![\w@#/.\\&'’-])[a-z]{4,24}(?![\w@/\\’'-]|\.\w)")
_NOT_PROSE = re.compile(r"```[\s\S]*?(?:```|\Z)|`[^`\n]*`|https?://\S+|\S+@\S+")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# British spellings by their American ones, which the dictionary has.
_BRITISH = (
    ("our", "or"), ("isation", "ization"), ("ise", "ize"), ("ising", "izing"), ("yse", "yze"), ("ysing", "yzing"),
    ("lled", "led"), ("lling", "ling"), ("ller", "ler"), ("llor", "lor"), ("tre", "ter"), ("ence", "ense"),
    ("ogue", "og"), ("ae", "e"), ("oe", "e"),
    ("mme", "m"), ("pp", "p"), ("eing", "ing"), ("dgement", "dgment"), ("mould", "mold"), ("plough", "plow"),
    ("scept", "skept"),
)  # fmt: skip
_PREFIXES = these("un re non pre sub over under co mis multi anti inter dis out auto")
_ENDINGS = these("s es ed ing er or ers ly ness able less like ful ment ity al ally ism ist ee ees")
# Right, and near to a commoner word.
_RIGHT = these(
    "aluminium api apis async backend backends boolean cron draught draughts enrol enrols fulfil fulfils frontend "
    "hostname instalment instalments kerb kerbs localhost metadata middleware param params practise practised "
    "skilful storey storeys tarmac upsert wilful"
)


def find(texts: Texts, norms: Norms) -> Iterator[Found]:
    """Each slip in an English response, with the word that was probably meant; no fix, for it is a guess."""
    if norms.language not in (None, "en"):
        return
    slips = [(match, meant) for match in unknown(texts.response) if (meant := _meant(match[0], norms)) is not None]
    given = texts.instruction + texts.context
    slips = [(match, meant) for match, meant in slips if match[0] not in given]
    if slips and tongue(texts.response, "en") in (None, "en"):
        for match, meant in slips[:MOST]:
            says = f"{shown(match[0])} is in no dictionary. Perhaps {shown(meant)}?"
            yield Found("spelling", "response", *match.span(), says)


def unknown(text: str) -> list[re.Match[str]]:
    """The words of a text that the dictionary has not: small letters only, no code, no addresses."""
    known = dictionary()
    prose = _NOT_PROSE.sub(lambda found: " " * len(found[0]), text) if re.search("[`@]|://", text) else text
    return [match for match in _WORD.finditer(prose) if match[0] not in known]


def _meant(word: str, norms: Norms) -> str | None:
    return None if word in norms.common else _nearest(word)


@lru_cache(maxsize=50_000)
def _nearest(word: str) -> str | None:
    """The commonest word that is one letter away; None for a word that is right in its own way, or like no other."""
    known = dictionary()
    if word in _RIGHT or _is_formed(word, known):
        return None
    near = max(_one_away(word), key=lambda other: known.get(other, 0))
    return near if known.get(near, 0) >= COMMON else None


def _is_formed(word: str, known: dict[str, int]) -> bool:
    """British spelling, a prefix or an ending on a known word, two known words in one, or one letter of a code."""
    for british, american in _BRITISH:
        if british in word and any(other in known for other in _with(word, british, american)):
            return True
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) > len(prefix) + 4 and word[len(prefix) :] in known:
            return True
    for ending in _ENDINGS:
        stem = word[: -len(ending)]
        if (
            word.endswith(ending)
            and len(stem) > 3
            and _stem_known(stem, known)
            and stem + stem[-1] + ending not in known
        ):
            return True  # but not "occured" and "begining", whose consonant is doubled
    return any(
        word[:cut] in known and word[cut:] in known and known[word[:cut]] > 900 and known[word[cut:]] > 900
        for cut in range(4, len(word) - 3)
    )


def _stem_known(stem: str, known: dict[str, int]) -> bool:
    return known.get(stem, 0) > 40 or known.get(stem + "e", 0) > 40


def _with(word: str, old: str, new: str) -> Iterable[str]:
    place = word.find(old)
    while place >= 0:
        yield word[:place] + new + word[place + len(old) :]
        place = word.find(old, place + 1)


def _one_away(word: str) -> Iterator[str]:
    """Every string that one slip of the fingers makes of the word: a letter more, less, other, or two exchanged."""
    for cut in range(len(word) + 1):
        left, right = word[:cut], word[cut:]
        if right:
            yield left + right[1:]
            for letter in _LETTERS:
                yield left + letter + right[1:]
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
        for letter in _LETTERS:
            yield left + letter + right
