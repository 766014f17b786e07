"""A LoRA run from its folder to its model, step by step."""

import json
import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting import checkpoints
from hone.training.fitting.trainer import LoraTrainer
from hone.training.fitting.watch import validation_losses
from hone.training.folder import Manifest, RunFolder, Split, write_whole
from hone.training.models import adapters, loading
from hone.training.models.families import resolved
from hone.training.models.publish import publish
from hone.training.models.published import ModelFacts, check_model
from hone.training.models.weights import locate_base, require_weights
from hone.training.rows.cache import encoded
from hone.training.rows.encode import Encoding
from hone.training.session import Cancelled
from hone.training.worker import available_cores

_PACKAGES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors")


@dataclass(frozen=True)
class Sources:
    """What a run starts from, checked."""

    manifest: Manifest
    base: Path
    base_sha256: str
    parent_sha256: str | None
    checkpoint: Path | None


@dataclass(frozen=True)
class Material:
    """What a run trains with, loaded."""

    model: loading.Model
    tokenizer: loading.Tokenizer
    stop_ids: list[int]
    train: Encoding
    validation: Encoding


def train_lora(folder: RunFolder, config: TrainConfig, resume: bool) -> dict[str, Any]:
    """Train as the folder says, publish the model, write result.json.

    Returns:
        What the event "done" tells: step, validation loss (nats per token or None), seconds.

    Raises:
        Cancelled: Somebody asked to stop; a checkpoint was written.
        RunError: The run cannot start or go on; nothing is published.
    """
    began = time.monotonic()
    torch.set_num_threads(config.threads or available_cores())
    sources = _sources(folder, config, resume)
    set_seed(config.seed)
    material = _material(folder, config, sources.base)
    loaded = time.monotonic()
    trainer = _trained(folder, config, material, sources.checkpoint)
    trained = time.monotonic()
    facts = publish(
        folder.model,
        material.model,
        material.tokenizer,
        _facts(config, sources, material, trainer),
        adapters.under(config),
    )
    seconds = {"load": loaded - began, "train": trained - loaded, "total": time.monotonic() - began}
    result = {
        **facts.model_dump(mode="json", exclude={"template"}),
        **_numbers(trainer, sources),
        **_counts(material),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
        "tokens_per_second": round(trainer.tokens / seconds["train"], 1),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
    }
    write_whole(folder.result_file, json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return {"step": facts.step, "validation_loss": facts.validation_loss, "seconds": round(seconds["total"], 3)}


def _sources(folder: RunFolder, config: TrainConfig, resume: bool) -> Sources:
    manifest = folder.verify()
    base = locate_base(config.base)
    base_sha256 = require_weights(base, config.base_sha256, "The base")
    parent = check_model(Path(config.parent), base_sha256) if config.parent else None
    parent_sha256 = parent.adapter_sha256 if parent else None
    checkpoint = _starting_point(folder, checkpoints.identity(folder, base_sha256, parent_sha256), resume)
    return Sources(manifest, base, base_sha256, parent_sha256, checkpoint)


def _starting_point(folder: RunFolder, identity: dict[str, Any], resume: bool) -> Path | None:
    """The checkpoint to go on from; None starts at the beginning."""
    if checkpoints.has_checkpoint(folder) and not resume:
        raise RunError(f"{folder.path} has checkpoints of an earlier start; add --resume to go on from them.")
    checkpoint = checkpoints.newest_complete(folder)
    if checkpoint is not None:
        checkpoints.check_identity(folder, identity)
        return checkpoint
    if resume:
        folder.append_event("warning", message="There is no complete checkpoint; training starts afresh.")
    checkpoints.write_identity(folder, identity)
    return None


def _material(folder: RunFolder, config: TrainConfig, base: Path) -> Material:
    task = resolved(config.task, base)
    tokenizer = loading.load_tokenizer(base, task)
    model = adapters.to_train(base, config, loading.compute_dtype(config.precision))
    stop_ids = loading.stop_ids(model, tokenizer)
    limit = loading.position_limit(model, config.max_length)
    splits: list[Split] = ["train", "validation"]
    train, validation = [encoded(folder.rows(split), tokenizer, config, limit, task) for split in splits]
    if not train.rows:
        raise RunError(f"{folder.path} has no train rows; freeze a batch with a larger train split.")
    _tell_cuts(folder, train, validation)
    return Material(model, tokenizer, stop_ids, train, validation)


def _tell_cuts(folder: RunFolder, *encodings: Encoding) -> None:
    for word, rows in (
        ("dropped", [row for encoding in encodings for row in encoding.dropped]),
        ("truncated", [row for encoding in encodings for row in encoding.truncated]),
    ):
        if rows:
            message = f"{len(rows)} rows were too long and {word}."
            folder.append_event("warning", message=message, rows=[asdict(row) for row in rows])


def _trained(folder: RunFolder, config: TrainConfig, material: Material, checkpoint: Path | None) -> LoraTrainer:
    rows = material.train.rows, material.validation.rows
    trainer = LoraTrainer(material.model, material.tokenizer, folder, config, *rows)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.watch.cancelled:
        raise Cancelled
    trainer.take_best()
    return trainer


def _facts(config: TrainConfig, sources: Sources, material: Material, trainer: LoraTrainer) -> ModelFacts:
    losses = validation_losses(trainer.state)
    kept = trainer.best_step if config.patience is not None else None
    step = trainer.state.global_step if kept is None else kept
    return ModelFacts(
        run=config.run,
        task=resolved(config.task, sources.base),
        labels=config.labels,
        objective=config.objective,
        method=config.method,
        quantize=config.quantize,
        prompt=config.prompt,
        base=config.base,
        base_sha256=sources.base_sha256,
        adapter_sha256="",
        parent_sha256=sources.parent_sha256,
        template=config.template,
        stop_ids=material.stop_ids,
        max_new_tokens=config.max_new_tokens,
        batch=sources.manifest.batch,
        data_sha256={split: file.sha256 for split, file in sources.manifest.files.items()},
        validation_loss=losses.get(step),
        step=step,
    )


def _numbers(trainer: LoraTrainer, sources: Sources) -> dict[str, Any]:
    parameters = trainer.model.parameters()  # type: ignore[union-attr]  # there is a model
    train_losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {
        "steps": trainer.state.global_step,
        "train_loss": train_losses[-1],
        "trainable_parameters": sum(part.numel() for part in parameters if part.requires_grad),
        "resumed_from": sources.checkpoint.name if sources.checkpoint else None,
        "device": str(loading.device()),
        "threads": torch.get_num_threads(),
    }


def _counts(material: Material) -> dict[str, Any]:
    splits = {"train": material.train, "validation": material.validation}
    return {
        "rows": {split: len(encoding.rows) for split, encoding in splits.items()},
        "tokens": {split: sum(map(len, encoding.rows)) for split, encoding in splits.items()},
        "dropped": {split: [asdict(row) for row in encoding.dropped] for split, encoding in splits.items()},
        "truncated": {split: [asdict(row) for row in encoding.truncated] for split, encoding in splits.items()},
    }
