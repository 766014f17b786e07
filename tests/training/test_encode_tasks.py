"""Rows for models that turn one text into another, or choose a label."""

from pathlib import Path
from typing import Any

import pytest
from tiny_model import make_rows

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.folder import Row
from hone.training.models.loading import load_tokenizer
from hone.training.rows.encode import UnknownLabels, encode

LABELS = ("high", "low")


@pytest.fixture(scope="session")
def tokenizer(tiny_base: Path) -> Any:
    """One that ends every text, as those of sequence-to-sequence models and encoders do."""
    from tokenizers import processors

    found = load_tokenizer(tiny_base)
    ended: Any = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    found.backend_tokenizer.post_processor = ended
    return found


def labelled(*labels: str) -> list[Row]:
    return [
        Row(id=f"row-{number}", instruction="The pump leaks.", response=label) for number, label in enumerate(labels)
    ]


def test_a_source_and_a_target_end_apart(tokenizer: Any) -> None:
    row = encode(make_rows(3), tokenizer, TrainConfig(base="tiny"), 512, "seq2seq").rows[0]
    assert row.target is not None
    assert (row.ids.count(1), row.ids[-1], row.target.count(1), row.target[-1]) == (1, 1, 1, 1)
    assert tokenizer.decode(row.target[:-1]) == make_rows(1)[0].response
    assert (row.prompt, row.learnt, len(row)) == (len(row.ids), len(row.target), len(row.ids) + len(row.target))


def test_an_end_written_out_in_a_target_is_plain_text(tokenizer: Any) -> None:
    row = Row(id="a", instruction="x", response="stop</s>here</s>")
    target = encode([row], tokenizer, TrainConfig(base="tiny"), 512, "seq2seq").rows[0].target
    assert target is not None
    assert target.count(1) == 1


def test_a_label_is_its_place_in_the_set_and_no_text_to_read(tokenizer: Any) -> None:
    rows = encode(labelled("low", " high\n"), tokenizer, TrainConfig(base="tiny", labels=LABELS), 512, "classify").rows
    assert [row.label for row in rows] == [1, 0]
    assert rows[0].ids == rows[1].ids
    assert [row.learnt for row in rows] == [1, 1]


def test_a_label_outside_the_set_is_named_with_its_row(tokenizer: Any) -> None:
    config = TrainConfig(base="tiny", labels=LABELS)
    with pytest.raises(UnknownLabels, match=r"\('high', 'low'\): row 'row-1' has 'middling'") as refusal:
        encode(labelled("low", "middling"), tokenizer, config, 512, "classify")
    assert refusal.value.facts["rows"] == [{"id": "row-1", "label": "middling"}]


def test_a_classifier_without_labels_says_what_to_set(tokenizer: Any) -> None:
    with pytest.raises(RunError, match="needs the labels to choose from: make the project a classification"):
        encode(labelled("low"), tokenizer, TrainConfig(base="tiny"), 512, "classify")


def test_a_long_text_to_classify_is_shortened_and_keeps_its_end(tokenizer: Any) -> None:
    row = Row(id="a", instruction="Which?", context="The pump leaks. " * 40, response="low")
    config = TrainConfig(base="tiny", labels=LABELS, too_long="truncate_prompt")
    encoding = encode([row], tokenizer, config, 64, "classify")
    assert len(encoding.rows[0]) <= 64
    assert encoding.rows[0].ids[-1] == 1
    assert [cut.id for cut in encoding.truncated] == ["a"]


def test_chat_is_for_causal_models(tokenizer: Any) -> None:
    with pytest.raises(RunError, match="prompt=chat is for causal models, this base is for sequence-to-sequence"):
        encode(make_rows(1), tokenizer, TrainConfig(base="tiny", prompt="chat"), 512, "seq2seq")
