"""How far raters agree: raw, Cohen's kappa per pair of raters, Krippendorff's alpha with its interval.

Experts' ratings of pairs and reviewers' judgements of matchups go through the same functions.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import krippendorff
import numpy as np
import numpy.typing as npt

from hone.evaluation.intervals import Estimate, Floats, Interval, bootstrap_mean
from hone.storage.errors import InputError
from hone.storage.records import Record, Undefined

Level = Literal["nominal", "ordinal", "interval"]
Counts = npt.NDArray[np.int64]

RESAMPLES = 1000
SMALL = 30  # items; a figure that rests on fewer is called small
HELD = 2_000_000  # numbers held at once while resampling

NO_PAIR = Undefined(undefined="no item has two ratings")
NO_VARIATION = Undefined(undefined="no variation")


class Rating(Record):
    """One rater's value for one item: a label, or a number on a scale."""

    item: str
    rater: str
    value: str | float


class RaterPair(Record):
    """Two raters on the items that both rated."""

    a: str
    b: str
    n: int
    raw: float
    kappa: float | Undefined


class Agreement(Record):
    """Agreement of all raters.

    `items`, `raters`, `ratings` count what was given; `shared` counts items with two ratings or more, on
    which everything here rests. `raw` is the mean share of agreeing pairs per shared item, in 0..1.
    """

    level: Level
    items: int
    raters: int
    ratings: int
    shared: int
    raw: Estimate | Undefined
    alpha: Estimate | Undefined
    pairs: tuple[RaterPair, ...]


def agreement(ratings: Sequence[Rating], level: Level = "nominal", seed: int = 0) -> Agreement:
    """Measure the agreement of raters; each item may have any number of them.

    Args:
        ratings: At most one per item and rater. Labels for "nominal"; numbers for "ordinal" and "interval".
        level: How far apart two values are: different or not, by rank, or by distance.
        seed: Seed of the bootstrap over items.

    Returns:
        Krippendorff's alpha (2011, "Computing Krippendorff's Alpha-Reliability") with a percentile bootstrap
        interval over items, raw agreement, and Cohen's kappa of every two raters who share items. Undefined
        with "no item has two ratings" or "no variation" where it has no value.

    Raises:
        InputError: A rater rated an item twice, or a value is no number where numbers are needed.
    """
    table = _table(ratings, level)
    names = sorted({rating.rater for rating in ratings})
    counts = _value_counts(table)
    return Agreement(
        level=level,
        items=len(table),
        raters=len(names),
        ratings=len(ratings),
        shared=len(counts),
        raw=_raw(counts, seed),
        alpha=_alpha(counts, _domain(table), level, seed),
        pairs=tuple(pair for a, b in combinations(names, 2) if (pair := _pair(a, b, table))),
    )


def _table(ratings: Sequence[Rating], level: Level) -> dict[str, dict[str, str | float]]:
    """Item to rater to value, items sorted."""
    table: dict[str, dict[str, str | float]] = {}
    for rating in sorted(ratings, key=lambda each: (each.item, each.rater)):
        row = table.setdefault(rating.item, {})
        if rating.rater in row:
            raise InputError(f"{rating.rater} rated item {rating.item} twice; keep one rating of each rater.")
        row[rating.rater] = _value(rating, level)
    return table


def _value(rating: Rating, level: Level) -> str | float:
    if level == "nominal":
        return str(rating.value) if isinstance(rating.value, str) else f"{rating.value:g}"
    try:
        number = float(rating.value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"Item {rating.item}: {rating.value!r} is no number; {level} agreement needs numbers.")
    return number


def _domain(table: dict[str, dict[str, str | float]]) -> list[str | float]:
    """The values in use on shared items, sorted."""
    return sorted({value for row in table.values() if len(row) > 1 for value in row.values()}, key=_order)


def _order(value: str | float) -> tuple[float, str]:
    return (0.0, value) if isinstance(value, str) else (value, "")


def _value_counts(table: dict[str, dict[str, str | float]]) -> Counts:
    """How often each value was given to each shared item, shape (shared, values)."""
    column = {value: index for index, value in enumerate(_domain(table))}
    shared = [row for row in table.values() if len(row) > 1]
    counts = np.zeros((len(shared), len(column)), dtype=np.int64)
    for index, row in enumerate(shared):
        for value in row.values():
            counts[index, column[value]] += 1
    return counts


def _raw(counts: Counts, seed: int) -> Estimate | Undefined:
    """Mean over items of the share of rater pairs that agree (Fleiss 1971's P), with its bootstrap interval."""
    if not len(counts):
        return NO_PAIR
    given = counts.sum(axis=1)
    return bootstrap_mean((counts * (counts - 1)).sum(axis=1) / (given * (given - 1)), seed=seed)


