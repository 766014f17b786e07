"""Resumable state: complete or not there, and of this very run or refused."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hone.storage.errors import RunError
from hone.training.folder import NEEDED, RunFolder, write_whole

_SEAL = "complete.json"
_IDENTITY = "identity.json"
_MAY_CHANGE = frozenset({"run", "base", "parent", "model", "threads", "checkpoint_every"})


def seal(checkpoint: Path) -> None:
    """Mark a checkpoint complete: the digest of every file, written after all of them reached the disk."""
    (checkpoint / "training_args.bin").unlink(missing_ok=True)  # a pickle that nobody needs
    digests = {file.name: _digest(file) for file in _files(checkpoint)}
    write_whole(checkpoint / _SEAL, json.dumps(digests, indent=1))


def is_complete(checkpoint: Path) -> bool:
    """Whether the seal is there and every file is as it was sealed."""
    try:
        digests = json.loads((checkpoint / _SEAL).read_text())
        return bool(digests) and all(_digest(checkpoint / name) == digest for name, digest in digests.items())
    except (OSError, ValueError, AttributeError):
        return False


def newest_complete(folder: RunFolder) -> Path | None:
    """The newest complete checkpoint. Damaged newer ones are removed, each with a warning event."""
    for checkpoint in _newest_first(folder.checkpoints):
        if is_complete(checkpoint):
            return checkpoint
        folder.append_event("warning", message=f"{checkpoint.name} is damaged or unfinished; passed over.")
        shutil.rmtree(checkpoint)
    return None


def has_checkpoint(folder: RunFolder) -> bool:
    """Whether a complete checkpoint is there."""
    return any(is_complete(checkpoint) for checkpoint in _newest_first(folder.checkpoints))


def write_identity(folder: RunFolder, identity: dict[str, Any]) -> None:
    """Put down what this run depends on; see `identity`."""
    folder.checkpoints.mkdir(exist_ok=True)
    write_whole(folder.checkpoints / _IDENTITY, json.dumps(identity, indent=1, sort_keys=True))


def check_identity(folder: RunFolder, identity: dict[str, Any]) -> None:
    """Refuse to go on with other data, base, template or settings than the run began with.

    Raises:
        RunError: Something changed; the first field is named with both values.
    """
    try:
        before = json.loads((folder.checkpoints / _IDENTITY).read_text())
    except (OSError, ValueError):
        raise RunError(f"{folder.checkpoints} does not say what the run began with; start the run afresh.") from None
    for field in sorted({*before, *identity}):
        old, new = before.get(field), identity.get(field)
        if old != new:
            raise RunError(
                f"Cannot resume: {field} was {_short(old)} when this run began and is {_short(new)} now. "
                "Set it back, or prepare a new run."
            )


def identity(folder: RunFolder, base_sha256: str, adapter_sha256: str | None) -> dict[str, Any]:
    """Everything that the course of a run depends on, as flat JSON values.

    Args:
        folder: The run, of any kind.
        base_sha256: Digest of the base's weights.
        adapter_sha256: Digest of the adapter that is trained on or generates; None without one.
    """
    config = folder.config()
    settings = config.model_dump(mode="json", exclude=set(_MAY_CHANGE))
    used = ("train", "validation") if config.kind == "train" else (NEEDED[config.kind],)
    files = {f"{split}.jsonl": file.sha256 for split, file in folder.manifest().files.items() if split in used}
    return {**settings, **files, "base_sha256": base_sha256, "adapter_sha256": adapter_sha256}


def _newest_first(folder: Path) -> Iterator[Path]:
    found = (path for path in folder.glob("checkpoint-*") if path.name.partition("-")[2].isdigit())
    yield from sorted(found, key=lambda path: int(path.name.partition("-")[2]), reverse=True)


def _files(checkpoint: Path) -> list[Path]:
    return sorted(file for file in checkpoint.iterdir() if file.is_file() and file.name != _SEAL)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
