"""Planning: how many decisive votes find a true preference, and which preference so many votes can find."""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from scipy import special

from hone.storage.errors import InputError
from hone.storage.records import Undefined

CLOSEST = 0.505  # nearer to even than this takes tens of thousands of votes


def power_of(votes: npt.ArrayLike, preference: float, level: float = 0.95) -> npt.NDArray[np.float64]:
    """Chance that the exact two-sided sign test finds a true preference with so many decisive votes.

    Args:
        votes: Numbers of decisive votes, shape (k,).
        preference: True share of decisive votes for the preferred model, over 1/2.
        level: 1 - alpha.

    Returns:
        Power for each number of votes, shape (k,); the far tail (a vote for the wrong side) is not counted.
    """
    n = np.asarray(votes, dtype=np.float64)
    # Largest number of losses that is still significant: binomial quantile of alpha/2, stepped to the safe side.
    losses = np.floor(n / 2 + np.sqrt(n) / 2 * NormalDist().inv_cdf((1 - level) / 2)) + 2
    for _ in range(4):
        losses = np.where((losses >= 0) & (_cdf(losses, n, 0.5) > (1 - level) / 2), losses - 1, losses)
    return np.where(losses < 0, 0.0, _cdf(losses, n, 1 - preference))


def _cdf(k: npt.NDArray[np.float64], n: npt.NDArray[np.float64], p: float) -> npt.NDArray[np.float64]:
    """P(X <= k) of a binomial; 0 below its range."""
    return np.where(k < 0, 0.0, special.bdtr(np.clip(k, 0, n), n.astype(np.int64), p))


def decisive_needed(preference: float, power: float = 0.8, level: float = 0.95) -> int | Undefined:
    """The fewest decisive votes that find this true preference with this power, by the exact binomial test.

    Args:
        preference: True share of decisive votes for one side, in (0, 1); 0.4 needs as many as 0.6.
        power: Chance wanted, in (0, 1).
        level: 1 - alpha of the two-sided test.

    Returns:
        The number of votes, or Undefined when the preference is too close to even to be found.
    """
    if not 0 < preference < 1 or not 0 < power < 1:
        raise InputError(f"Preference {preference} and power {power} must lie between 0 and 1.")
    wanted = max(preference, 1 - preference)
    if wanted < CLOSEST:
        return Undefined(undefined="the preference is too close to even")
    normal = NormalDist()
    reach = normal.inv_cdf((1 + level) / 2) / 2 + normal.inv_cdf(power) * math.sqrt(wanted * (1 - wanted))
    about = (reach / (wanted - 0.5)) ** 2  # normal approximation; the exact number lies near it
    votes = np.arange(max(1, int(0.7 * about) - 10), int(1.3 * about) + 40)
    return int(votes[np.argmax(power_of(votes, wanted, level) >= power)])


def smallest_preference(votes: int, power: float = 0.8, level: float = 0.95) -> float | Undefined:
    """The smallest true preference that so many decisive votes find with this power, to three decimals."""
    grid = np.arange(501, 1000) / 1000
    found = [p for p in grid if power_of([votes], float(p), level)[0] >= power]
    return float(found[0]) if found else Undefined(undefined="too few votes to find any preference")
