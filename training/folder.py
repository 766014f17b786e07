"""The run folder: all that a run reads and writes, and all that others may know of it.

config.json      the whole configuration
data/            train.jsonl, validation.jsonl, test.jsonl; rehearsal.jsonl and generic.jsonl: learnt beside train;
                 kept-0001.jsonl: the test split of batch 1; open.jsonl: pairs that nobody has decided; manifest.json
events.jsonl     what happened, a line an event
worker.json      the process at work; heartbeat is touched by it
cancel           there when somebody asked the run to stop
checkpoints/     resumable state
model/           the trained model, published whole
generations.jsonl, suggestions.jsonl or trials.jsonl, result.json
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from hone.storage.errors import InputError, NotFound, RunError
from hone.storage.records import Record, new_id
from hone.training import worker
from hone.training.config import AnyConfig
from hone.training.events import Event, EventKind, EventLog
from hone.training.models.weights import file_sha256
from hone.training.settings import parse_config

Split = Literal["train", "validation", "test", "open", "rehearsal", "generic"]
Status = Literal["prepared", "running", "done", "failed", "cancelled"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test", "open", "rehearsal", "generic")
LEARNT: tuple[Split, ...] = ("train", "rehearsal", "generic")
NEEDED: Mapping[str, Split] = {  # rows that a run cannot miss
    "train": "train",
    "search": "train",
    "generate": "test",
    "suggest": "open",
}
_STATUS_OF: Mapping[EventKind, Status] = {
    "started": "running",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}


class Row(Record):
    """A pair as a run sees it. Rows of one group stand in one split; an empty group is no group.

    `rejected` is what people liked less than the response (dpo); `good` is whether they approved it (kto).
    """

    id: str = Field(min_length=1)
    instruction: str
    context: str = ""
    response: str = ""
    group: str = ""
    rejected: str | None = None
    good: bool | None = None


class DataFile(Record):
    """One file of a manifest."""

    sha256: str
    rows: int


class Manifest(Record):
    """What the data of a run is: hash and count by split, and the facts of the batch it came from."""

    schema_version: Literal[1] = 1
    files: dict[Split, DataFile]
    kept: dict[int, DataFile] = {}  # the test splits of earlier batches, by the batch's number
    batch: dict[str, Any]


class RunFolder:
    """One run on disk. Reading it never changes it."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.data = self.path / "data"
        self.manifest_file = self.data / "manifest.json"
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model"
        self.generations_file = self.path / "generations.jsonl"
        self.suggestions_file = self.path / "suggestions.jsonl"
        self.trials_file = self.path / "trials.jsonl"
        self.result_file = self.path / "result.json"
        self.log_file = self.path / "log.txt"
        self.worker_file = self.path / "worker.json"
        self.heartbeat_file = self.path / "heartbeat"
        self.cancel_file = self.path / "cancel"
        self.events = EventLog(self.path / "events.jsonl")

    def config(self) -> AnyConfig:
        """The run's configuration.

        Raises:
            NotFound: This is no run folder.
            InputError: config.json does not hold.
        """
        if not self.config_file.is_file():
            raise NotFound(f"{self.path} is no run folder: it has no config.json.")
        return parse_config(self.config_file.read_text(encoding="utf-8"))

    def manifest(self) -> Manifest:
        """The manifest as written, not yet held against the data.

        Raises:
            RunError: It is not there or is damaged.
        """
        try:
            return Manifest.model_validate_json(self.manifest_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(f"{self.manifest_file} is missing; prepare the run again.") from None
        except ValidationError:
            raise RunError(f"{self.manifest_file} is damaged; prepare the run again.") from None

    def data_file(self, split: Split) -> Path:
        """Where a split's rows are."""
        return self.data / f"{split}.jsonl"

    def rows(self, split: Split) -> list[Row]:
        """The rows of a split in the batch's order; none when the split has no file.

        Raises:
            RunError: A line is no row; file and line are named.
        """
        file = self.data_file(split)
        return list(_rows(file)) if file.exists() else []

    def kept_file(self, batch: int) -> Path:
        """Where the test rows of an earlier batch are."""
        return self.data / f"kept-{batch:04d}.jsonl"

    def kept_rows(self) -> dict[int, list[Row]]:
        """The test rows of earlier batches, by the batch's number: to see what a run forgot.

        Raises:
            RunError: A line is no row; file and line are named.
        """
        return {batch: list(_rows(self.kept_file(batch))) for batch in sorted(self.manifest().kept)}

    def verify(self) -> Manifest:
        """The manifest, after every file was held against it.

        Raises:
            RunError: A file is missing, not in the manifest or not the one that was frozen, an id occurs twice,
                or a group spans two splits.
        """
        manifest = self.manifest()
        for split in SPLITS:
            if split not in manifest.files and self.data_file(split).exists():
                raise RunError(f"{self.data_file(split)} is not in the manifest; prepare the run again.")
        said = {self.data_file(split): known for split, known in manifest.files.items()}
        for file, known in {**said, **{self.kept_file(batch): each for batch, each in manifest.kept.items()}}.items():
            if not file.exists():
                raise RunError(f"{file} is missing though the manifest names it; prepare the run again.")
            if file_sha256(file) != known.sha256:
                raise RunError(f"{file} is not the data that was frozen (its hash differs); prepare the run again.")
        try:
            check_rows({split: self.rows(split) for split in SPLITS}, self.kept_rows())
        except InputError as error:
            raise RunError(f"{self.data}: {error}") from None
        return manifest

    def append_event(self, kind: EventKind, **data: Any) -> Event:
        """Write one event; see EventLog.append."""
        return self.events.append(kind, **data)

    def read_events(self, offset: int = 0) -> tuple[list[Event], int]:
        """Whole events from a byte offset on, and the next offset; see EventLog.read."""
        return self.events.read(offset)

    def status(self) -> Status:
        """Where the run stands by its own word. A dead worker still reads "running": ask `alive` as well."""
        status: Status = "prepared"
        for event in self.read_events()[0]:
            status = _STATUS_OF.get(event.kind, status)
        return status

    def result(self) -> dict[str, Any]:
        """What result.json says of a finished run.

        Raises:
            NotFound: The run is not finished.
        """
        try:
            found: dict[str, Any] = json.loads(self.result_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NotFound(f"{self.path} has no result: it is not finished.") from None
        return found

    def request_cancel(self) -> None:
        """Ask the worker to save and stop. Before the start it stops at the first step."""
        self.cancel_file.touch()

    def cancel_requested(self) -> bool:
        """Whether somebody asked the run to stop and it has not yet."""
        return self.cancel_file.exists()

    def clear_cancel(self) -> None:
        """Take the request back, or note that it was honoured."""
        self.cancel_file.unlink(missing_ok=True)

    def write_worker(self) -> None:
        """Put down that this process works on the run."""
        write_whole(self.worker_file, worker.this_worker().model_dump_json())

    def worker(self) -> worker.Worker | None:
        """The process that last worked on the run."""
        return worker.read_worker(self.worker_file)

    def alive(self) -> bool:
        """Whether the run's worker lives: its process, or on another machine its heartbeat."""
        found = self.worker()
        if found is None or found.here:
            return found is not None and worker.is_alive(found)
        silent = self.seconds_since_beat()
        return self.status() == "running" and silent is not None and silent < worker.SILENT_SECONDS

    def seconds_since_beat(self) -> float | None:
        """Seconds since the worker last showed life, on whatever machine; None when it never did."""
        return worker.seconds_since_beat(self.heartbeat_file)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{new_id()}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def check_rows(rows: Mapping[Split, Sequence[Row]], kept: Mapping[int, Sequence[Row]]) -> None:
    """Hold the rows of a run against each other: those that are learnt, those that test, and those that tested before.

    Raises:
        InputError: An id occurs twice, a group spans two splits, or a row is learnt or validates that tests an earlier
            batch: what is published is chosen by the validation rows.
    """
    _check_splits(rows)
    used: dict[str, Split] = {row.id: split for split in (*LEARNT, "validation") for row in rows.get(split, ())}
    for number, held in kept.items():
        twice = next((row.id for row in held if row.id in used), None)
        if twice is not None:
            raise InputError(
                f"The id {twice!r} tests batch {number}, so it cannot be a {used[twice]} row; leave it out."
            )


def _rows(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield Row.model_validate_json(line)
            except ValidationError:
                raise RunError(f"{file}, line {number} is no row; prepare the run again.") from None


def _check_splits(rows: Mapping[Split, Sequence[Row]]) -> None:
    split_of_id: dict[str, Split] = {}
    split_of_group: dict[str, Split] = {}
    for split, members in rows.items():
        for row in members:
            if row.id in split_of_id:
                raise InputError(f"The id {row.id!r} occurs twice ({split_of_id[row.id]} and {split}).")
            split_of_id[row.id] = split
            side: Split = "train" if split in LEARNT else split
            first = split_of_group.setdefault(row.group, side) if row.group else side
            if first != side:
                raise InputError(
                    f"The group {row.group!r} stands in {first} and in {split}; a group belongs to one split. "
                    "Freeze the batch again with grouped splits."
                )
