"""Base models by name: the toy base, a folder of this machine, or an id on the hub."""

from pathlib import Path

from hone.storage.errors import InputError, RunError
from hone.training.models.weights import is_folder, locate_base

TOY = "toy"


def checked_base(base: str) -> str:
    """The base as a run's configuration names it: "toy", an absolute folder, or an id on the hub.

    A folder is looked into, an id on the hub is not: the run fetches it.

    Raises:
        InputError: Nothing was given, or the folder is not there or is no base: without config, weights in
            safetensors, or tokenizer.
    """
    base = base.strip()
    if not base:
        raise InputError("A run needs a base model: toy, a folder of this machine, or an id on the hub.")
    if base == TOY or not (is_folder(base) or _reads_as_path(base)):
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
