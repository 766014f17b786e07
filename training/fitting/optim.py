"""Optimizer and schedule of a run."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch.nn import Parameter

from hone.training.config import TrainConfig

_SCHEDULES = {"constant": "constant_with_warmup"}  # ours: transformers' name, where it is another


def optimizer_class(config: TrainConfig) -> tuple[type[torch.optim.Optimizer], dict[str, Any]]:
    """AdamW (Loshchilov and Hutter 2019; betas 0.9 and 0.999, epsilon 1e-8) or SGD with momentum, and its settings."""
    if config.optimizer == "sgd":
        return torch.optim.SGD, {"lr": config.learning_rate, "momentum": config.momentum}
    return torch.optim.AdamW, {"lr": config.learning_rate, "betas": (0.9, 0.999), "eps": 1e-8, "fused": True}


def optimizer(parameters: Iterable[Parameter], config: TrainConfig) -> torch.optim.Optimizer:
    """The optimizer of a run over these parameters, all of them decayed alike."""
    kind, settings = optimizer_class(config)
    return kind([{"params": list(parameters), "weight_decay": config.weight_decay}], **settings)


def schedule(config: TrainConfig, rows: int) -> dict[str, Any]:
    """How the rate goes, as keywords of TrainingArguments: a warm-up from 0, then the schedule."""
    steps = math.ceil(rows / config.effective_batch) * config.epochs
    return {
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": _SCHEDULES.get(config.schedule, config.schedule),
        "warmup_steps": round(config.warmup * steps),
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.grad_clip,
    }
