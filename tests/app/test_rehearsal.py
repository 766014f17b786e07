"""Which pairs of earlier batches are learnt again: as many as was asked for, spread over the batches, never a test."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hone.platform.runs.rehearsal import how_many, rehearsed
from hone.storage.batches import BatchItem, Split

SPLITS: tuple[Split, ...] = ("train", "train", "train", "validation", "test")
Others = dict[int, list[BatchItem]]


def item(number: int, group: int, split: Split, text: str = "") -> BatchItem:
    return BatchItem(
        position=0,
        pair_id=f"pair {number}",
        pair_number=number,
        revision_id=f"revision {number}",
        group=f"group {group}",
        split=split,
        instruction="Say what it is.",
        context="",
        response=text or f"Number {number} is of kind {number * 7919 % 1009} and weighs {number * 31 % 97} grams.",
        metadata={},
        approvers=("ana",),
    )


@st.composite
def projects(draw: Any) -> tuple[list[BatchItem], Others]:
    """Three batches and the one to learn; each group has one split for good, as the planner has it."""
    split_of = {group: draw(st.sampled_from(SPLITS)) for group in range(12)}

    def batch() -> list[BatchItem]:
        numbers = sorted(draw(st.sets(st.integers(0, 59), max_size=40)))
        return [item(number, number % 12, split_of[number % 12]) for number in numbers]

    return batch(), {1: batch(), 2: batch(), 4: batch()}


def ids(chosen: Mapping[int, Sequence[BatchItem]]) -> set[str]:
    return {each.pair_id for items in chosen.values() for each in items}


@given(projects(), st.floats(0, 0.9), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_nothing_is_learnt_again_that_a_batch_holds_out_or_holds_already(
    project: tuple[list[BatchItem], Others], share: float, seed: int
) -> None:
    own, others = project
    chosen = [each for items in rehearsed(own, others, 3, share, seed).values() for each in items]
    held = [each for items in (own, *others.values()) for each in items if each.split != "train"]
    assert not {each.pair_id for each in chosen} & {each.pair_id for each in (*own, *held)}
    assert not {each.group for each in chosen} & {each.group for each in held}
    assert len({each.pair_id for each in chosen}) == len(chosen)


@given(projects(), st.floats(0, 0.9), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_as_many_as_the_share_asks_for_or_all_that_there_are(
    project: tuple[list[BatchItem], Others], share: float, seed: int
) -> None:
    own, others = project
    fresh = sum(each.split == "train" for each in own)
    chosen, everything = ids(rehearsed(own, others, 3, share, seed)), ids(rehearsed(own, others, 3, 0.99, seed))
    assert len(chosen) == min(how_many(fresh, share), len(everything))
    assert chosen <= everything


@given(projects(), st.floats(0, 0.9), st.randoms())
@settings(max_examples=40, deadline=None)
def test_the_choice_does_not_depend_on_the_order_and_grows_with_the_share(
    project: tuple[list[BatchItem], Others], share: float, chance: Any
) -> None:
    own, others = project
    mixed = {number: chance.sample(items, len(items)) for number, items in reversed(others.items())}
    assert ids(rehearsed(own, others, 3, share, 1)) == ids(rehearsed(own, mixed, 3, share, 1))
    assert ids(rehearsed(own, others, 3, share / 2, 1)) <= ids(rehearsed(own, others, 3, share, 1))


def test_each_batch_gives_its_part_and_a_pair_counts_for_the_batch_it_came_with() -> None:
    first = [item(number, number, "train") for number in range(60)]
    second = [*first, *(item(number, number, "train") for number in range(60, 90))]
    own = [item(number, number, "train") for number in range(100, 140)]
    chosen = rehearsed(own, {1: first, 2: second}, 3, 0.4285, 0)
    assert how_many(40, 0.4285) == 30
    assert {number: len(items) for number, items in chosen.items()} == {1: 20, 2: 10}


def test_the_newest_text_is_learnt() -> None:
    old, new = item(1, 1, "train", "The old words."), item(1, 1, "train", "The new words.")
    chosen = rehearsed([item(9, 9, "train")], {1: [old], 2: [new]}, 3, 0.5, 0)
    assert chosen == {1: [new]}


def test_what_says_nearly_the_same_as_a_test_item_is_not_learnt_again() -> None:
    text = "The tenant pays the rent on the first working day of each month, by transfer, without any deduction"
    tested, copied = item(50, 50, "test", text), item(1, 1, "train", f"{text}.")
    chosen = rehearsed([item(9, 9, "train"), tested], {1: [copied, item(2, 2, "train")]}, 2, 0.8, 0)
    assert ids(chosen) == {"pair 2"}


def test_later_batches_are_not_rehearsed_but_their_tests_count() -> None:
    later = [item(7, 7, "train"), item(8, 2, "test")]
    chosen = rehearsed([item(9, 9, "train")], {1: [item(1, 1, "train"), item(2, 2, "train")], 5: later}, 2, 0.8, 0)
    assert ids(chosen) == {"pair 1"}


def test_another_seed_is_another_choice() -> None:
    first = [item(number, number, "train") for number in range(60)]
    own = [item(number, number, "train") for number in range(100, 120)]
    found = [frozenset(ids(rehearsed(own, {1: first}, 2, 0.2, seed))) for seed in range(5)]
    assert len(set(found)) == 5
    assert Counter(map(len, found)) == {5: 5}
