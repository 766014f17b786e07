"""Answer the test split: `python -m hone.training.generate RUNFOLDER`.

Lines of generations.jsonl are written a batch at a time; started again, the run goes on behind them and ends with the
same lines. Exit code 0: all rows are answered. 1: failed, the reason is on stderr and in the events. 3: cancelled.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from hone.storage.errors import RunError
from hone.storage.records import Record
from hone.training.config import GenerateConfig
from hone.training.folder import RunFolder
from hone.training.session import own_process, work


class Generation(Record):
    """An answer to one test row: tokens counts its own, seconds is what its batch took per row."""

    id: str
    text: str
    tokens: int
    seconds: float
    finish: Literal["stop", "length"]


def generate(path: Path | str) -> int:
    """Answer the test rows of a run folder in this process; the exit code comes back."""
    folder = RunFolder(path)

    def job(config: GenerateConfig) -> dict[str, object]:
        from hone.training.answering import answer_rows  # seconds of import, after "started" is written

        return answer_rows(folder, config)

    return work(folder, GenerateConfig, job)


def read_generations(folder: RunFolder) -> list[Generation]:
    """The answers so far, in the order in which they were made; a line torn by a kill is left out.

    Raises:
        RunError: A whole line is no generation.
    """
    if not folder.generations_file.exists():
        return []
    whole = folder.generations_file.read_bytes().rpartition(b"\n")[0]
    try:
        return [Generation.model_validate_json(line) for line in whole.split(b"\n") if line]
    except ValidationError:
        raise RunError(f"{folder.generations_file} is damaged; delete it and generate again.") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="hone.training.generate", description="Answer the test split of a run.")
    parser.add_argument("run_folder", type=Path)
    given = parser.parse_args(arguments)
    own_process(RunFolder(given.run_folder))
    return generate(given.run_folder)


if __name__ == "__main__":
    sys.exit(main())
