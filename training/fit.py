"""Train: `python -m hone.training.fit RUNFOLDER [--resume [--force]]`.

Exit code 0: the model is published. 1: failed, the reason is on stderr and in the events. 3: cancelled, a checkpoint
is there to resume from.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hone.training.config import TrainConfig
from hone.training.fitting.tracking import prepare_tracker
from hone.training.folder import RunFolder
from hone.training.launch import world
from hone.training.session import own_process, work


def fit(path: Path | str, resume: bool = False, force: bool = False) -> int:
    """Train the run of a folder in this process; the exit code comes back.

    Args:
        path: A prepared run folder.
        resume: Go on from the newest complete checkpoint.
        force: Go on even though data, base or settings changed; what did is put down as a warning.
    """
    folder = world.folder(path)

    def job(config: TrainConfig) -> dict[str, object]:
        prepare_tracker(folder, config)
        if config.objective == "sft":
            from hone.training.fitting.training import train  # seconds of import, after "started" is written
        else:
            from hone.training.preference.training import train
        return train(folder, config, resume, force)

    return work(folder, TrainConfig, job)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="hone.training.fit", description="Train the run of a folder.")
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on from the newest complete checkpoint")
    parser.add_argument("--force", action="store_true", help="with --resume: go on even though something changed")
    given = parser.parse_args(arguments)
    own_process(RunFolder(given.run_folder))
    return fit(given.run_folder, resume=given.resume, force=given.force)


if __name__ == "__main__":
    sys.exit(main())
