"""A merged model as one GGUF file, by llama.cpp's own converter where it is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from hone.storage.errors import Conflict, RunError
from hone.storage.records import new_id

_SCRIPT = "convert_hf_to_gguf.py"
_MAGIC = b"GGUF"
_TYPES = {"float32": "f32", "bfloat16": "bf16"}


def converter() -> list[str]:
    """The command of llama.cpp's converter.

    Raises:
        RunError: It is neither in $LLAMA_CPP nor on the PATH.
    """
    folder = os.environ.get("LLAMA_CPP")
    if folder and (Path(folder) / _SCRIPT).is_file():
        return [sys.executable, str(Path(folder) / _SCRIPT)]
    found = shutil.which(_SCRIPT)
    if found is None:
        raise RunError(
            f"GGUF needs llama.cpp's {_SCRIPT}, which is neither on the PATH nor in $LLAMA_CPP: "
            "git clone https://github.com/ggml-org/llama.cpp, pip install gguf, and set LLAMA_CPP to that folder."
        )
    return [found]


def convert(folder: Path, to: Path, dtype: str) -> None:
    """Write the GGUF file of a merged model's folder, whole or not at all.

    Args:
        folder: A merged model.
        to: The file to be.
        dtype: float32 or bfloat16, as the folder's.

    Raises:
        Conflict: The file is there already.
        RunError: There is no converter, or it does not know this model.
    """
    if to.exists():
        raise Conflict(f"{to} is already there; choose another file.")
    draft = to.with_name(f".{to.name}.{new_id()}.gguf")
    to.parent.mkdir(parents=True, exist_ok=True)
    command = [*converter(), str(folder), "--outfile", str(draft), "--outtype", _TYPES[dtype]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode or not _is_gguf(draft):
            said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise RunError(f"llama.cpp's converter did not write {to.name}: {said[-1][:300] if said else 'no word'}.")
        os.rename(draft, to)
    finally:
        draft.unlink(missing_ok=True)


def _is_gguf(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC
