"""What a run has trained becomes a model folder: whole, with its tokenizer, its facts and a card."""

import copy
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from transformers import GenerationConfig

from hone.storage.errors import RunError
from hone.storage.records import new_id
from hone.training.folder import write_whole
from hone.training.models.card import card
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
        RunError: What was learnt holds a number that is not finite; nothing is published.
    """
    _require_finite(model)
    draft = target.with_name(f".{target.name}.{new_id()}")
    try:
        model.save_pretrained(str(draft))
        tokenizer.save_pretrained(str(draft))
        if facts.stop_ids:
            generation_settings(model, tokenizer, facts).save_pretrained(str(draft))
        facts = facts.model_copy(
            update={"adapter_sha256": weights_sha256(draft), "under": tuple(map(weights_sha256, under))}
        )
        for folder, place in zip(under, under_folders(draft, facts), strict=True):
            _lay_under(folder, place)
        write_whole(draft / FACTS, facts.model_dump_json(indent=2) + "\n")
        write_whole(draft / "README.md", card(facts))
        shutil.rmtree(target, ignore_errors=True)
        os.rename(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return facts


def generation_settings(model: Model, tokenizer: Tokenizer, facts: ModelFacts) -> GenerationConfig:
    """How others let the model answer: greedily, to its own ends, at most as long as it was told.

    A padding token that is also an end is not named: a server that drops padding would drop the end of every answer.
    """
    settings: Any = copy.deepcopy(model.generation_config)
    known = (tokenizer.pad_token_id, settings.pad_token_id)
    settings.update(
        eos_token_id=facts.stop_ids[0] if len(facts.stop_ids) == 1 else facts.stop_ids,
        pad_token_id=next((pad for pad in known if pad is not None and pad not in facts.stop_ids), None),
        max_new_tokens=facts.max_new_tokens,
        do_sample=False,
        temperature=None,
        top_p=None,
        top_k=None,
    )
    return cast(GenerationConfig, settings)


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
            raise RunError(f"What was learnt holds a number that is not finite ({name}); lower learning_rate.")
