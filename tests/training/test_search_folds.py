"""Folds are a pure function of rows and seed, and a group never spans two."""

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hone.storage.errors import InputError
from hone.training.folder import Row
from hone.training.searching.folds import folds_of

ROWS = st.lists(
    st.tuples(st.sampled_from(["", *"abcdefgh"]), st.sampled_from(["yes", "no", "maybe"])), min_size=1, max_size=40
).map(lambda drawn: [Row(id=f"row-{n}", instruction="?", response=said, group=g) for n, (g, said) in enumerate(drawn)])
FOLDS, SEED = st.integers(2, 6), st.integers(0, 100)


def groups(rows: list[Row]) -> set[str]:
    return {row.group or row.id for row in rows}


@given(ROWS, FOLDS, SEED, st.booleans())
def test_a_group_stands_in_one_fold_and_no_fold_is_empty(rows: list[Row], count: int, seed: int, label: bool) -> None:
    assume(len(groups(rows)) >= count)
    found = folds_of(rows, count, seed, by_label=label)
    assert found.keys() == {row.id for row in rows}
    assert set(found.values()) == set(range(count))
    by_group = {(row.group, found[row.id]) for row in rows if row.group}
    assert len(by_group) == len({row.group for row in rows if row.group})


@given(ROWS, FOLDS, SEED, st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows: list[Row], count: int, seed: int, draw: object) -> None:
    assume(len(groups(rows)) >= count)
    turned = list(rows)
    draw.shuffle(turned)  # type: ignore[attr-defined]
    assert folds_of(turned, count, seed) == folds_of(rows, count, seed)


@given(st.integers(2, 60), FOLDS, SEED)
def test_rows_without_groups_are_dealt_out_evenly(rows: int, count: int, seed: int) -> None:
    assume(rows >= count)
    found = folds_of([Row(id=str(n), instruction="?") for n in range(rows)], count, seed)
    sizes = Counter(found.values()).values()
    assert max(sizes) - min(sizes) <= 1


def test_another_seed_deals_otherwise() -> None:
    rows = [Row(id=str(n), instruction="?") for n in range(40)]
    assert folds_of(rows, 4, 0) != folds_of(rows, 4, 1)


def test_every_fold_gets_its_share_of_each_label() -> None:
    said = ["common"] * 60 + ["rare"] * 6
    rows = [Row(id=str(n), instruction="?", response=label) for n, label in enumerate(said)]
    found = folds_of(rows, 3, 0, by_label=True)
    rare = Counter(found[row.id] for row in rows if row.response == "rare")
    assert rare == {0: 2, 1: 2, 2: 2}


@pytest.mark.parametrize(("kinds", "said"), [(2, "have 2: set folds to a lower number"), (1, "approve pairs of other")])
def test_too_few_groups_are_refused_in_words(kinds: int, said: str) -> None:
    rows = [Row(id=str(n), instruction="?", group=f"contract {n % kinds}") for n in range(9)]
    with pytest.raises(InputError, match=said):
        folds_of(rows, 3, 0)
