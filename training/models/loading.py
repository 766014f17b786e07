"""Tokenizer, base and adapter, from local files only and without any code that a model brings along."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from hone.storage.errors import RunError
from hone.training.config import Precision, TrainConfig

Tokenizer = Any  # transformers types its tokenizers by mixins that no checker follows
Model = Any


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a base.

    Raises:
        RunError: It cannot be read, or has no end-of-sequence token.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # a broken file raises whatever its format's reader raises
        raise RunError(f"The tokenizer in {folder} cannot be read: {_reason(error)}") from None
    if tokenizer.eos_token_id is None:
        raise RunError(f"The tokenizer in {folder} has no end-of-sequence token, so an answer could never end.")
    return tokenizer


def load_base(folder: Path, precision: Precision) -> Model:
    """The base model, on the GPU if there is one.

    Raises:
        RunError: It needs code of its own, or its files do not fit together.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]  # a log is no terminal
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        AutoConfig.from_pretrained(str(folder), **local)
        model: Model = AutoModelForCausalLM.from_pretrained(
            str(folder), **local, use_safetensors=True, dtype=compute_dtype(precision)
        )
    except Exception as error:
        if "trust_remote_code" in str(error):
            raise RunError(
                f"{folder} wants to run code of its own, which Hone does not; use a base that transformers knows."
            ) from None
        raise RunError(f"The base {folder} cannot be loaded: {_reason(error)}") from None
    return model.to(device())


def new_adapter(model: Model, config: TrainConfig) -> Model:
    """The model with a fresh LoRA adapter; only the adapter learns.

    Raises:
        RunError: A target is no linear layer of this model.
    """
    targets: str | list[str] = config.lora_targets
    if targets != "all-linear":
        targets = [name.strip() for name in config.lora_targets.split(",") if name.strip()]
    wanted = LoraConfig(
        task_type="CAUSAL_LM",
        r=config.lora_r,
        lora_alpha=config.lora_alpha,  # type: ignore[arg-type]  # peft accepts a float and types an int
        lora_dropout=config.lora_dropout,
        target_modules=targets,
    )
    try:
        return get_peft_model(model, wanted)
    except (ValueError, TypeError) as error:
        raise RunError(f"lora_targets {config.lora_targets!r} do not fit this base: {_reason(error)}") from None


def load_adapter(model: Model, folder: Path, trainable: bool = False) -> Model:
    """The base with a published adapter on it; frozen unless trainable.

    Raises:
        RunError: The adapter's files do not fit the base.
    """
    try:
        return PeftModel.from_pretrained(model, str(folder), is_trainable=trainable, local_files_only=True)
    except Exception as error:
        raise RunError(f"The adapter {folder} cannot be loaded: {_reason(error)}") from None


def continued_adapter(model: Model, folder: Path, config: TrainConfig) -> Model:
    """The base with the parent's adapter on it, which goes on learning.

    Raises:
        RunError: The parent's rank, scale or dropout is not what the configuration says.
    """
    continued = load_adapter(model, folder, trainable=True)
    parent = continued.peft_config["default"]
    for field, found in (("r", parent.r), ("alpha", parent.lora_alpha), ("dropout", parent.lora_dropout)):
        wanted = getattr(config, f"lora_{field}")
        if found != wanted:
            raise RunError(
                f"lora_{field} is {wanted}, but the parent's adapter has {found}; "
                f"set lora_{field}={found}, or train without a parent."
            )
    return continued


def stop_ids(model: Model, tokenizer: Tokenizer) -> list[int]:
    """Every token that ends an answer: the tokenizer's and those of the model's generation settings."""
    extra = model.generation_config.eos_token_id
    listed = [] if extra is None else extra if isinstance(extra, list) else [extra]
    return sorted({int(tokenizer.eos_token_id), *map(int, listed)})


def pad_id(tokenizer: Tokenizer) -> int:
    """What fills short rows. It may be the end-of-sequence token: padding is masked by length, never by id."""
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)


def position_limit(model: Model, max_length: int) -> int:
    """Tokens in one row: max_length, or fewer when the model has fewer positions."""
    positions = getattr(model.config, "max_position_embeddings", None)
    return min(max_length, positions) if positions else max_length


def device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def compute_dtype(precision: Precision) -> torch.dtype:
    """The type of weights and arithmetic that a precision means on this machine."""
    if precision == "auto":
        fast = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
