"""T5 and the encoders learn as a causal base does: by an adapter or whole, published and loaded again."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_families import LABELS, make_encoder, make_labelled_rows, make_t5
from tiny_model import make_rows

from hone.training.config import TrainConfig
from hone.training.fit import fit
from hone.training.folder import RunFolder
from hone.training.models.adapters import learning, load_model, trainable
from hone.training.models.families import family
from hone.training.models.loading import head_modules, load_base, load_tokenizer, pad_id, position_limit, stop_ids
from hone.training.models.published import read_facts
from hone.training.prepare import prepare
from hone.training.rows.encode import Encoded, encode
from hone.training.tasks import task as tasks

CUT = torch.float32


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("families")
    encoders = {name: make_encoder(folder / name, name) for name in ("distilbert", "bert", "roberta")}
    return {"t5": make_t5(folder / "t5"), **encoders}


def settings(base: Path, **changes: Any) -> TrainConfig:
    known: dict[str, Any] = {
        "base": str(base),
        "labels": LABELS if family(base) == "classify" else (),
        "template": "{instruction} {context}",
        "epochs": 8,
        "learning_rate": 1e-2,
        "micro_batch": 4,
        "effective_batch": 8,
        "max_length": 120,
        "max_new_tokens": 8,
        "threads": 1,
    }
    return TrainConfig(**known | changes)


def encoded(base: Path, count: int, start: int = 0) -> list[Encoded]:
    task = family(base)
    rows = make_labelled_rows(count, start) if task == "classify" else make_rows(count, start)
    return encode(rows, load_tokenizer(base, task), settings(base, max_length=512), 512, task).rows


def loss_of(model: Any, base: Path, rows: list[Encoded]) -> float:
    """Mean over the items of the rows."""
    task = tasks.of(family(base))
    pad = pad_id(load_tokenizer(base, family(base)))
    return float(task.loss(model, task.collate(rows, pad))) / sum(map(task.items, rows))


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("name", ["t5", "distilbert"])
def test_a_run_learns_publishes_and_can_be_loaded(
    bases: dict[str, Path], tmp_path: Path, name: str, method: str
) -> None:
    base = bases[name]
    make = make_labelled_rows if name == "distilbert" else make_rows
    rate = {"lora": 1e-2, "full": 2e-3}[method]
    config = settings(base, method=method, learning_rate=rate)
    folder = prepare(tmp_path / "run", config, {"train": make(24), "validation": make(6, 99)}, {})
    assert fit(folder.path) == 0
    losses = validation_losses(folder)
    assert losses[-1] < losses[0] - 0.1
    with torch.inference_mode():
        again = loss_of(load_model(base, folder.model, CUT), base, encoded(base, 6, 99))
    assert again == pytest.approx(read_facts(folder.model).validation_loss, abs=1e-5)
    assert [file.name for file in folder.model.glob("*.safetensors")] == [
        "adapter_model.safetensors" if method == "lora" else "model.safetensors"
    ]


def validation_losses(folder: RunFolder) -> list[float]:
    events, _ = folder.read_events()
    return [event.data["validation_loss"] for event in events if "validation_loss" in event.data]


@pytest.mark.parametrize("method", ["lora", "dora", "rslora", "full"])
@pytest.mark.parametrize("name", ["t5", "distilbert", "bert", "roberta"])
def test_every_family_learns_by_every_method(bases: dict[str, Path], name: str, method: str) -> None:
    base = bases[name]
    torch.manual_seed(0)
    model = start(base, settings(base, method=method, lora_r=4))
    before, after = taught(model, base, rate=3e-3 if method == "full" else 1e-2)
    assert after < before - 0.1
    assert all(weights.dtype == torch.float32 for weights in learning(model).values())


@pytest.mark.parametrize("quantize", ["8bit", "4bit"])
@pytest.mark.parametrize("name", ["t5", "distilbert"])
def test_a_quantized_base_teaches_its_adapter(bases: dict[str, Path], name: str, quantize: Any) -> None:
    torch.manual_seed(0)
    model = start(bases[name], settings(bases[name], lora_r=4, quantize=quantize))
    assert any("bit" in type(module).__name__ for module in model.modules())
    before, after = taught(model, bases[name], rate=1e-2)
    assert after < before - 0.1


def test_an_evaluation_changes_no_quantized_weight(bases: dict[str, Path]) -> None:
    """bitsandbytes packs 4-bit weights anew when a model is first asked in evaluation mode on some processors."""
    torch.manual_seed(0)
    model = start(bases["t5"], settings(bases["t5"], quantize="4bit"))
    before = {name: value.clone() for name, value in model.named_buffers() if "absmax" in name}
    rows = encoded(bases["t5"], 3)
    learnt = loss_of(model.train(), bases["t5"], rows)
    with torch.inference_mode():
        loss_of(model.eval(), bases["t5"], rows)
    assert all(torch.equal(value, dict(model.named_buffers())[name]) for name, value in before.items())
    assert loss_of(model.train(), bases["t5"], rows) == learnt


def start(base: Path, config: TrainConfig) -> Any:
    task = family(base)
    return trainable(load_base(base, CUT, task, config.labels, config.quantize), config)


def taught(model: Any, base: Path, rate: float, steps: int = 12) -> tuple[float, float]:
    """The loss on a few rows before so many steps on them, and after."""
    rows = encoded(base, 9)
    task, pad = tasks.of(family(base)), pad_id(load_tokenizer(base, family(base)))
    batch, items = task.collate(rows, pad), sum(map(task.items, rows))
    optimizer = torch.optim.AdamW(learning(model).values(), lr=rate)
    before = loss_of(model, base, rows)
    for _ in range(steps):
        (task.loss(model, batch) / items).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    return before, loss_of(model, base, rows)


def test_the_head_of_a_classifier_learns_whole_and_its_encoder_by_the_adapter(bases: dict[str, Path]) -> None:
    for name, heads in (("distilbert", ["pre_classifier", "classifier"]), ("roberta", ["classifier"])):
        assert head_modules(load_base(bases[name], CUT, "classify", LABELS)) == heads
        model = start(bases[name], settings(bases[name]))
        whole = {weight for weight in learning(model) if "modules_to_save" in weight}
        assert {weight.split(".")[2] for weight in whole} == set(heads)
        assert all(f".{name}." in weight for weight in learning(model) if weight not in whole)


def test_a_target_is_learnt_with_its_end_and_a_label_counts_once(bases: dict[str, Path]) -> None:
    for row in encoded(bases["t5"], 3):
        assert row.target is not None
        assert row.target[-1] == 1
        assert tasks.of("seq2seq").items(row) == len(row.target)
    assert [tasks.of("classify").items(row) for row in encoded(bases["bert"], 3)] == [1, 1, 1]


def test_the_loss_of_a_sequence_is_that_of_the_model_itself(bases: dict[str, Path]) -> None:
    base = bases["t5"]
    model, rows, task = load_base(base, CUT, "seq2seq"), encoded(base, 5), tasks.of("seq2seq")
    batch = task.collate(rows, 0)
    its = model(**{name: batch[name] for name in ("input_ids", "attention_mask", "labels")}).loss
    assert float(task.loss(model, batch)) / sum(map(task.items, rows)) == pytest.approx(its.item(), abs=1e-5)


def test_padding_changes_nothing(bases: dict[str, Path]) -> None:
    for base in bases.values():
        task = tasks.of(family(base))
        model = load_base(base, CUT, family(base), settings(base).labels)
        rows = encoded(base, 3)
        alone = sum(float(task.loss(model, task.collate([row], 1))) for row in rows)
        assert float(task.loss(model, task.collate(rows, 1))) == pytest.approx(alone, abs=1e-4)


def test_smoothing_is_counted_over_all_items(bases: dict[str, Path]) -> None:
    base = bases["distilbert"]
    model, rows, task = load_base(base, CUT, "classify", LABELS), encoded(base, 4), tasks.of("classify")
    batch = task.collate(rows, 1)
    logs = torch.log_softmax(model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits, -1)
    right = -logs[range(4), batch["labels"]].sum()
    assert float(task.loss(model, batch, 0.3)) == pytest.approx(float(0.7 * right - 0.1 * logs.sum()), abs=1e-5)


def test_an_encoder_says_no_text_and_has_as_many_places_as_it_can_read(bases: dict[str, Path]) -> None:
    model = load_base(bases["roberta"], CUT, "classify", LABELS)
    assert stop_ids(model, load_tokenizer(bases["roberta"], "classify")) == []
    assert position_limit(model, 512) == 126  # of 128; two stand before the first token
    assert position_limit(load_base(bases["distilbert"], CUT, "classify", LABELS), 512) == 128
    assert model.config.id2label == dict(enumerate(LABELS))
