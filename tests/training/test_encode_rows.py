"""What is learnt: the response and its end, whole; what is read: the same ids at training and at inference."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_model import make_rows, make_tiny_base

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.folder import Row
from hone.training.models.loading import load_tokenizer
from hone.training.prompt import DEFAULT_TEMPLATE
from hone.training.rows.encode import IGNORED, Encoding, TooLongRows, encode
from hone.training.rows.prompts import Form, prompts

LIMIT = 100_000
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)


@pytest.fixture(scope="session")
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(tiny_base)


@pytest.fixture(scope="session", params=[False, True], ids=["without bos", "with bos"])
def either_tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_tokenizer(make_tiny_base(tmp_path_factory.mktemp("bos"), bos=request.param))


def encoded_as(rows: Sequence[Row], tokenizer: Any, limit: int = LIMIT, **settings: Any) -> Encoding:
    return encode(rows, tokenizer, TrainConfig(base="tiny", **settings), limit, "causal")


@given(instruction=TEXT, context=TEXT, response=TEXT.filter(str.strip))
def test_labels_decode_to_the_response_and_its_end(
    tokenizer: Any, instruction: str, context: str, response: str
) -> None:
    row = Row(id="a", instruction=instruction, context=context, response=response)
    encoded = encoded_as([row], tokenizer).rows[0]
    learnt = [label for label in encoded.labels if label != IGNORED]
    assert learnt[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(learnt[:-1]) == response
    assert len(encoded.labels) == len(encoded.ids)


@given(instruction=TEXT, context=TEXT, response=TEXT.filter(str.strip))
def test_the_prompt_has_the_same_ids_at_training_and_at_inference(
    tokenizer: Any, instruction: str, context: str, response: str
) -> None:
    row = Row(id="a", instruction=instruction, context=context, response=response)
    encoded = encoded_as([row], tokenizer).rows[0]
    assert encoded.ids[: encoded.prompt] == prompts(tokenizer, Form(DEFAULT_TEMPLATE), [row])[0]


def test_there_is_one_beginning_where_the_tokenizer_uses_one(either_tokenizer: Any) -> None:
    uses_one = either_tokenizer("a")["input_ids"][0] == either_tokenizer.bos_token_id
    for text in ("Say it.", "<s>Say it."):
        ids = prompts(either_tokenizer, Form("{instruction}"), [Row(id="a", instruction=text)])[0]
        assert ids.count(either_tokenizer.bos_token_id) == (1 if uses_one or "<s>" in text else 0)
    row = encoded_as([Row(id="a", instruction="x", response="y")], either_tokenizer).rows[0]
    assert row.ids.count(either_tokenizer.eos_token_id) == 1


def test_an_end_of_sequence_written_out_in_a_response_is_plain_text(tokenizer: Any) -> None:
    row = Row(id="a", instruction="x", response="stop</s>here")
    encoded = encoded_as([row], tokenizer).rows[0]
    assert encoded.ids.count(tokenizer.eos_token_id) == 1
    assert tokenizer.decode(encoded.ids[encoded.prompt : -1]) == "stop</s>here"


def test_long_rows_are_refused_and_every_one_is_listed(tokenizer: Any) -> None:
    rows = make_rows(9)
    with pytest.raises(TooLongRows, match=r"rows have more than 60 tokens.*truncate_prompt") as refusal:
        encoded_as(rows, tokenizer, 60)
    lengths = {row.id: len(row) for row in encoded_as(rows, tokenizer).rows}
    expected = [{"id": name, "tokens": length} for name, length in lengths.items() if length > 60]
    assert refusal.value.facts["rows"] == expected
    assert 1 < len(expected) < 9


def test_long_rows_can_be_dropped_and_are_counted(tokenizer: Any) -> None:
    encoding = encoded_as(make_rows(9), tokenizer, 60, too_long="drop")
    assert all(len(row) <= 60 for row in encoding.rows)
    assert len(encoding.rows) + len(encoding.dropped) == 9


def test_dropping_every_row_is_refused(tokenizer: Any) -> None:
    with pytest.raises(RunError, match="All 9 rows have more than 8 tokens"):
        encoded_as(make_rows(9), tokenizer, 8, too_long="drop")


@given(limit=st.integers(min_value=55, max_value=140))
def test_a_shortened_prompt_keeps_instruction_response_and_end(tokenizer: Any, limit: int) -> None:
    row = Row(id="a", instruction="Say it.", context="The pump leaks. " * 12, response="The pump.")
    encoding = encoded_as([row], tokenizer, limit, too_long="truncate_prompt")
    encoded = encoding.rows[0]
    text = tokenizer.decode(encoded.ids)
    assert len(encoded) <= limit
    assert [cut.id for cut in encoding.truncated] == ["a"]
    assert text.startswith("### Instruction:\nSay it.\n\n### ")
    assert text.endswith("### Response:\nThe pump.</s>")


def test_a_shortened_context_is_as_long_as_fits(tokenizer: Any) -> None:
    row = Row(id="a", instruction="Say it.", context="0123456789" * 20, response="It.")
    whole = len(encoded_as([row], tokenizer).rows[0])
    assert len(encoded_as([row], tokenizer, whole - 1, too_long="truncate_prompt").rows[0]) == whole - 1


def test_a_row_that_no_shortening_helps_is_refused(tokenizer: Any) -> None:
    row = Row(id="a", instruction="Say it.", context="x", response="word " * 100)
    with pytest.raises(TooLongRows, match="even without their context"):
        encoded_as([row], tokenizer, 60, too_long="truncate_prompt")


def test_a_row_without_response_is_refused_by_name(tokenizer: Any) -> None:
    with pytest.raises(RunError, match="'a' has no response"):
        encoded_as([Row(id="a", instruction="x", response=" \n")], tokenizer)


def test_a_row_that_the_template_does_not_take_is_named(tokenizer: Any) -> None:
    with pytest.raises(RunError, match=r"'a': The pair has a context"):
        encoded_as(
            [Row(id="a", instruction="x", context="y", response="z")], tokenizer, LIMIT, template="{instruction}"
        )


def test_every_row_ends_with_the_end_that_is_learnt(tokenizer: Any) -> None:
    rows = encoded_as(make_rows(30), tokenizer).rows
    assert {row.labels[-1] for row in rows} == {tokenizer.eos_token_id}
