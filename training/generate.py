"""Answer the test split: `python -m hone.training.generate RUNFOLDER`.

Lines of generations.jsonl are written a batch at a time; started again, the run goes on behind them and ends with the
same lines. Exit code 0: all rows are answered. 1: failed, the reason is on stderr and in the events. 3: cancelled.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hone.training.config import GenerateConfig
from hone.training.folder import RunFolder
from hone.training.session import own_process, work
from hone.training.speaking.lines import Line, read_lines


class Generation(Line):
    """An answer to one test row; seconds is what its batch took per row."""

    text: str
    seconds: float
    finish: Literal["stop", "length"]


def generate(path: Path | str) -> int:
    """Answer the test rows of a run folder in this process; the exit code comes back."""
    folder = RunFolder(path)

    def job(config: GenerateConfig) -> dict[str, object]:
        if config.server:
            from hone.training.speaking import served  # no torch: the server has the model

            return served.answer_rows(folder, config)
        from hone.training.speaking import answering  # seconds of import, after "started" is written

        return answering.answer_rows(folder, config)

    return work(folder, GenerateConfig, job)


def read_generations(folder: RunFolder) -> list[Generation]:
    """The answers so far; see `read_lines`."""
    return read_lines(folder.generations_file, Generation)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="hone.training.generate", description="Answer the test split of a run.")
    parser.add_argument("run_folder", type=Path)
    given = parser.parse_args(arguments)
    own_process(RunFolder(given.run_folder))
    return generate(given.run_folder)


if __name__ == "__main__":
    sys.exit(main())
