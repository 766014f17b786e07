"""Learning from preferences: TRL's DPO and KTO on our own tokens, held against their formulas, resumed bit for bit."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tiny_model import make_rows, make_tiny_base
from torch.nn import functional

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fit import fit
from hone.training.folder import Row, RunFolder
from hone.training.models import adapters, loading
from hone.training.preference.rows import Opinions, Pairs, preferences
from hone.training.preference.trainers import NotFinite, PreferenceTrainer, trainer_of
from hone.training.prepare import prepare
from hone.training.rows.encode import TooLongRows, encode

Make = Callable[..., RunFolder]


def preferred(count: int, start: int = 0) -> list[Row]:
    """Short answers are preferred to long ones."""
    return [
        row.model_copy(update={"rejected": f"Let me see. {row.response} It could be that. {row.instruction}"})
        for row in make_rows(count, start)
    ]


def rated(count: int, start: int = 0) -> list[Row]:
    """Every second answer is long, and no good."""
    return [
        row.model_copy(update={"good": True, "rejected": None})
        if number % 2
        else row.model_copy(update={"good": False, "response": row.rejected, "rejected": None})
        for number, row in enumerate(preferred(count, start))
    ]


@pytest.fixture
def new_run(tmp_path: Path, tiny_base: Path) -> Make:
    return lambda name="run", **settings: make_run(tmp_path / name, tiny_base, **settings)


def make_run(path: Path, tiny_base: Path, **settings: Any) -> RunFolder:
    """22 rows to learn, 6 held out: 3 steps an epoch, the last one of 6 rows."""
    small: dict[str, Any] = {
        "base": str(tiny_base),
        "objective": "dpo",
        "learning_rate": 5e-3,
        "epochs": 2,
        "micro_batch": 4,
        "effective_batch": 8,
        "checkpoint_every": 2,
        "max_new_tokens": 8,
        "max_length": 512,
        "samples": 1,
        "forgetting": 0,
        "threads": 1,
    }
    config = TrainConfig(**small | settings)
    rows = preferred if config.objective == "dpo" else rated
    return prepare(path, config, {"train": rows(22), "validation": rows(6, 100)}, {"name": "judged"})


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> RunFolder:
    """A finished dpo run."""
    folder = make_run(tmp_path_factory.mktemp("runs") / "learnt", tiny_base)
    assert fit(folder.path) == 0
    return folder


def metrics(folder: RunFolder, name: str) -> list[float]:
    return [event.data[name] for event in folder.read_events()[0] if event.kind == "metric" and name in event.data]


def said(folder: RunFolder, kind: str) -> list[str]:
    return [event.data["message"] for event in folder.read_events()[0] if event.kind == kind]


def log_probabilities(model: Any, tokenizer: Any, rows: Sequence[Row], config: TrainConfig) -> torch.Tensor:
    """Of each response and its end after its prompt, in nats, each row alone."""
    found = []
    for row in encode(rows, tokenizer, config, 512, "causal").rows:
        ids = torch.tensor([row.ids])
        with torch.no_grad():
            scores = torch.log_softmax(model(input_ids=ids).logits[0, :-1], dim=-1)
        found.append(scores.gather(1, ids[0, 1:, None])[row.prompt - 1 :].sum())
    return torch.stack(found)


def margins(model: Any, start: Any, folder: RunFolder) -> torch.Tensor:
    """What DPO's loss is a function of, for each held-out row (Rafailov et al. 2023, equation 7, without beta)."""
    config = folder.config()
    assert isinstance(config, TrainConfig)
    tokenizer = loading.load_tokenizer(Path(config.base))
    rows = folder.rows("validation")
    others = [row.model_copy(update={"response": row.rejected}) for row in rows]
    better, worse = [
        log_probabilities(model, tokenizer, side, config) - log_probabilities(start, tokenizer, side, config)
        for side in (rows, others)
    ]
    return better - worse


