"""Word differences: the pieces rebuild both texts, and read as a person would mark them."""

import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from hone.labeling.diff import changed_words, word_diff

TEXTS = st.text(alphabet=st.sampled_from("ab c\n.,éß漢字กขひ_9"), max_size=60) | st.text(max_size=40)


@given(TEXTS, TEXTS)
def test_the_pieces_rebuild_both_texts(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    assert "".join(piece.text for piece in pieces if piece.op != "added") == old
    assert "".join(piece.text for piece in pieces if piece.op != "removed") == new
    assert all(piece.text for piece in pieces)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["a.", " b ", "c!\n", "。", "d"]), max_size=30), st.integers(0, 9))
def test_the_pieces_of_long_texts_rebuild_them_too(parts: list[str], seed: int) -> None:
    old = "".join(parts) + "One sentence. " * 300
    new = old.replace("a", "x y").replace("sentence", "phrase", seed)
    pieces = word_diff(old * 2, new)
    assert "".join(piece.text for piece in pieces if piece.op != "added") == old * 2
    assert "".join(piece.text for piece in pieces if piece.op != "removed") == new


@given(TEXTS, TEXTS)
def test_neighbouring_pieces_differ_in_kind(old: str, new: str) -> None:
    ops = [piece.op for piece in word_diff(old, new)]
    assert all(one != other for one, other in pairwise(ops))


@given(TEXTS)
def test_equal_texts_have_no_changed_words(text: str) -> None:
    assert changed_words(text, text) == (0, 0)
    assert {piece.op for piece in word_diff(text, text)} <= {"same"}


@given(TEXTS, TEXTS)
def test_what_comes_in_one_way_goes_out_the_other_when_nothing_is_shared(old: str, new: str) -> None:
    added, removed = changed_words("", new)[0], changed_words(old, "")[1]
    assert (added, removed) == (changed_words(new, "")[1], changed_words("", old)[0])


def test_a_rewritten_phrase_is_one_piece() -> None:
    pieces = [(piece.op, piece.text) for piece in word_diff("We sold the red fox.", "We sold a small dog.")]
    assert pieces == [("same", "We sold "), ("removed", "the red fox"), ("added", "a small dog"), ("same", ".")]


def test_words_count_and_punctuation_does_not() -> None:
    assert changed_words("Hello, you", "Hello you all!") == (1, 0)
    assert changed_words("東京へ行く", "京都へ行く") == (1, 1)


def test_long_texts_take_no_longer_than_a_person_waits() -> None:
    old = "the cat and the dog went to the market in the rain. " * 1_900
    new = old.replace("rain", "sun", 500)
    started = time.perf_counter()
    assert changed_words(old, new) == (500, 500)
    assert time.perf_counter() - started < 10
