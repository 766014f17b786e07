"""How many pairs to aim for: enough that the test split can tell whether the next model is better.

What training itself needs nobody can say beforehand; the trend over iterations shows it. What the comparison needs
can be computed, and this is it. The statistics are loaded when they are first asked for, not with the pages.
"""

import math
from functools import lru_cache
from statistics import NormalDist

from hone.platform.declared import gate_of
from hone.storage.projects import ProjectSettings
from hone.storage.records import Undefined

TIES = 0.25  # share of test items that decide nothing: ties, both bad, the same text twice
POWER = 0.8  # chance of finding a preference that is there
STEP = 10  # pairs; an aim is a round number
PREFERENCES = (0.7, 0.65, 0.6)  # share of decisive votes for the better model that one wants to find


def pairs_for(preference: float, settings: ProjectSettings) -> int:
    """Approved pairs so that the test split finds this true preference, rounded up to tens.

    One decisive vote for each test item is counted, however many reviewers there are: two votes on one item are not
    two items. A quarter of the items is taken to decide nothing.

    Args:
        preference: Share of decisive votes that the better model wins, over 1/2.
        settings: The level and the fewest decisive votes of its gate, and the share of its test split, are used.
    """
    gate = gate_of(settings)
    needed = _needed(preference, gate.level)
    items = math.ceil(max(needed, gate.min_decisive) / (1 - TIES))
    pairs = math.ceil(items / settings.fractions[2] / STEP) * STEP
    while not _finds(preference, _votes(pairs, settings), gate.level):  # the exact test's power is a saw
        pairs += STEP
    return pairs


def reason(pairs: int, settings: ProjectSettings) -> str:
    """What so many approved pairs are good for, in a sentence or two with its numbers."""
    gate = gate_of(settings)
    test, votes = _test_items(pairs, settings), _votes(pairs, settings)
    told = f"{pairs:,} approved pairs give {test:,} test items; with a quarter of ties about {votes:,} of them decide"
    if votes < gate.min_decisive:
        return f"{told}, and the project asks for {gate.min_decisive:,}: too few to call any model better."
    found = _smallest(votes, gate.level)
    if isinstance(found, Undefined):
        return f"{told}: too few to find any preference."
    told = (
        f"{told}, which finds a model that wins {_of_hundred(found)} of 100 such comparisons "
        f"with a chance of {_percent(POWER)} and errs in {_percent(1 - gate.level)} when there is no difference"
    )
    if settings.task == "classification":
        told += f"; a share of right labels near 80 % is known to ± {_half_width(test, gate.level):.0f} points"
    return told + "."


def _test_items(pairs: int, settings: ProjectSettings) -> int:
    return round(pairs * settings.fractions[2])


def _votes(pairs: int, settings: ProjectSettings) -> int:
    return int(_test_items(pairs, settings) * (1 - TIES))


def _finds(preference: float, votes: int, level: float) -> bool:
    found = _smallest(votes, level)
    return not isinstance(found, Undefined) and found <= preference


@lru_cache(maxsize=64)
def _needed(preference: float, level: float) -> int:
    from hone.evaluation.power import decisive_needed

    found = decisive_needed(preference, POWER, level)
    assert not isinstance(found, Undefined), "these preferences are far from even"
    return found


@lru_cache(maxsize=256)
def _smallest(votes: int, level: float) -> float | Undefined:
    from hone.evaluation.power import smallest_preference

    return smallest_preference(votes, POWER, level)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _of_hundred(share: float) -> int:
    return math.ceil(round(100 * share, 6))


def _half_width(items: int, level: float, share: float = 0.8) -> float:
    """Half the width of a share's interval in points (normal approximation)."""
    return 100 * NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(share * (1 - share) / max(items, 1))
