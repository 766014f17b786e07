"""Text of people becomes HTML that says the same and does nothing."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.diff import word_diff
from hone.platform.frame.safe_html import clipped, diff, esc, marked, plain, prose


def said(source: str) -> str:
    """What a reader sees of HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", source))


spans = st.lists(st.tuples(st.integers(-2, 40), st.integers(-2, 40), st.text(max_size=5)), max_size=6)


@given(st.text(max_size=40), spans)
def test_marks_change_nothing_of_the_text(text: str, places: list[tuple[int, int, str]]) -> None:
    assert said(marked(text, places)) == text


@given(st.text(max_size=60), spans)
def test_only_our_own_tags_are_there(text: str, places: list[tuple[int, int, str]]) -> None:
    tags = set(re.findall(r"</?(\w+)", marked(text, places)))
    assert tags <= {"div", "mark"}


def test_marked_words_stand_where_the_span_says() -> None:
    assert '<mark title="why">👩 b</mark>' in marked("a 👩 b c", [(2, 5, "why")])


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_diff_holds_both_texts(old: str, new: str) -> None:
    source = diff(word_diff(old, new))
    assert said(re.sub(r"<ins>.*?</ins>", "", source, flags=re.DOTALL)) == old
    assert said(re.sub(r"<del>.*?</del>", "", source, flags=re.DOTALL)) == new


@given(st.text(max_size=60))
def test_guidelines_bring_no_tag_of_their_own(text: str) -> None:
    tags = set(re.findall(r"</?(\w+)", prose(text)))
    assert tags <= {"div", "h3", "p", "ul", "li", "br"}


def test_guidelines_have_headings_and_lists() -> None:
    assert prose("# Style\n\n- short\n- kind") == (
        '<div class="h-prose"><h3>Style</h3><ul><li>short</li><li>kind</li></ul></div>'
    )


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_a_label_escapes_every_sign_of_markdown(text: str) -> None:
    assert not re.search(r"(?<!\\)(\\\\)*[*_\[\]!:$`<>~#|]", plain(text))


def test_a_clipped_text_ends_at_a_word() -> None:
    assert clipped("one two three", 9) == "one two …"
    assert clipped("one\n two", 9) == "one two"


def test_quotes_cannot_leave_an_attribute() -> None:
    assert esc("\"'<&") == "&quot;&#x27;&lt;&amp;"