@pytest.mark.model
def test_the_loss_begins_at_ln_2_because_the_reference_is_the_start_model(learnt: RunFolder) -> None:
    assert metrics(learnt, "loss")[0] == pytest.approx(math.log(2), abs=1e-5)


@pytest.mark.model
def test_the_held_out_loss_is_that_of_the_paper_on_the_published_model(learnt: RunFolder, tiny_base: Path) -> None:
    start = loading.load_base(tiny_base, torch.float32)
    model = adapters.load_model(tiny_base, learnt.model, torch.float32)
    found = margins(model, start, learnt)
    result = learnt.result()
    assert result["validation_loss"] == pytest.approx(float(-functional.logsigmoid(0.1 * found).mean()), abs=1e-5)
    assert result["preference"]["margin"] == pytest.approx(0.1 * float(found.mean()), abs=1e-4)
    assert result["preference"]["accuracy"] == float((found > 0).float().mean())


@pytest.mark.model
def test_what_people_preferred_becomes_likelier_than_it_was(learnt: RunFolder) -> None:
    assert metrics(learnt, "validation_margin")[-1] > 0.5
    assert metrics(learnt, "validation_accuracy")[-1] == 1.0
    assert metrics(learnt, "margin")[-1] > metrics(learnt, "margin")[0]
    assert learnt.result()["objective"] == "dpo"
    assert any(event.kind == "sample" for event in learnt.read_events()[0])


@pytest.mark.model
@pytest.mark.parametrize("settings", [{}, {"parent_use": "merge"}])
def test_a_parent_that_is_trained_on_is_itself_the_reference(
    new_run: Make, trained: RunFolder, settings: dict[str, Any]
) -> None:
    folder = new_run(parent=str(trained.model), epochs=1, **settings)
    assert fit(folder.path) == 0
    assert metrics(folder, "loss")[0] == pytest.approx(math.log(2), abs=1e-5)
    assert metrics(folder, "margin")[0] == pytest.approx(0, abs=1e-4)
    assert folder.result()["parent_sha256"] == trained.result()["adapter_sha256"]


@pytest.mark.model
def test_all_weights_can_learn_preferences(new_run: Make) -> None:
    folder = new_run(method="full", learning_rate=1e-3, epochs=1)
    assert fit(folder.path) == 0
    assert metrics(folder, "loss")[0] == pytest.approx(math.log(2), abs=1e-5)
    assert metrics(folder, "validation_margin")[-1] > 0


