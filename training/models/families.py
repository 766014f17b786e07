"""What a base was made for, by its config.json alone: no weights are loaded, no torch is needed."""

import json
from pathlib import Path
from typing import Literal

from hone.storage.errors import RunError
from hone.training.config import Task

Family = Literal["causal", "seq2seq", "classify"]
ENCODERS = frozenset(
    {"bert", "distilbert", "roberta", "xlm-roberta", "electra", "deberta-v2", "camembert", "modernbert"}
)


def family(base: Path) -> Family:
    """What the base in a folder can be taught.

    Raises:
        RunError: config.json is missing or damaged.
    """
    file = base / "config.json"
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise RunError(f"{file} is missing or damaged; copy or fetch the model again.") from None
    if facts.get("is_encoder_decoder"):
        return "seq2seq"
    return "classify" if facts.get("model_type") in ENCODERS else "causal"


def resolved(task: Task, base: Path) -> Family:
    """The task of a run on this base.

    Raises:
        RunError: The base was made for something else.
    """
    found = family(base)
    if task not in ("auto", found):
        raise RunError(f"{base} is a base for {WORDS[found]}, not for {WORDS[task]}; name another base, or task=auto.")
    return found


WORDS = {
    "causal": "instruction tuning (causal)",
    "seq2seq": "sequence-to-sequence",
    "classify": "text classification (encoder)",
}
