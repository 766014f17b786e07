"""The log of a run: one JSON line an event, appended whole, read by offset."""

import fcntl
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from hone.storage.errors import RunError
from hone.storage.records import Record, canonical, now

EventKind = Literal[
    "started",
    "progress",
    "metric",
    "sample",
    "plan",
    "checkpoint",
    "warning",
    "done",
    "failed",
    "cancelled",
]
_TAIL = 65536


class Event(Record):
    """Something that a run did. seq grows by one from 1; at is UTC."""

    seq: int
    at: datetime
    kind: EventKind
    data: dict[str, Any]


class EventLog:
    """The events of one run, in one file that several processes may append to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, kind: EventKind, **data: Any) -> Event:
        """Write one event and flush it. A line torn by a killed writer is cut off first."""
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            last = _last_seq(file.fileno())
            event = Event(seq=last + 1, at=now(), kind=kind, data=data)
            file.write((canonical(event.model_dump(mode="json")) + "\n").encode())
            file.flush()
        return event

    def read(self, offset: int = 0) -> tuple[list[Event], int]:
        """The whole events from a byte offset on, and the offset to ask from next time.

        A line that is still being written is left for the next call.

        Raises:
            RunError: A whole line is no event: the file is damaged.
        """
        if not self.path.exists():
            return [], offset
        with self.path.open("rb") as file:
            file.seek(offset)
            whole, newline, _ = file.read().rpartition(b"\n")
        if not newline:
            return [], offset
        return [self._event(line) for line in whole.split(b"\n")], offset + len(whole) + 1

    def _event(self, line: bytes) -> Event:
        try:
            return Event.model_validate_json(line)
        except ValidationError:
            raise RunError(f"{self.path} is damaged: {line[:80]!r} is no event; restore the run folder.") from None


def _last_seq(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    span = _TAIL
    while True:
        start = max(0, size - span)
        whole, newline, torn = os.pread(descriptor, size - start, start).rpartition(b"\n")
        if start == 0 or b"\n" in whole:
            break
        span *= 4  # one line is longer than the tail that was read
    if torn:
        os.ftruncate(descriptor, size - len(torn))
    if not newline:
        return 0
    try:
        return int(json.loads(whole.rpartition(b"\n")[2])["seq"])
    except (ValueError, KeyError, TypeError):
        raise RunError("The last line of the run's events is no event; restore the run folder.") from None
