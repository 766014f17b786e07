"""A base is loaded from safe files or not at all, and an adapter only on its own base."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_families import make_encoder
from tiny_model import make_rows, make_tiny_base

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.folder import RunFolder
from hone.training.models.adapters import trainable
from hone.training.models.loading import load_base, load_tokenizer, pad_id
from hone.training.models.published import check_model, read_facts
from hone.training.models.weights import locate_base, weights_sha256
from hone.training.rows.encode import IGNORED, encode
from hone.training.tasks import causal


@pytest.fixture
def base(tiny_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_base, tmp_path / "base"))


def _remove_tokenizer(base: Path) -> None:
    (base / "tokenizer.json").unlink()


def _only_pickles(base: Path) -> None:
    (base / "model.safetensors").rename(base / "pytorch_model.bin")


def _no_config(base: Path) -> None:
    (base / "config.json").unlink()


def _torn_config(base: Path) -> None:
    (base / "config.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_remove_tokenizer, "has no tokenizer"),
        (_only_pickles, r"only pickled weights \(pytorch_model.bin\), which can run code"),
        (_no_config, "is no base model: it has no config.json"),
        (_torn_config, "is damaged: it is no JSON"),
    ],
)
def test_an_unusable_base_is_refused_in_one_line(base: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(base)
    with pytest.raises(RunError, match=message) as refusal:
        locate_base(str(base))
    assert "\n" not in str(refusal.value)


def test_a_base_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no folder"):
        locate_base(str(tmp_path / "nowhere"))


def test_a_base_that_wants_to_run_its_own_code_is_refused(base: Path) -> None:
    (base / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "own.Own"}}))
    (base / "own.py").write_text("raise SystemExit('this code ran')")
    with pytest.raises(RunError, match="code of its own"):
        load_base(base, torch.float32)


def test_torn_weights_are_refused(base: Path) -> None:
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(RunError, match="cannot be loaded"):
        load_base(base, torch.float32)


def test_a_base_that_lacks_weights_is_refused_not_filled_up_at_random(base: Path) -> None:
    weights = load_file(str(base / "model.safetensors"))
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, str(base / "model.safetensors"), metadata={"format": "pt"})
    with pytest.raises(RunError, match=r"lacks 1 of its weights .*layers\.1\.mlp\.up_proj"):
        load_base(base, torch.float32)


def test_a_hub_id_without_a_network_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(RunError, match=r"could not be fetched from the hub .* or name a folder") as refusal:
        locate_base("nobody/nothing-of-this-name")
    assert "\n" not in str(refusal.value)


def test_a_classification_without_labels_is_refused(base: Path) -> None:
    with pytest.raises(RunError, match="needs at least two labels, and has 0"):
        load_base(base, torch.float32, "classify")


def test_the_head_of_another_set_of_labels_makes_room(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path / "encoder")
    load_base(encoder, torch.float32, "classify", ("yes", "no")).save_pretrained(str(encoder))
    assert load_base(encoder, torch.float32, "classify", ("a", "b", "c")).config.num_labels == 3


def test_a_tokenizer_without_an_end_is_refused(base: Path) -> None:
    file = base / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    del settings["eos_token"]
    file.write_text(json.dumps(settings))
    with pytest.raises(RunError, match="no end-of-sequence token"):
        load_tokenizer(base)


def test_a_missing_pad_token_is_filled_by_the_end(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    assert tokenizer.pad_token_id is None
    assert pad_id(tokenizer) == tokenizer.eos_token_id


def test_padding_by_the_end_token_leaves_the_end_learnt(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    rows = encode(make_rows(4), tokenizer, TrainConfig(base="b"), 512, "causal").rows
    batch = causal.collate(rows, pad_id(tokenizer))
    assert batch["attention_mask"].sum(dim=1).tolist() == [len(row.ids) for row in rows]
    for row, labels in zip(rows, batch["labels"], strict=True):
        assert labels[len(row.ids) - 1] == tokenizer.eos_token_id
        assert (labels[len(row.ids) :] == IGNORED).all()


def test_only_the_adapter_of_a_new_model_learns(tiny_base: Path) -> None:
    model = trainable(
        load_base(tiny_base, torch.float32), TrainConfig(base="b", lora_r=4, lora_targets="q_proj, v_proj")
    )
    learning = [name for name, weights in model.named_parameters() if weights.requires_grad]
    assert len(learning) == 8  # two layers, two modules, A and B
    assert all("lora_" in name and ("q_proj" in name or "v_proj" in name) for name in learning)


def test_targets_that_the_base_lacks_are_refused(tiny_base: Path) -> None:
    with pytest.raises(RunError, match="'c_attn' do not fit this base"):
        trainable(load_base(tiny_base, torch.float32), TrainConfig(base="b", lora_targets="c_attn"))


def test_the_digest_of_a_base_depends_on_every_weight(base: Path, tiny_base: Path, tmp_path: Path) -> None:
    assert weights_sha256(base) == weights_sha256(tiny_base)
    assert weights_sha256(make_tiny_base(tmp_path / "other", seed=1)) != weights_sha256(base)


def test_an_adapter_on_another_base_is_refused(trained: RunFolder, tmp_path: Path) -> None:
    other = weights_sha256(make_tiny_base(tmp_path / "other", seed=1))
    with pytest.raises(RunError, match=r"was trained on .*, not on this base"):
        check_model(trained.model, other)


def test_a_changed_adapter_is_refused(trained: RunFolder, tmp_path: Path) -> None:
    model = Path(shutil.copytree(trained.model, tmp_path / "model"))
    weights = model / "adapter_model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    with pytest.raises(RunError, match="other weights"):
        check_model(model, read_facts(model).base_sha256)


def test_a_folder_that_hone_did_not_publish_is_no_model(tiny_base: Path) -> None:
    with pytest.raises(RunError, match="is no model of Hone"):
        read_facts(tiny_base)
