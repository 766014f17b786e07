"""A preference run from its folder to its model: the same folder, checkpoints, looks back and publishing as any run."""

import json
import time
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

import torch
from transformers import set_seed

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting.checkpoints import newest_complete
from hone.training.fitting.material import Sources, sources, tell_cuts
from hone.training.fitting.memory import give_back, out_of_memory
from hone.training.fitting.training import facts_of, numbers_of, versions
from hone.training.folder import LEARNT, RunFolder, write_whole
from hone.training.forgetting.measuring import Look, Moment, compared, look
from hone.training.launch import world
from hone.training.models import adapters, loading
from hone.training.models.publish import publish
from hone.training.preference.rows import preferences
from hone.training.preference.trainers import PreferenceTrainer, trainer_of
from hone.training.worker import available_cores


def train(folder: RunFolder, config: TrainConfig, resume: bool, force: bool = False) -> dict[str, Any]:
    """Learn the preferences of a folder, publish the model, write result.json.

    Returns:
        What the event "done" tells: step, validation loss (nats per preference, or None), seconds.

    Raises:
        Cancelled: Somebody asked to stop; a checkpoint was written.
        RunError: The run cannot start or go on; nothing is published.
    """
    began = time.monotonic()
    torch.set_num_threads(config.threads or available_cores())
    if world.size() > 1:
        raise RunError(
            f"{config.objective} is learnt by one process, not {world.size()}: let the launcher start one for this run."
        )
    start = sources(folder, config, resume, force)
    if start.task != "causal":
        raise RunError(
            f"{config.objective} is for models that go on with a text; {config.base} is made for {start.task}."
        )
    unread = [split for split in LEARNT if split != "train" and folder.rows(split)]
    if unread:
        raise RunError(f"{config.objective} learns from train rows alone; prepare the run without {unread[0]} rows.")
    before, trainer, seconds = _trained(folder, config, start, began)
    forgetting = compared(before, _look(folder, config, trainer, "after"))
    counted = _counts(trainer)
    facts = facts_of(config, start, trainer, loading.stop_ids(trainer.model, trainer.tokenizer))
    facts = facts.model_copy(update={"rows": counted["rows"], "forgetting": forgetting or None})
    facts = publish(folder.model, trainer.model, trainer.tokenizer, facts, adapters.under(config))
    seconds["total"] = time.monotonic() - began
    result = {
        **facts.model_dump(mode="json", exclude={"template", "settings", "forgetting"}),
        **numbers_of(trainer, start),
        **counted,
        "preference": _preference(config, trainer, facts.step),
        **({"forgetting": forgetting} if forgetting else {}),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
        "tokens_per_second": round(trainer.tokens / max(seconds["train"], 1e-6), 1),
        "versions": versions("trl", "datasets"),
    }
    write_whole(folder.result_file, json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return {"step": facts.step, "validation_loss": facts.validation_loss, "seconds": round(seconds["total"], 3)}


def _trained(
    folder: RunFolder, config: TrainConfig, start: Sources, began: float
) -> tuple[Look | None, PreferenceTrainer, dict[str, float]]:
    """What the model knew before, the trainer with the model that it trained, and seconds by stage.

    Where memory runs out the micro batch is halved and the run goes on from its newest checkpoint, or anew: a step has
    the same rows, however it is cut.
    """
    before: Look | None = None
    looked = False
    checkpoint = start.checkpoint
    while True:
        try:
            trainer = _loaded(folder, config, start)
            if not looked:
                before, looked = _look(folder, config, trainer, "before"), True
            loaded = time.monotonic()
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            trainer.take_best()
            return before, trainer, {"load": loaded - began, "train": time.monotonic() - loaded}
        except Exception as error:
            if not out_of_memory(error):
                raise
        config = _halved(folder, config)
        checkpoint = newest_complete(folder)
        give_back()


def _halved(folder: RunFolder, config: TrainConfig) -> TrainConfig:
    least = 2 if config.objective == "kto" else 1
    half = config.micro_batch // 2 if config.micro_batch % 2 == 0 else 1
    if half < least:
        raise RunError(
            f"Memory does not hold a micro batch of {config.micro_batch}; lower max_length, load the base in 8 bits "
            "(quantize=8bit), or set recompute=true."
        )
    message = f"Memory ran out with {config.micro_batch} rows at once; going on with {half}. A step has the same rows."
    folder.append_event("warning", message=message, micro_batch=half)
    return config.model_copy(update={"micro_batch": half})


def _loaded(folder: RunFolder, config: TrainConfig, start: Sources) -> PreferenceTrainer:
    """Model and rows in their trainer, which has asked the model for its opinion of each row as it is now."""
    set_seed(config.seed)
    dtype = loading.compute_dtype(config.precision)
    tokenizer = loading.load_tokenizer(start.base)
    model = adapters.to_train(start.base, config, dtype)
    limit = loading.position_limit(model, config.max_length)
    train, validation = (preferences(folder.rows(split), tokenizer, config, limit) for split in ("train", "validation"))
    if not len(train):
        raise RunError(f"{folder.path} has no train rows; judge more items first.")
    tell_cuts(folder, {"train": train, "validation": validation})
    return trainer_of(model, tokenizer, folder, config, train, validation, dtype)


def _look(folder: RunFolder, config: TrainConfig, trainer: PreferenceTrainer, moment: Moment) -> Look | None:
    half = trainer.args.bf16
    device = trainer.args.device.type
    with torch.autocast(device, torch.bfloat16) if half else nullcontext():
        stop = loading.stop_ids(trainer.model, trainer.tokenizer)
        return look(folder, config, trainer.model, trainer.tokenizer, "causal", stop, moment)


def _counts(trainer: PreferenceTrainer) -> dict[str, Any]:
    """Rows, tokens, and what was dropped or shortened, by split."""
    splits = {"train": trainer.learnt, "validation": trainer.held_out}
    return {
        "rows": {split: len(rows) for split, rows in splits.items()},
        "tokens": {split: rows.tokens for split, rows in splits.items()},
        "dropped": {split: [asdict(row) for row in rows.dropped] for split, rows in splits.items()},
        "truncated": {split: [asdict(row) for row in rows.truncated] for split, rows in splits.items()},
    }


def _preference(config: TrainConfig, trainer: PreferenceTrainer, step: int) -> dict[str, Any]:
    """How far the published model prefers what people did, more than the model that it started from.

    `margin` is the mean difference of the rewards of better and worse responses, in nats times beta; `accuracy` the
    share of preferences that it shares. Held out, or without held-out rows the last ones that were learnt.
    """
    held_out = [entry for entry in trainer.state.log_history if "eval_loss" in entry and entry["step"] == step]
    learnt = [entry for entry in trainer.state.log_history if "loss" in entry]
    entry, prefix = (held_out[-1], "eval_") if held_out else (learnt[-1], "")
    named = {"margin": f"{prefix}rewards/margins", "accuracy": f"{prefix}rewards/accuracies"}
    said = {name: round(entry[key], 6) for name, key in named.items() if key in entry}
    return {
        "objective": config.objective,
        "beta": config.beta,
        "measured": "held out" if held_out else "learnt",
        **said,
    }
