"""Search for good settings: `python -m hone.training.search RUNFOLDER [--resume]`.

A trial is a line of trials.jsonl, written when it has ended; started again, the run goes on behind them and ends with
the same lines. Exit code 0: done. 1: failed, the reason is on stderr and in the events. 3: cancelled.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hone.storage.records import Record
from hone.training.config import SearchConfig
from hone.training.folder import RunFolder
from hone.training.session import own_process, work
from hone.training.speaking.lines import read_lines


class Trial(Record):
    """One choice of settings and how it fared; trials are numbered from 1.

    `losses` are those of the folds in their order, in nats per item: of all folds when it is done, of the first ones
    when it was stopped as worse than most ("pruned"), perhaps none when it failed. `loss` is their mean and `spread`
    their standard deviation (n - 1), of a trial that is done.
    """

    number: int
    settings: dict[str, float | int | str]
    state: Literal["done", "pruned", "failed"]
    losses: tuple[float, ...]
    loss: float | None = None
    spread: float | None = None
    reason: str = ""
    seconds: float


def search(path: Path | str) -> int:
    """Try the settings of a run folder in this process; the exit code comes back."""
    folder = RunFolder(path)

    def job(config: SearchConfig) -> dict[str, object]:
        from hone.training.searching.running import search_settings  # seconds of import, after "started" is written

        return search_settings(folder, config)

    return work(folder, SearchConfig, job)


def read_trials(folder: RunFolder) -> list[Trial]:
    """The trials that have ended so far, in their order; see `read_lines`."""
    return read_lines(folder.trials_file, Trial)


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The trial of the lowest loss, the earliest of equals; None while none is done."""
    done = [trial for trial in trials if trial.loss is not None]
    return min(done, key=lambda trial: (trial.loss, trial.number)) if done else None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="hone.training.search", description="Search for good settings.")
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on behind the trials that are there; it always does")
    given = parser.parse_args(arguments)
    own_process(RunFolder(given.run_folder))
    return search(given.run_folder)


if __name__ == "__main__":
    sys.exit(main())
