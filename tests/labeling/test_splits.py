"""Splits: a pure function of groups, fractions, seed and what was drawn before."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.batches.splits import assign
from hone.storage.batches import SPLITS, Split
from hone.storage.errors import InputError

FRACTIONS = (0.7, 0.1, 0.2)
GROUPS = st.dictionaries(st.text(min_size=1, max_size=8), st.integers(1, 9), min_size=3, max_size=40)


@given(GROUPS, st.integers(0, 99))
def test_every_group_gets_one_split_and_no_split_is_empty(groups: dict[str, int], seed: int) -> None:
    chosen = assign(groups, FRACTIONS, seed, {})
    assert set(chosen) == set(groups)
    assert set(chosen.values()) == set(SPLITS)


@given(GROUPS, st.integers(0, 99), st.randoms())
def test_the_order_in_which_groups_come_changes_nothing(
    groups: dict[str, int], seed: int, shuffled: random.Random
) -> None:
    names = list(groups)
    shuffled.shuffle(names)
    assert assign({name: groups[name] for name in names}, FRACTIONS, seed, {}) == assign(groups, FRACTIONS, seed, {})


@given(GROUPS, GROUPS, st.integers(0, 99))
def test_a_group_keeps_its_split_when_the_data_grows(first: dict[str, int], more: dict[str, int], seed: int) -> None:
    earlier = assign(first, FRACTIONS, seed, {})
    later = assign({**first, **more}, FRACTIONS, seed, earlier)
    assert {group: later[group] for group in first} == earlier


@given(GROUPS, st.integers(0, 99))
def test_no_split_is_further_from_its_share_than_the_large_groups_make_it(groups: dict[str, int], seed: int) -> None:
    chosen = assign(groups, FRACTIONS, seed, {})
    largest, total = max(groups.values()), sum(groups.values())
    for split, share in zip(SPLITS, FRACTIONS, strict=True):
        size = sum(groups[group] for group, where in chosen.items() if where == split)
        assert abs(size - share * total) <= 2 * largest


def test_many_groups_come_close_to_the_fractions() -> None:
    sizes = Counter(assign({f"group {n}": 1 for n in range(1_000)}, FRACTIONS, 7, {}).values())
    assert sizes == {"train": 700, "validation": 100, "test": 200}


def test_another_seed_draws_others() -> None:
    groups = {f"group {n}": 1 for n in range(50)}
    assert assign(groups, FRACTIONS, 1, {}) != assign(groups, FRACTIONS, 2, {})


def test_fewer_than_three_groups_are_refused_with_what_is_missing() -> None:
    with pytest.raises(InputError, match=r"at least 3 groups .* there are 2"):
        assign({"a": 100, "b": 100}, FRACTIONS, 7, {})


def test_three_groups_of_one_split_leave_nothing_for_the_others() -> None:
    earlier: dict[str, Split] = {"a": "train", "b": "train", "c": "train"}
    with pytest.raises(InputError, match="No group is left for validation and test"):
        assign({"a": 1, "b": 1, "c": 1}, FRACTIONS, 7, earlier)
    with pytest.raises(InputError, match="1 new group is too few"):
        assign({"a": 1, "b": 1, "d": 1}, FRACTIONS, 7, earlier)


@given(GROUPS, st.integers(0, 99))
def test_without_labels_all_pairs_count_alike(groups: dict[str, int], seed: int) -> None:
    one_label = {group: {"yes": size} for group, size in groups.items()}
    assert assign(groups, FRACTIONS, seed, {}, one_label) == assign(groups, FRACTIONS, seed, {})


def test_each_label_comes_close_to_the_fractions_in_every_split() -> None:
    labels = {f"group {n}": {"common": 1} if n % 10 else {"rare": 1} for n in range(1_000)}
    chosen = assign(dict.fromkeys(labels, 1), FRACTIONS, 7, {}, labels)
    found = Counter((split, next(iter(labels[group]))) for group, split in chosen.items())
    assert found == {
        ("train", "common"): 630,
        ("validation", "common"): 90,
        ("test", "common"): 180,
        ("train", "rare"): 70,
        ("validation", "rare"): 10,
        ("test", "rare"): 20,
    }


@given(GROUPS, GROUPS, st.integers(0, 99))
def test_labels_move_no_group_of_an_earlier_batch(first: dict[str, int], more: dict[str, int], seed: int) -> None:
    earlier = assign(first, FRACTIONS, seed, {})
    both = {**first, **more}
    labels = {group: {"long" if len(group) > 4 else "short": size} for group, size in both.items()}
    later = assign(both, FRACTIONS, seed, earlier, labels)
    assert {group: later[group] for group in first} == earlier
    assert set(later.values()) == set(SPLITS)
