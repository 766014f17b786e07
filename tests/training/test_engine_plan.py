"""How a run computes is tried on its own rows, written down, and kept by a resume."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_model import make_rows
from torch import nn

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fit import fit
from hone.training.fitting import plan, probe
from hone.training.fitting.steps import Stepper
from hone.training.folder import RunFolder
from hone.training.models.adapters import learning, to_train
from hone.training.models.loading import load_tokenizer
from hone.training.rows.encode import Encoded, encode
from hone.training.tasks.task import of

Make = Callable[..., RunFolder]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def config(tiny_base: Path) -> TrainConfig:
    return TrainConfig(base=str(tiny_base), effective_batch=4, micro_batch=4, max_length=512, learning_rate=1e-2)


@pytest.fixture(scope="module")
def rows(config: TrainConfig, tiny_base: Path) -> list[Encoded]:
    return encode(make_rows(24), load_tokenizer(tiny_base), config, 512, "causal").rows


def start(config: TrainConfig, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return to_train(Path(config.base), config, torch.float32)


def test_a_probe_measures_the_plain_way_of_a_short_run(config: TrainConfig, rows: list[Encoded]) -> None:
    found = probe.probe(start(config), of("causal"), rows, config, pad=1)
    assert (found.precision, found.batching, found.micro_batch) == ("float32", "grouped", 4)
    assert [tried.said for tried in found.variants] == ["the plain way"]
    assert found.seconds_per_step is not None
    assert found.seconds_per_step > 0
    assert found.tokens_per_second is not None
    assert found.tokens_per_second > 0
    assert found.peak_memory_bytes is not None
    assert found.peak_memory_bytes > 2**20


def test_a_long_run_tries_the_other_ways_and_changes_nothing(
    config: TrainConfig, rows: list[Encoded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plan.WORTH, "cpu", 0)  # as if the run were long
    long_run = config.model_copy(update={"epochs": 100})
    model = start(config)
    before = {name: weights.clone() for name, weights in learning(model).items()}
    chance = torch.get_rng_state()
    found = probe.probe(model, of("causal"), rows, long_run, pad=1)
    tried = {(each.precision, each.batching): each for each in found.variants}
    assert len(tried) == 3
    assert tried["bfloat16", "grouped"].loss_difference == pytest.approx(0, abs=probe.LOSS_BOUND)
    assert all(torch.equal(weights, before[name]) for name, weights in learning(model).items())
    assert torch.equal(torch.get_rng_state(), chance)


def test_what_the_configuration_says_is_not_tried(config: TrainConfig, rows: list[Encoded]) -> None:
    said = config.model_copy(update={"precision": "bfloat16", "batching": "packed", "epochs": 1000})
    found = probe.probe(start(config), of("causal"), rows, said, pad=1)
    assert (found.precision, found.batching, len(found.variants)) == ("bfloat16", "packed", 1)


@pytest.mark.parametrize(
    ("rate", "differences", "said"),
    [
        (116, (0.001, 0.01), "taken"),
        (114, (0.001, 0.01), "left out: 1.14 times as fast"),
        (300, (0.02, 0.01), "left out: the loss differs by 2.0%"),
        (300, (0.001, 0.2), "left out: the gradient differs by 20.0%"),
        (300, (float("nan"), 0.0), "left out: the loss differs by nan%"),
        (None, (None, None), "left out: it needs more memory"),
    ],
)
def test_a_variant_is_taken_when_it_is_exact_and_pays(
    rate: int | None, differences: tuple[float | None, float | None], said: str
) -> None:
    tried = None if rate is None else probe.Timed(chosen_by=1.0, clock=1.0, tokens=rate)
    assert probe.verdict(probe.Timed(1.0, 1.0, 100), tried, differences) == said


def test_a_short_run_is_worth_no_probe_and_a_long_one_is(config: TrainConfig, rows: list[Encoded]) -> None:
    model = start(config)
    assert not plan.worth_probing(model, rows, config)
    assert not plan.worth_probing(nn.Linear(4000, 4000), rows, config)  # a large model, few steps
    assert plan.worth_probing(nn.Linear(4000, 4000), rows * 40, config)


def test_frozen_matrices_in_bfloat16_are_what_autocast_makes_of_them(config: TrainConfig, rows: list[Encoded]) -> None:
    model = start(config)
    stepper = Stepper(of("causal"), rows, config, pad=1)
    stepper.half = True
    with torch.no_grad():
        before = stepper.loss(model, rows[:4])
        plan.halve_frozen(model)
        after = stepper.loss(model, rows[:4])
    kinds = {weights.dtype for name, weights in model.named_parameters() if "base_layer" in name}
    assert kinds == {torch.bfloat16}
    assert {weights.dtype for weights in learning(model).values()} == {torch.float32}
    assert torch.equal(before, after)


def test_what_cannot_be_packed_is_refused(config: TrainConfig, rows: list[Encoded]) -> None:
    packed = config.model_copy(update={"batching": "packed"})
    with pytest.raises(RunError, match="batching=packed is for causal models"):
        plan.require_packable(start(config), of("classify"), rows, packed)


def test_a_run_says_how_it_computes(new_run: Make) -> None:
    folder = new_run(batching="packed", epochs=1)
    assert fit(folder.path) == 0
    told = next(event.data for event in folder.read_events()[0] if event.kind == "plan")
    assert told == folder.result()["plan"]
    assert (told["precision"], told["batching"], told["micro_batch"]) == ("float32", "packed", 4)


def test_a_resume_computes_as_the_run_began(new_run: Make) -> None:
    folder = new_run()
    folder.request_cancel()
    assert fit(folder.path) == 3
    begun = plan.Plan(precision="bfloat16", batching="packed", micro_batch=2)  # as if a probe had found that
    plan.write_plan(folder, begun)
    assert fit(folder.path, resume=True) == 0
    assert plan.Plan.model_validate(folder.result()["plan"]) == begun


def test_a_plan_that_the_settings_no_longer_allow_is_not_taken(new_run: Make) -> None:
    folder = new_run(batching="grouped")
    config = folder.config()
    assert isinstance(config, TrainConfig)
    folder.checkpoints.mkdir()
    assert plan.begun_plan(folder, config) is None
    plan.write_plan(folder, plan.plain(config))
    assert plan.begun_plan(folder, config) == plan.plain(config)
    plan.write_plan(folder, plan.plain(config).model_copy(update={"batching": "packed"}))
    assert plan.begun_plan(folder, config) is None
