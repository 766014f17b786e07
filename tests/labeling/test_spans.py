"""Marked words: code points, exact, found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.spans import locate, mark, stands_in
from hone.storage.errors import InputError


@given(st.text(min_size=1).filter(str.strip), st.text(max_size=20), st.text(max_size=20))
def test_words_are_found_where_they_stand(quote: str, before: str, after: str) -> None:
    text = before + quote + after
    start, end = locate(text, quote)
    assert text[start:end] == quote
    assert start <= len(before)
    assert stands_in(mark(text, "one_sided", quote), text)


def test_places_count_in_code_points() -> None:
    assert locate("👩‍🔬 née Zoë", "Zoë") == (8, 11)


def test_the_second_occurrence_can_be_marked() -> None:
    flag = mark("he and he", "one_sided", "he", nth=2)
    assert (flag.start, flag.end, flag.severity, flag.field) == (7, 9, 2, "response")


@pytest.mark.parametrize(
    ("quote", "nth", "why"),
    [("she", 1, "'she' do not occur in the text"), ("he", 3, "do not occur 3 times"), (" ", 1, "No words are marked")],
)
def test_words_that_are_not_there_are_refused(quote: str, nth: int, why: str) -> None:
    with pytest.raises(InputError, match=why):
        locate("he and he", quote, nth)


def test_a_flag_at_another_place_does_not_stand() -> None:
    flag = mark("good old days", "one_sided", "old")
    assert not stands_in(flag, "the old days")
    assert not stands_in(flag.model_copy(update={"start": 3, "end": 3, "quote": ""}), "the old days")
    assert not stands_in(flag, "good")
