"""How sure a figure is: bootstrap interval of a mean, Wilson's interval, the exact sign test, clustered errors.

Every function is blind to the order of its input, and an interval of negated values is exactly the
negated interval; a report can therefore promise that nothing but the data and the seed decides.
"""

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from scipy import special

from hone.storage.errors import InputError
from hone.storage.records import Record, Undefined

Floats = npt.NDArray[np.float64]

RESAMPLES = 4000
FEW = 5
CHUNK = 2_000_000  # indexes held at once: 16 MB


class Interval(Record):
    """A range that holds the true value in `level` of all repetitions, and how it was made."""

    low: float
    high: float
    level: float
    method: str


class Estimate(Record):
    """A figure with the size of its sample and its interval.

    `n` counts what was averaged; `groups` counts the independent groups among them, when items share some.
    """

    value: float
    n: int
    groups: int | None = None
    interval: Interval | Undefined


def finite(values: Sequence[float] | Floats, name: str) -> Floats:
    """The values as an array of shape (n,); nan and infinity are refused with their position."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"{name} holds no values; give at least one number.")
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        raise InputError(f"{name}, value {wrong[0] + 1}: {array[wrong[0]]} is not a number; leave such items out.")
    return array


def exact_mean(values: Floats) -> float:
    """The mean by an exactly rounded sum: the same whatever the order, negated when the values are."""
    return math.fsum(values) / len(values)


def by_group(values: Floats, groups: Sequence[Hashable] | None) -> tuple[Floats, Floats]:
    """Sum and size of each group, shapes (groups,), ordered by their own figures; without groups each item is one."""
    if groups is None:
        return np.sort(values), np.ones(len(values))
    if len(groups) != len(values):
        raise InputError(f"{len(values)} values but {len(groups)} groups; give one group for each value.")
    members: dict[Hashable, list[float]] = {}
    for value, group in zip(values, groups, strict=True):
        members.setdefault(group, []).append(float(value))
    # Size stands before sum in the order, so that negated values reverse within a size (see `_resampled`).
    pairs = sorted((len(held), math.fsum(held)) for held in members.values())
    return np.array([total for _, total in pairs]), np.array([float(size) for size, _ in pairs])


def clustered_se(values: Sequence[float] | Floats, groups: Sequence[Hashable] | None = None) -> float | Undefined:
    """Standard error of a mean whose items may share groups (Miller 2024, arXiv:2411.00640, App. A).

    SE^2 = C/(C-1) * sum over groups of (sum of deviations in the group)^2 / n^2. With every item its own
    group this is sd/sqrt(n).

    Returns:
        The standard error, or Undefined when there is only one item or one group.
    """
    array = finite(values, "values")
    totals, sizes = by_group(array, groups)
    count = len(totals)
    if count < 2:
        return Undefined(undefined="one item" if groups is None or len(array) == 1 else "one group")
    return _error(totals, sizes, exact_mean(array))


def _error(totals: Floats, sizes: Floats, mean: float) -> float:
    """The clustered standard error of two groups or more."""
    count = len(totals)
    square = count / (count - 1) * math.fsum((totals - sizes * mean) ** 2)
    return math.sqrt(square) / float(sizes.sum())


def _mirror(sizes: Floats) -> npt.NDArray[np.intp]:
    """The position each group would have, had all values been negated: reversed within equal sizes."""
    _, starts, counts = np.unique(sizes, return_index=True, return_counts=True)
    mirror = np.empty(len(sizes), dtype=np.intp)
    for start, count in zip(starts, counts, strict=True):
        mirror[start : start + count] = np.arange(start + count - 1, start - 1, -1)
    return mirror


def _resampled(totals: Floats, sizes: Floats, seed: int) -> Floats:
    """Sorted bootstrap means, shape (RESAMPLES,).

    Half of the draws are the mirror images of the other half. A draw for values v is then also a draw for
    -v, and the interval of -v is the negated interval of v to the last bit.
    """
    rng = np.random.default_rng(seed)
    count = len(totals)
    mirrored = _mirror(sizes)
    alike = bool(np.all(sizes == 1))
    rows = max(1, CHUNK // count)
    means: list[Floats] = []
    for start in range(0, RESAMPLES // 2, rows):
        drawn = rng.integers(0, count, size=(min(rows, RESAMPLES // 2 - start), count))
        # The mirror image of a group has its size, so both draws weigh the same.
        weight = count if alike else sizes[drawn].sum(axis=1)
        means += [totals[drawn].sum(axis=1) / weight, totals[mirrored][drawn].sum(axis=1) / weight]
    return np.sort(np.concatenate(means))


def _expanded(totals: Floats, sizes: Floats, seed: int, level: float, unit: str) -> Interval:
    """The expanded percentile interval; see `bootstrap_mean`."""
    count = len(totals)
    quantile = float(special.stdtrit(count - 1, (1 - level) / 2))
    tail = NormalDist().cdf(quantile * math.sqrt(count / (count - 1)))
    position = max(0, math.floor(tail * (RESAMPLES + 1)) - 1)
    means = _resampled(totals, sizes, seed)
    return Interval(
        low=float(means[position]),
        high=float(means[-1 - position]),
        level=level,
        method=f"bootstrap over {unit}, expanded percentile, {RESAMPLES} resamples",
    )


def _student(totals: Floats, sizes: Floats, level: float, unit: str, bounds: tuple[float, float]) -> Interval:
    """Student's interval with the clustered error: wide, as few groups deserve."""
    count, mean = len(totals), math.fsum(totals) / float(sizes.sum())
    reach = float(special.stdtrit(count - 1, (1 + level) / 2)) * _error(totals, sizes, mean)
    low, high = max(bounds[0], mean - reach), min(bounds[1], mean + reach)
    return Interval(low=low, high=high, level=level, method=f"Student t over {count} {unit}")


