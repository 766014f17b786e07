"""A frozen base in 8 or 4 bits, through bitsandbytes; on the CPU as on a GPU."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import torch

from hone.storage.errors import RunError
from hone.training.config import Quantize


def settings(kind: Quantize, dtype: torch.dtype, left: Sequence[str] | None = None) -> Any:
    """What transformers is told to quantize a base while it loads; None for "none".

    Args:
        kind: 8bit is LLM.int8 (Dettmers et al. 2022); 4bit is NF4 with nested scales (QLoRA, Dettmers et al. 2023).
        dtype: Of the arithmetic, for which the weights are unpacked.
        left: Modules that stay as they are; None leaves the last layer of a model that makes texts.

    Raises:
        RunError: bitsandbytes is not installed.
    """
    if kind == "none":
        return None
    if find_spec("bitsandbytes") is None:
        raise RunError(
            f"quantize {kind} needs bitsandbytes, which is not installed: pip install 'hone-llm[quantize]', "
            "or set quantize=none."
        )
    import transformers

    skipped = None if left is None else list(left)
    settings_of: Any = transformers.BitsAndBytesConfig
    if kind == "8bit":
        return settings_of(load_in_8bit=True, llm_int8_skip_modules=skipped)
    return settings_of(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=skipped,
    )


def keep_exact(model: Any) -> Any:
    """The model, its 4-bit weights kept as they were quantized.

    On a CPU with bfloat16 bitsandbytes packs them anew at the first evaluation and rounds their scales: what is learnt
    after an evaluation would then differ from what is learnt without one, and narrow layers could not be packed at all.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return model
