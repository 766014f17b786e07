"""Drift: a change of somebody's distance from their colleagues."""

import numpy as np
import pytest
from scipy import stats

from hone.evaluation.drift import Drift, drift
from hone.evaluation.intervals import Estimate, Interval
from hone.storage.records import Undefined


def measured(values: list[float]) -> Drift:
    found = drift(values)
    assert isinstance(found, Drift)
    return found


def test_somebody_who_became_milder_has_moved() -> None:
    rng = np.random.default_rng(1)
    found = measured([*rng.normal(0, 0.5, 100), *rng.normal(0.6, 0.5, 50)])
    assert found.moved
    assert found.lately > 0.4 > 0.2 > found.before


def test_the_interval_is_welchs() -> None:
    rng = np.random.default_rng(2)
    values = [*rng.normal(0, 0.3, 80), *rng.normal(0.1, 0.9, 50)]
    change = measured(values).change
    theirs = stats.ttest_ind(values[80:], values[:80], equal_var=False).confidence_interval(0.95)
    assert isinstance(change, Estimate)
    assert isinstance(change.interval, Interval)
    assert (change.interval.low, change.interval.high) == pytest.approx((theirs.low, theirs.high))


def test_who_always_is_stricter_than_others_has_not_moved() -> None:
    found = measured([-1.0, -0.5] * 60)
    assert (found.moved, found.lately, found.before) == (False, -0.75, -0.75)


def test_about_one_in_twenty_is_called_moved_by_chance() -> None:
    rng = np.random.default_rng(3)
    called = sum(measured(list(rng.normal(0, 1, 150))).moved for _ in range(400))
    assert 8 <= called <= 34


def test_few_items_and_constant_differences_have_no_interval() -> None:
    assert drift([0.0] * 99) == Undefined(undefined="fewer than 100 items that others rated too")
    change = measured([0.0] * 100).change
    assert isinstance(change, Estimate)
    assert change.interval == Undefined(undefined="no variation")
