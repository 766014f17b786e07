"""Agreement: Krippendorff's and PandaLM's published values, invariants, and what has no value."""

import json
import time
from collections import Counter
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from hone.evaluation import agreement as agreements
from hone.evaluation.agreement import Agreement, Level, Rating, agreement, cohen_kappa
from hone.evaluation.intervals import Estimate, Interval
from hone.storage.errors import InputError
from hone.storage.records import Undefined

PANDALM = Path(__file__).parents[3] / "shared" / "data" / "pandalm" / "testset-v1.json"
# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)


def rated(*raters: tuple[str | float | None, ...]) -> list[Rating]:
    """One row of values per rater, None where an item was not rated."""
    return [
        Rating(item=f"{item:02}", rater=f"rater {number}", value=value)
        for number, row in enumerate(raters)
        for item, value in enumerate(row)
        if value is not None
    ]


def alpha_of(found: Agreement) -> float:
    assert isinstance(found.alpha, Estimate)
    return found.alpha.value


@pytest.mark.parametrize(("level", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_own_example_with_missing_values(level: Level, value: float) -> None:
    found = agreement(rated(*OBSERVERS), level)
    assert round(alpha_of(found), 3) == value
    assert (found.items, found.raters, found.ratings, found.shared) == (12, 4, 41, 11)


def test_the_nominal_example_as_a_fraction() -> None:
    assert alpha_of(agreement(rated(*OBSERVERS))) == pytest.approx(904 / 1216)


@pytest.mark.skipif(not PANDALM.exists(), reason="the published PandaLM test set is not on this machine")
def test_pandalms_published_agreement() -> None:
    rows = json.loads(PANDALM.read_text())
    found = agreement(
        [
            Rating(item=str(row["idx"]), rater=name, value=str(row[name]))
            for row in rows
            for name in ("annotator1", "annotator2", "annotator3")
        ]
    )
    assert alpha_of(found) == pytest.approx(0.8642207, abs=5e-8)
    assert [round(pair.kappa, 5) for pair in found.pairs if isinstance(pair.kappa, float)] == [
        0.85202,
        0.87894,
        0.86166,
    ]
    majority = Counter(Counter(row[f"annotator{k}"] for k in (1, 2, 3)).most_common(1)[0][0] for row in rows)
    assert majority == {0: 105, 1: 422, 2: 472}


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz")), min_size=2, max_size=12))
def test_kappa_equals_scikit_learn_and_does_not_care_who_is_first(labels: list[tuple[str, str]]) -> None:
    a, b = [first for first, _ in labels], [second for _, second in labels]
    found = cohen_kappa(a, b)
    assert found == cohen_kappa(b, a)
    if isinstance(found, float):
        assert found == pytest.approx(cohen_kappa_score(a, b))


@settings(max_examples=15)
@given(st.permutations(rated(*OBSERVERS)))
def test_order_of_ratings_changes_nothing(mixed: list[Rating]) -> None:
    assert agreement(mixed) == agreement(rated(*OBSERVERS))


def test_renaming_labels_changes_nothing_for_nominal_agreement() -> None:
    renamed = [each.model_copy(update={"value": f"label {each.value}"}) for each in rated(*OBSERVERS)]
    assert alpha_of(agreement(renamed)) == pytest.approx(904 / 1216)


def test_the_interval_holds_alpha_and_another_seed_moves_only_the_interval() -> None:
    first, second = (agreement(rated(*OBSERVERS), seed=seed).alpha for seed in (1, 2))
    assert isinstance(first, Estimate)
    assert isinstance(second, Estimate)
    assert isinstance(first.interval, Interval)
    assert first.interval.low < first.value < first.interval.high
    assert (first.value, first.interval == second.interval) == (second.value, False)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_the_alphas_of_resamples_are_those_of_the_library(level: Level) -> None:
    counts = np.array([[2, 0, 1], [0, 3, 0], [1, 1, 2], [0, 1, 1]])
    drawn = np.array([[1, 1, 1, 1], [3, 0, 1, 0], [0, 2, 0, 2], [0, 4, 0, 0]])
    scale = np.array([1.0, 2.0, 5.0])
    found = agreements.alphas(drawn, agreements.coincidences_of(counts), scale, level)
    for alpha, times in zip(found[:3], drawn[:3], strict=True):
        whole = np.repeat(counts, times, axis=0)
        used = whole.any(axis=0)
        theirs = krippendorff.alpha(value_counts=whole[:, used], value_domain=scale[used], level_of_measurement=level)
        assert alpha == pytest.approx(theirs)
    assert np.isnan(found[3])


def test_ten_thousand_items_take_no_longer_than_a_glance() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(1, 6, size=10_000)
    given = [
        Rating(item=str(item), rater=name, value=float(np.clip(value + rng.integers(-1, 2), 1, 5)))
        for item, value in enumerate(truth)
        for name in ("ada", "bob")
    ]
    begun = time.process_time()
    found = agreement(given, "ordinal")
    assert time.process_time() - begun < 2
    assert isinstance(found.alpha, Estimate)
    assert isinstance(found.alpha.interval, Interval)
    assert found.alpha.interval.high - found.alpha.interval.low < 0.03


# Wikipedia, "Cohen's kappa": two readers of 50 grant proposals, 20 twice yes, 15 twice no, 5 and 10 apart.
def test_the_textbook_kappa_of_two_readers_of_fifty_proposals() -> None:
    a = ["yes"] * 20 + ["yes"] * 5 + ["no"] * 10 + ["no"] * 15
    b = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(a, b) == pytest.approx(0.4)


def test_full_agreement_is_one() -> None:
    found = agreement(rated(("a", "b", "a"), ("a", "b", "a")))
    assert (alpha_of(found), found.pairs[0].kappa, found.pairs[0].raw) == (1.0, 1.0, 1.0)


def test_one_label_throughout_is_no_variation_with_full_raw_agreement() -> None:
    found = agreement(rated(("a", "a", "a"), ("a", "a", "a")))
    assert found.alpha == Undefined(undefined="no variation")
    assert isinstance(found.raw, Estimate)
    assert (found.raw.value, found.pairs[0].kappa) == (1.0, Undefined(undefined="no variation"))


@pytest.mark.parametrize("given", [[], rated(("a", "b")), rated(("a", None), (None, "b"))])
def test_without_two_ratings_of_one_item_nothing_is_defined(given: list[Rating]) -> None:
    found = agreement(given)
    none = Undefined(undefined="no item has two ratings")
    assert (found.alpha, found.raw, found.pairs, found.shared) == (none, none, (), 0)


def test_one_shared_item_has_alpha_but_no_interval() -> None:
    found = agreement(rated(("a",), ("b",))).alpha
    assert isinstance(found, Estimate)
    assert (found.value, found.interval) == (0.0, Undefined(undefined="one item has two ratings"))


def test_ratings_that_cannot_be_meant_are_refused() -> None:
    twice = [Rating(item="1", rater="ada", value="a"), Rating(item="1", rater="ada", value="b")]
    with pytest.raises(InputError, match="ada rated item 1 twice"):
        agreement(twice)
    for wrong in ("high", float("nan")):
        with pytest.raises(InputError, match="needs numbers"):
            agreement([Rating(item="1", rater="ada", value=wrong)], "ordinal")
    with pytest.raises(InputError, match="same items"):
        cohen_kappa(["a"], [])
