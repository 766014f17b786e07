"""From the start of a worker to its last event: the same for training and for generating."""

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hone.storage.errors import Conflict, HoneError, InputError
from hone.training.config import Config
from hone.training.folder import RunFolder
from hone.training.weights import is_folder
from hone.training.worker import heartbeat, set_surroundings, this_worker

DONE, FAILED, CANCELLED = 0, 1, 3


class Cancelled(Exception):
    """The run stopped because it was asked to; its state is saved."""


def work(folder: RunFolder, kind: type[Config], job: Callable[[Config], dict[str, Any]]) -> int:
    """Do a run's job in this process, with its events around it.

    The job returns the data of the event "done", or raises Cancelled. What a person can mend is one line on
    stderr; anything else also leaves its traceback there.

    Args:
        folder: A prepared run folder.
        kind: TrainConfig or GenerateConfig; a folder of the other kind is refused.
        job: The work itself; it may import torch, whose surroundings are set by then.

    Returns:
        The exit code: 0 done, 1 failed, 3 cancelled.
    """
    try:
        config = folder.config()
        if not isinstance(config, kind):
            raise InputError(f"{folder.path} is prepared to {config.kind}: {_COMMANDS[config.kind]} does that.")
        if folder.alive() and folder.worker() != this_worker():
            raise Conflict(f"{folder.path} is being worked on by process {_pid(folder)}; stop it or wait for it.")
    except HoneError as error:
        print(f"hone: {error}", file=sys.stderr)
        return FAILED
    folder.write_worker()
    folder.append_event("started", does=config.kind, pid=_pid(folder))
    with heartbeat(folder.heartbeat_file), _signals_cancel(folder):
        try:
            set_surroundings(config.threads, offline=is_folder(config.base))
            folder.append_event("done", **job(config))
            return DONE
        except Cancelled:
            folder.append_event("cancelled")
            folder.clear_cancel()
            return CANCELLED
        except HoneError as error:
            _fail(folder, str(error), **getattr(error, "facts", {}))
        except Exception as error:
            traceback.print_exc()
            _fail(folder, f"{type(error).__name__}: {error}")
    return FAILED


_COMMANDS = {"train": "python -m hone.training.fit", "generate": "python -m hone.training.generate"}


def _fail(folder: RunFolder, message: str, **facts: Any) -> None:
    line = " ".join(message.split())
    print(f"hone: {line}", file=sys.stderr)
    folder.append_event("failed", message=line, **facts)


def _pid(folder: RunFolder) -> int:
    found = folder.worker()
    return found.pid if found else 0


@contextmanager
def _signals_cancel(folder: RunFolder) -> Iterator[None]:
    """SIGTERM and ctrl-C ask for a save and a stop; the second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    both = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in both}

    def ask(number: int, _frame: Any) -> None:
        folder.request_cancel()
        signal.signal(number, signal.SIG_DFL)

    for number in both:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number in both:
            signal.signal(number, before[number])
