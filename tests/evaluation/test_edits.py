"""Agreement of edited texts, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.evaluation.edits import edit_agreement, edit_distance, similarity
from hone.evaluation.intervals import Estimate
from hone.storage.records import Undefined

TEXTS = st.lists(st.sampled_from("abcd"), max_size=9)


def by_table(a: list[str], b: list[str]) -> int:
    """Wagner and Fischer's table, row by row."""
    row = list(range(len(b) + 1))
    for place, word in enumerate(a, start=1):
        row, above = [place], row
        for at, other in enumerate(b, start=1):
            row.append(min(above[at] + 1, row[-1] + 1, above[at - 1] + (word != other)))
    return row[-1]


@given(TEXTS, TEXTS)
def test_the_distance_is_that_of_the_table_and_does_not_care_who_is_first(a: list[str], b: list[str]) -> None:
    assert edit_distance(a, b) == edit_distance(b, a) == by_table(a, b)
    assert 0 <= similarity(a, b) <= 1
    assert (similarity(a, b) == 1) == (a == b)


def test_kitten_becomes_sitting_with_three_edits() -> None:
    assert edit_distance("kitten", "sitting") == 3


def test_a_text_longer_than_a_machine_word_is_compared_whole() -> None:
    a = [str(number) for number in range(500)]
    assert edit_distance(a, [*a[:250], "new", *a[251:], "end"]) == 2


def test_three_texts_of_one_item_count_as_one_item() -> None:
    found = edit_agreement([["the quick fox", "the quick fox", "the slow fox"]])
    assert isinstance(found.same, Estimate)
    assert isinstance(found.similarity, Estimate)
    assert found.items == 1
    assert found.same.value == pytest.approx(1 / 3)
    assert found.similarity.value == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_scripts_without_latin_letters_are_compared_too() -> None:
    found = edit_agreement([["Срок оплаты семь дней", "Срок оплаты десять дней"]])
    assert isinstance(found.similarity, Estimate)
    assert found.similarity.value == 0.75


def test_two_empty_texts_are_the_same() -> None:
    found = edit_agreement([["", ""], ["…", "…"]])
    assert isinstance(found.rouge_l, Estimate)
    assert (found.rouge_l.value, found.items) == (1.0, 2)


def test_with_nothing_to_compare_it_is_undefined() -> None:
    found = edit_agreement([["alone"], []])
    assert (found.items, found.similarity) == (0, Undefined(undefined="no item has two texts"))
