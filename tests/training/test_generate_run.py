"""Answers to a test split: they stop, and are the same one by one, in batches, and after a break."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_model import make_rows, make_tiny_base

from hone.storage.errors import RunError
from hone.training.config import GenerateConfig
from hone.training.folder import RunFolder, write_whole
from hone.training.generate import generate, read_generations
from hone.training.models import loading
from hone.training.settings import with_settings
from hone.training.speaking.answering import answer_rows
from hone.training.speaking.batching import ROWS, TOKENS, batches
from hone.training.speaking.decode import Chance, Sampling, answers
from hone.training.speaking.memory import halving

Make = Callable[..., RunFolder]
WARM = {"temperature": 1.5, "top_p": 0.95, "seed": 7}


def texts(folder: RunFolder) -> dict[str, str]:
    return {generation.id: generation.text for generation in read_generations(folder)}


def cancel_after_one_batch(folder: RunFolder) -> None:
    """A request that is there from the start is honoured behind the first batch."""
    folder.request_cancel()
    assert generate(folder.path) == 3


def failure(folder: RunFolder) -> str:
    return str(folder.read_events()[0][-1].data["message"])


def test_every_row_is_answered_and_a_trained_model_stops(new_generation: Make) -> None:
    folder = new_generation()
    assert generate(folder.path) == 0
    found = read_generations(folder)
    assert {generation.id for generation in found} == {row.id for row in folder.rows("test")}
    assert all(generation.finish == "stop" and generation.tokens < 12 for generation in found)
    assert all(generation.text.startswith("The ") for generation in found)
    result = folder.result()
    assert (result["rows"], result["stopped"]) == (10, 10)
    assert folder.status() == "done"


def test_the_base_alone_can_be_asked_and_is_cut_at_the_limit(new_generation: Make) -> None:
    folder = new_generation(model=None, max_new_tokens=3)
    assert generate(folder.path) == 0
    assert {(generation.finish, generation.tokens) for generation in read_generations(folder)} == {("length", 3)}


@pytest.mark.parametrize("chance", [{}, WARM])
@pytest.mark.parametrize("batch_size", [3, None])
def test_a_batch_answers_as_each_row_alone_by_chance_too(
    new_generation: Make, batch_size: int | None, chance: dict[str, Any]
) -> None:
    alone = new_generation("alone", batch_size=1, **chance)
    batched = new_generation("batched", batch_size=batch_size, **chance)
    assert (generate(alone.path), generate(batched.path)) == (0, 0)
    assert texts(alone) == texts(batched)


def test_answers_together_cost_a_quarter_of_answers_one_by_one(tiny_base: Path) -> None:
    model, tokenizer = loading.load_base(tiny_base, torch.float32), loading.load_tokenizer(tiny_base)
    prompts = sorted((tokenizer(row.instruction)["input_ids"] for row in make_rows(48)), key=len)

    def seconds(size: int | None) -> float:
        began = time.process_time()
        for batch in batches(prompts, len, size):
            answers(model, tokenizer, batch, [], Sampling(max_new_tokens=16))
        return time.process_time() - began

    seconds(None)
    assert seconds(1) >= 4 * seconds(None)


@given(st.lists(st.integers(1, 9000)), st.one_of(st.none(), st.integers(1, 80)))
def test_batches_hold_every_row_in_order_and_are_neither_too_many_rows_nor_tokens(
    lengths: list[int], size: int | None
) -> None:
    made = batches(sorted(lengths), int, size)
    assert [length for batch in made for length in batch] == sorted(lengths)
    for batch in made:
        assert len(batch) <= (size or ROWS)
        assert size or len(batch) == 1 or len(batch) * batch[-1] <= TOKENS


def test_a_batch_that_does_not_fit_into_memory_is_answered_in_halves() -> None:
    tried: list[int] = []

    def speak(rows: Sequence[int]) -> list[int]:
        tried.append(len(rows))
        if len(rows) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [10 * row for row in rows]

    assert halving(speak, range(7)) == [0, 10, 20, 30, 40, 50, 60]
    assert tried == [7, 3, 1, 2, 4, 2, 2]


def test_generation_settings_of_the_base_count_for_nothing(tiny_base: Path) -> None:
    model, tokenizer = loading.load_base(tiny_base, torch.float32), loading.load_tokenizer(tiny_base)
    prompts = [tokenizer(row.instruction)["input_ids"] for row in make_rows(3)]

    def said() -> list[tuple[str, int]]:
        found = answers(model, tokenizer, prompts, [5], Sampling(max_new_tokens=12))
        return [(answer.text, answer.tokens) for answer in found]

    plain = said()
    own = {"no_repeat_ngram_size": 1, "min_new_tokens": 12, "suppress_tokens": [7, 8, 9], "forced_eos_token_id": 5}
    model.generation_config.update(**own, num_beams=3, repetition_penalty=2.0, bad_words_ids=[[11]], max_time=0.0)
    assert said() == plain


def test_one_row_that_does_not_fit_into_memory_says_what_to_do() -> None:
    def speak(rows: Sequence[int]) -> list[int]:
        raise torch.OutOfMemoryError(f"CUDA out of memory with {len(rows)}")

    with pytest.raises(RunError, match="lower max_new_tokens or max_length"):
        halving(speak, range(2))


def test_chance_draws_within_the_likeliest_share_and_as_often_as_they_are_likely() -> None:
    scores = torch.tensor([0.5, 0.3, 0.15, 0.05]).log().repeat(2000, 1)
    drawn = Chance(Sampling(max_new_tokens=1, temperature=1.0, top_p=0.8), [str(n) for n in range(2000)])(None, scores)
    counts = torch.bincount(drawn.argmax(-1), minlength=4) / 2000
    assert counts.tolist() == pytest.approx([0.625, 0.375, 0, 0], abs=0.04)  # 0.5 and 0.3 of 0.8


def test_chance_follows_the_seed(new_generation: Make) -> None:
    one, two, other = (
        new_generation("one", **WARM),
        new_generation("two", **WARM),
        new_generation("other", **WARM | {"seed": 8}),
    )
    assert [generate(folder.path) for folder in (one, two, other)] == [0, 0, 0]
    assert texts(one) == texts(two) != texts(other)


@pytest.mark.parametrize("cut", [0.35, 0.5, 0.9])
def test_broken_off_anywhere_it_ends_with_the_same_answers(new_generation: Make, cut: float) -> None:
    whole, broken = new_generation("whole", **WARM), new_generation("broken", **WARM)
    assert generate(whole.path) == 0
    cancel_after_one_batch(broken)
    lines = whole.generations_file.read_bytes()
    broken.generations_file.write_bytes(lines[: int(len(lines) * cut)])  # as a kill would leave it
    assert generate(broken.path) == 0
    assert texts(broken) == texts(whole)
    assert len(read_generations(broken)) == 10


def test_a_cancelled_run_keeps_its_answers_and_goes_on(new_generation: Make) -> None:
    folder = new_generation()
    cancel_after_one_batch(folder)
    assert folder.status() == "cancelled"
    assert len(read_generations(folder)) == 4
    assert generate(folder.path) == 0
    assert len(read_generations(folder)) == 10


def test_changed_settings_do_not_go_on_from_earlier_answers(new_generation: Make) -> None:
    folder = new_generation()
    cancel_after_one_batch(folder)
    write_whole(folder.config_file, with_settings(folder.config(), ["temperature=1"]).model_dump_json())
    assert generate(folder.path) == 1
    assert "temperature was 0.0" in failure(folder)


def test_an_adapter_on_another_base_is_refused(new_generation: Make, tmp_path: Path) -> None:
    folder = new_generation(base=str(make_tiny_base(tmp_path / "other", seed=1)))
    assert generate(folder.path) == 1
    assert "not on this base" in failure(folder)


def test_a_prompt_without_room_for_an_answer_is_refused_or_shortened(new_generation: Make) -> None:
    refused, shortened = (
        new_generation("a", max_length=70),
        new_generation("b", max_length=70, too_long="truncate_prompt"),
    )
    assert (generate(refused.path), generate(shortened.path)) == (1, 0)
    assert "more than 58 tokens" in failure(refused)
    assert len(read_generations(shortened)) == 10


def test_another_template_than_the_models_own_is_told(new_generation: Make) -> None:
    folder = new_generation(template="{instruction} {context} =>")
    assert generate(folder.path) == 0
    assert [event.kind for event in folder.read_events()[0]].count("warning") == 1


def test_a_finished_run_is_not_generated_again(new_generation: Make) -> None:
    folder = new_generation()
    assert (generate(folder.path), generate(folder.path)) == (0, 1)
    assert folder.status() == "done"


def test_killed_just_before_the_last_event_it_only_finishes(new_generation: Make) -> None:
    folder = new_generation()
    config = folder.config()
    assert isinstance(config, GenerateConfig)
    answer_rows(folder, config)  # all of the work; the event "done" would follow
    before = folder.generations_file.read_bytes()
    assert generate(folder.path) == 0
    assert (folder.generations_file.read_bytes(), folder.status()) == (before, "done")
