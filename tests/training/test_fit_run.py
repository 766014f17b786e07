"""A run from its folder to its model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_model import make_rows, make_tiny_base

from hone.training.config import TrainConfig
from hone.training.fit import fit
from hone.training.fitting.steps import RowsFailed
from hone.training.fitting.trainer import StepTrainer
from hone.training.folder import Row, RunFolder, Split, write_whole
from hone.training.models.adapters import learning, load_adapter, to_train
from hone.training.models.loading import load_base, load_tokenizer
from hone.training.models.published import read_facts
from hone.training.prepare import prepare
from hone.training.prompt import DEFAULT_TEMPLATE
from hone.training.rows.batches import collate, label_loss
from hone.training.rows.encode import encode
from hone.training.settings import with_settings

Make = Callable[..., RunFolder]


def adapter(folder: RunFolder) -> dict[str, torch.Tensor]:
    return load_file(str(folder.model / "adapter_model.safetensors"))


def difference(one: RunFolder, other: RunFolder) -> float:
    """The largest difference of any two weights of two adapters."""
    first, second = adapter(one), adapter(other)
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def validation_loss(folder: RunFolder) -> float:
    """Of the published model, measured anew."""
    base = Path(folder.config().base)
    model = load_adapter(load_base(base, torch.float32), folder.model)
    rows = encode(folder.rows("validation"), load_tokenizer(base), TrainConfig(base="tiny"), 512, "causal").rows
    return label_loss(model, collate(rows, pad=1)).item() / sum(len(row) - row.prompt for row in rows)


def messages(folder: RunFolder, kind: str) -> list[Any]:
    return [event.data for event in folder.read_events()[0] if event.kind == kind]


def test_a_run_publishes_a_model_with_its_facts(trained: RunFolder) -> None:
    facts = read_facts(trained.model)
    assert facts.template == DEFAULT_TEMPLATE
    assert facts.batch == {"name": "first batch", "sha256": "ab"}
    assert facts.data_sha256["train"] == trained.manifest().files["train"].sha256
    assert facts.stop_ids == [1]
    card = (trained.model / "README.md").read_text()
    assert "{instruction}" in card
    assert facts.base_sha256 in card
    assert not [file.name for file in trained.model.iterdir() if file.suffix in (".bin", ".pt", ".pth")]
    assert not trained.checkpoints.exists()


def test_a_run_says_in_numbers_what_it_did(trained: RunFolder) -> None:
    result = trained.result()
    assert result["rows"] == {"train": 24, "validation": 6}
    assert result["steps"] == 60
    assert result["trainable_parameters"] == 17408
    assert result["dropped"] == {"train": [], "validation": []}
    assert result["seconds"]["total"] >= result["seconds"]["train"] > 0


def test_a_run_tells_its_course_by_events(trained: RunFolder) -> None:
    events, _ = trained.read_events()
    assert (events[0].kind, events[-1].kind) == ("started", "done")
    losses = [event.data["validation_loss"] for event in events if "validation_loss" in event.data]
    assert losses[-1] < losses[0] / 2
    last = [data for data in messages(trained, "progress") if "step" in data][-1]
    assert (last["step"], last["total_steps"], last["epoch"], last["eta_seconds"]) == (60, 60, 20.0, 0.0)
    assert messages(trained, "sample")[-1]["id"] == "row-100"
    assert messages(trained, "checkpoint")[0] == {"step": 2, "name": "checkpoint-2"}


def test_the_same_run_twice_gives_the_same_adapter(new_run: Make) -> None:
    one, two = new_run("one", lora_dropout=0.1), new_run("two", lora_dropout=0.1)
    assert (fit(one.path), fit(two.path)) == (0, 0)
    assert difference(one, two) == 0.0


def test_a_step_learns_the_same_however_it_is_cut(new_run: Make) -> None:
    """1 x 16, 4 x 4, 16 x 1, and packed: the same adapter and the same curve."""
    cuts: list[dict[str, Any]] = [{"micro_batch": 16}, {}, {"micro_batch": 1}, {"batching": "packed"}]
    given: dict[str, Any] = {"effective_batch": 16, "learning_rate": 1e-3, "micro_batch": 4}
    runs = [new_run(str(place), **given | cut) for place, cut in enumerate(cuts)]
    assert [fit(folder.path) for folder in runs] == [0] * 4
    for other in runs[1:]:
        assert difference(runs[0], other) <= 1e-5
        for one, its in zip(curve(runs[0]), curve(other), strict=True):
            assert one == pytest.approx(its, abs=1e-5)


def curve(folder: RunFolder) -> list[list[float | None]]:
    names = ("step", "loss", "validation_loss", "learning_rate", "grad_norm")
    return [[data.get(name) for name in names] for data in messages(folder, "metric")]


def test_rows_of_earlier_batches_and_generic_ones_are_learnt_beside_the_batchs(tmp_path: Path, tiny_base: Path) -> None:
    config = TrainConfig(base=str(tiny_base), max_length=512, epochs=1, effective_batch=4, threads=1, forgetting=0)
    rows: dict[Split, list[Row]] = {
        "train": make_rows(6),
        "rehearsal": make_rows(3, 50),
        "generic": make_rows(2, 60),
    }
    folder = prepare(tmp_path / "run", config, rows, {})
    assert fit(folder.path) == 0
    result = folder.result()
    assert result["rows"] == {"train": 6, "rehearsal": 3, "generic": 2, "validation": 0}
    assert result["steps"] == 3


def test_a_next_iteration_goes_on_from_its_parent(new_run: Make, trained: RunFolder) -> None:
    folder = new_run(parent=str(trained.model), learning_rate=1e-4, epochs=1)
    assert fit(folder.path) == 0
    assert 0 < difference(folder, trained) < 1e-2
    assert read_facts(folder.model).parent_sha256 == read_facts(trained.model).adapter_sha256


@pytest.mark.parametrize(("setting", "said"), [({"lora_r": 4}, "lora_r is 4"), ({"lora_alpha": 1}, "lora_alpha is 1")])
def test_a_parent_of_another_shape_is_refused(
    new_run: Make, trained: RunFolder, setting: dict[str, Any], said: str
) -> None:
    folder = new_run(parent=str(trained.model), **setting)
    assert fit(folder.path) == 1
    assert said in messages(folder, "failed")[0]["message"]


def test_a_parent_on_another_base_is_refused(new_run: Make, trained: RunFolder, tmp_path: Path) -> None:
    folder = new_run(parent=str(trained.model), base=str(make_tiny_base(tmp_path / "other", seed=1)))
    assert fit(folder.path) == 1
    assert "not on this base" in messages(folder, "failed")[0]["message"]


def test_another_base_than_the_one_agreed_is_refused(new_run: Make) -> None:
    folder = new_run(base_sha256="0" * 64)
    assert fit(folder.path) == 1
    assert "has other weights" in messages(folder, "failed")[0]["message"]


def test_a_failure_is_one_line_on_stderr_and_one_event(new_run: Make, capfd: pytest.CaptureFixture[str]) -> None:
    folder = new_run(max_length=60)
    assert fit(folder.path) == 1
    error = capfd.readouterr().err.strip()
    assert error.startswith("hone: ")
    assert "\n" not in error
    assert folder.status() == "failed"
    rows = messages(folder, "failed")[0]["rows"]
    assert rows
    assert all(row["tokens"] > 60 for row in rows)


def test_dropped_and_shortened_rows_are_told_and_counted(new_run: Make) -> None:
    for too_long, word in (("drop", "dropped"), ("truncate_prompt", "truncated")):
        folder = new_run(too_long, too_long=too_long, max_length=70)
        assert fit(folder.path) == 0
        result = folder.result()
        told = messages(folder, "warning")[0]["rows"]
        assert told == result[word]["train"] + result[word]["validation"]
        assert told


def test_a_loss_that_is_not_finite_fails_the_run_and_names_the_row(tmp_path: Path) -> None:
    base = make_tiny_base(tmp_path / "poisoned")
    (strange,) = load_tokenizer(base)("\x07", add_special_tokens=False)["input_ids"]
    poison(base, "model.embed_tokens.weight", strange)
    config = TrainConfig(base=str(base), max_length=512, effective_batch=8, micro_batch=4, threads=1, forgetting=0)
    rows = [*make_rows(20), Row(id="culprit", instruction="Say\x07so.", response="So.")]
    folder = prepare(tmp_path / "run", config, {"train": rows}, {})
    assert fit(folder.path) == 1
    failed = messages(folder, "failed")[0]
    assert "The loss is nan at step" in failed["message"]
    assert "look at these rows: culprit. Nothing was published." in failed["message"]
    assert [row["id"] for row in failed["rows"]] == ["culprit"]
    assert not folder.model.exists()
    assert not folder.result_file.exists()


def test_a_base_that_says_nothing_finite_fails_with_all_rows_of_the_step(new_run: Make, tmp_path: Path) -> None:
    base = make_tiny_base(tmp_path / "poisoned")
    poison(base, "model.norm.weight", 0)
    folder = new_run(base=str(base))
    assert fit(folder.path) == 1
    failed = messages(folder, "failed")[0]
    assert "The loss is nan at step 1" in failed["message"]
    assert len(failed["rows"]) == 8


def poison(base: Path, name: str, place: int) -> None:
    weights = load_file(str(base / "model.safetensors"))
    weights[name][place] = torch.nan
    save_file(weights, str(base / "model.safetensors"), metadata={"format": "pt"})


def test_a_gradient_that_is_not_finite_fails_before_it_is_learnt(new_run: Make) -> None:
    trainer = trainer_of(new_run())
    learnt: Any = next(iter(learning(trainer.model).values()))
    learnt.register_hook(lambda gradient: gradient * torch.inf)
    with pytest.raises(RowsFailed, match=r"The gradient is (nan|inf) at step 1"):
        trainer.train()
    assert torch.isfinite(learnt).all()


def test_a_first_step_that_changes_nothing_is_an_error(new_run: Make, trained: RunFolder) -> None:
    folder = new_run(parent=str(trained.model), learning_rate=1e-30)
    assert fit(folder.path) == 1
    assert "The first step changed no weight" in messages(folder, "failed")[0]["message"]


def test_memory_that_is_too_small_is_found_at_once_told_and_lived_with(new_run: Make) -> None:
    enough, scarce = trainer_of(new_run("enough", micro_batch=2)), trainer_of(new_run("scarce", micro_batch=8))

    def check(_: Any, __: Any, given: dict[str, Any]) -> None:
        if len(given["input_ids"]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    scarce.model.register_forward_pre_hook(check, with_kwargs=True)
    enough.train()
    scarce.train()
    warning = messages(scarce.folder, "warning")[0]
    assert warning["message"] == "Memory ran out with 8 rows at once; going on with 2. The result is the same."
    assert {"step": 0, "micro_batch": 2} in scarce.state.log_history  # a resume goes on with it
    assert all(torch.equal(one, its) for one, its in zip(*map(weights_of, (enough, scarce)), strict=True))


def test_an_evaluation_keeps_no_more_than_one_micro_batch_in_memory(new_run: Make) -> None:
    trainer = trainer_of(new_run(micro_batch=2, samples=0), validation=40)
    made: list[int] = []
    trainer.model.get_output_embeddings().register_forward_hook(lambda *given: made.append(given[2].shape[1]))
    trainer.evaluate()
    most = max(len(row) - row.prompt for row in trainer.validation)
    assert len(made) >= 20
    assert max(made) <= 2 * most  # places with logits, at once


def trainer_of(folder: RunFolder, validation: int = 0) -> Any:
    """The trainer of a run, as it is before its first step."""
    config = folder.config()
    assert isinstance(config, TrainConfig)
    folder.checkpoints.mkdir()
    torch.manual_seed(0)
    base = Path(config.base)
    tokenizer = load_tokenizer(base)
    train, held_out = [
        encode(rows, tokenizer, config, 512, "causal").rows
        for rows in (folder.rows("train"), make_rows(validation, 300))
    ]
    return StepTrainer(to_train(base, config, torch.float32), tokenizer, folder, config, train, held_out)


def weights_of(trainer: Any) -> list[torch.Tensor]:
    return list(learning(trainer.model).values())


def test_patience_stops_early_and_publishes_the_best(new_run: Make) -> None:
    folder = new_run(epochs=40, learning_rate=0.3, evaluate_every=2, patience=2)
    assert fit(folder.path) == 0
    losses = {data["step"]: data["validation_loss"] for data in messages(folder, "metric") if "validation_loss" in data}
    best = min(losses, key=lambda step: losses[step])
    result = folder.result()
    assert (result["step"], result["validation_loss"]) == (best, losses[best])
    assert result["steps"] == best + 4 < 120
    assert validation_loss(folder) == pytest.approx(losses[best], abs=1e-6)


def test_a_run_without_validation_rows_trains_all_the_same(tmp_path: Path, tiny_base: Path) -> None:
    config = TrainConfig(base=str(tiny_base), max_length=512, epochs=1, patience=1, threads=1)
    folder = prepare(tmp_path / "run", config, {"train": make_rows(5)}, {})
    assert fit(folder.path) == 0
    assert read_facts(folder.model).validation_loss is None


def test_a_finished_run_is_not_trained_again(trained: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(trained.path, resume=True) == 1
    assert "is finished" in capsys.readouterr().err
    assert trained.status() == "done"


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(tmp_path) == 1
    assert "is no run folder" in capsys.readouterr().err


def test_a_local_base_needs_no_network(new_run: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("something called out"))
    assert fit(new_run(epochs=1).path) == 0


@pytest.mark.parametrize(
    "settings",
    [
        ["precision=bfloat16", "schedule=constant", "grad_clip=0"],
        ["optimizer=sgd", "learning_rate=0.5", "momentum=0.5", "schedule=linear", "warmup=0.5"],
        ["schedule=inverse_sqrt", "label_smoothing=0.1", "weight_decay=0.1", "recompute=true"],
        ["method=full", "batching=packed"],
    ],
)
def test_every_way_of_training_learns(new_run: Make, settings: list[str]) -> None:
    folder = new_run()
    write_whole(folder.config_file, with_settings(folder.config(), settings).model_dump_json())
    assert fit(folder.path) == 0
    losses = [data["validation_loss"] for data in messages(folder, "metric") if "validation_loss" in data]
    assert losses[-1] < losses[0]


def test_activations_that_are_computed_again_learn_the_same(new_run: Make) -> None:
    kept, again = new_run("kept"), new_run("again", recompute=True)
    assert (fit(kept.path), fit(again.path)) == (0, 0)
    assert difference(kept, again) <= 1e-6


def test_a_run_of_the_other_kind_is_refused(new_generation: Make, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(new_generation().path) == 1
    assert "prepared to generate: python -m hone.training.generate" in capsys.readouterr().err


def test_changed_data_is_not_trained_on(new_run: Make) -> None:
    folder = new_run()
    folder.data_file("train").write_text("")
    assert fit(folder.path) == 1
    assert "train.jsonl is not the data that was frozen" in messages(folder, "failed")[0]["message"]