def _alpha(counts: Counts, domain: list[str | float], level: Level, seed: int) -> Estimate | Undefined:
    if not len(counts):
        return NO_PAIR
    if len(domain) < 2:
        return NO_VARIATION
    labels = range(len(domain)) if level == "nominal" else domain
    scale: Floats = np.array([float(label) for label in labels])
    value = float(krippendorff.alpha(value_counts=counts, value_domain=scale, level_of_measurement=level))
    return Estimate(value=value, n=len(counts), interval=_alpha_interval(counts, scale, level, seed))


def _alpha_interval(
    counts: Counts, scale: Floats, level: Level, seed: int, coverage: float = 0.95
) -> Interval | Undefined:
    """Percentile bootstrap over items; resamples without variation have no alpha and are left out.

    Items that were rated alike are drawn together: a resample is a draw of how often each pattern of ratings
    occurs, which is the same distribution and lets 10,000 items take milliseconds.
    """
    if len(counts) < 2:
        return Undefined(undefined="one item has two ratings")
    patterns, times = np.unique(counts, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(counts), times / len(counts), size=RESAMPLES)
    coincidences = coincidences_of(patterns)
    rows = max(1, HELD // len(scale) ** 2)
    found = np.concatenate(
        [alphas(drawn[start : start + rows], coincidences, scale, level) for start in range(0, RESAMPLES, rows)]
    )
    found = found[np.isfinite(found)]
    if len(found) < RESAMPLES / 2:
        return Undefined(undefined="too little variation")
    low, high = np.quantile(found, [(1 - coverage) / 2, (1 + coverage) / 2])
    return Interval(
        low=float(low), high=float(high), level=coverage, method=f"bootstrap over items, {RESAMPLES} resamples"
    )


def coincidences_of(patterns: Counts) -> Floats:
    """How often two values meet in an item, divided by its ratings less one; shape (patterns, values, values)."""
    counts = patterns.astype(np.float64)
    met = counts[:, :, None] * counts[:, None, :]
    values = np.arange(counts.shape[1])
    met[:, values, values] -= counts
    return np.asarray(met / (counts.sum(axis=1) - 1)[:, None, None])


def alphas(drawn: Counts, coincidences: Floats, scale: Floats, level: Level) -> Floats:
    """Alpha of each draw (Krippendorff 2011, 1 - D_o/D_e), shape (draws,); nan where nothing varies."""
    met = np.einsum("dp,pij->dij", drawn.astype(np.float64), coincidences, optimize=True)
    each = met.sum(axis=2)
    apart = _distances(each, scale, level)
    observed = (met * apart).sum(axis=(1, 2))
    expected = (each[:, :, None] * each[:, None, :] * apart).sum(axis=(1, 2)) / (each.sum(axis=1) - 1)
    varied = expected > 0
    return np.where(varied, 1 - observed / np.where(varied, expected, 1), np.nan)


def _distances(each: Floats, scale: Floats, level: Level) -> Floats:
    """How far apart two values are, squared, by draw; ordinal: by the ratings that lie between them."""
    if level == "nominal":
        return np.asarray(1.0 - np.eye(len(scale)))[None]
    if level == "interval":
        return np.asarray((scale[:, None] - scale[None, :]) ** 2)[None]
    middle = each.cumsum(axis=1) - each / 2  # the mean rank of a value's ratings
    return np.asarray((middle[:, :, None] - middle[:, None, :]) ** 2)


def _pair(a: str, b: str, table: dict[str, dict[str, str | float]]) -> RaterPair | None:
    both = [(row[a], row[b]) for row in table.values() if a in row and b in row]
    if not both:
        return None
    firsts, seconds = [first for first, _ in both], [second for _, second in both]
    raw = sum(first == second for first, second in both) / len(both)
    return RaterPair(a=a, b=b, n=len(both), raw=raw, kappa=cohen_kappa(firsts, seconds))


def cohen_kappa(a: Sequence[str | float], b: Sequence[str | float]) -> float | Undefined:
    """Agreement of two raters beyond chance (Cohen 1960), unweighted.

    Args:
        a: One label per item.
        b: The other rater's labels, items in the same order.

    Returns:
        Kappa, at most 1: 1 is full agreement, 0 what chance would give. Undefined("no variation") when both
        used one and the same label throughout.

    Raises:
        InputError: The two differ in length, or are empty.
    """
    if len(a) != len(b) or not a:
        raise InputError(f"{len(a)} and {len(b)} labels; give both raters' labels of the same items.")
    n = len(a)
    observed = sum(first == second for first, second in zip(a, b, strict=True)) / n
    first_counts, second_counts = Counter(a), Counter(b)
    expected = sum(first_counts[label] * second_counts[label] for label in first_counts) / n**2
    return NO_VARIATION if expected == 1 else (observed - expected) / (1 - expected)
