"""The processes that work on one run together, as torchrun, SLURM, Kubernetes or Ray tells each of them.

Alone, every question here has its answer without torch, and nothing is sent anywhere.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from typing_extensions import override

from hone.storage.errors import RunError
from hone.storage.records import now
from hone.training.events import Event, EventKind
from hone.training.folder import RunFolder

ASKED = "HONE_WORLD_SIZE"  # how many processes whoever launched them meant to launch
_PATIENCE = timedelta(hours=6)  # of a process that waits for another: the first alone measures and publishes


def rank() -> int:
    """Which of the processes this is, from 0."""
    return int(os.environ.get("RANK", "0"))


def size() -> int:
    """How many processes work on the run together; 1 alone."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process writes events, checkpoints and the model."""
    return rank() == 0


def folder(path: Path | str) -> RunFolder:
    """The run folder as this process may use it: only the first one writes there."""
    return RunFolder(path) if is_first() else _ReadFolder(path)


@contextmanager
def joined() -> Generator[None]:
    """While the block runs, the processes can speak with each other; alone nothing happens.

    Raises:
        RunError: There are fewer or more of them than whoever launched them asked for.
    """
    _require_as_asked()
    if size() == 1:
        yield
        return
    import torch
    import torch.distributed as distributed

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        if distributed.get_world_size() != size():
            raise RunError(f"{distributed.get_world_size()} processes met, but WORLD_SIZE says {size()}.")
        yield
    finally:
        distributed.destroy_process_group()


def agreed(flag: bool) -> bool:
    """What the first process says; all of them have to ask at the same point."""
    if size() == 1:
        return flag
    import torch
    import torch.distributed as distributed

    said = torch.tensor(int(flag))
    distributed.broadcast(said, src=0)
    return bool(said)


def wait() -> None:
    """Go on when all have come to this point."""
    if size() > 1:
        import torch
        import torch.distributed as distributed

        distributed.all_reduce(torch.zeros(1))


@contextmanager
def first_goes_first() -> Generator[None]:
    """The first process does the block, then the others do."""
    if not is_first():
        wait()
    yield
    if is_first():
        wait()


def gathered(value: Any) -> list[Any]:
    """The value that each process gives, in the order of their ranks; all of them have to ask."""
    if size() == 1:
        return [value]
    import torch.distributed as distributed

    found: list[Any] = [None] * size()
    distributed.all_gather_object(found, value)
    return found


def _require_as_asked() -> None:
    asked = int(os.environ.get(ASKED, size()))
    if asked != size():
        raise RunError(
            f"{asked} processes were asked for, but {size()} came up (WORLD_SIZE); "
            "launch them with torchrun, or set processes = 1 in hone.toml."
        )


class _ReadFolder(RunFolder):
    """A run folder for a process that is not the first: it writes only why it failed."""

    @override
    def append_event(self, kind: EventKind, **data: Any) -> Event:
        if kind == "failed":
            return super().append_event(kind, **data)
        return Event(seq=0, at=now(), kind=kind, data=data)

    @override
    def write_worker(self) -> None:
        """Left to the first process."""

    @override
    def clear_cancel(self) -> None:
        """Left to the first process."""
