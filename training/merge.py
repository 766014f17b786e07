"""Merge a model into its base: `python -m hone.training.merge MODEL --base BASE --to FOLDER [--gguf FILE]`.

MODEL is the folder model/ of a run, its data beside it. What was found when the merged model was checked is printed as
JSON. Exit code 0: it is there. 1: it is not, and the reason is on stderr.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hone.storage.errors import HoneError
from hone.training.models import gguf as converting
from hone.training.models.weights import is_folder
from hone.training.worker import set_surroundings

Dtype = Literal["auto", "float32", "bfloat16"]


def merge(model: Path, base: str, to: Path | None, gguf: Path | None, dtype: Dtype = "auto") -> str:
    """The check's JSON, after the merged folder and the GGUF file that were asked for are there.

    Raises:
        HoneError: One of them cannot be made; see hone.training.models.merging and gguf.
    """
    if gguf is not None:
        converting.converter()  # before the long work
    from hone.training.models import merging  # seconds of import, after the surroundings are set

    with tempfile.TemporaryDirectory(dir=gguf.parent if gguf and gguf.parent.is_dir() else None) as passing:
        folder = to or Path(passing) / (gguf.stem if gguf else "merged")
        checked = merging.merge(model, base, folder, dtype)
        if gguf is not None:
            converting.convert(folder, gguf, checked.dtype)
    return checked.model_dump_json(exclude={"examples"})


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="hone.training.merge", description="Merge a model into its base, checked.")
    parser.add_argument("model", type=Path, help="the folder model/ of a run")
    parser.add_argument("--base", required=True, help="its base: a folder, or an id on the hub")
    parser.add_argument("--to", type=Path, help="the folder to be")
    parser.add_argument("--gguf", type=Path, help="a GGUF file to be, by llama.cpp's converter")
    parser.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args(arguments)
    if given.to is None and given.gguf is None:
        parser.error("name --to, --gguf or both")
    set_surroundings(given.threads, offline=is_folder(given.base))
    try:
        print(merge(given.model, given.base, given.to, given.gguf, given.dtype))
        return 0
    except HoneError as error:
        print(f"hone: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
