"""Base models by name: the toy base, a folder of this machine, or an id on the hub."""

import re
from pathlib import Path

from hone.storage.errors import InputError, RunError
from hone.training.models.weights import is_folder, locate_base

TOY = "toy"
HUB_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95})?")


def checked_base(base: str) -> str:
    """The base as a run's configuration names it: "toy", an absolute folder, or an id on the hub.

    A folder is looked into, an id on the hub is not: the run fetches it.

    Raises:
        InputError: Nothing was given, it is neither a folder nor an id, or the folder is not there or is no base:
            without config, weights in safetensors, or tokenizer.
    """
    base = base.strip()
    if not base:
        raise InputError("A run needs a base model: toy, a folder of this machine, or an id on the hub.")
    if base == TOY:
        return base
    if not (is_folder(base) or _reads_as_path(base)):
        if not HUB_ID.fullmatch(base):
            raise InputError(f"{base[:80]!r} is neither a folder nor an id on the hub, as Qwen/Qwen3-0.6B.")
        return base
    try:
        return str(locate_base(base))
    except RunError as problem:
        raise InputError(str(problem)) from None


def base_name(base: str) -> str:
    """What people call it: Toy base, else the last part of the folder or id."""
    name = Path(base).name
    return "Toy base" if name == TOY or name.startswith("toy-base-") else name


def _reads_as_path(base: str) -> bool:
    return base.startswith((".", "/", "~")) or base.count("/") > 1
