"""What is nearly the same: words without case and punctuation, and the share of three-word runs in common."""

from hone.labeling.batches.duplicates import ALIKE, jaccard, normalised, shingles


def test_case_punctuation_and_spacing_make_no_difference() -> None:
    assert normalised("  The ﬁrst, the BEST!\n") == "the first the best"
    assert shingles("One, two") == shingles("one two") == {"one two"}
    assert shingles(" ?! ") == frozenset()


def test_jaccard_is_the_share_of_common_shingles() -> None:
    assert jaccard(shingles("a b c d"), shingles("b c d e")) == 1 / 3
    assert jaccard(shingles(""), shingles("")) == 0


def test_a_word_more_in_a_long_text_is_nearly_the_same_and_another_text_is_not() -> None:
    text = " ".join(f"word{n}" for n in range(50))
    assert jaccard(shingles(text), shingles(f"{text} more")) >= ALIKE
    assert jaccard(shingles(text), shingles("quite another text")) == 0