@pytest.fixture(scope="module")
def rated_run(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> RunFolder:
    """A finished kto run."""
    folder = make_run(tmp_path_factory.mktemp("runs") / "rated", tiny_base, objective="kto")
    assert fit(folder.path) == 0
    return folder


@pytest.mark.model
def test_kto_makes_good_answers_likelier_and_bad_ones_less(rated_run: RunFolder) -> None:
    assert metrics(rated_run, "validation_margin")[-1] > 0.5
    assert metrics(rated_run, "validation_loss")[-1] < metrics(rated_run, "validation_loss")[0] < 0.5


@pytest.mark.model
@pytest.mark.parametrize("objective", ["dpo", "kto"])
def test_broken_off_and_resumed_it_ends_as_the_uninterrupted_run(
    new_run: Make, learnt: RunFolder, rated_run: RunFolder, objective: str
) -> None:
    whole, broken = learnt if objective == "dpo" else rated_run, new_run(objective=objective)
    for _ in range(2):
        broken.request_cancel()
        assert fit(broken.path, resume=broken.checkpoints.exists()) == 3
    assert fit(broken.path, resume=True) == 0
    assert weights(whole).keys() == weights(broken).keys()
    assert all(weights(whole)[name].equal(weights(broken)[name]) for name in weights(whole))


def weights(folder: RunFolder) -> dict[str, torch.Tensor]:
    return load_file(str(folder.model / "adapter_model.safetensors"))


@pytest.mark.model
def test_a_step_is_the_same_however_it_is_cut(new_run: Make, learnt: RunFolder) -> None:
    folder = new_run(micro_batch=1)
    assert fit(folder.path) == 0
    assert metrics(folder, "loss") == pytest.approx(metrics(learnt, "loss"), abs=1e-5)
    assert metrics(folder, "margin") == pytest.approx(metrics(learnt, "margin"), abs=1e-4)
    assert all(torch.allclose(weights(folder)[name], part, atol=1e-5) for name, part in weights(learnt).items())


@pytest.mark.model
def test_where_memory_runs_out_the_micro_batch_halves_and_the_result_stays(
    new_run: Make, learnt: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = functional.logsigmoid

    def on_a_small_machine(numbers: torch.Tensor) -> torch.Tensor:
        if len(numbers) > 2:
            raise torch.OutOfMemoryError
        return real(numbers)

    monkeypatch.setattr(functional, "logsigmoid", on_a_small_machine)
    folder = new_run()
    assert fit(folder.path) == 0
    assert said(folder, "warning") == ["Memory ran out with 4 rows at once; going on with 2. A step has the same rows."]
    assert all(torch.allclose(weights(folder)[name], part, atol=1e-5) for name, part in weights(learnt).items())


@pytest.mark.model
def test_a_loss_that_is_not_finite_names_the_rows(new_run: Make, tmp_path: Path) -> None:
    base = make_tiny_base(tmp_path / "poisoned")
    poisoned = load_file(str(base / "model.safetensors"))
    poisoned["model.norm.weight"][0] = torch.nan
    save_file(poisoned, str(base / "model.safetensors"), metadata={"format": "pt"})
    folder = new_run(base=str(base))
    assert fit(folder.path) == 1
    assert "The loss is nan at step 1; lower learning_rate, or look at these rows: row-" in said(folder, "failed")[0]
    assert not folder.model.exists()


@pytest.mark.model
def test_a_gradient_that_is_not_finite_names_the_rows_of_its_step(new_run: Make) -> None:
    trainer = trainer_of_run(new_run())
    learning: Any = next(iter(adapters.learning(trainer.model).values()))
    learning.register_hook(lambda gradient: gradient * torch.inf)
    with pytest.raises(NotFinite, match=r"The gradient is (nan|inf) at step 1; .*row-") as refusal:
        trainer.train()
    assert len(refusal.value.facts["rows"]) == 8


@pytest.mark.model
@pytest.mark.parametrize("objective", ["dpo", "kto"])
def test_on_a_quantized_base_it_learns_in_float32_from_what_the_reference_is(new_run: Make, objective: str) -> None:
    folder = new_run(objective=objective, quantize="4bit", optimizer="sgd", epochs=1)
    trainer = trainer_of_run(folder)
    assert {weights.dtype for weights in adapters.learning(trainer.model).values()} == {torch.float32}
    assert fit(folder.path) == 0
    assert metrics(folder, "margin")[0] == pytest.approx(0, abs=1e-4)


def trainer_of_run(folder: RunFolder) -> PreferenceTrainer:
    config = folder.config()
    assert isinstance(config, TrainConfig)
    base, tokenizer = Path(config.base), loading.load_tokenizer(Path(config.base))
    rows = preferences(folder.rows("train"), tokenizer, config, 512)
    none = preferences([], tokenizer, config, 512)
    model = adapters.to_train(base, config, torch.float32)
    return trainer_of(model, tokenizer, folder, config, rows, none, torch.float32)


@pytest.mark.model
def test_a_first_step_that_changes_nothing_is_an_error(new_run: Make, trained: RunFolder) -> None:
    folder = new_run(parent=str(trained.model), learning_rate=1e-30)
    assert fit(folder.path) == 1
    assert "The first step changed no weight" in said(folder, "failed")[0]


@pytest.mark.model
def test_rows_that_it_would_not_learn_are_refused(tmp_path: Path, tiny_base: Path) -> None:
    config = TrainConfig(base=str(tiny_base), objective="dpo", threads=1, forgetting=0)
    folder = prepare(tmp_path / "run", config, {"train": preferred(4), "generic": make_rows(2, 50)}, {})
    assert fit(folder.path) == 1
    assert "dpo learns from train rows alone; prepare the run without generic rows" in said(folder, "failed")[0]


@pytest.mark.model
def test_rows_without_a_preference_are_refused_by_name(tmp_path: Path, tiny_base: Path) -> None:
    for objective, what in (("dpo", "has no rejected response"), ("kto", "is neither good nor bad")):
        config = TrainConfig(base=str(tiny_base), objective=objective, threads=1, forgetting=0)  # type: ignore[arg-type]
        folder = prepare(tmp_path / objective, config, {"train": make_rows(4)}, {})
        assert fit(folder.path) == 1
        assert f"Row 'row-0' {what}" in said(folder, "failed")[0]


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return loading.load_tokenizer(tiny_base)


CONFIG = TrainConfig(base="tiny", objective="dpo", threads=1)
TEXT = st.text(st.sampled_from(" \n\tabe.:é</s>"), min_size=1, max_size=12).filter(str.strip)


@given(instruction=TEXT, chosen=TEXT, rejected=TEXT)
def test_each_side_has_the_tokens_of_any_training_and_its_end(
    tokenizer: Any, instruction: str, chosen: str, rejected: str
) -> None:
    row = Row(id="one", instruction=instruction, response=chosen, rejected=rejected)
    found = preferences([row], tokenizer, CONFIG, 512)
    assert isinstance(found, Pairs)
    for side, text in ((found.chosen[0], chosen), (found.rejected[0], rejected)):
        alone = encode([row.model_copy(update={"response": text})], tokenizer, CONFIG, 512, "causal").rows[0]
        assert found.prompts[0] + side == alone.ids
        assert len(found.prompts[0]) == alone.prompt
        assert side[-1] == tokenizer.eos_token_id


def test_a_side_that_is_too_long_is_never_cut(tokenizer: Any) -> None:
    rows = [
        Row(id="short", instruction="Say.", response="The pump.", rejected="The lamp."),
        Row(id="long", instruction="Say.", context="It leaks. " * 9, response="The pump.", rejected="The lamp. " * 4),
    ]
    whole = preferences(rows, tokenizer, CONFIG, 512)
    limit = len(whole.prompts[1]) + 5
    with pytest.raises(TooLongRows, match=r"1 rows have more than \d+ tokens: long"):
        preferences(rows, tokenizer, CONFIG, limit)
    dropped = preferences(rows, tokenizer, CONFIG.model_copy(update={"too_long": "drop"}), limit)
    assert (dropped.ids, [row.id for row in dropped.dropped]) == (["short"], ["long"])
    cut = preferences(rows, tokenizer, CONFIG.model_copy(update={"too_long": "truncate_prompt"}), limit)
    assert isinstance(cut, Pairs)
    assert isinstance(whole, Pairs)
    assert (cut.chosen, cut.rejected) == (whole.chosen, whole.rejected)
    assert len(cut.prompts[1]) < len(whole.prompts[1])
    assert [row.id for row in cut.truncated] == ["long"]


def test_kto_compares_with_an_answer_to_another_prompt(tokenizer: Any) -> None:
    config = CONFIG.model_copy(update={"objective": "kto"})
    both = [
        Row(id=f"{n} {side}", instruction=f"Say {n}.", response=f"{side} {n}", good=side == "Yes")
        for n in range(6)
        for side in ("Yes", "No")
    ]
    found = preferences(both, tokenizer, config, 512)
    assert isinstance(found, Opinions)
    own = {row.id: row.response for row in both}
    for row, other in zip(found.ids, found.others, strict=True):
        number = tokenizer.decode(other[:-1]).split()[1]
        assert number != own[row].split()[1]
    assert sorted(found.ids) == sorted(own)


def test_no_row_is_lost_without_a_word(tokenizer: Any) -> None:
    with pytest.raises(RunError, match="All 3 rows have more than 20 tokens"):
        preferences(preferred(3), tokenizer, CONFIG.model_copy(update={"too_long": "drop"}), 20)
