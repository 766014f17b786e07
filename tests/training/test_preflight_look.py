"""What is known before a run trains: what it reads and learns, what does not fit, what it will take."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_model import make_rows

from hone.training.config import TrainConfig
from hone.training.fit import fit
from hone.training.folder import Row, RunFolder, Split
from hone.training.models.loading import load_tokenizer
from hone.training.preflight import Preflight, preflight, read_preflight
from hone.training.preflight_rows import token_texts
from hone.training.prepare import prepare

Look = Callable[..., Preflight]


@pytest.fixture
def look(tmp_path: Path, tiny_base: Path) -> Look:
    """Looks at a run of 24 train, 6 validation and 6 test rows, of these rows and settings where they are given."""

    def made(
        train: Sequence[Row] = make_rows(24),  # rows are frozen
        test: Sequence[Row] = make_rows(6, 200),
        kept: dict[int, list[Row]] | None = None,
        validation: Sequence[Row] = make_rows(6, 100),
        **settings: Any,
    ) -> Preflight:
        given: dict[str, Any] = {"base": str(tiny_base), "epochs": 2, "effective_batch": 8, "max_length": 512}
        given |= {"threads": 1, "max_new_tokens": 8, **settings}
        rows: dict[Split, Sequence[Row]] = {"train": train, "validation": validation, "test": test}
        folder = prepare(tmp_path / "look", TrainConfig(**given), rows, {"number": 2}, kept)
        assert preflight(folder.path) == 0
        assert not folder.model.exists()
        return read_preflight(folder)

    return made


def test_rows_and_tokens_are_counted_and_the_longest_are_shown(look: Look) -> None:
    found = look()
    figures = {each.split: each for each in found.splits}
    assert {split: each.rows for split, each in figures.items()} == {"train": 24, "validation": 6, "test": 6}
    assert 0 < figures["train"].learnt < figures["train"].tokens
    assert figures["validation"].learnt == figures["test"].tokens == 0
    assert len(found.longest) == 5
    assert [row.tokens for row in found.longest] == sorted((row.tokens for row in found.longest), reverse=True)
    assert found.longest[0].begins.startswith("Say what ")
    assert found.refusals == []


def test_three_rows_are_shown_token_by_token_with_what_is_learnt(look: Look) -> None:
    views = look().views
    assert len(views) == 3
    for view in views:
        learnt = "".join(text for text, is_learnt in view.tokens if is_learnt)
        given = "".join(text for text, is_learnt in view.tokens if not is_learnt)
        assert learnt == next(row.response for row in make_rows(24) if row.id == view.id) + "</s>"
        assert given.endswith("### Response:\n")


def test_a_very_long_row_is_shown_at_both_ends(look: Look, tiny_base: Path) -> None:
    long_row = Row(id="long", instruction="Say it.", context="The pump leaks. " * 400, response="The pump.")
    view = next(
        view for view in look([*make_rows(8), long_row], max_length=8192, too_long="drop").views if view.left_out
    )
    assert (view.id, len(view.tokens), view.cut) == ("long", 700, 350)
    assert view.tokens[-1] == ("</s>", True)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_the_tokens_of_a_text_add_up_to_it(tiny_base: Path, text: str) -> None:
    tokenizer = load_tokenizer(tiny_base)
    ids = tokenizer(text)["input_ids"]
    assert "".join(token_texts(tokenizer, ids)) == tokenizer.decode(ids) == text


def test_every_row_that_does_not_fit_is_named_with_what_becomes_of_it(look: Look) -> None:
    found = look(max_length=60)
    assert {row.outcome for row in found.overlong} == {"refused"}
    assert len(found.overlong) > 1
    assert f"{len(found.overlong)} of the rows have more than 60 tokens" in found.refusals[0]
    assert found.estimate is not None  # of the rows that fit


def test_a_choice_to_shorten_or_to_leave_out_is_told_row_by_row(look: Look, tmp_path: Path) -> None:
    shortened = look(max_length=60, too_long="truncate_prompt")
    shutil.rmtree(tmp_path / "look")
    dropped = look(max_length=60, too_long="drop")
    assert {row.outcome for row in shortened.overlong} == {"shortened"}
    assert all(0 < row.kept <= 60 for row in shortened.overlong)
    assert {row.outcome for row in dropped.overlong} == {"dropped"}
    assert shortened.refusals == dropped.refusals == []
    assert any("left out" in finding.text for finding in dropped.findings)


def test_a_row_that_asks_what_a_test_item_asks_is_named(look: Look) -> None:
    test, earlier = Row(id="t", instruction="What  LEAKS?", response="x"), Row(id="k", instruction="Why?", response="x")
    train = [
        *make_rows(8),
        Row(id="a", instruction="what leaks?", response="y"),
        Row(id="b", instruction="why?", response="y"),
    ]
    found = look(train, [test], {1: [earlier]})
    assert [(each.id, each.test_id, each.batch) for each in found.duplicates] == [("a", "t", None), ("b", "k", 1)]
    assert any("memory, not skill" in finding.text for finding in found.findings)


def test_time_memory_and_disk_are_told(look: Look) -> None:
    told = look(lora_r=4).estimate
    assert told is not None
    assert told.total_seconds == pytest.approx(sum(told.seconds.values()), abs=0.1)
    assert min(told.seconds[part] for part in ("start", "train", "evaluate", "forgetting")) > 0
    assert told.steps == 6
    assert 0 < told.trainable < told.parameters
    assert 12 * told.trainable < told.disk_bytes < told.disk_free
    assert 0 < told.memory_bytes < told.memory_total


def test_a_disk_that_is_too_small_stands_against_the_run(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10, used=9, free=1))
    assert "MB on disk" in look().refusals[0]


def test_the_time_told_is_near_what_the_run_takes(look: Look, tmp_path: Path) -> None:
    """Held against each other on a quiet machine they differ by less than a quarter; here others may be at work."""
    told = look(make_rows(120, 1000), epochs=4, forgetting=0).estimate
    assert told is not None
    folder = RunFolder(tmp_path / "look")
    run = prepare(
        tmp_path / "run", folder.config(), {split: folder.rows(split) for split in ("train", "validation")}, {}
    )
    assert fit(run.path) == 0
    took = run.result()["seconds"]["train"]
    assert took / 4 < told.seconds["train"] + told.seconds["evaluate"] < took * 4


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"template": "{instruction}"}, "the template has no {context}"),
        ({"prompt": "chat"}, "no chat template; set prompt=template"),
        ({"task": "classify", "labels": ("a", "b")}, "is a base for instruction tuning"),
        ({"base": "/nowhere/at/all"}, "There is no folder /nowhere/at/all"),
        ({"lora_targets": "no_such_layer"}, "no_such_layer"),
        ({"base_sha256": "a" * 64}, "has other weights"),
    ],
)
def test_what_stands_against_a_run_is_one_clear_line(look: Look, settings: dict[str, Any], said: str) -> None:
    found = look(**settings)
    (refusal,) = found.refusals
    assert said in refusal
    assert "\n" not in refusal
    assert found.estimate is None


def test_a_run_of_preferences_is_not_looked_at_as_if_it_learnt_responses(tmp_path: Path, tiny_base: Path) -> None:
    config = TrainConfig(base=str(tiny_base), objective="dpo", threads=1)
    folder = prepare(tmp_path / "look", config, {"train": make_rows(4)}, {})
    assert preflight(folder.path) == 1
    assert "A look is at runs that learn responses, not at dpo" in str(folder.read_events()[0][-1].data["message"])


def test_one_row_and_no_validation_are_warned_about(look: Look) -> None:
    said = " ".join(finding.text for finding in look(make_rows(1), validation=()).findings if finding.kind == "warning")
    assert "one row to learn from" in said
    assert "no validation row" in said
    assert "change only 2 times" in said


def test_a_look_stops_when_it_is_asked_to(tmp_path: Path, tiny_base: Path) -> None:
    folder = prepare(tmp_path / "look", TrainConfig(base=str(tiny_base)), {"train": make_rows(8)}, {})
    folder.request_cancel()
    assert preflight(folder.path) == 3
    assert folder.status() == "cancelled"
