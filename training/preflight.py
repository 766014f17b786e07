"""Look before training: `python -m hone.training.preflight FOLDER` on a prepared run folder.

Nothing is learnt. What there is to know stands in preflight.json afterwards: rows and tokens, what would be refused or
cut, what is learnt of three rows, what the run will take. What stands against the run is a finding there, not a crash.
Exit code 0: looked, whatever was found. 1: the look itself failed. 3: cancelled.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hone.storage.errors import NotFound
from hone.storage.records import Record
from hone.training.config import TrainConfig
from hone.training.folder import RunFolder, Split, write_whole
from hone.training.models.families import Family
from hone.training.session import own_process, work

Outcome = Literal["refused", "dropped", "shortened"]


class Finding(Record):
    """Something to know before the start: a refusal stands against it, a warning speaks against it."""

    kind: Literal["refusal", "warning", "note"]
    text: str


class SplitFigures(Record):
    """How much a split holds, in tokens as the model reads them. `learnt`: with a loss on them, in one pass."""

    split: Split
    rows: int
    tokens: int
    learnt: int


class LongRow(Record):
    """One of the longest rows. `begins` is how its prompt begins."""

    id: str
    split: Split
    tokens: int
    learnt: int
    begins: str


class Overlong(Record):
    """A row with more tokens than fit, and what becomes of it. `kept` is how many tokens stay of it."""

    id: str
    split: Split
    tokens: int
    outcome: Outcome
    kept: int = 0


class TokenView(Record):
    """A row as the model reads it: each token's text, and whether it is learnt. `left_out` tokens of a long row are not
    shown; they stand before the token number `cut`. `label`: of a classifier, which learns that instead."""

    id: str
    tokens: tuple[tuple[str, bool], ...]
    left_out: int = 0
    cut: int = 0
    label: str | None = None


class Duplicate(Record):
    """A row to learn from that asks the same as a test row, of this batch or of an earlier one (`batch`)."""

    id: str
    test_id: str
    batch: int | None = None


class Estimate(Record):
    """What the run will take on this machine, from three steps tried on its own rows. Bytes and seconds.

    `seconds` is by part of the run; `total_seconds` their sum, at most: early stopping may end it before. Memory is the
    card's, or this process's where there is none.
    """

    seconds: dict[str, float]
    total_seconds: float
    steps: int
    tokens_per_second: float
    precision: str
    batching: str
    micro_batch: int
    parameters: int
    trainable: int
    memory_bytes: int
    memory_total: int
    disk_bytes: int
    disk_free: int


class Preflight(Record):
    """All that was found. `estimate` is None where something stood in the way of the probe."""

    schema_version: Literal[1] = 1
    task: Family | None = None
    limit: int | None = None
    splits: tuple[SplitFigures, ...] = ()
    longest: tuple[LongRow, ...] = ()
    overlong: tuple[Overlong, ...] = ()
    views: tuple[TokenView, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    estimate: Estimate | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def refusals(self) -> list[str]:
        """Why the run cannot start; empty when it can."""
        return [finding.text for finding in self.findings if finding.kind == "refusal"]


def preflight(path: Path | str) -> int:
    """Look at the run of a folder in this process; the exit code comes back."""
    folder = RunFolder(path)

    def job(config: TrainConfig) -> dict[str, object]:
        began = time.monotonic()
        from hone.training.preflight_look import look  # seconds of import, after "started" is written

        found = look(folder, config, imports=time.monotonic() - began)
        write_whole(_file(folder), found.model_dump_json() + "\n")
        return {"refusals": len(found.refusals)}

    return work(folder, TrainConfig, job)


def read_preflight(folder: RunFolder) -> Preflight:
    """What a look at the run of this folder found.

    Raises:
        NotFound: Nobody has looked, or the look has not ended.
    """
    try:
        return Preflight.model_validate_json(_file(folder).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"{folder.path} has no preflight.json: the look has not ended.") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="hone.training.preflight", description="Look at a run before it trains.")
    parser.add_argument("run_folder", type=Path)
    given = parser.parse_args(arguments)
    own_process(RunFolder(given.run_folder))
    return preflight(given.run_folder)


def _file(folder: RunFolder) -> Path:
    return folder.path / "preflight.json"


if __name__ == "__main__":
    sys.exit(main())
