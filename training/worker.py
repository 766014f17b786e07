"""The process that works on a run: who it is, whether it still lives, and the surroundings it needs."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from hone.storage.records import Record

BEAT_SECONDS = 2.0
SILENT_SECONDS = 20.0  # without a beat: a worker that cannot be seen is taken for dead


class Worker(Record):
    """A process, told from a later one of the same number by its start time, and from another machine's by its host."""

    pid: int
    started: str
    host: str = ""

    @property
    def here(self) -> bool:
        """Whether it works on this machine, where its process can be looked at."""
        return self.host in ("", socket.gethostname())


def this_worker() -> Worker:
    """The process that calls."""
    return Worker(pid=os.getpid(), started=_started(os.getpid()) or "", host=socket.gethostname())


def read_worker(path: Path) -> Worker | None:
    """The worker that a pid file names; None without a file or with a torn one."""
    try:
        return Worker.model_validate_json(path.read_text())
    except (FileNotFoundError, ValidationError):
        return None


def is_alive(worker: Worker) -> bool:
    """Whether that very process runs on this machine; a zombie does not."""
    started = _started(worker.pid) if worker.here else None
    return started is not None and started == worker.started


@contextmanager
def heartbeat(path: Path) -> Generator[None]:
    """Touch a file every two seconds while the block runs, so that a watcher on any machine sees life."""
    stop = threading.Event()

    def beat() -> None:
        while True:
            with suppress(OSError):  # a disk that is full for a while must not silence it for good
                path.touch()
            if stop.wait(BEAT_SECONDS):
                return

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def seconds_since_beat(path: Path) -> float | None:
    """Seconds since the last beat; None when there was none."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return None


def set_surroundings(threads: int | None, offline: bool) -> None:
    """Set what torch and the hub's client read from the environment. Call it before either is imported.

    Threads that wait must not spin: beside a busy process the default of libgomp costs nine tenths of the rate.
    """
    count = str(threads or available_cores())
    os.environ["OMP_NUM_THREADS"] = count
    os.environ["MKL_NUM_THREADS"] = count
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = os.environ.get("TRANSFORMERS_VERBOSITY", "error")
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    if "WORLD_SIZE" not in os.environ:  # several visible GPUs in one process would mean DataParallel
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")


def leave_unimported(package: str) -> None:
    """Let an optional package look as if it were not installed: peft and transformers import it whether or not a run
    needs it, which costs a second. Call it before either is imported; nothing happens when it was imported already."""
    sys.modules.setdefault(package, None)  # type: ignore[arg-type]  # Python's own sign for "not to be imported"


def available_cores() -> int:
    """Cores that this process may use, by its affinity and by its container's quota, shared evenly with the processes
    of the same run on this machine; at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        allowed = min(allowed, round(int(quota) / int(period)))
    except (OSError, ValueError):
        pass  # no such file, or "max": no quota
    return max(1, allowed // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def _started(pid: int) -> str | None:
    proc = Path("/proc")
    if (proc / "self" / "stat").exists():
        try:
            fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None
