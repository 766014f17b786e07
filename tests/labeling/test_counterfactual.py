"""A text with the words for one group exchanged for another's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.counterfactual.swapping import swapped_pair, swaps


def exchanged(text: str, other: str) -> str:
    """The text of the first exchange whose first new word is `other`."""
    return next(swap.text for swap in swaps(text) if swap.other == other)


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        (
            "He said his boss saw him; the car is his.",
            "She",
            "She said her boss saw her; the car is hers.",
        ),
        ("Ask her about her claim today.", "him", "Ask him about his claim today."),
        ("IS SHE A NURSE?", "HE", "IS HE A NURSE?"),
        ("He goes home, for he's been ill.", "They", "They go home, for they've been ill."),
        ("Does she worry? She also tries. She isn't sure.", "they", "Do they worry? They also try. They aren't sure."),
        ("A Muslim called, and a Muslim family wrote.", "Jew", "A Jew called, and a Jewish family wrote."),
        ("He is Polish, an Indian is not.", "Turkish", "He is Turkish, an Indian is not."),
        ("She met an American nurse.", "Mexican", "She met a Mexican nurse."),
        ("The black applicant read the black book.", "white", "The white applicant read the black book."),
        (
            "A 25-year-old man, aged 25, in a 25-year-old car.",
            "70",
            "A 70-year-old man, aged 70, in a 25-year-old car.",
        ),
        ("A disabled colleague applied.", "non-disabled", "A non-disabled colleague applied."),
        ("A poor family gave a poor answer.", "rich", "A rich family gave a poor answer."),
        ("A gay couple rented it.", "straight", "A straight couple rented it."),
    ],
)  # fmt: skip
def test_an_exchange_keeps_case_and_grammar(text: str, other: str, expected: str) -> None:
    assert exchanged(text, other) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The tenant shall give notice of 30 days.",
        "Take a white tablet with water, not a black coffee.",
        "Christian Weber and Dr French agreed.",
        "The hearing was adjourned for poor attendance.",
        "The seller warrants that the roof is 30 years old.",
        "",
    ],
)
def test_words_that_are_not_about_people_stay(text: str) -> None:
    assert swaps(text) == ()


def test_a_swap_says_the_group_and_where_it_changed_the_text() -> None:
    (swap,) = swaps("The mosque is near.")[:1]
    assert (swap.group, swap.term, swap.other) == ("religion", "mosque", "synagogue")
    assert [swap.text[start:end] for start, end in swap.spans] == ["synagogue"]


def test_he_or_she_is_not_made_they_or_they() -> None:
    assert [swap.other for swap in swaps("He or she signs.")] == ["She"]


def test_a_pair_is_exchanged_in_all_of_its_texts_at_once() -> None:
    first = swapped_pair("Advise the man.", "His wife left him.", "She may claim support from him.")[0]
    assert (first.instruction, first.context) == ("Advise the woman.", "Her husband left her.")
    assert first.response == "He may claim support from her."
    assert [len(spans) for spans in first.spans] == [1, 3, 2]


PEOPLE = st.sampled_from(
    ["he", "she", "the man", "the woman", "a Muslim family", "the Christian", "a Mexican nurse", "an American nurse",
     "his father", "her mother", "the young man", "an elderly woman", "Mr Fox", "Ms Fox", "a 30-year-old patient",
     "a Jewish school", "gay people", "the disabled guest", "an 18-year-old", "a black man", "The Poles"]
)  # fmt: skip
DEEDS = st.sampled_from(["asked for a refund", "saw him today", "called her manager", "came back", "took his coat"])
SENTENCES = st.lists(st.builds(lambda who, deed: f"{who} {deed}.", PEOPLE, DEEDS), min_size=1, max_size=4)


@given(SENTENCES.map(" ".join))
def test_the_same_exchange_twice_gives_the_text_back(text: str) -> None:
    for swap in swaps(text):
        if swap.other.lower() not in ("they", "their", "person", "parent", "them", "mx"):
            back = [again.text for again in swaps(swap.text) if again.group == swap.group]
            assert text in back, swap


@given(st.text() | SENTENCES.map("\n".join))
def test_any_text_is_taken_and_its_spans_lie_inside(text: str) -> None:
    found = swaps(text)
    assert found == swaps(text)
    for swap in found:
        assert swap.text != text
        assert all(0 <= start < end <= len(swap.text) for start, end in swap.spans)
        assert swap.text[slice(*swap.spans[0])] == swap.other


def test_a_text_of_full_length_with_thousands_of_such_words_is_exchanged() -> None:
    [to_her, *_] = swaps("he is his own man. " * 5_000)  # in seconds: its cost grows with its length, not the square
    assert to_her.text == "she is her own woman. " * 5_000
