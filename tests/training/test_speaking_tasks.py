"""Models of the other tasks speak too: a sequence-to-sequence model answers its source, a classifier says a label."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_families import LABELS, make_encoder, make_labelled_rows, make_t5
from tiny_model import make_rows

from hone.training.config import GenerateConfig, SuggestConfig, TrainConfig
from hone.training.fit import fit
from hone.training.folder import Row, RunFolder
from hone.training.generate import generate, read_generations
from hone.training.prepare import prepare
from hone.training.suggest import read_suggestions, suggest

Make = Callable[..., RunFolder]
RATE: dict[str, Any] = {"learning_rate": 2e-2, "micro_batch": 8, "effective_batch": 8, "samples": 1}
WHOLE: dict[str, Any] = {"method": "full", "learning_rate": 3e-3, "template": "{instruction} {context}"}


def learnt(path: Path, base: Path, rows: list[Row], test: list[Row], **changes: Any) -> RunFolder:
    config = TrainConfig(base=str(base), threads=1, max_length=120, max_new_tokens=8, **{**RATE, **changes})
    folder = prepare(path, config, {"train": rows, "test": test}, {"number": 1})
    assert fit(folder.path) == 0
    return folder


@pytest.fixture(scope="module")
def sorter(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A DistilBERT that learnt to sort troubles."""
    place = tmp_path_factory.mktemp("sorter")
    base = make_encoder(place / "base")
    return learnt(
        place / "run", base, make_labelled_rows(48), make_labelled_rows(9, 100), epochs=8, labels=LABELS, **WHOLE
    )


@pytest.fixture(scope="module")
def rewriter(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A T5 that learnt to name the thing."""
    place = tmp_path_factory.mktemp("rewriter")
    return learnt(place / "run", make_t5(place / "base"), make_rows(24), make_rows(6, 100), epochs=6)


@pytest.fixture
def asked(tmp_path: Path) -> Make:
    """Makes a run that lets a model answer rows, settings as given."""

    def make(model: RunFolder, rows: list[Row], name: str = "asked", **settings: Any) -> RunFolder:
        base = model.config().base
        usual: dict[str, Any] = {"max_length": 120, "max_new_tokens": 8, "threads": 1}
        config = GenerateConfig(base=base, model=str(model.model), **{**usual, **settings})
        folder = prepare(tmp_path / name, config, {"test": rows}, {})
        assert generate(folder.path) == 0
        return folder

    return make


def texts(folder: RunFolder) -> dict[str, str]:
    return {answer.id: answer.text for answer in read_generations(folder)}


def test_a_classifier_answers_with_the_text_of_a_label(sorter: RunFolder, asked: Make) -> None:
    rows = make_labelled_rows(12, 200)
    folder = asked(sorter, rows)
    right = [texts(folder)[row.id] == row.response for row in rows]
    assert sum(right) >= 10
    assert {(answer.tokens, answer.finish) for answer in read_generations(folder)} == {(1, "stop")}


def test_chance_means_nothing_to_a_classifier(sorter: RunFolder, asked: Make) -> None:
    rows = make_labelled_rows(9, 200)
    assert texts(asked(sorter, rows, "warm", temperature=5.0)) == texts(asked(sorter, rows, "cold", batch_size=1))


def test_what_a_classifier_kept_is_told_as_accuracy(sorter: RunFolder) -> None:
    found = sorter.result()["forgetting"]
    (split,) = found["splits"]
    assert found["measure"] == "accuracy"
    assert split["accuracy_after"] >= split["accuracy_before"] + 0.3
    assert "does not go on with a text" in found["generic"]["undefined"]


def test_a_classifier_without_training_says_some_label(sorter: RunFolder, tmp_path: Path) -> None:
    config = GenerateConfig(base=sorter.config().base, labels=LABELS, threads=1, max_length=120, max_new_tokens=8)
    folder = prepare(tmp_path / "bare", config, {"test": make_labelled_rows(4)}, {})
    assert generate(folder.path) == 0
    assert set(texts(folder).values()) <= set(LABELS)


def test_an_open_pair_gets_a_label_or_is_read_and_a_strange_label_is_left_out(
    sorter: RunFolder, tmp_path: Path
) -> None:
    rows = make_labelled_rows(4, 200)
    rows[0], rows[1] = rows[0].model_copy(update={"response": ""}), rows[1].model_copy(update={"response": "upset"})
    config = SuggestConfig(
        base=sorter.config().base, model=str(sorter.model), threads=1, max_length=120, max_new_tokens=8
    )
    folder = prepare(tmp_path / "open", config, {"open": rows}, {})
    assert suggest(folder.path) == 0
    said = {each.id: each for each in read_suggestions(folder)}
    assert said[rows[0].id].text in LABELS
    assert folder.result()["left_out"] == [rows[1].id]
    assert all(each.mean_logprob is not None and each.mean_logprob <= 0 for each in said.values())


def test_a_sequence_to_sequence_model_answers_alone_as_in_a_batch(rewriter: RunFolder, asked: Make) -> None:
    rows = make_rows(10, 300)
    alone, together = asked(rewriter, rows, "alone", batch_size=1), asked(rewriter, rows, "together")
    assert texts(alone) == texts(together)
    assert sum(text.startswith("The") for text in texts(alone).values()) >= 8


def test_its_loss_and_answers_are_told_before_and_after(rewriter: RunFolder) -> None:
    found = rewriter.result()["forgetting"]
    (split,) = found["splits"]
    assert split["loss_after"] < split["loss_before"]
    assert split["rouge_after"] > split["rouge_before"]
    assert "sequence-to-sequence" in found["generic"]["undefined"]
