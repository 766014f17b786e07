"""One template, one function: what the model reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.storage.errors import InputError
from hone.training.prompt import DEFAULT_TEMPLATE, prompt_text


def test_instruction_and_context_stand_in_their_places() -> None:
    text = prompt_text(DEFAULT_TEMPLATE, "Sum it up.", "A long text.")
    assert text == "### Instruction:\nSum it up.\n\n### Context:\nA long text.\n\n### Response:\n"


@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_texts_are_kept_as_they_are_braces_and_all(instruction: str, context: str) -> None:
    assert prompt_text("{instruction}|{context}|", instruction, context) == f"{instruction}|{context}|"


def test_a_placeholder_inside_a_text_is_not_filled_in() -> None:
    text = prompt_text("{instruction} / {context}", "say {context} and {name}", "{instruction}")
    assert text == "say {context} and {name} / {instruction}"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (DEFAULT_TEMPLATE, "### Instruction:\nX\n\n### Response:\n"),
        ("{instruction}\n\nInput: {context}\nResponse:", "X\n\nResponse:"),
        ("{instruction}\n\nText:\n{context}\nAnswer: ", "X\n\nAnswer: "),
        ("Read this.\n{context}\n\n{instruction}", "Read this.\n\nX"),
        ("{instruction} {context}\n> ", "X\n> "),
        ("{context}\n\n{instruction}", "\nX"),
    ],
)
def test_an_empty_context_takes_its_place_with_it(template: str, expected: str) -> None:
    assert prompt_text(template, "X", " \n") == expected


def test_other_placeholders_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"\{question\}; only \{instruction\} and \{context\}"):
        prompt_text("{question}", "X", "")


def test_a_template_without_instruction_is_refused() -> None:
    with pytest.raises(InputError, match=r"no \{instruction\}"):
        prompt_text("{context}", "X", "Y")


def test_a_context_that_the_template_would_lose_is_refused() -> None:
    with pytest.raises(InputError, match="the model would never see it"):
        prompt_text("{instruction}", "X", "Y")


def test_braces_that_are_no_placeholder_are_plain_text() -> None:
    assert prompt_text('{"a": {}, "b": "{instruction}"}', "X", "") == '{"a": {}, "b": "X"}'
