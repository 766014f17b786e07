"""A run's child process: how it is started and stopped, and what its log said last."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from hone.platform.runs.bases import TOY
from hone.platform.settings import Launcher, Training
from hone.storage.runs import Kind
from hone.training.folder import RunFolder
from hone.training.launch.world import ASKED
from hone.training.models.weights import is_folder

Work = Kind | Literal["preflight"]
MODULES: dict[Work, str] = {
    "train": "hone.training.fit",
    "generate": "hone.training.generate",
    "suggest": "hone.training.suggest",
    "search": "hone.training.search",
    "preflight": "hone.training.preflight",
}
_TAIL = 16_384  # bytes of a log that are read to find its last line


def start_child(
    folder: RunFolder, kind: Work, workspace: Path, training: Training, *, resume: bool = False
) -> subprocess.Popen[bytes]:
    """Start the worker of a run, in a session of its own, so that it outlives this process.

    What it prints goes to the folder's log.txt and is never waited for: a flood of output cannot stall it.
    Its working folder is the workspace, from which the paths of earlier models in its configuration lead.

    Args:
        folder: Of the run, prepared.
        kind: Of the run; a preflight looks at a training run without beginning it.
        workspace: Its folder.
        training: Of hone.toml: on which device, and what launches a training run.
        resume: Go on from the newest checkpoint.

    Raises:
        NotFound, InputError: This is no run folder, or its configuration does not hold.
        OSError: The machine cannot start another process.
    """
    config = folder.config()
    base = config.base
    alone = kind != "train" or base == TOY or getattr(config, "objective", "sft") != "sft"  # preferences: one process
    launcher = "local" if alone else training.launcher
    module = "hone.platform.runs.toy_run" if base == TOY else MODULES[kind]
    words = [*(["--resume"] if resume else []), *(["--preflight"] if kind == "preflight" and base == TOY else [])]
    command = [*_launched(module, launcher, training), str(folder.path), *words]
    with folder.log_file.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", *command],
            cwd=workspace,
            env=_environment(training, launcher, offline=base == TOY or is_folder(base)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _launched(module: str, launcher: Launcher, training: Training) -> list[str]:
    """The module that does the run, after what launches it; only training goes to several processes or a cluster."""
    if launcher == "torchrun":
        return ["torch.distributed.run", "--standalone", "--nproc-per-node", str(training.processes), "-m", module]
    if launcher == "ray":
        address = ["--address", training.ray_address] if training.ray_address else []
        return ["hone.training.launch.ray_job", "--processes", str(training.processes), *address]
    return [module]


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


def _environment(training: Training, launcher: Launcher, offline: bool) -> dict[str, str]:
    """This process's environment, with the hub kept quiet and waiting threads kept from spinning."""
    settings = {
        "GOMP_SPINCOUNT": "1000",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",  # as -P, for what the child starts
        "HONE_DEVICE": training.device,
    }
    if offline:
        settings["HF_HUB_OFFLINE"] = "1"
    if training.device == "cpu":
        settings["CUDA_VISIBLE_DEVICES"] = ""
    if launcher == "torchrun":
        settings |= {ASKED: str(training.processes), "OMP_NUM_THREADS": "1"}  # each takes its own share of the cores
    return {**os.environ, **settings}