def bootstrap_mean(
    values: Sequence[float] | Floats,
    groups: Sequence[Hashable] | None = None,
    seed: int = 0,
    level: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """The plain mean with an expanded percentile bootstrap interval (Hesterberg 2015, The American Statistician 69).

    Items are resampled, or whole groups where items share one. The plain percentile interval is too narrow
    for small samples by the factor sqrt(n/(n-1)) and by normal instead of t quantiles; the expanded one reads
    its ends at Phi(-sqrt(n/(n-1)) t) instead, n being the number of groups. Resamples of fewer than five
    groups cannot reach so far out; there the interval is Student's.

    Args:
        values: One finite number per item.
        groups: The group of each item; None when items are independent.
        seed: Moves the interval only, never the mean.
        level: Coverage wanted, between 0 and 1.
        bounds: Where the mean can lie at all; Student's interval of few groups would reach beyond.

    Returns:
        The estimate; its interval is Undefined for one item, one group, or values that are all equal.
    """
    array = finite(values, "values")
    totals, sizes = by_group(array, groups)
    count = len(totals)
    known = None if groups is None else count
    interval: Interval | Undefined
    if len(array) == 1:
        interval = Undefined(undefined="one item")
    elif count == 1:
        interval = Undefined(undefined="one group")
    elif array.min() == array.max():
        interval = Undefined(undefined="no variation")
    elif count < FEW:
        interval = _student(totals, sizes, level, "items" if groups is None else "groups", bounds)
    else:
        interval = _expanded(totals, sizes, seed, level, "items" if groups is None else "groups")
    return Estimate(value=exact_mean(array), n=len(array), groups=known, interval=interval)


def _wilson_low(hits: float, n: float, z: float) -> float:
    """Lower end of Wilson's interval; the upper one is its mirror image."""
    centre = hits + z * z / 2
    spread = z * math.sqrt(max(0.0, hits * (n - hits) / n) + z * z / 4)
    return 0.0 if hits <= 0 else max(0.0, (centre - spread) / (n + z * z))


def wilson(hits: float, n: float, level: float = 0.95) -> Interval:
    """Interval of a share (Wilson 1927, JASA 22, p. 209), finite for a sweep too.

    Args:
        hits: How many of `n`; need not be whole, so that an effective sample size can be given.
        n: Size of the sample, over 0.
        level: Coverage wanted.

    Raises:
        InputError: n is not over 0, or hits lies outside 0..n.
    """
    if not n > 0 or not 0 <= hits <= n:
        raise InputError(f"{hits} of {n} is no share; give 0 <= hits <= n and n over 0.")
    z = NormalDist().inv_cdf((1 + level) / 2)
    return Interval(low=_wilson_low(hits, n, z), high=1 - _wilson_low(n - hits, n, z), level=level, method="Wilson")


def share(hits: int, n: int, level: float = 0.95) -> Estimate | Undefined:
    """A share with Wilson's interval; Undefined when there is nothing to count."""
    if n == 0:
        return Undefined(undefined="nothing to count")
    return Estimate(value=hits / n, n=n, interval=wilson(hits, n, level))


def sign_test(wins: int, losses: int) -> float:
    """Two-sided exact sign test: how likely is a split at least this uneven when both sides are equal.

    The binomial test against 1/2; on right/wrong counts it is McNemar's exact test of the discordant pairs.
    Without any win or loss it is 1 by definition.
    """
    total = wins + losses
    if total == 0:
        return 1.0
    return min(1.0, 2 * float(special.bdtr(min(wins, losses), total, 0.5)))
