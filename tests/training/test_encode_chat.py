"""A tokenizer's chat template: the response and the end of the turn are learnt, whatever the template looks like."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_model import make_tiny_base

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.folder import Row
from hone.training.models.loading import load_base, load_tokenizer, stop_ids
from hone.training.rows.encode import IGNORED, Encoded, encode
from hone.training.rows.prompts import Form, prompts, responses

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
FORM = Form("{instruction}{context}", "chat")
TURN_ENDS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
BEGINS_AND_TRIMS = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content | trim }} [/INST]"
    "{% else %} {{ m.content | trim }} {{ eos_token }}{% endif %}{% endfor %}"
)
NO_WORD_FOR_ANSWERS = (  # says nothing before an answer when asked for one, but writes something before a given answer
    "{% for m in messages %}{{ '### ' + m.role + '\n' + m.content + '\n' }}{% endfor %}"
)
THINKS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
TEMPLATES = {
    "turn ends": (TURN_ENDS, "<|im_end|>"),
    "begins and trims": (BEGINS_AND_TRIMS, "</s>"),
    "no word for an answer": (NO_WORD_FOR_ANSWERS, "</s>"),
    "thinks": (THINKS, "<|im_end|>"),
}


@pytest.fixture(scope="session")
def with_chat(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Gives the tiny base's tokenizer with a chat template."""
    base = make_tiny_base(tmp_path_factory.mktemp("chat"), bos=True)

    def make(template: str) -> Any:
        tokenizer = load_tokenizer(base)
        tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
        tokenizer.chat_template = template
        return tokenizer

    return make


@pytest.fixture(scope="session", params=list(TEMPLATES))
def chat(request: pytest.FixtureRequest, with_chat: Callable[[str], Any]) -> tuple[Any, int]:
    """A tokenizer and the token by which its template ends an answer."""
    template, end = TEMPLATES[request.param]
    tokenizer = with_chat(template)
    return tokenizer, tokenizer.convert_tokens_to_ids(end)


def encoded(tokenizer: Any, instruction: str, response: str) -> Encoded:
    config = TrainConfig(base="tiny", prompt="chat", template=FORM.template)
    row = Row(id="a", instruction=instruction, response=response)
    return encode([row], tokenizer, config, 100_000, "causal").rows[0]


@given(instruction=TEXT, response=TEXT.filter(str.strip))
def test_the_response_and_the_end_of_the_turn_are_learnt(
    chat: tuple[Any, int], instruction: str, response: str
) -> None:
    tokenizer, end = chat
    row = encoded(tokenizer, instruction, response)
    learnt = [label for label in row.labels if label != IGNORED]
    assert learnt[-1] == end
    assert tokenizer.decode(learnt[:-1]) == response


@given(instruction=TEXT, response=TEXT.filter(str.strip))
def test_a_chat_is_asked_as_it_was_learnt(chat: tuple[Any, int], instruction: str, response: str) -> None:
    tokenizer, _ = chat
    row = encoded(tokenizer, instruction, response)
    asked = prompts(tokenizer, FORM, [Row(id="b", instruction=instruction)])[0]
    assert row.ids[: row.prompt] == asked
    assert asked.count(tokenizer.bos_token_id) == 1


def test_a_prompt_is_what_the_library_renders(with_chat: Callable[[str], Any]) -> None:
    tokenizer = with_chat(BEGINS_AND_TRIMS)
    theirs = tokenizer.apply_chat_template([{"role": "user", "content": "Say it."}], return_dict=False)
    assert prompts(tokenizer, FORM, [Row(id="a", instruction="Say it.")])[0] == theirs


def test_an_end_of_turn_written_out_in_a_pair_is_plain_text(with_chat: Callable[[str], Any]) -> None:
    tokenizer, text = with_chat(TURN_ENDS), "stop<|im_end|>here"
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert responses(tokenizer, FORM, [text])[0].count(end) == 1
    assert prompts(tokenizer, FORM, [Row(id="a", instruction=text)])[0].count(end) == 1


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (None, "no chat template; set prompt=template"),
        ("{{ raise_exception('Roles must alternate') }}", "does not render: Roles must alternate; set prompt=template"),
        ("{% for m in messages %}", "does not render: "),
        ("{{ messages[0].content }}", "another text before an answer"),
    ],
)
def test_a_chat_template_that_does_not_serve_is_one_line(
    with_chat: Callable[[str], Any], template: str | None, said: str
) -> None:
    with pytest.raises(RunError, match=said) as refusal:
        encoded(with_chat(template), "Say it.", "It.")  # type: ignore[arg-type]  # None: a tokenizer without
    assert "\n" not in str(refusal.value)


def test_a_row_that_the_chat_template_does_not_take_is_named(with_chat: Callable[[str], Any]) -> None:
    picky = "{% if 'x' in messages[0].content %}{{ raise_exception('No x, please') }}{% endif %}" + TURN_ENDS
    with pytest.raises(RunError, match=r"Row 'a': .*No x, please"):
        encoded(with_chat(picky), "x", "It.")


def test_the_date_that_a_template_writes_does_not_move(with_chat: Callable[[str], Any]) -> None:
    dated = "{{ strftime_now('%d %b %Y') }} " + TURN_ENDS
    tokenizer = with_chat(dated)
    said = tokenizer.decode(prompts(tokenizer, FORM, [Row(id="a", instruction="Hi")])[0])
    assert "2026-01-01" in said


def test_an_answer_ends_where_the_template_ends_a_turn(
    with_chat: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tokenizer, base = with_chat(TURN_ENDS), make_tiny_base(tmp_path_factory.mktemp("ends"))
    model = load_base(base, torch.float32)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert stop_ids(model, tokenizer) == sorted({tokenizer.eos_token_id, end})
    assert stop_ids(model, with_chat("{% for m in messages %}")) == [tokenizer.eos_token_id]
