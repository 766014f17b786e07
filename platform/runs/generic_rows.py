"""Rows of no project, from a file of the team's own, that are learnt beside a batch so that a model stays general."""

import heapq
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hone.storage.errors import InputError
from hone.storage.records import sha256
from hone.training.folder import Row

FIELDS = ("instruction", "context", "response")


def generic_rows(file: Path, most: int, seed: int) -> list[Row]:
    """At most so many rows of a JSONL file, chosen by seed and text; all when there are fewer.

    Each line is an object with `instruction` and `response`, and a `context` where there is one; other fields are
    passed over. A text that stands twice counts once.

    Raises:
        InputError: The file cannot be read, or a line is no row; file and line are named.
    """
    found = {row.id: row for row in _read(file)}
    chosen = heapq.nsmallest(most, found.values(), key=lambda row: sha256(str(seed), row.id))
    return sorted(chosen, key=lambda row: row.id)


def _read(file: Path) -> Iterator[Row]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _row(line, f"{file}, line {number}")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is no UTF-8"
        raise InputError(
            f"The generic rows cannot be read from {file}: {reason}. Mend the file, or take `generic` out of the "
            "project's training settings."
        ) from None


def _row(line: str, place: str) -> Row:
    try:
        given: Any = json.loads(line)
    except ValueError:
        raise InputError(f"{place} is no JSON; a line is an object with {', '.join(FIELDS)}.") from None
    values = {name: given.get(name, "") for name in FIELDS} if isinstance(given, dict) else {}
    if not all(isinstance(value, str) for value in values.values()) or not all(
        values.get(name, "").strip() for name in ("instruction", "response")
    ):
        raise InputError(f"{place} is no row: instruction and response must be texts, and context where it is given.")
    return Row(id=f"generic {sha256(*values.values())[:32]}", **values)
