"""Tokenizer and base, from local files only and without any code that a model brings along."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)
from transformers.utils.logging import disable_progress_bar

from hone.storage.errors import RunError
from hone.training.config import Precision, Quantize
from hone.training.models import quantize as quantizing
from hone.training.models.families import Family

Tokenizer = Any  # transformers types its tokenizers by mixins that no checker follows
Model = Any
LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
_AUTO: dict[Family, Any] = {
    "causal": AutoModelForCausalLM,
    "seq2seq": AutoModelForSeq2SeqLM,
    "classify": AutoModelForSequenceClassification,
}
_COUNT_FROM_PADDING = ("roberta", "xlm-roberta", "camembert")  # their first position is the padding's id + 1


def load_tokenizer(folder: Path, task: Family = "causal") -> Tokenizer:
    """The tokenizer of a base.

    Raises:
        RunError: It cannot be read, or has no end-of-sequence token though the task makes texts.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **LOCAL)
    except Exception as error:  # a broken file raises whatever its format's reader raises
        raise RunError(f"The tokenizer in {folder} cannot be read: {reason(error)}") from None
    if task != "classify" and tokenizer.eos_token_id is None:
        raise RunError(f"The tokenizer in {folder} has no end-of-sequence token, so an answer could never end.")
    return tokenizer


def load_base(
    folder: Path,
    dtype: torch.dtype,
    task: Family = "causal",
    labels: tuple[str, ...] = (),
    quantize: Quantize = "none",
) -> Model:
    """The base model in evaluation mode, on the device of this process.

    Args:
        folder: Of the base, or of a model with all weights.
        dtype: Of its weights; of a quantized base that of the arithmetic.
        task: What it is loaded for; see hone.training.models.families.
        labels: Of a classification, in their order. Where the folder has no head for them, one is drawn at random.
        quantize: The frozen base in 8 or 4 bits.

    Raises:
        RunError: It needs code of its own, its files do not fit together, a classification has no labels, or
            bitsandbytes is not installed.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]  # a log is no terminal
    logging.getLogger("transformers.modeling_utils").addFilter(_no_report)
    wanted: dict[str, Any] = {"dtype": dtype, "use_safetensors": True, **_head(task, labels)}
    try:
        config = AutoConfig.from_pretrained(str(folder), **LOCAL)
        if quantize != "none":
            left = head_modules(_hollow(config, task)) if task == "classify" else None
            wanted["quantization_config"] = quantizing.settings(quantize, dtype, left)
            wanted["device_map"] = {"": device()}
        model, report = _AUTO[task].from_pretrained(str(folder), **LOCAL, **wanted, output_loading_info=True)
    except RunError:
        raise
    except Exception as error:
        if "trust_remote_code" in str(error):
            raise RunError(
                f"{folder} wants to run code of its own, which Hone does not; use a base that transformers knows."
            ) from None
        raise RunError(f"The base {folder} cannot be loaded: {reason(error)}") from None
    drawn = [*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])]
    _require_all(folder, drawn, head_modules(model) if task == "classify" else [])
    loaded: Model = quantizing.keep_exact(model) if quantize != "none" else model.to(device())
    return loaded.eval()


def head_modules(model: Model) -> list[str]:
    """The modules of a classifier that stand on its encoder: drawn at random, so they learn whole and are saved."""
    return [
        name
        for name, module in model.named_children()
        if name != model.base_model_prefix and any(True for _ in module.parameters())
    ]


def stop_ids(model: Model, tokenizer: Tokenizer) -> list[int]:
    """Every token that ends an answer: the tokenizer's, that of its chat template, those of the model's generation
    settings; none of an encoder, which says no text."""
    from hone.training.rows.chat import turn_ends  # which needs this module

    settings = getattr(model, "generation_config", None)
    extra = None if settings is None else settings.eos_token_id
    listed = [] if extra is None else extra if isinstance(extra, list) else [extra]
    if settings is None:
        return sorted(map(int, listed))
    own = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    return sorted({*map(int, own), *map(int, listed), *turn_ends(tokenizer)})


def pad_id(tokenizer: Tokenizer) -> int:
    """What fills short rows. It may be the end-of-sequence token: padding is masked by length, never by id."""
    found = (tokenizer.pad_token_id, tokenizer.eos_token_id)
    return next((int(token) for token in found if token is not None), 0)


def position_limit(model: Model, max_length: int) -> int:
    """Tokens in one row: max_length, or fewer when the model has fewer positions."""
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions and model.config.model_type in _COUNT_FROM_PADDING:
        positions -= model.config.pad_token_id + 1
    return min(max_length, positions) if positions else max_length


def device() -> torch.device:
    """What this process computes on: as $HONE_DEVICE says, else the GPU if there is one, else the CPU.

    Raises:
        RunError: The device that is named is not there.
    """
    named = os.environ.get("HONE_DEVICE", "auto")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if named != "auto" and not there.get(named):
        raise RunError(f'This machine has no {named}; set device = "auto" or "cpu" under [training] in hone.toml.')
    kind = ("cuda" if there["cuda"] else "cpu") if named == "auto" else named
    return torch.device(kind, int(os.environ.get("LOCAL_RANK", "0"))) if kind == "cuda" else torch.device(kind)


def compute_dtype(precision: Precision) -> torch.dtype:
    """The type of weights and arithmetic that a precision means on this machine."""
    if precision == "auto":
        fast = device().type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def reason(error: BaseException) -> str:
    """What an error of a library says, in one line of at most 300 characters."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def _head(task: Family, labels: tuple[str, ...]) -> dict[str, Any]:
    if task != "classify":
        return {}
    if len(labels) < 2:
        raise RunError(f"A classification needs at least two labels, and has {len(labels)}; name them as labels.")
    named = dict(enumerate(labels))
    return {
        "ignore_mismatched_sizes": True,  # the head of another set of labels makes room for a new one
        "num_labels": len(labels),
        "id2label": named,
        "label2id": {label: place for place, label in named.items()},
    }


def _no_report(record: logging.LogRecord) -> bool:
    """Drop the table of missing weights: they are refused in one line, or are a head that is new on purpose."""
    return "LOAD REPORT" not in str(record.msg)


def _hollow(config: Any, task: Family) -> Model:
    """The modules of a model, without weights."""
    with torch.device("meta"):
        return _AUTO[task].from_config(config)


def _require_all(folder: Path, drawn: Iterable[str], heads: list[str]) -> None:
    """Only a head may be drawn at random; anything else means that the weights are those of another model."""
    lost = sorted(key for key in drawn if key.split(".")[0] not in heads)
    if lost:
        raise RunError(
            f"The base {folder} lacks {len(lost)} of its weights or has them in another shape ({', '.join(lost[:3])}); "
            "copy or fetch the model again."
        )
