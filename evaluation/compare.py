"""Two models on the same items: the paired difference, its interval, its p, and what could have been found."""

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np

from hone.evaluation.intervals import (
    Floats,
    Interval,
    bootstrap_mean,
    by_group,
    clustered_se,
    exact_mean,
    finite,
)
from hone.storage.errors import InputError
from hone.storage.records import Record, Undefined

FLIPS = 9999
EXACT_UP_TO = 14  # 2^14 sign patterns are fewer than two sampled sets
BYTE_SIGNS = 1.0 - 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).T  # (8, 256)


class PairedComparison(Record):
    """New minus old on the same items.

    `p` is two-sided; `mde` is the smallest true difference that this many items find with power 0.8;
    `se_unpaired` stands beside `se_paired` to show what pairing is worth.
    """

    n: int
    groups: int | None
    unchanged: int
    mean_new: float
    mean_old: float
    difference: float
    interval: Interval | Undefined
    p: float
    p_method: str
    se_paired: float | Undefined
    se_unpaired: float | Undefined
    mde: float | Undefined


def sign_flip(
    differences: Sequence[float] | Floats, groups: Sequence[Hashable] | None = None, seed: int = 0
) -> tuple[float, str]:
    """Two-sided sign-flip permutation test of a mean difference (Noreen 1989; Riezler & Maxwell 2005).

    Under no difference each item's (or group's) sum is as likely with either sign. Up to 14 groups that are
    not zero all patterns are counted; above, p = (1 + #{|m*| >= |m|}) / (1 + 9999).

    Returns:
        p and how it was made: "exact" or "9999 sign flips". All differences zero: p = 1.
    """
    totals, _ = by_group(finite(differences, "differences"), groups)
    # Only sizes matter once signs are drawn at random; sorting them makes order and sign of the input irrelevant.
    sizes = np.sort(np.abs(totals[totals != 0.0]))
    observed = abs(math.fsum(totals)) * (1 - 1e-12)
    if len(sizes) <= EXACT_UP_TO:
        sums = np.zeros(1)
        for size in sizes:
            sums = np.concatenate([sums + size, sums - size])
        return float(np.mean(np.abs(sums) >= observed)), "exact"
    beyond = int(np.count_nonzero(np.abs(_flipped_sums(sizes, seed)) >= observed))
    return (1 + beyond) / (1 + FLIPS), f"{FLIPS} sign flips"


def _flipped_sums(sizes: Floats, seed: int) -> Floats:
    """Sums under random signs, shape (FLIPS,): eight signs are one random byte, looked up in a table."""
    padded = np.zeros(-(-len(sizes) // 8) * 8)
    padded[: len(sizes)] = sizes
    table = padded.reshape(-1, 8) @ BYTE_SIGNS  # (blocks, 256)
    rng = np.random.default_rng(seed)
    sums = np.zeros(FLIPS)
    for block in table:
        sums += block[rng.integers(0, 256, size=FLIPS, dtype=np.uint8)]
    return sums


def detectable(se: float, level: float = 0.95, power: float = 0.8) -> float:
    """The smallest true difference found with this power: (z_{1-alpha/2} + z_power) * SE, 2.80 SE by default."""
    normal = NormalDist()
    return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)) * se


def _mde(se: float | Undefined, level: float) -> float | Undefined:
    """The detectable difference; items that all differ alike tell nothing about it."""
    if isinstance(se, Undefined):
        return se
    return detectable(se, level) if se > 0 else Undefined(undefined="no variation")


def compare_paired(
    new: Sequence[float],
    old: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    seed: int = 0,
    level: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> PairedComparison:
    """Compare two models by one value per item, items in the same order.

    Args:
        new: The new model's values, shape (n,), finite.
        old: The old model's values on the same items.
        groups: The document or author of each item; items of one group are resampled and flipped together.
        seed: Seed of the bootstrap and of the sign flips.
        level: Coverage of the interval.
        bounds: Where the difference can lie at all: (-1, 1) for metrics in 0..1.

    Raises:
        InputError: The two differ in length, are empty, or hold nan or infinity.
    """
    new_values, old_values = finite(new, "new"), finite(old, "old")
    if len(new_values) != len(old_values):
        raise InputError(f"{len(new_values)} new values but {len(old_values)} old ones; give both for every item.")
    differences = new_values - old_values
    estimate = bootstrap_mean(differences, groups, seed, level, bounds)
    p, p_method = sign_flip(differences, groups, seed)
    se_paired = clustered_se(differences.tolist(), groups)
    return PairedComparison(
        n=estimate.n,
        groups=estimate.groups,
        unchanged=int(np.count_nonzero(differences == 0.0)),
        mean_new=exact_mean(new_values),
        mean_old=exact_mean(old_values),
        difference=estimate.value,
        interval=estimate.interval,
        p=p,
        p_method=p_method,
        se_paired=se_paired,
        se_unpaired=_unpaired(clustered_se(new, groups), clustered_se(old, groups)),
        mde=_mde(se_paired, level),
    )


def _unpaired(new: float | Undefined, old: float | Undefined) -> float | Undefined:
    """What the error would be, had the two models answered different items."""
    if isinstance(new, Undefined):
        return new
    if isinstance(old, Undefined):
        return old
    return math.hypot(new, old)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (Holm 1979), in the order given: each may be held against alpha on its own."""
    order = sorted(range(len(p_values)), key=lambda index: (p_values[index], index))
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted
