"""A file of JSON lines that a run fills batch by batch, and goes on behind after it was broken off."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from hone.storage.errors import RunError
from hone.storage.records import Record
from hone.training.fitting import checkpoints
from hone.training.folder import RunFolder
from hone.training.session import Cancelled


class Line(Record):
    """What was said to the row `id`, in so many tokens of the model's own."""

    id: str
    tokens: int


class Named(Protocol):
    """A row in whatever form it is asked."""

    @property
    def id(self) -> str:
        """Of the row."""
        ...


Read = TypeVar("Read", bound=Record)
Said = TypeVar("Said", bound=Line)
Asked = TypeVar("Asked", bound=Named)


def read_lines(file: Path, kind: type[Read]) -> list[Read]:
    """The lines so far, in the order in which they were made; one torn by a kill is left out.

    Raises:
        RunError: A whole line is none of this kind.
    """
    if not file.exists():
        return []
    whole = file.read_bytes().rpartition(b"\n")[0]
    try:
        return [kind.model_validate_json(line) for line in whole.split(b"\n") if line]
    except ValidationError:
        raise RunError(f"{file} is damaged; delete it and start the run again.") from None


def begin_or_go_on(folder: RunFolder, file: Path, identity: dict[str, Any]) -> None:
    """Note what a run depends on; when it has lines already, refuse what is not as it was when it began.

    Raises:
        RunError: Something changed; it is named.
    """
    if file.exists():
        checkpoints.check_identity(folder, identity)
    else:
        checkpoints.write_identity(folder, identity)


def fill(
    folder: RunFolder,
    file: Path,
    kind: type[Said],
    batches: Sequence[Sequence[Asked]],
    speak: Callable[[Sequence[Asked]], Sequence[Said]],
) -> None:
    """Write a line for every row that has none, and tell of it.

    A batch is spoken to whole even when some of its rows have their lines: so the lines do not depend on where the
    run was broken off.

    Args:
        folder: For the events, and the request to stop.
        file: Of the lines.
        kind: What a line is.
        batches: The rows, always the same and in the same order.
        speak: Gives the lines of a batch in its order.

    Raises:
        Cancelled: Somebody asked to stop; what was written stays.
    """
    done = {line.id for line in read_lines(file, kind)}
    total = sum(len(batch) for batch in batches)
    began, tokens, before = time.monotonic(), 0, len(done)
    for batch in batches:
        missing = {row.id for row in batch} - done
        if not missing:
            continue
        said = speak(batch)
        append(file, [line for line in said if line.id in missing])
        done |= missing
        tokens += sum(line.tokens for line in said)
        seconds = time.monotonic() - began
        folder.append_event(
            "progress",
            step=len(done),
            total_steps=total,
            epoch=0,
            tokens_per_second=round(tokens / seconds, 1),
            eta_seconds=round(seconds / (len(done) - before) * (total - len(done)), 1),
        )
        if len(done) < total and folder.cancel_requested():
            raise Cancelled


def append(file: Path, lines: Sequence[Record]) -> None:
    """Write lines behind those that are there."""
    with file.open("a+b") as out:
        out.truncate(file.read_bytes().rfind(b"\n") + 1)  # a line torn by a kill goes
        out.write(("\n".join(line.model_dump_json() for line in lines) + "\n").encode())
