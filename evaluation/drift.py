"""Whether somebody's scores move away from their colleagues' on the same items."""

import math
from collections.abc import Sequence

from scipy import special

from hone.evaluation.intervals import Estimate, Interval, exact_mean, finite
from hone.storage.records import Record, Undefined

LATELY = 50


class Drift(Record):
    """Mean difference from colleagues: lately, over the newest items, and before, over all that were earlier.

    `change` is lately less before; `moved` that its interval leaves out 0. Of twenty people who do not change, one
    is called moved by chance.
    """

    lately: float
    lately_n: int
    before: float
    before_n: int
    change: Estimate | Undefined
    moved: bool


def drift(differences: Sequence[float], lately: int = LATELY, level: float = 0.95) -> Drift | Undefined:
    """Compare the newest differences with the earlier ones.

    Args:
        differences: For each item that others rated too, one's own score less the mean of theirs, the oldest first.
        lately: How many of them are the newest.
        level: Coverage of the interval of the change, which is Welch's (1947, Biometrika 34): items are
            independent, and the two spans may vary differently.

    Returns:
        Undefined with "fewer than N items" until there are twice as many as `lately`.
    """
    if len(differences) < 2 * lately:
        return Undefined(undefined=f"fewer than {2 * lately} items that others rated too")
    values = finite(differences, "differences")
    before, newest = values[:-lately], values[-lately:]
    means = exact_mean(before), exact_mean(newest)
    parts = float(before.var(ddof=1)) / len(before), float(newest.var(ddof=1)) / len(newest)
    interval = _welch(means[1] - means[0], parts, (len(before), len(newest)), level)
    moved = isinstance(interval, Interval) and not interval.low <= 0 <= interval.high
    return Drift(
        lately=means[1],
        lately_n=len(newest),
        before=means[0],
        before_n=len(before),
        change=Estimate(value=means[1] - means[0], n=len(values), interval=interval),
        moved=moved,
    )


def _welch(change: float, parts: tuple[float, float], sizes: tuple[int, int], level: float) -> Interval | Undefined:
    """Welch's interval of a difference of means; `parts` are the variances of both means."""
    variance = sum(parts)
    if variance == 0:
        return Undefined(undefined="no variation")
    freedom = variance**2 / sum(part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True))
    reach = float(special.stdtrit(freedom, (1 + level) / 2)) * math.sqrt(variance)
    return Interval(low=change - reach, high=change + reach, level=level, method="Welch t")
