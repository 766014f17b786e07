"""From the start of a worker to its last event: the same for training, generating and suggesting."""

import errno
import shutil
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from hone.storage.errors import Conflict, HoneError, InputError
from hone.training.config import Config, SearchConfig, TrainConfig
from hone.training.folder import RunFolder
from hone.training.launch import world
from hone.training.models.weights import is_folder
from hone.training.worker import heartbeat, leave_unimported, set_surroundings, this_worker

DONE, FAILED, CANCELLED = 0, 1, 3


class Cancelled(Exception):
    """The run stopped because it was asked to; its state is saved."""


def work(folder: RunFolder, kind: type[Config], job: Callable[[Config], dict[str, Any]]) -> int:
    """Do a run's job in this process, with its events around it.

    The job returns the data of the event "done", or raises Cancelled. What a person can mend is one line on
    stderr; anything else also leaves its traceback there. Of several processes that do the job together, the first
    writes; another writes only why it failed.

    Args:
        folder: A prepared run folder; see `world.folder`.
        kind: TrainConfig, GenerateConfig, SuggestConfig or SearchConfig; a folder of another kind is refused.
        job: The work itself.

    Returns:
        The exit code: 0 done, 1 failed, 3 cancelled.
    """
    try:
        config = _refuse_or_config(folder, kind)
    except HoneError as error:
        print(f"hone: {error}", file=sys.stderr)  # no event: another's run keeps the status that it has
        return FAILED
    folder.write_worker()
    folder.append_event("started", does=config.kind, pid=_pid(folder), processes=world.size())
    with heartbeat(folder.heartbeat_file) if world.is_first() else nullcontext(), _signals_cancel(folder):
        try:
            with world.joined():
                return _concluded(folder, lambda: job(config))
        except HoneError as error:
            _fail(folder, str(error))
            return FAILED
        finally:
            folder.clear_cancel()  # honoured or overtaken: a later resume must not stop on it


def _concluded(folder: RunFolder, job: Callable[[], dict[str, Any]]) -> int:
    """The exit code, after the job's end was told: while other processes can still hear this one, for what they say
    when it is gone must not come first."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what libraries plan is not the reader's to mend
            done = job()
        folder.append_event("done", **done)
        if world.is_first():
            shutil.rmtree(folder.checkpoints, ignore_errors=True)  # not earlier: a kill before "done" resumes
        return DONE
    except Cancelled:
        folder.append_event("cancelled")
        return CANCELLED
    except HoneError as error:
        _fail(folder, str(error), **getattr(error, "facts", {}))
    except Exception as error:
        traceback.print_exc()
        _fail(folder, _words(error))
    return FAILED


def own_process(folder: RunFolder) -> None:
    """Set the surroundings that the run's configuration wants. For a process that does nothing but this run,
    before torch is imported; a configuration that does not hold is left for `work` to report."""
    try:
        config = folder.config()
    except HoneError:
        return
    set_surroundings(config.threads, offline=is_folder(config.base))
    trained = config.train if isinstance(config, SearchConfig) else config
    if trained.quantize == "none":
        leave_unimported("bitsandbytes")
    if not isinstance(trained, TrainConfig) or trained.objective == "sft":
        leave_unimported("datasets")


def heed_cancel(folder: RunFolder) -> None:
    """Stop where there is nothing to save, between two things that take long.

    Raises:
        Cancelled: Somebody asked to.
    """
    if folder.cancel_requested():
        raise Cancelled


def _refuse_or_config(folder: RunFolder, kind: type[Config]) -> Config:
    config = folder.config()
    if not isinstance(config, kind):
        raise InputError(f"{folder.path} is prepared to {config.kind}: {_COMMANDS[config.kind]} does that.")
    at_work = folder.alive() and folder.status() not in ("failed", "cancelled")
    if world.is_first() and at_work and folder.worker() != this_worker():
        raise Conflict(f"{folder.path} is being worked on by process {_pid(folder)}; stop it or wait for it.")
    if folder.status() == "done":
        raise Conflict(f"{folder.path} is finished; prepare a new run to {config.kind} again.")
    return config


_COMMANDS = {
    "train": "python -m hone.training.fit",
    "generate": "python -m hone.training.generate",
    "suggest": "python -m hone.training.suggest",
    "search": "python -m hone.training.search",
}


def _fail(folder: RunFolder, message: str, **facts: Any) -> None:
    line = " ".join(message.split())
    print(f"hone: {line}", file=sys.stderr)
    if world.size() > 1 and folder.status() == "failed":
        return  # another process was first, and this one only missed it
    with suppress(OSError):  # on a full disk the line above is all that can be said
        folder.append_event("failed", message=line, **facts)


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{error.strerror}: {error.filename or 'the disk of the run'}. Make room, then resume."
    who = f"Process {world.rank() + 1} of {world.size()}: " if world.size() > 1 else ""
    return f"{who}{type(error).__name__}: {error}"


def _pid(folder: RunFolder) -> int:
    found = folder.worker()
    return found.pid if found else 0


@contextmanager
def _signals_cancel(folder: RunFolder) -> Generator[None]:
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
