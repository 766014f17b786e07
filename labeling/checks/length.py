"""Responses and contexts that are much shorter or longer than what is usual in the project."""

import math
from collections.abc import Iterator, Sequence
from statistics import median

from hone.labeling.checks.found import Found, Norms, Texts, Usual
from hone.storage.reviews import Field

FAR = 3.5  # robust standard deviations: Iglewicz and Hoaglin (1993) call that an outlier
TIMES = 4  # and so many times the usual length, or a fourth of it: what differs by less is no surprise
FEWEST = 30  # pairs, below which nothing is usual
_MEASURED: tuple[Field, ...] = ("context", "response")


def usual(lengths: Sequence[int]) -> Usual:
    """The robust middle and spread of lengths in characters, empty texts left out."""
    logs = [math.log(length) for length in lengths if length]
    if not logs:
        return Usual(0.0, 0.0, 0)
    middle = median(logs)
    return Usual(middle, 1.4826 * median(abs(one - middle) for one in logs), len(logs))


def find(texts: Texts, norms: Norms) -> Iterator[Found]:
    """A field each, about the whole of it."""
    for field in _MEASURED:
        length = len(getattr(texts, field).strip())
        norm = norms.lengths.get(field)
        if not length or norm is None or norm.texts < FEWEST:
            continue
        away = math.log(length) - norm.middle
        if abs(away) > max(FAR * norm.spread, math.log(TIMES)):
            middle = round(math.exp(norm.middle))
            much = "longer" if away > 0 else "shorter"
            says = f"The {field} has {length:,} characters, much {much} than the usual {middle:,}."
            yield Found("length", field, 0, 0, says)
