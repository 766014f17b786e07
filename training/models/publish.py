"""A finished adapter becomes a model folder: whole, with its tokenizer, its facts and a card."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from hone.storage.errors import RunError
from hone.storage.records import new_id
from hone.training.folder import write_whole
from hone.training.models.loading import Model, Tokenizer
from hone.training.models.published import FACTS, ModelFacts, under_folders
from hone.training.models.weights import weights_sha256


def publish(
    target: Path, model: Model, tokenizer: Tokenizer, facts: ModelFacts, under: Sequence[Path] = ()
) -> ModelFacts:
    """Write the model folder under another name and rename it; an earlier one is replaced.

    Args:
        target: The folder to be.
        model: The PEFT model whose adapter is published, or after a full fine-tune the model itself.
        tokenizer: The base's, saved beside it.
        facts: All but the digests of the weights, which are put in.
        under: Model folders that lie under the adapter, the lowest first (`adapters.under`); they are copied.

    Raises:
        RunError: The adapter holds a number that is not finite; nothing is published.
    """
    _require_finite(model)
    draft = target.with_name(f".{target.name}.{new_id()}")
    try:
        model.save_pretrained(str(draft))
        tokenizer.save_pretrained(str(draft))
        facts = facts.model_copy(
            update={"adapter_sha256": weights_sha256(draft), "under": tuple(map(weights_sha256, under))}
        )
        for folder, place in zip(under, under_folders(draft, facts), strict=True):
            _lay_under(folder, place)
        write_whole(draft / FACTS, facts.model_dump_json(indent=2) + "\n")
        write_whole(draft / "README.md", _card(facts))
        shutil.rmtree(target, ignore_errors=True)
        os.rename(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return facts


def _lay_under(folder: Path, place: Path) -> None:
    """The weights and settings of a model, and nothing else of its folder."""
    place.mkdir(parents=True)
    for file in folder.iterdir():
        if file.suffix == ".safetensors" or file.name in _LAID_UNDER or file.name.endswith(".index.json"):
            shutil.copy2(file, place)


_LAID_UNDER = ("adapter_config.json", "config.json", "generation_config.json", FACTS)


def _require_finite(model: Model) -> None:
    for name, weights in model.named_parameters():
        if weights.requires_grad and not torch.isfinite(weights).all():
            raise RunError(f"The adapter holds a number that is not finite ({name}); lower learning_rate.")


def _card(facts: ModelFacts) -> str:
    batch = "\n".join(f"- {name}: {value}" for name, value in sorted(facts.batch.items())) or "- not stated"
    data = "\n".join(f"- {split}.jsonl: sha256 {digest}" for split, digest in sorted(facts.data_sha256.items()))
    loss = "not measured" if facts.validation_loss is None else f"{facts.validation_loss:.4f} nats per token"
    return f"""---
library_name: peft
base_model: {json.dumps(facts.base)}
tags: [lora, hone]
---
# {facts.run}

A LoRA adapter, trained with Hone. It belongs on exactly one base: {facts.base}
(weights sha256 {facts.base_sha256}).

- validation loss: {loss}, at step {facts.step}
- adapter sha256: {facts.adapter_sha256}
- continued from: {facts.parent_sha256 or "nothing, it is a first iteration"}

## The batch it learned from
{batch}
{data}

## Prompt
Fill in this template; what stands between the lines is the whole of it. An empty context takes its section with it.

~~~~~~text
{facts.template}
~~~~~~
"""
