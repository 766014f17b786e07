"""Near-duplicates: the quick search finds exactly what comparing all with all finds."""

from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.batches.duplicates import ALIKE, jaccard, near_duplicates, normalised, shingles

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=25).map(" ".join)


def test_case_punctuation_and_spacing_make_no_difference() -> None:
    assert normalised("  The ﬁrst, the BEST!\n") == "the first the best"
    assert shingles("One, two") == shingles("one two") == {"one two"}
    assert shingles(" ?! ") == frozenset()


def test_jaccard_is_the_share_of_common_shingles() -> None:
    assert jaccard(shingles("a b c d"), shingles("b c d e")) == 1 / 3
    assert jaccard(shingles(""), shingles("")) == 0


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=8))
def test_the_search_finds_what_comparing_all_with_all_finds(probes: list[str], kept: list[str]) -> None:
    asked = {f"p{n}": shingles(text) for n, text in enumerate(probes)}
    known = {f"k{n}": shingles(text) for n, text in enumerate(kept)}
    expected = {
        name: max(jaccard(text, other) for other in known.values())
        for name, text in asked.items()
        if any(jaccard(text, other) >= ALIKE for other in known.values())
    }
    assert {name: found.jaccard for name, found in near_duplicates(asked, known).items()} == expected


def test_a_word_more_in_a_long_text_is_nearly_the_same_and_another_text_is_not() -> None:
    text = " ".join(f"word{n}" for n in range(50))
    known = {"k": shingles(text)}
    found = near_duplicates({"longer": shingles(text + " more"), "other": shingles("quite another text")}, known)
    assert found.keys() == {"longer"}
    assert found["longer"].like == "k"
