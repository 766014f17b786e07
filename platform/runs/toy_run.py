"""The worker of a run on the toy base: `python -m hone.platform.runs.toy_run RUNFOLDER [--resume]`.

Makes the toy base if this machine does not have it yet, tells of it in the run's own events, writes its folder into
the run's configuration, and becomes the worker that the run needs. Only ever a child process: it loads torch.
"""

import argparse
import os
import sys
import traceback
from pathlib import Path

from hone.platform.runs.bases import TOY
from hone.platform.runs.children import MODULES
from hone.training.folder import RunFolder, write_whole
from hone.training.session import CANCELLED, FAILED, Cancelled
from hone.training.settings import with_loading
from hone.training.toy import toy_base


def name_base(folder: RunFolder) -> None:
    """Put the folder of the toy base where the run's configuration says "toy".

    Raises:
        Cancelled: Somebody asked the run to stop.
    """
    config = folder.config()
    if config.base != TOY:
        return
    told: set[tuple[str, int]] = set()

    def tell(stage: str, share: float) -> None:
        if folder.cancel_requested():
            raise Cancelled
        percent = int(20 * share) * 5
        if (stage, percent) not in told:
            told.add((stage, percent))
            folder.append_event("progress", stage=f"toy base: {stage}", share=percent / 100)

    base = toy_base(progress=tell)
    write_whole(folder.config_file, with_loading(config, base=str(base)).model_dump_json(indent=2) + "\n")


def main() -> int:
    """The command: an exit code when the base was not made, else the run's worker takes this process over."""
    parser = argparse.ArgumentParser(prog="hone.platform.runs.toy_run", description="Make the toy base, then work.")
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--preflight", action="store_true", help="look at the run without beginning it")
    given = parser.parse_args()
    folder = RunFolder(given.run_folder)
    folder.write_worker()
    try:
        name_base(folder)
        work = MODULES["preflight" if given.preflight else folder.config().kind]
        command = [sys.executable, "-P", "-m", work, str(folder.path)]
        os.execv(sys.executable, [*command, *(["--resume"] if given.resume else [])])
    except Cancelled:
        folder.append_event("cancelled")
        folder.clear_cancel()
        return CANCELLED
    except Exception as problem:
        traceback.print_exc()
        folder.append_event("failed", message=f"The toy base was not made: {problem}")
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
