"""The supervisor of runs: starts their child processes, follows them, stops them, and takes in what they made.

One thread. A child writes only to its run folder; what happened there is read by offset and stored once. A child
outlives the server: the next supervisor of the workspace finds it by its process and follows on.
"""

import signal
import subprocess
import threading
import time
import traceback
from collections.abc import Callable

from hone.platform.runs.children import last_line, start_child
from hone.platform.runs.finishing import finish
from hone.platform.runs.following import FINISHED, Watched
from hone.platform.settings import Settings
from hone.storage import runs
from hone.storage.errors import Conflict, HoneError, WorkspaceError
from hone.storage.runs import Run, RunEvent, Status
from hone.storage.store import Cursor, Store
from hone.training.folder import RunFolder

POLL = 0.3  # seconds between two looks at a child


class Supervisor:
    """Watches the runs of an open workspace.

    Args:
        store: Of the workspace.
        settings: hone.toml; `training.at_once` runs go side by side, others wait in order.
        patience: Seconds that a cancelled child has to save and stop before it is terminated; 3 more, and it
            is killed: within ten seconds every cancelled run has ended.
    """

    def __init__(self, store: Store, settings: Settings | None = None, *, patience: float = 6.0):
        self.store = store
        self.settings = settings or Settings()
        self.patience = patience
        self._watched: dict[str, Watched] = {}
        self._wake = threading.Event()
        self._changed = threading.Condition()
        self._version = 0
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch: children that still live are followed on, runs that wait are started in order."""
        if self._thread is None:
            self._wake.set()
            self._thread = threading.Thread(target=self._loop, name="hone-supervisor", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop watching. The children go on; the next supervisor of this workspace follows them."""
        self._stopping = True
        self._wake.set()
        self._tell()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def submit(self, run: Run) -> Run:
        """Look at a run that was just stored as waiting."""
        self._wake.set()
        return run

    def cancel(self, run: Run) -> Run:
        """Ask a run to save its state and stop; one that waits is cancelled at once. See `iterations.cancel`.

        Raises:
            Conflict: The run has ended already.
        """

        def change(cursor: Cursor) -> Run:
            found = runs.get(cursor, run.id)
            if found.status in FINISHED:
                raise Conflict(f"Run {found.number} is {found.status} already.")
            if found.status == "waiting":
                runs.set_status(cursor, run.id, "cancelled", "Cancelled before it began.")
            return runs.get(cursor, run.id)

        found = self.store.write(change)
        if found.status == "running":
            self._folder(found).request_cancel()
        self._wake.set()
        self._tell()
        return found

    def resume(self, run: Run) -> Run:
        """Let a run that failed or was cancelled go on from its newest checkpoint. See `iterations.resume`.

        Raises:
            Conflict: The run waits, goes on or is done.
        """

        def change(cursor: Cursor) -> Run:
            found = runs.get(cursor, run.id)
            if found.status not in ("failed", "cancelled"):
                raise Conflict(f"Run {found.number} is {found.status}: only a failed or cancelled run is resumed.")
            runs.set_status(cursor, run.id, "waiting")
            return runs.get(cursor, run.id)

        found = self.store.write(change)
        self._wake.set()
        return found

    def wait(
        self, run_id: str, timeout: float | None = None, on_event: Callable[[RunEvent], None] | None = None
    ) -> Run:
        """The run once it has ended, or as it stands after `timeout` seconds or when the supervisor stops.

        Args:
            on_event: Called in this thread with each stored event of the run, the earlier ones first.
        """
        end = None if timeout is None else time.monotonic() + timeout
        seen = -1
        while True:
            version = self._version
            with self.store.read() as cursor:
                run = runs.get(cursor, run_id)
                fresh = runs.events(cursor, run_id, after=seen) if on_event else []
            for event in fresh:
                seen = event.seq
                if on_event:
                    on_event(event)
            left = None if end is None else end - time.monotonic()
            if run.status in FINISHED or self._stopping or (left is not None and left <= 0):
                return run
            with self._changed:
                if self._version == version:
                    self._changed.wait(left)

    def _tell(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def _folder(self, run: Run) -> RunFolder:
        return RunFolder(self.store.workspace.run_folder(run.number))

    def _loop(self) -> None:
        while not self._stopping:
            look = self._wake.wait(POLL if self._watched else None)
            self._wake.clear()
            try:
                for watched in list(self._watched.values()):
                    self._follow(watched)
                if look and not self._stopping:
                    self._take_up()
            except Exception:  # the store could not be written: the runs go on, and are looked at again
                traceback.print_exc()
                time.sleep(POLL)
                self._wake.set()

    def _take_up(self) -> None:
        """Follow what goes on without us, then start what waits, as far as there is room."""
        with self.store.read() as cursor:
            unfinished = [run for run in runs.unfinished(cursor) if run.id not in self._watched]
        for run in unfinished:
            if run.status == "running":
                self._watched[run.id] = Watched(run, self._folder(run), None, run.events_offset, since=0)
        for run in unfinished:
            if run.status == "waiting" and len(self._watched) < self.settings.training.at_once:
                self._start(run)

    def _start(self, run: Run) -> None:
        folder = self._folder(run)
        folder.clear_cancel()  # of an earlier start; a run that waits is cancelled in the store

        def claim(cursor: Cursor) -> bool:
            if runs.get(cursor, run.id).status != "waiting":
                return False
            runs.set_status(cursor, run.id, "running")
            return True

        if not self.store.write(claim):
            return
        self._tell()
        try:
            elsewhere = folder.result_file.exists() or folder.alive()  # somebody else does it, or has done it
            process = None if elsewhere else self._child(run, folder)
        except (OSError, HoneError) as problem:
            self._end(run, "failed", str(problem))
            return
        since = run.events_offset if process else 0
        self._watched[run.id] = Watched(run, folder, process, run.events_offset, since)

    def _child(self, run: Run, folder: RunFolder) -> "subprocess.Popen[bytes]":
        again = run.kind == "train" and run.started_at is not None
        return start_child(folder, run.kind, self.store.workspace.root, self.settings.training, resume=again)

    def _follow(self, watched: Watched) -> None:
        """Take in what the child wrote; press one that was cancelled, conclude one that ended."""
        try:
            alive = watched.alive()  # asked first: all that a dead child wrote is then there to read
            self._take_in(watched)
            if alive:
                watched.press(self.patience)
            else:
                self._conclude(watched)
        except WorkspaceError:
            return  # the disk is full: nothing is lost, the next look tries again
        except Exception as problem:  # one run must not end the thread that watches the others
            traceback.print_exc()
            watched.signal(signal.SIGKILL)
            self._end(watched.run, "failed", str(problem) or type(problem).__name__)

    def _take_in(self, watched: Watched) -> None:
        events, offset = watched.fresh()
        if not events:
            return
        self.store.write(lambda cursor: runs.ingest(cursor, watched.run.id, events, offset))
        watched.offset = offset
        self._tell()

    def _conclude(self, watched: Watched) -> None:
        run, folder = watched.run, watched.folder
        final = watched.last_word()
        if final is not None and final.kind == "done":
            self._finish(run, folder)
        elif final is not None and final.kind == "cancelled":
            self._end(run, "cancelled", "Stopped as asked; resume goes on from what was saved.")
        elif final is not None and not (watched.terminated and folder.cancel_requested()):
            self._end(run, "failed", str(final.data.get("message", "")))
        elif folder.cancel_requested():  # what a process says that misses another, killed one is no failure
            self._end(run, "cancelled", "Stopped by force; resume goes on from what was saved.")
        elif watched.process is None and folder.worker() is None:
            self._end(run, "waiting", "")  # its server was stopped before the child began
        else:
            self._end(run, "failed", _last_heard(folder))

    def _finish(self, run: Run, folder: RunFolder) -> None:
        try:
            finish(self.store, run, folder)
        except WorkspaceError:
            raise
        except HoneError as problem:
            self._end(run, "failed", str(problem))
        else:
            self._forget(run)

    def _end(self, run: Run, status: Status, message: str) -> None:
        self.store.write(lambda cursor: runs.set_status(cursor, run.id, status, message))
        self._forget(run)

    def _forget(self, run: Run) -> None:
        self._watched.pop(run.id, None)
        self._wake.set()
        self._tell()


def _last_heard(folder: RunFolder) -> str:
    worker = folder.worker()
    if worker is not None and not worker.here:
        return f"The run gave no sign of life from {worker.host} any more; resume goes on from what was saved."
    said = last_line(folder.log_file) or "it left no word in its log"
    return f"The process ended before the run did: {said}"
