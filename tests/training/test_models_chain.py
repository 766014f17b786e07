"""What a model is made of: base, what lies under its adapter, the adapter; or all weights."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_model import make_rows

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fit import fit
from hone.training.folder import RunFolder
from hone.training.models.adapters import learning, load_model, to_train, trainable
from hone.training.models.card import NOT_STATED, card, licence_of
from hone.training.models.loading import load_base, load_tokenizer
from hone.training.models.published import check_model, read_facts
from hone.training.models.weights import weights_sha256
from hone.training.rows.encode import encode

Make = Callable[..., RunFolder]
SHORT: dict[str, Any] = {"epochs": 1, "samples": 0, "forgetting": 0}


@pytest.fixture(scope="module")
def ids(tiny_base: Path) -> torch.Tensor:
    row = encode(make_rows(1), load_tokenizer(tiny_base), TrainConfig(base="b"), 512, "causal").rows[0]
    return torch.tensor([row.ids])


def logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(input_ids=ids).logits
    return found


def away(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max())


def config(base: Path, **changes: Any) -> TrainConfig:
    return TrainConfig(base=str(base), **changes)


def test_a_new_adapter_changes_nothing_before_it_learns(tiny_base: Path, ids: torch.Tensor) -> None:
    before = logits(load_base(tiny_base, torch.float32), ids)
    for method in ("lora", "dora", "rslora"):
        assert away(logits(to_train(tiny_base, config(tiny_base, method=method), torch.float32), ids), before) < 1e-5


@pytest.mark.parametrize(("method", "count"), [("lora", 17408), ("rslora", 17408), ("dora", 17984), ("full", 41120)])
def test_as_many_weights_learn_as_a_method_has(tiny_base: Path, method: Any, count: int) -> None:
    found = learning(to_train(tiny_base, config(tiny_base, method=method), torch.bfloat16))
    assert sum(weights.numel() for weights in found.values()) == count
    assert {weights.dtype for weights in found.values()} == {torch.float32}


def test_a_model_in_which_nothing_would_learn_is_refused(tiny_base: Path) -> None:
    model = load_base(tiny_base, torch.float32)
    with pytest.raises(RunError, match="do not fit this base"):
        trainable(model, config(tiny_base, lora_targets="nothing"))


def test_a_parent_goes_on_from_what_it_knew(trained: RunFolder, tiny_base: Path, ids: torch.Tensor) -> None:
    knew = logits(load_model(tiny_base, trained.model, torch.float32), ids)
    parent = str(trained.model)
    for use in ("continue", "merge"):
        going_on = to_train(tiny_base, config(tiny_base, parent=parent, parent_use=use), torch.float32)
        assert away(logits(going_on, ids), knew) < 1e-4
        assert all("lora_" in name for name in learning(going_on))
    whole = to_train(tiny_base, config(tiny_base, parent=parent, parent_use="merge", method="full"), torch.float32)
    assert away(logits(whole, ids), knew) < 1e-4


def test_a_chain_of_merged_parents_is_one_folder_beside_the_base(
    new_run: Make, trained: RunFolder, tiny_base: Path, ids: torch.Tensor, tmp_path: Path
) -> None:
    second = new_run("second", parent=str(trained.model), parent_use="merge", lora_r=4, lora_alpha=8, **SHORT)
    assert fit(second.path) == 0
    third = new_run("third", parent=str(second.model), parent_use="merge", method="dora", **SHORT)
    assert fit(third.path) == 0
    fourth = new_run("fourth", parent=str(third.model), method="dora", **SHORT)
    assert fit(fourth.path) == 0
    digests = [read_facts(each.model).adapter_sha256 for each in (trained, second)]
    assert [list(read_facts(each.model).under) for each in (second, third, fourth)] == [digests[:1], digests, digests]
    alone = Path(shutil.copytree(fourth.model, tmp_path / "elsewhere"))
    facts = check_model(alone, weights_sha256(tiny_base))
    assert facts.parent_sha256 == read_facts(third.model).adapter_sha256
    spoken = logits(load_model(tiny_base, alone, torch.float32), ids)
    assert away(spoken, logits(load_model(tiny_base, third.model, torch.float32), ids)) > 1e-6
    assert away(spoken, logits(load_base(tiny_base, torch.float32), ids)) > 1e-3
    weights = alone / "under" / "0" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(RunError, match="other weights"):
        check_model(alone, facts.base_sha256)


def test_an_adapter_can_begin_on_all_weights_of_a_parent(
    new_run: Make, tiny_base: Path, ids: torch.Tensor, tmp_path: Path
) -> None:
    whole = new_run("whole", method="full", **SHORT)
    assert fit(whole.path) == 0
    knew = logits(load_model(tiny_base, whole.model, torch.float32), ids)
    going_on = to_train(tiny_base, config(tiny_base, parent=str(whole.model), method="full"), torch.float32)
    assert away(logits(going_on, ids), knew) == 0
    child = new_run("child", parent=str(whole.model), parent_use="merge", learning_rate=1e-6, **SHORT)
    assert fit(child.path) == 0
    shutil.rmtree(whole.path)
    assert read_facts(child.model).under
    assert away(logits(load_model(tiny_base, child.model, torch.float32), ids), knew) < 1e-2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "dora"}, "method is dora, but the parent's adapter has lora"),
        ({"lora_dropout": 0.2}, r"lora_dropout is 0.2.*set lora_dropout=0.0, or parent_use=merge"),
        ({"lora_targets": "q_proj"}, "lora_targets is q_proj, but the parent's adapter has all-linear"),
        ({"method": "full"}, "method full cannot continue the adapter"),
        ({"parent_use": "merge", "quantize": "4bit"}, "exclude each other"),
    ],
)
def test_what_cannot_follow_from_the_parent_is_refused(
    trained: RunFolder, tiny_base: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(RunError, match=said) as refusal:
        to_train(tiny_base, config(tiny_base, parent=str(trained.model), **changes), torch.float32)
    assert "\n" not in str(refusal.value)


def test_a_pickled_adapter_is_not_loaded(trained: RunFolder, tiny_base: Path, tmp_path: Path) -> None:
    forged = Path(shutil.copytree(trained.model, tmp_path / "forged"))
    (forged / "adapter_model.safetensors").rename(forged / "adapter_model.bin")
    with pytest.raises(RunError, match=r"has no adapter_model\.safetensors"):
        load_model(tiny_base, forged, torch.float32)


@pytest.mark.parametrize("quantize", ["8bit", "4bit"])
def test_a_run_on_a_quantized_base_learns_and_its_model_speaks(
    new_run: Make, tiny_base: Path, ids: torch.Tensor, quantize: Any
) -> None:
    folder = new_run(quantize=quantize, **SHORT | {"epochs": 2})
    assert fit(folder.path) == 0
    assert read_facts(folder.model).quantize == quantize
    near = logits(load_model(tiny_base, folder.model, torch.float32, quantize), ids)
    assert away(near, logits(load_model(tiny_base, folder.model, torch.float32), ids)) > 0
    assert torch.isfinite(near).all()


def test_quantizing_without_bitsandbytes_says_what_to_install(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hone.training.models.quantize.find_spec", lambda _: None)
    with pytest.raises(RunError, match=r"pip install 'hone-llm\[quantize\]'"):
        load_base(tiny_base, torch.float32, quantize="8bit")


def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tiny_base: Path) -> None:
    if torch.backends.mps.is_available():
        pytest.skip("this machine has mps")
    monkeypatch.setenv("HONE_DEVICE", "mps")
    with pytest.raises(RunError, match=r"This machine has no mps; set device"):
        load_base(tiny_base, torch.float32)


def test_the_card_tells_data_results_limits_and_licence(trained: RunFolder) -> None:
    facts = read_facts(trained.model)
    batch = {"number": 2, "sha256": "ab" * 32, "approvals": {"1 person": 3, "2 people": 21}, "left_out": {"leak": 1}}
    look = {"batch": 1, "items": 20, "loss_before": 1.0, "loss_after": 1.25, "rouge_before": 0.9, "rouge_after": 0.8}
    said = card(facts.model_copy(update={"batch": batch, "forgetting": {"splits": [look]}, "licence": "apache-2.0"}))
    for words in (
        "approved: 3 pairs by 1 person, 21 pairs by 2 people",
        "left out when frozen: 1 leak",
        "train.jsonl: 24 rows learned",
        "learning_rate: 0.02",
        f"validation loss: {facts.validation_loss:.4f} nats per token",
        "| test split of batch 1 | 20 | 1.000 to 1.250 | ROUGE-L 0.900 to 0.800 |",
        "It never learned from a text of more than 512 tokens.",
        "The base's is apache-2.0.",
    ):
        assert words in said
    assert "Not stated; check the base's." in card(facts)
    unread = {"undefined": "a classifier does not go on with a text"}
    assert "plain English" not in card(facts.model_copy(update={"forgetting": {"splits": [look], "generic": unread}}))


def test_the_licence_of_a_base_is_what_its_card_says(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert licence_of(tmp_path) == NOT_STATED
    (tmp_path / "README.md").write_text("---\ntags: [a]\nlicense: apache-2.0\n---\nlicense: none of this")
    assert licence_of(tmp_path) == "apache-2.0"
