"""A run that goes on is known to live or to be dead, wherever it works, and is never taken for another process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from hone.platform.runs.following import LEAVE, Watched
from hone.storage.runs import Run
from hone.storage.store import Store
from hone.training.folder import RunFolder, write_whole
from hone.training.worker import SILENT_SECONDS, Worker, this_worker

Process = subprocess.Popen[bytes]


@pytest.fixture
def watch(store: Store, new_run: Callable[..., Run]) -> Callable[..., Watched]:
    """Watches a run that says it is worked on by a given worker."""

    def watched(worker: Worker | None = None, process: Process | None = None) -> Watched:
        run = new_run()
        folder = RunFolder(store.workspace.run_folder(run.number))
        if worker is not None:
            write_whole(folder.worker_file, worker.model_dump_json())
        folder.append_event("started")
        return Watched(run, folder, process, offset=0, since=0)

    return watched


def test_a_worker_on_another_machine_lives_while_its_heart_beats(watch: Callable[..., Watched]) -> None:
    run = watch(Worker(pid=os.getpid(), started="5", host="another-machine"))
    run.folder.heartbeat_file.touch()
    assert run.alive()
    run.heard -= SILENT_SECONDS
    assert not run.alive()
    os.utime(run.folder.heartbeat_file, (0, 0))  # its clock may be wrong by years: that it moved is enough
    assert run.alive()


def test_a_worker_on_another_machine_is_never_sent_a_signal_here(watch: Callable[..., Watched]) -> None:
    run = watch(Worker(pid=os.getpid(), started=this_worker().started, host="another-machine"))
    run.signal(signal.SIGKILL)  # or this test would end here


def test_a_later_process_with_the_same_number_is_another(watch: Callable[..., Watched]) -> None:
    run = watch(this_worker().model_copy(update={"started": "5"}))
    assert not run.alive()
    run.signal(signal.SIGKILL)


def test_a_child_that_said_its_last_word_and_does_not_go_is_killed(watch: Callable[..., Watched]) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as child:
        run = watch(process=child)
        run.folder.append_event("done")
        run.fresh()
        run.press(patience=6)
        assert run.alive()
        assert run.ended is not None
        run.ended -= LEAVE
        run.press(patience=6)
        assert child.wait() == -signal.SIGKILL
    last = run.last_word()
    assert last is not None
    assert last.kind == "done"
