"""Open pairs: an answer where there is none, and how likely the model finds the response that is there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_model import make_rows
from torch.nn.functional import log_softmax
from transformers import AutoModelForCausalLM, AutoTokenizer

from hone.storage.errors import InputError
from hone.training.config import SuggestConfig, TrainConfig
from hone.training.folder import Row, RunFolder
from hone.training.generate import generate, read_generations
from hone.training.prepare import prepare
from hone.training.prompt import DEFAULT_TEMPLATE, prompt_text
from hone.training.rows.batches import collate, mean_logprobs
from hone.training.rows.encode import Encoded, encode
from hone.training.settings import with_settings
from hone.training.suggest import Suggestion, read_suggestions, suggest

Make = Callable[..., RunFolder]
GIVEN = make_rows(6, 300)
EMPTY = [row.model_copy(update={"id": f"open-{row.id}", "response": "  "}) for row in make_rows(4, 400)]


@pytest.fixture
def new_suggestion(tmp_path: Path, tiny_base: Path) -> Make:
    """Makes a run folder in which the base reads six rows and answers four, settings as given."""

    def make(name: str = "suggestion", rows: list[Row] | None = None, **settings: Any) -> RunFolder:
        given = {"base": str(tiny_base), "max_new_tokens": 8, "max_length": 512, "batch_size": 4, "threads": 1}
        config = SuggestConfig.model_validate({**given, **settings})
        return prepare(tmp_path / name, config, {"open": [*GIVEN, *EMPTY] if rows is None else rows}, {})

    return make


def said(folder: RunFolder) -> dict[str, Suggestion]:
    return {each.id: each for each in read_suggestions(folder)}


def without_time(folder: RunFolder) -> dict[str, dict[str, Any]]:
    return {each.id: each.model_dump(exclude={"seconds"}) for each in read_suggestions(folder)}


def by_hand(base: Path, row: Row, response: str) -> float:
    """Mean log-probability of a response and its end, straight from transformers, one row alone."""
    tokenizer, model = AutoTokenizer.from_pretrained(str(base)), AutoModelForCausalLM.from_pretrained(str(base))
    prompt = tokenizer(prompt_text(DEFAULT_TEMPLATE, row.instruction, row.context))["input_ids"]
    ids = [*prompt, *tokenizer(response)["input_ids"], tokenizer.eos_token_id]
    with torch.no_grad():
        likely = log_softmax(model(torch.tensor([ids])).logits[0].double(), dim=-1)
    each = [float(likely[place - 1, ids[place]]) for place in range(len(prompt), len(ids))]
    return sum(each) / len(each)


def test_a_response_that_is_there_is_read_as_transformers_reads_it(new_suggestion: Make, tiny_base: Path) -> None:
    folder = new_suggestion()
    assert suggest(folder.path) == 0
    for row in GIVEN:
        found = said(folder)[row.id]
        assert found.text is None
        assert found.mean_logprob == pytest.approx(by_hand(tiny_base, row, row.response), abs=1e-4)


def test_a_row_without_a_response_is_answered_as_a_generation_would(new_suggestion: Make, new_generation: Make) -> None:
    folder = new_suggestion(rows=[row.model_copy(update={"response": ""}) for row in make_rows(10, 300)])
    asked = new_generation(model=None, max_new_tokens=8)
    assert (suggest(folder.path), generate(asked.path)) == (0, 0)
    assert {each.id: each.text for each in read_suggestions(folder)} == {
        each.id: each.text for each in read_generations(asked)
    }


def test_an_answer_of_its_own_is_read_like_any_other(new_suggestion: Make, tiny_base: Path) -> None:
    folder = new_suggestion()
    assert suggest(folder.path) == 0
    for row in EMPTY:
        found = said(folder)[row.id]
        assert found.text is not None
        assert found.mean_logprob == pytest.approx(by_hand(tiny_base, row, found.text), abs=1e-4)


def test_the_end_of_an_empty_text_is_all_there_is_to_read(tiny_base: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(str(tiny_base))
    (alone,) = mean_logprobs(model, collate([Encoded("a", [5, 6, 7, 1], 3)], pad=0))
    with torch.no_grad():
        likely = log_softmax(model(torch.tensor([[5, 6, 7]])).logits[0, -1], dim=-1)
    assert alone == pytest.approx(float(likely[1]), abs=1e-5)


def test_what_stands_beside_a_row_and_fills_it_up_changes_nothing(tiny_base: Path) -> None:
    """Alone, beside a longer row (filled up on the right), and filled up on the left as a generation would."""
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(str(tiny_base)),
        AutoTokenizer.from_pretrained(str(tiny_base)),
    )
    rows = encode(make_rows(3, 500), tokenizer, TrainConfig(base="tiny"), 512, "causal").rows
    (alone,) = mean_logprobs(model, collate(rows[:1], pad=1))
    beside = mean_logprobs(model, collate(rows, pad=1))[0]
    ids, fill = torch.tensor([[1] * 9 + rows[0].ids]), 9
    mask = torch.tensor([[0] * fill + [1] * len(rows[0])])
    with torch.no_grad():
        logits = model(ids, attention_mask=mask, position_ids=(mask.cumsum(1) - 1).clamp(min=0)).logits[0]
    likely, start = log_softmax(logits, dim=-1), fill + rows[0].prompt
    left = torch.stack([likely[place - 1, ids[0, place]] for place in range(start, ids.shape[1])]).mean()
    assert alone == pytest.approx(beside, abs=1e-5)
    assert alone == pytest.approx(float(left), abs=1e-4)


def test_neither_the_order_of_rows_nor_the_size_of_a_batch_changes_what_is_said(new_suggestion: Make) -> None:
    folders = [
        new_suggestion("one"),
        new_suggestion("turned", rows=[*reversed(EMPTY), *reversed(GIVEN)]),
        new_suggestion("alone", batch_size=1),
    ]
    assert [suggest(folder.path) for folder in folders] == [0, 0, 0]
    one, turned, alone = (said(folder) for folder in folders)
    assert without_time(folders[0]) == without_time(folders[1])
    assert {key: each.text for key, each in one.items()} == {key: each.text for key, each in alone.items()}
    for key, each in one.items():
        assert each.mean_logprob == pytest.approx(alone[key].mean_logprob, abs=1e-4)
    assert one.keys() == turned.keys()


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_broken_off_anywhere_it_ends_with_the_same_lines(new_suggestion: Make, cut: float) -> None:
    whole, broken = new_suggestion("whole"), new_suggestion("broken")
    broken.request_cancel()
    assert (suggest(whole.path), suggest(broken.path)) == (0, 3)
    lines = whole.suggestions_file.read_bytes()
    broken.suggestions_file.write_bytes(lines[: int(len(lines) * cut)])  # as a kill would leave it
    assert suggest(broken.path) == 0
    assert without_time(broken) == without_time(whole)
    assert len(read_suggestions(broken)) == 10


def test_a_cancelled_run_keeps_what_it_said_and_tells_how_far_it_came(new_suggestion: Make) -> None:
    folder = new_suggestion()
    folder.request_cancel()
    assert suggest(folder.path) == 3
    assert len(read_suggestions(folder)) == 4
    (told,) = [event.data for event in folder.read_events()[0] if event.kind == "progress"]
    assert (told["step"], told["total_steps"]) == (4, 10)


def test_other_settings_do_not_go_on_from_earlier_answers(new_suggestion: Make) -> None:
    folder = new_suggestion()
    folder.request_cancel()
    assert suggest(folder.path) == 3
    folder.config_file.write_text(with_settings(folder.config(), ["seed=1"]).model_dump_json())
    assert suggest(folder.path) == 1
    assert "seed was 0" in str(folder.read_events()[0][-1].data["message"])


def test_a_row_that_is_too_long_is_left_out_and_named(new_suggestion: Make) -> None:
    long = EMPTY[0].model_copy(update={"id": "long", "context": "The pump leaks. " * 60})
    folder = new_suggestion(rows=[long, *GIVEN], max_length=150)
    assert suggest(folder.path) == 0
    assert folder.result()["left_out"] == ["long"]
    assert said(folder).keys() == {row.id for row in GIVEN}
    assert [event.kind for event in folder.read_events()[0]].count("warning") == 1


def test_a_long_context_is_shortened_where_that_is_wanted(new_suggestion: Make) -> None:
    rows = [row.model_copy(update={"context": "The pump leaks. " * 60}) for row in (GIVEN[0], EMPTY[0])]
    folder = new_suggestion(rows=rows, max_length=150, too_long="truncate_prompt")
    assert suggest(folder.path) == 0
    assert len(said(folder)) == 2


def test_rows_that_are_all_too_long_end_the_run(new_suggestion: Make) -> None:
    folder = new_suggestion(max_length=12)
    assert suggest(folder.path) == 1
    assert "raise max_length" in str(folder.read_events()[0][-1].data["message"])


def test_rows_of_another_kind_of_run_are_no_open_rows(tmp_path: Path, tiny_base: Path) -> None:
    with pytest.raises(InputError, match="no open rows"):
        prepare(tmp_path / "run", SuggestConfig(base=str(tiny_base)), {"test": GIVEN}, {})
