"""One run that goes on: whether its child lives, what it says, how it is pressed to stop."""

import signal
import subprocess
import time
from dataclasses import dataclass, field

from hone.platform.runs.children import signal_group
from hone.storage.runs import Run, RunEvent, Status
from hone.training.events import Event
from hone.training.folder import RunFolder
from hone.training.worker import SILENT_SECONDS, is_alive

SETTLE = 5.0  # seconds in which a child that was started just before a restart has to show itself
LEAVE = 10.0  # seconds that a child has to go after its last word
KILL = 3.0  # seconds from being terminated to being killed
FINISHED: tuple[Status, ...] = ("done", "failed", "cancelled")


@dataclass
class Watched:
    """A run that goes on. `process` is None for a child that an earlier server started, or another machine."""

    run: Run
    folder: RunFolder
    process: "subprocess.Popen[bytes] | None"
    offset: int  # of events.jsonl: what came before is stored
    since: int  # of events.jsonl: what came before is of an earlier start
    begun: float = field(default_factory=time.monotonic)
    asked: float | None = None  # when a cancel was first seen
    terminated: bool = False
    ended: float | None = None  # when its last word was first seen
    beat: float | None = None  # the heartbeat as it was seen last, by the clock of whoever wrote it
    heard: float = field(default_factory=time.monotonic)  # when that was, by ours

    def __post_init__(self) -> None:
        if self.process is None and self.last_word() is not None:
            self.ended = self.begun

    def alive(self) -> bool:
        """Whether the child still works: by its process, or where that cannot be seen by its heartbeat."""
        if self.process is not None and self.process.poll() is None:
            return True
        worker = self.folder.worker()
        if worker is None:
            may_come = self.process is None and not self.folder.result_file.exists()
            return may_come and time.monotonic() - self.begun < SETTLE
        return is_alive(worker) if worker.here else self.ended is None and self._beats()

    def _beats(self) -> bool:
        """Whether the heartbeat moved of late: two machines need not agree on the time for that."""
        file, now = self.folder.heartbeat_file, time.monotonic()
        beat = file.stat().st_mtime if file.exists() else None
        if beat != self.beat:
            self.beat, self.heard = beat, now
        return now - self.heard < SILENT_SECONDS

    def fresh(self) -> tuple[list[RunEvent], int]:
        """What the child wrote since it was last asked, and the offset to ask from next time."""
        events, offset = self.folder.read_events(self.offset)
        for event in events:
            if event.kind == "started":
                self.ended = None
            elif event.kind in FINISHED:
                self.ended = time.monotonic()
        return [RunEvent(seq=event.seq, kind=event.kind, body=event.data, at_time=event.at) for event in events], offset

    def last_word(self) -> Event | None:
        """The final event of this start of the run; None when the child has none, or ended without one."""
        events, _ = self.folder.read_events(self.since)
        marks = [event for event in events if event.kind in ("started", *FINISHED)]
        return marks[-1] if marks and marks[-1].kind != "started" else None

    def press(self, patience: float) -> None:
        """A cancelled child may save its state; then it is terminated, then killed, with all that it started.
        One that said its last word and does not go is killed at once: nothing can be lost any more."""
        now = time.monotonic()
        if self.ended is not None and now - self.ended > LEAVE:
            self.signal(signal.SIGKILL)
        if not self.folder.cancel_requested():
            return
        self.asked = self.asked or now
        if now - self.asked > patience + KILL:
            self.signal(signal.SIGKILL)
        elif now - self.asked > patience and not self.terminated:
            self.terminated = True
            self.signal(signal.SIGTERM)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the child and all that it started; on another machine only the run folder speaks to it."""
        worker = self.folder.worker()
        if self.process is not None and self.process.poll() is None:
            signal_group(self.process.pid, number)
        elif worker is not None and is_alive(worker):
            signal_group(worker.pid, number)
