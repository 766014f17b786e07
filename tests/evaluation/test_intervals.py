"""Intervals and tests of one sample: textbook values, other libraries as oracles, and the edges."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from hone.evaluation.intervals import Interval, bootstrap_mean, clustered_se, sign_test, wilson
from hone.storage.errors import InputError
from hone.storage.records import Undefined

samples = st.lists(st.floats(-1, 1, width=32), min_size=5, max_size=30)


def ends(values: list[float], groups: list[int] | None = None, seed: int = 0) -> tuple[float, float]:
    interval = bootstrap_mean(values, groups, seed).interval
    assert isinstance(interval, Interval)
    return interval.low, interval.high


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_equals_statsmodels(case: tuple[int, int]) -> None:
    hits, n = case
    found = wilson(hits, n)
    assert (found.low, found.high) == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-12)


def test_a_sweep_has_a_finite_interval_that_stops_at_one() -> None:
    found = wilson(10, 10)
    assert (round(found.low, 4), found.high) == (0.7225, 1.0)


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_sign_test_equals_scipys_binomial_test(wins: int, losses: int) -> None:
    oracle = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert sign_test(wins, losses) == pytest.approx(oracle, rel=1e-9)


def test_without_groups_the_standard_error_is_sd_over_root_n() -> None:
    values = [0.1, 0.4, 0.4, 0.9, 0.2]
    assert clustered_se(values) == pytest.approx(np.std(values, ddof=1) / math.sqrt(5))


def test_clustered_standard_error_follows_miller_by_hand() -> None:
    """Values 1, 0 | 1, 1 | 0, 0: mean 1/2, group deviations 0, 1, -1; SE^2 = 3/2 * 2 / 36 = 1/12."""
    assert clustered_se([1, 0, 1, 1, 0, 0], ["a", "a", "b", "b", "c", "c"]) == pytest.approx(math.sqrt(1 / 12))


def test_one_item_and_one_group_have_no_error_and_say_so() -> None:
    assert clustered_se([0.5]) == Undefined(undefined="one item")
    assert clustered_se([0.5, 0.6], ["a", "a"]) == Undefined(undefined="one group")
    assert bootstrap_mean([0.5]).interval == Undefined(undefined="one item")
    assert bootstrap_mean([0.5, 0.6], ["a", "a"]).interval == Undefined(undefined="one group")


def test_values_that_are_all_equal_keep_their_mean_and_have_no_interval() -> None:
    found = bootstrap_mean([0.25] * 40)
    assert (found.value, found.interval) == (0.25, Undefined(undefined="no variation"))


def test_few_groups_get_students_wide_interval() -> None:
    low, high = ends([0.1, 0.5, 0.3])
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 2, 0.3, 0.2 / math.sqrt(3)))


def test_the_bootstrap_agrees_with_student_on_a_plain_sample() -> None:
    values = np.random.default_rng(5).normal(0.3, 0.2, 60).tolist()
    oracle = stats.t.interval(0.95, 59, np.mean(values), stats.sem(values))
    assert ends(values) == pytest.approx(oracle, abs=0.006)


def test_few_scores_between_0_and_1_do_not_get_an_interval_beyond() -> None:
    found = bootstrap_mean([0.0, 0.1, 0.9], bounds=(0, 1)).interval
    assert isinstance(found, Interval)
    assert (found.low, found.high) == (0.0, 1.0)


@given(samples, st.randoms(use_true_random=False))
def test_order_changes_nothing(values: list[float], random: object) -> None:
    mixed = sorted(values, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert bootstrap_mean(values) == bootstrap_mean(mixed)


@given(samples, st.integers(0, 9))
def test_negated_values_have_exactly_the_negated_interval(values: list[float], seed: int) -> None:
    groups = [index % 6 for index in range(len(values))]
    for grouping in (None, groups):
        there = bootstrap_mean(values, grouping, seed)
        back = bootstrap_mean([-value for value in values], grouping, seed)
        assert back.value == -there.value
        if isinstance(there.interval, Interval) and isinstance(back.interval, Interval):
            assert (back.interval.low, back.interval.high) == (-there.interval.high, -there.interval.low)


def test_another_seed_moves_the_interval_and_never_the_mean() -> None:
    values = [0.1, 0.7, 0.3, 0.9, 0.4, 0.2]
    assert ends(values, seed=1) != ends(values, seed=2)
    assert bootstrap_mean(values, seed=1).value == bootstrap_mean(values, seed=2).value


def test_items_that_repeat_within_groups_do_not_narrow_the_interval() -> None:
    values = [0.1, 0.7, 0.3, 0.9, 0.4, 0.2]
    alone, tenfold = ends(values), ends(values * 10, [index % 6 for index in range(60)])
    assert tenfold == pytest.approx(alone, abs=1e-9)


def test_the_interval_holds_the_mean_of_small_samples_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = sum(low <= 0.5 <= high for low, high in (ends(rng.uniform(size=8).tolist()) for _ in range(300)))
    assert stats.binom.cdf(held, 300, 0.95) > 0.001


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_not_a_number_is_refused_with_its_place(wrong: float) -> None:
    with pytest.raises(InputError, match="value 2"):
        bootstrap_mean([0.1, wrong])


def test_no_values_and_impossible_shares_are_refused() -> None:
    with pytest.raises(InputError, match="holds no values"):
        bootstrap_mean([])
    with pytest.raises(InputError, match="is no share"):
        wilson(3, 2)
