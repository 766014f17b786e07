"""Resumable state: complete or not there, and of this very run or refused."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from hone.storage.errors import RunError
from hone.training.folder import LEARNT, NEEDED, RunFolder, write_whole
from hone.training.launch import world

SEAL = "complete.json"
_IDENTITY = "identity.json"
_PLAN = "plan.json"
_MAY_CHANGE = frozenset({"run", "base", "parent", "model", "threads", "checkpoint_every", "tracker"})


@contextmanager
def writing(folder: RunFolder, name: str) -> Generator[Path]:
    """A place below checkpoints/ to write to, that becomes `name` once the block is through and all is on the disk.

    Raises:
        RunError: The disk is full or broken: what was there before stays, and nothing half-written is seen.
    """
    draft, target = folder.checkpoints / f".{name}", folder.checkpoints / name
    try:
        _remove(draft)
        folder.checkpoints.mkdir(exist_ok=True)
        yield draft
        for file in [*draft.iterdir(), draft] if draft.is_dir() else [draft]:
            _sync(file)
        _remove(target)
        os.rename(draft, target)
        _sync(folder.checkpoints)
    except (OSError, SafetensorError) as problem:
        _remove(draft)
        kept = next((f"{path.name} stays" for path in _newest_first(folder.checkpoints)), "there is no earlier one")
        raise RunError(f"{name} could not be written: {_reason(problem)}; {kept}. Make room, then resume.") from None


def seal(checkpoint: Path) -> None:
    """Mark a checkpoint complete: the digest of every file, written after all of them reached the disk."""
    digests = {file.name: _digest(file) for file in _files(checkpoint)}
    write_whole(checkpoint / SEAL, json.dumps(digests, indent=1))


def keep_newest(folder: RunFolder, count: int = 2) -> None:
    """Remove all but the newest checkpoints."""
    for checkpoint in list(_newest_first(folder.checkpoints))[count:]:
        shutil.rmtree(checkpoint)


def step_of(checkpoint: Path) -> int:
    """The step at which a checkpoint stands, by its name."""
    return int(checkpoint.name.partition("-")[2])


def steps(folder: RunFolder) -> list[int]:
    """The steps at which the checkpoints stand, the newest first."""
    return [step_of(checkpoint) for checkpoint in _newest_first(folder.checkpoints)]


def is_complete(checkpoint: Path) -> bool:
    """Whether the seal is there and every file is as it was sealed."""
    try:
        digests = json.loads((checkpoint / SEAL).read_text())
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


def starting_point(folder: RunFolder, identity: dict[str, Any], resume: bool, force: bool = False) -> Path | None:
    """The checkpoint to go on from; None starts at the beginning.

    Args:
        folder: A training run.
        identity: What it depends on now; see `identity`.
        resume: Go on from the newest complete checkpoint.
        force: Go on even though something changed; what did is put down as a warning.

    Raises:
        RunError: There are checkpoints and nobody asked to resume, or something changed and nobody forced it.
    """
    with world.first_goes_first():
        if has_checkpoint(folder) and not resume:
            raise RunError(f"{folder.path} has checkpoints of an earlier start; add --resume to go on from them.")
        for draft in folder.checkpoints.glob(".*") if world.is_first() else ():
            _remove(draft)  # of a process that was killed while it wrote
        checkpoint = newest_complete(folder)
        if checkpoint is not None:
            check_identity(folder, identity, force)
        elif resume:
            folder.append_event("warning", message="There is no complete checkpoint; training starts afresh.")
        if checkpoint is None or force:
            write_identity(folder, identity)
    return checkpoint


def write_identity(folder: RunFolder, identity: dict[str, Any]) -> None:
    """Put down what this run depends on; see `identity`."""
    _put_down(folder, _IDENTITY, identity)


def write_plan(folder: RunFolder, plan: dict[str, Any]) -> None:
    """Put down what was measured and chosen for this machine, so that a resume takes the same."""
    _put_down(folder, _PLAN, plan)


def read_plan(folder: RunFolder) -> dict[str, Any] | None:
    """What `write_plan` put down; None when nothing was."""
    try:
        found: dict[str, Any] = json.loads((folder.checkpoints / _PLAN).read_text())
    except (OSError, ValueError):
        return None
    return found


def _put_down(folder: RunFolder, name: str, facts: dict[str, Any]) -> None:
    if world.is_first():
        folder.checkpoints.mkdir(exist_ok=True)
        write_whole(folder.checkpoints / name, json.dumps(facts, indent=1, sort_keys=True))


def check_identity(folder: RunFolder, identity: dict[str, Any], force: bool = False) -> None:
    """Refuse to go on with other data, base, template or settings than the run began with.

    Raises:
        RunError: Something changed; the first field is named with both values. With force a warning names them all.
    """
    try:
        before = json.loads((folder.checkpoints / _IDENTITY).read_text())
    except (OSError, ValueError):
        raise RunError(f"{folder.checkpoints} does not say what the run began with; start the run afresh.") from None
    changes = [
        f"{field} was {_short(before.get(field))} when this run began and is {_short(identity.get(field))} now"
        for field in sorted({*before, *identity})
        if before.get(field) != identity.get(field)
    ]
    if changes and not force:
        raise RunError(f"Cannot resume: {changes[0]}. Set it back, or prepare a new run.")
    if changes:
        folder.append_event("warning", message=f"Went on by force: {'; '.join(changes)}.", changed=changes)


def identity(folder: RunFolder, base_sha256: str, adapter_sha256: str | None) -> dict[str, Any]:
    """Everything that the course of a run depends on, as flat JSON values.

    Args:
        folder: The run, of any kind.
        base_sha256: Digest of the base's weights.
        adapter_sha256: Digest of the adapter that is trained on or generates; None without one.
    """
    config = folder.config()
    settings = config.model_dump(mode="json", exclude=set(_MAY_CHANGE))
    used = (*LEARNT, "validation") if config.kind == "train" else (NEEDED[config.kind],)
    files = {f"{split}.jsonl": file.sha256 for split, file in folder.manifest().files.items() if split in used}
    return {**settings, **files, "base_sha256": base_sha256, "adapter_sha256": adapter_sha256}


def _newest_first(folder: Path) -> Iterator[Path]:
    found = (path for path in folder.glob("checkpoint-*") if path.name.partition("-")[2].isdigit())
    yield from sorted(found, key=step_of, reverse=True)


def _files(checkpoint: Path) -> list[Path]:
    return sorted(file for file in checkpoint.iterdir() if file.is_file() and file.name != SEAL)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _reason(problem: Exception) -> str:
    """In the disk's words: the serialiser wraps the error, its number stands in the text."""
    number = re.search(r"os error (\d+)", str(problem))
    return os.strerror(int(number[1])) if number else getattr(problem, "strerror", None) or str(problem)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
