"""What a model knew and knows: asked the same items before and after a run, in the same way."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from tiny_model import make_rows

from hone.training.config import TrainConfig
from hone.training.folder import Row, RunFolder
from hone.training.forgetting.measuring import Look, compared, look, sample
from hone.training.forgetting.plain import plain_loss, plain_text
from hone.training.forgetting.scoring import accuracy, rouge_l
from hone.training.models import adapters, loading
from hone.training.models.loading import Model, Tokenizer
from hone.training.prepare import prepare
from hone.training.session import Cancelled

Loaded = tuple[Model, Tokenizer]


@pytest.fixture(scope="module")
def untaught(tiny_base: Path) -> Loaded:
    return loading.load_base(tiny_base, torch.float32), loading.load_tokenizer(tiny_base)


@pytest.fixture(scope="module")
def taught(tiny_base: Path, trained: RunFolder) -> Loaded:
    model = adapters.load_model(tiny_base, trained.model, torch.float32, "none")
    return model, loading.load_tokenizer(tiny_base)


@pytest.fixture
def folder(tmp_path: Path, tiny_base: Path) -> RunFolder:
    """A run on batch 2, with six test rows of its own and eight of batch 1."""
    config = TrainConfig(base=str(tiny_base), max_new_tokens=8, max_length=512, threads=1)
    rows: dict[Any, list[Row]] = {"train": make_rows(4), "test": make_rows(6, 200)}
    return prepare(tmp_path / "run", config, rows, {"number": 2}, kept={1: make_rows(8, 300)})


def seen(folder: RunFolder, loaded: Loaded, moment: Any = "before", **settings: Any) -> Look | None:
    config = folder.config().model_copy(update=settings)
    assert isinstance(config, TrainConfig)
    return look(folder, config, *loaded, "causal", [1], moment)


def test_a_run_is_told_apart_before_and_after_on_every_batch_so_far(
    folder: RunFolder, untaught: Loaded, taught: Loaded
) -> None:
    found = compared(seen(folder, untaught), seen(folder, taught, "after"))
    assert [(split["batch"], split["items"], split["left_out"]) for split in found["splits"]] == [(1, 8, 0), (2, 6, 0)]
    for split in found["splits"]:
        assert split["loss_after"] < split["loss_before"] - 1
        assert split["rouge_after"] > split["rouge_before"] + 0.3
    assert found["generic"]["loss_after"] > found["generic"]["loss_before"]  # it was taught nothing but pumps
    assert found["generic"]["tokens"] > 500


def test_looking_changes_neither_the_model_nor_the_course_of_chance(folder: RunFolder, taught: Loaded) -> None:
    model = taught[0]
    model.train()
    state = torch.get_rng_state()
    assert seen(folder, taught) == seen(folder, taught)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    model.eval()


def test_nobody_looks_where_nothing_is_asked_for(folder: RunFolder, untaught: Loaded) -> None:
    assert seen(folder, untaught, forgetting=0) is None
    assert compared(None, None) == {}


def test_no_more_items_are_asked_than_the_run_is_told(folder: RunFolder, untaught: Loaded) -> None:
    found = seen(folder, untaught, forgetting=3)
    assert found is not None
    assert {number: split.items for number, split in found.splits.items()} == {1: 3, 2: 3}


@given(st.sets(st.integers(0, 500), max_size=30), st.integers(0, 40), st.randoms())
def test_the_items_asked_are_the_same_in_whatever_order_they_come(numbers: set[int], most: int, chance: Any) -> None:
    rows = [Row(id=f"row-{number}", instruction="Say so.") for number in sorted(numbers)]
    mixed = list(rows)
    chance.shuffle(mixed)
    assert sample(rows, most) == sample(mixed, most)
    assert sample(rows, most) == sample(rows, most + 5)[:most]
    assert len(sample(rows, most)) == min(most, len(rows))


def test_an_item_that_is_too_long_is_left_out_and_counted(folder: RunFolder, untaught: Loaded) -> None:
    found = seen(folder, untaught, max_length=75)
    assert found is not None
    assert found.splits[1].left_out > 0
    assert found.splits[1].items + found.splits[1].left_out == 8


def test_where_no_item_fits_the_run_goes_on_and_says_so(folder: RunFolder, untaught: Loaded) -> None:
    found = seen(folder, untaught, max_length=20)
    assert found is not None
    assert found.splits == {}
    said = [event.data["message"] for event in folder.read_events()[0] if event.kind == "warning"]
    assert [text[:40] for text in said] == [f"The test items of batch {n} are not asked:" for n in (1, 2)]


def test_the_page_sees_what_is_done_and_a_request_to_stop_is_heard(folder: RunFolder, untaught: Loaded) -> None:
    seen(folder, untaught)
    stages = [event.data["stage"] for event in folder.read_events()[0] if event.kind == "progress"]
    assert stages == [
        "test items of batch 1, before training",
        "test items of batch 2, before training",
        "plain English, before training",
    ]
    folder.request_cancel()
    with pytest.raises(Cancelled):
        seen(folder, untaught)


@pytest.mark.parametrize("task", ["seq2seq", "classify"])
def test_only_a_model_that_goes_on_with_a_text_has_a_loss_on_plain_english(untaught: Loaded, task: Any) -> None:
    assert isinstance(plain_loss(*untaught, task), str)


def test_the_plain_text_is_a_few_kilobytes_of_ascii() -> None:
    assert plain_text().isascii()
    assert 3_000 < len(plain_text()) < 6_000


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("The pump.", "the pump", 1.0),
        ("", "the pump", 0.0),
        ("police kill the gunman", "police killed the gunman", 0.75),  # Lin 2004, section 3.1
        ("Насос сломан", "насос сломан", 1.0),
        ("水泵坏了", "水泵好了", 0.75),
    ],
)
def test_rouge_l_counts_words_of_any_script_without_stems(answer: str, reference: str, score: float) -> None:
    assert rouge_l(answer, reference) == pytest.approx(score)


@given(*[st.lists(st.sampled_from(["pump", "lamp", "the", "The", "is_on", "7", ","]), max_size=12).map(" ".join)] * 2)
def test_rouge_l_is_the_very_figure_of_rouge_score(answer: str, reference: str) -> None:
    theirs = RougeScorer(["rougeL"]).score(reference, answer)["rougeL"].fmeasure
    assert rouge_l(answer, reference) == pytest.approx(theirs, abs=1e-12)


def test_a_label_is_right_or_wrong() -> None:
    assert [accuracy(said, "billing") for said in (" billing", "Billing", "")] == [1.0, 0.0, 0.0]
