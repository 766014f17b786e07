"""The files of a base model: found, checked, hashed. No weights are loaded here."""

import hashlib
import json
from pathlib import Path

from hone.storage.errors import RunError

_WANTED = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "README.md"]
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_INDEX = "model.safetensors.index.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def is_folder(base: str) -> bool:
    """Whether a base names a folder of this machine; else it is an id on the hub."""
    return Path(base).expanduser().is_dir()


def locate_base(base: str) -> Path:
    """The folder of a base, fetched from the hub first when it is an id (safetensors and texts only).

    Raises:
        RunError: Neither a folder nor a reachable repository, or a folder that is no usable base:
            without config, tokenizer or safetensors.
    """
    folder = Path(base).expanduser().resolve() if is_folder(base) else _fetched(base)
    _check(folder)
    return folder


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that make up a base or an adapter, in a fixed order."""
    index = folder / _INDEX
    if index.exists():
        shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        return [folder / name for name in sorted(set(shards))]
    return sorted(folder.glob("*.safetensors"))


def file_sha256(file: Path) -> str:
    """Hex digest of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def weights_sha256(folder: Path) -> str:
    """Hex digest over the names and contents of the weight files.

    Raises:
        RunError: A file that the index names is missing.
    """
    digest = hashlib.sha256()
    for file in weight_files(folder):
        if not file.exists():
            raise RunError(f"{folder} is incomplete: {file.name} is missing; copy or fetch the model again.")
        digest.update(f"{file.name}:{file_sha256(file)}\n".encode())
    return digest.hexdigest()


def require_weights(folder: Path, expected: str | None, what: str) -> str:
    """The digest of the folder's weights, after it was held against the expected one (None expects nothing).

    Raises:
        RunError: The weights are others.
    """
    found = weights_sha256(folder)
    if expected is not None and found != expected:
        raise RunError(
            f"{what} {folder} has other weights (sha256 {found[:12]}...) than expected ({expected[:12]}...); "
            "name the model that was used before."
        )
    return found


def _fetched(base: str) -> Path:
    if base.startswith((".", "/", "~")) or base.count("/") > 1:
        raise RunError(f"There is no folder {base}; name the folder of a base model or an id on the hub.")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(base, allow_patterns=_WANTED))
    except Exception as error:  # the hub's client has a dozen kinds: offline, unknown, gated, cut off
        reason = " ".join(str(error).split())[:200]
        raise RunError(
            f"{base} is no folder, and could not be fetched from the hub ({type(error).__name__}: {reason}). "
            "Check the name and the network, or name a folder."
        ) from None


def _check(folder: Path) -> None:
    config = folder / "config.json"
    if not config.is_file():
        raise RunError(f"{folder} is no base model: it has no config.json.")
    try:
        json.loads(config.read_text(encoding="utf-8"))
    except ValueError:
        raise RunError(f"{config} is damaged: it is no JSON; copy or fetch the model again.") from None
    if not weight_files(folder):
        pickles = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
        found = f"only pickled weights ({', '.join(pickles[:3])}), which can run code" if pickles else "no weights"
        raise RunError(f"{folder} has {found}; a base needs .safetensors files.")
    if not any((folder / name).exists() for name in _TOKENIZERS):
        raise RunError(f"{folder} has no tokenizer; save one there with tokenizer.save_pretrained.")
