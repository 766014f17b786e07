"""Two models on the same items: worked examples, slow oracles, invariants, and false alarms counted."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hone.evaluation.compare import compare_paired, holm, sign_flip
from hone.evaluation.intervals import Interval
from hone.storage.errors import InputError
from hone.storage.records import Undefined

scores = st.floats(0, 1, width=16)
pairs = st.lists(st.tuples(scores, scores), min_size=1, max_size=24)


@given(st.lists(st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=9))
def test_the_exact_sign_flip_test_counts_every_pattern(differences: list[float]) -> None:
    observed = abs(sum(differences))
    patterns = list(product((1, -1), repeat=len(differences)))
    beyond = sum(abs(sum(s * d for s, d in zip(p, differences, strict=True))) >= observed for p in patterns)
    p, method = sign_flip(differences)
    assert (p, method) == (beyond / len(patterns), "exact")


def test_sampled_sign_flips_agree_with_students_test_on_many_items() -> None:
    differences = np.random.default_rng(3).normal(0.1, 1, 300)
    p, method = sign_flip(differences.tolist())
    assert method == "9999 sign flips"
    t = differences.mean() / stats.sem(differences)
    assert p == pytest.approx(2 * stats.t.sf(abs(t), 299), abs=0.015)


def test_binary_outcomes_give_mcnemars_exact_p() -> None:
    new, old = [1.0] * 9 + [0.0] * 2 + [1.0] * 5, [0.0] * 9 + [1.0] * 2 + [1.0] * 5
    assert compare_paired(new, old).p == pytest.approx(stats.binomtest(9, 11).pvalue)


@settings(max_examples=50)
@given(pairs, st.integers(0, 5), st.booleans())
def test_swapping_the_models_negates_every_difference(
    values: list[tuple[float, float]], seed: int, grouped: bool
) -> None:
    groups = [index // 3 for index in range(len(values))] if grouped else None
    new, old = [n for n, _ in values], [o for _, o in values]
    there, back = compare_paired(new, old, groups, seed), compare_paired(old, new, groups, seed)
    assert (back.difference, back.p, back.se_paired) == (-there.difference, there.p, there.se_paired)
    if isinstance(there.interval, Interval) and isinstance(back.interval, Interval):
        assert (back.interval.low, back.interval.high) == (-there.interval.high, -there.interval.low)


@settings(max_examples=50)
@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_items_changes_nothing(values: list[tuple[float, float]], random: object) -> None:
    mixed = sorted(values, key=lambda _: random.random())  # type: ignore[attr-defined]
    results = [compare_paired([n for n, _ in each], [o for _, o in each]) for each in (values, mixed)]
    assert results[0] == results[1]


def test_the_same_model_twice_differs_by_nothing_with_p_one() -> None:
    found = compare_paired([0.2, 0.4, 0.9], [0.2, 0.4, 0.9])
    assert (found.difference, found.p, found.unchanged) == (0.0, 1.0, 3)
    assert found.interval == found.mde == Undefined(undefined="no variation")


def test_one_item_has_a_difference_and_nothing_more() -> None:
    found = compare_paired([0.5], [0.25])
    one = Undefined(undefined="one item")
    assert (found.difference, found.p) == (0.25, 1.0)
    assert (found.interval, found.se_paired, found.mde) == (one, one, one)


def test_pairing_pays_where_items_differ_more_than_models() -> None:
    hard = np.random.default_rng(1).uniform(size=50)
    noise = np.random.default_rng(2).normal(0.02, 0.02, 50)
    found = compare_paired((hard + noise).tolist(), hard.tolist())
    assert isinstance(found.se_paired, float)
    assert isinstance(found.se_unpaired, float)
    assert found.se_paired < found.se_unpaired / 10
    assert found.mde == pytest.approx(2.8016 * found.se_paired, rel=1e-4)


def test_values_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(InputError, match="2 new values but 1 old ones"):
        compare_paired([0.1, 0.2], [0.1])
    with pytest.raises(InputError, match="2 values but 1 groups"):
        compare_paired([0.1, 0.2], [0.1, 0.3], ["a"])


def test_holm_by_hand() -> None:
    """0.01, 0.04, 0.03: sorted 0.01*3, 0.03*2, max(0.06, 0.04)."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_equals_its_definition(p_values: list[float]) -> None:
    """Adjusted p of i: the largest of p_j times the number of p_k not under p_j, over all p_j up to p_i."""
    expected = [
        min(1.0, max(p * sum(other >= p for other in p_values) for p in p_values if p <= own)) for own in p_values
    ]
    assert holm(p_values) == expected


def test_holm_of_nothing_is_nothing() -> None:
    assert holm([]) == []


def test_ten_items_a_group_with_correlation_do_not_fool_the_test() -> None:
    """Under no difference and intraclass correlation 0.7, p <= 0.05 in at most 5 % of runs."""
    rng = np.random.default_rng(7)
    groups = [index // 10 for index in range(200)]
    found = 0
    for run in range(400):
        shared = np.repeat(rng.normal(0, np.sqrt(0.7), 20), 10)
        found += sign_flip((shared + rng.normal(0, np.sqrt(0.3), 200)).tolist(), groups, seed=run)[0] <= 0.05
    assert stats.binom.sf(found - 1, 400, 0.05) > 0.001
