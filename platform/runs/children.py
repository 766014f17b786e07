"""A run's child process: how it is started and stopped, and what its log said last."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from hone.platform.runs.bases import TOY
from hone.storage.runs import Kind
from hone.training.folder import RunFolder
from hone.training.models.weights import is_folder

Device = Literal["auto", "cpu", "cuda", "mps"]
MODULES: dict[Kind, str] = {
    "train": "hone.training.fit",
    "generate": "hone.training.generate",
    "suggest": "hone.training.suggest",
    "search": "hone.training.search",
}
_TAIL = 16_384  # bytes of a log that are read to find its last line


def start_child(
    folder: RunFolder, kind: Kind, workspace: Path, *, resume: bool = False, device: Device = "auto"
) -> subprocess.Popen[bytes]:
    """Start the worker of a run, in a session of its own, so that it outlives this process.

    What it prints goes to the folder's log.txt and is never waited for: a flood of output cannot stall it.
    Its working folder is the workspace, from which the paths of earlier models in its configuration lead.

    Raises:
        NotFound, InputError: This is no run folder, or its configuration does not hold.
        OSError: The machine cannot start another process.
    """
    base = folder.config().base
    module = "hone.platform.runs.toy_run" if base == TOY else MODULES[kind]
    command = [sys.executable, "-P", "-m", module, str(folder.path), *(["--resume"] if resume else [])]
    with folder.log_file.open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=workspace,
            env=_environment(offline=base == TOY or is_folder(base), device=device),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a worker and to all that it started; nothing happens when they are gone."""
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def last_line(log: Path) -> str:
    """The last line with words in a log, at most 500 characters; empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = file.read().decode(errors="replace").splitlines()
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return said.removeprefix("hone: ")[:500]


def _environment(offline: bool, device: Device) -> dict[str, str]:
    """This process's environment, with the hub kept quiet and waiting threads kept from spinning."""
    settings = {"GOMP_SPINCOUNT": "1000", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONUNBUFFERED": "1"}
    if offline:
        settings["HF_HUB_OFFLINE"] = "1"
    if device == "cpu":
        settings["CUDA_VISIBLE_DEVICES"] = ""
    return {**os.environ, **settings}
