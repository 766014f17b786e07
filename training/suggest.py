"""Say something to pairs that nobody has decided: `python -m hone.training.suggest RUNFOLDER`.

A row without a response is answered; a response that is there is read, to learn how likely the model finds it.
Lines of suggestions.jsonl are written a batch at a time; started again, the run goes on behind them and ends with the
same lines. Exit code 0: done. 1: failed, the reason is on stderr and in the events. 3: cancelled.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hone.training.config import SuggestConfig
from hone.training.folder import RunFolder
from hone.training.session import own_process, work
from hone.training.speaking.lines import Line, read_lines


class Suggestion(Line):
    """What the model said to one row; seconds is what its batch took per row.

    `text` is its own answer, None when it read the response that is there. `mean_logprob` is the mean log-probability
    of a token of the answer or response, its end token among them (natural logarithm, 0 or below); None when an
    answer is too long to be read again. `tokens` counts those that were said or read.
    """

    text: str | None
    mean_logprob: float | None
    finish: Literal["stop", "length"] | None
    seconds: float


def suggest(path: Path | str) -> int:
    """Answer and read the open rows of a run folder in this process; the exit code comes back."""
    folder = RunFolder(path)

    def job(config: SuggestConfig) -> dict[str, object]:
        from hone.training.speaking.suggesting import suggest_rows  # seconds of import, after "started" is written

        return suggest_rows(folder, config)

    return work(folder, SuggestConfig, job)


def read_suggestions(folder: RunFolder) -> list[Suggestion]:
    """What was said so far; see `read_lines`."""
    return read_lines(folder.suggestions_file, Suggestion)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="hone.training.suggest", description="Answer and read open pairs.")
    parser.add_argument("run_folder", type=Path)
    given = parser.parse_args(arguments)
    own_process(RunFolder(given.run_folder))
    return suggest(given.run_folder)


if __name__ == "__main__":
    sys.exit(main())
