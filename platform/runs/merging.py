"""A model to take away: merged into its base, and as a GGUF file, by a child process that checks it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from hone.platform.runs.children import last_line
from hone.platform.runs.submitting import Machine, require_space
from hone.storage import audit
from hone.storage.errors import Conflict, InputError, RunError
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record

Dtype = Literal["auto", "float32", "bfloat16"]


class Merged(Record):
    """What was written, and how far it is from the model that was merged; see hone.training.models.merging.Checked."""

    path: str
    gguf: bool
    dtype: str
    rows: int
    places: int
    largest_difference: float
    argmax_agreement: float
    loss_before: float
    loss_after: float
    answers: int
    same_answers: int


def merge(
    machine: Machine,
    project: Project,
    person: Person,
    model: Model,
    *,
    to: Path | None = None,
    gguf: bool = False,
    dtype: Dtype = "auto",
) -> Merged:
    """Write the merged model of an iteration to a new folder, or to a GGUF file, and say how it was checked.

    It takes as long as loading the base and answering a few rows; the caller waits.

    Args:
        machine: The open workspace.
        project: Of the model.
        person: Who asks.
        model: An iteration.
        to: The folder or file to be; None takes one in the workspace's exports.
        gguf: A file by llama.cpp's converter instead of a folder.
        dtype: Of the weights; auto takes that of the base.

    Raises:
        Forbidden: The person is no lead.
        InputError: It is the base, which there is nothing to merge into.
        Conflict: Something is there already.
        RunError: It could not be made, or is not the same model; nothing was written.
    """
    person.must("lead")
    store = machine.store
    if model.folder is None:
        raise InputError(f"{model.name} is a base, so there is nothing to merge; `hone models` lists the iterations.")
    target = to or store.workspace.exports / f"{_plain(project.name)}-model-{model.number}{'.gguf' if gguf else ''}"
    if target.exists():
        raise Conflict(f"{target} is already there; name another place with --to, or move it away.")
    require_space(store.workspace.root)
    checked = _child(machine, model, target, gguf, dtype)
    word = "model exported as GGUF" if gguf else "model merged"
    store.write(lambda cursor: audit.record(cursor, person.id, word, model.id, sha256=checked["weights_sha256"]))
    return Merged.model_validate(
        {**{name: checked[name] for name in Merged.model_fields if name in checked}, "path": str(target), "gguf": gguf}
    )


def _child(machine: Machine, model: Model, target: Path, gguf: bool, dtype: Dtype) -> dict[str, Any]:
    training, root = machine.supervisor.settings.training, machine.store.workspace.root
    threads = ["--threads", str(training.threads)] if training.threads else []
    command = [str(model.folder), "--base", model.base, "--dtype", dtype, *threads]
    with tempfile.TemporaryDirectory(dir=machine.store.workspace.exports, prefix=".merge-") as passing:
        log = Path(passing) / "log.txt"
        said = Path(passing) / "checked.json"
        with log.open("wb") as errors, said.open("wb") as out:
            done = subprocess.run(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "hone.training.merge",
                    *command,
                    "--gguf" if gguf else "--to",
                    str(target),
                ],
                cwd=root,
                env={**os.environ, "HONE_DEVICE": training.device, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                check=False,
            )
        if done.returncode:
            raise RunError(last_line(log) or f"Merging ended with code {done.returncode}; it may have lacked memory.")
        found: dict[str, Any] = json.loads(said.read_text(encoding="utf-8").strip().splitlines()[-1])
        return found


def _plain(name: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else "-" for char in name)[:60].strip("-") or "project"
