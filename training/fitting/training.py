"""A training run from its folder to its model, step by step."""

import json
import platform
import time
from importlib.metadata import version
from typing import Any

import torch
from transformers import set_seed

from hone.training.config import TrainConfig
from hone.training.fitting.material import Material, Sources, counts, material, sources
from hone.training.fitting.plan import (
    Plan,
    begun_plan,
    halve_frozen,
    plain,
    require_packable,
    worth_probing,
    write_plan,
)
from hone.training.fitting.probe import probe
from hone.training.fitting.told import Told
from hone.training.fitting.trainer import StepTrainer
from hone.training.fitting.watch import validation_losses
from hone.training.folder import RunFolder, write_whole
from hone.training.forgetting.measuring import Look, Moment, compared, look
from hone.training.launch import world
from hone.training.models import adapters, loading
from hone.training.models.card import licence_of
from hone.training.models.publish import publish
from hone.training.models.published import ModelFacts
from hone.training.tasks.task import of
from hone.training.worker import available_cores

_PACKAGES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors")


def train(folder: RunFolder, config: TrainConfig, resume: bool, force: bool = False) -> dict[str, Any]:
    """Train as the folder says, publish the model, write result.json.

    Together with other processes each of them calls it, and the first one publishes.

    Returns:
        What the event "done" tells: step, validation loss (nats per item or None), seconds.

    Raises:
        Cancelled: Somebody asked to stop; a checkpoint was written.
        RunError: The run cannot start or go on; nothing is published.
    """
    began = time.monotonic()
    torch.set_num_threads(config.threads or available_cores())
    start = sources(folder, config, resume, force)
    set_seed(config.seed)
    with_what = material(folder, config, start)
    plan = _plan(folder, config, with_what, start)
    trainer = StepTrainer(
        with_what.model, with_what.tokenizer, folder, config, with_what.train, with_what.validation, plan
    )
    before = _look(folder, config, with_what, start, trainer, "before")
    loaded = time.monotonic()
    trainer.train(resume_from_checkpoint=str(start.checkpoint) if start.checkpoint else None)
    trainer.take_best()
    trained = time.monotonic()
    after = _look(folder, config, with_what, start, trainer, "after")
    forgetting = compared(before, after)
    learnt = {"rows": counts(with_what.encodings)["rows"], "forgetting": forgetting or None}
    facts = facts_of(config, start, trainer, with_what.stop_ids).model_copy(update=learnt)
    if world.is_first():
        facts = publish(folder.model, with_what.model, with_what.tokenizer, facts, adapters.under(config))
    seconds = {"load": loaded - began, "train": trained - loaded, "total": time.monotonic() - began}
    result = {
        **facts.model_dump(mode="json", exclude={"template", "settings", "forgetting"}),
        **numbers_of(trainer, start),
        **counts(with_what.encodings),
        "plan": plan.model_dump(mode="json"),
        **({"forgetting": forgetting} if forgetting else {}),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
        "tokens_per_second": round(trainer.tokens / seconds["train"], 1),
        "versions": versions(),
    }
    if world.is_first():
        write_whole(folder.result_file, json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return {"step": facts.step, "validation_loss": facts.validation_loss, "seconds": round(seconds["total"], 3)}


def _plan(folder: RunFolder, config: TrainConfig, with_what: Material, start: Sources) -> Plan:
    """How this run computes: as it began, or what a probe finds; several processes do what the configuration says."""
    model, rows = with_what.model, with_what.train
    plan = begun_plan(folder, config)
    if plan is None and world.size() == 1 and worth_probing(model, rows, config):
        plan = probe(model, of(start.task), rows, config, loading.pad_id(with_what.tokenizer))
    plan = plan or plain(config)
    require_packable(model, of(start.task), rows, config)
    write_plan(folder, plan)
    folder.append_event("plan", **plan.model_dump(mode="json"))
    if plan.halves(config):
        halve_frozen(model)
    return plan


def _look(
    folder: RunFolder,
    config: TrainConfig,
    with_what: Material,
    start: Sources,
    trainer: StepTrainer,
    moment: Moment,
) -> Look | None:
    model = with_what.model
    with trainer.stepper.arithmetic(trainer.args.device.type):
        return look(
            folder, config, model, with_what.tokenizer, start.task, with_what.stop_ids, moment, world.is_first()
        )


def facts_of(config: TrainConfig, start: Sources, trainer: Told, stop_ids: list[int]) -> ModelFacts:
    """The facts of the model that a trainer made, but for the digests of its weights."""
    losses = validation_losses(trainer.state)
    kept = trainer.best_step if config.patience is not None else None
    step = trainer.state.global_step if kept is None else kept
    return ModelFacts(
        run=config.run,
        task=start.task,
        labels=config.labels,
        objective=config.objective,
        method=config.method,
        quantize=config.quantize,
        prompt=config.prompt,
        base=config.base,
        base_sha256=start.base_sha256,
        adapter_sha256="",
        parent_sha256=start.parent_sha256,
        template=config.template,
        stop_ids=stop_ids,
        max_new_tokens=config.max_new_tokens,
        batch=start.manifest.batch,
        data_sha256={split: file.sha256 for split, file in start.manifest.files.items()},
        settings=config.model_dump(mode="json"),
        licence=licence_of(start.base),
        validation_loss=losses.get(step),
        step=step,
    )


def numbers_of(trainer: Told, start: Sources) -> dict[str, Any]:
    """What a trainer did, in numbers, for result.json."""
    train_losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {
        "steps": trainer.state.global_step,
        "train_loss": train_losses[-1],
        "trainable_parameters": sum(part.numel() for part in adapters.learning(trainer.model).values()),
        "resumed_from": start.checkpoint.name if start.checkpoint else None,
        "device": str(loading.device()),
        "threads": torch.get_num_threads(),
        "processes": world.size(),
    }


def versions(*more: str) -> dict[str, str]:
    """Of Python and the packages that a training rests on, and of these."""
    return {"python": platform.python_version(), **{name: version(name) for name in (*_PACKAGES, *more)}}
