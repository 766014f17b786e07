"""What becomes of a finished search: its best settings are kept with the run, and can be trained with."""

from hone.storage import runs
from hone.storage.errors import RunError
from hone.storage.runs import Run
from hone.storage.store import Cursor, Store
from hone.training.folder import RunFolder
from hone.training.search import Trial, read_trials
from hone.training.searching.space import in_words


def keep_search(store: Store, run: Run, folder: RunFolder) -> None:
    """Store the result of a search and mark the run done; doing it twice changes nothing.

    Raises:
        RunError: The folder holds fewer trials than the result tells of.
    """
    result, trials = folder.result(), read_trials(folder)
    if len(trials) != sum(result["trials"].values()):
        raise RunError(
            f"Run {run.number} tried {sum(result['trials'].values())} settings, but its folder holds others."
        )
    best = result["best"]
    message = f"Best of {len(trials)} trials: {in_words(best['settings'])} (loss {best['loss']:.3f})."

    def change(cursor: Cursor) -> None:
        if runs.get(cursor, run.id).status != "done":
            runs.set_status(cursor, run.id, "done", message, result)

    store.write(change)


def trials_of(store: Store, run: Run) -> list[Trial]:
    """The trials of a search that have ended so far, in their order; none of another run.

    Raises:
        RunError: The file of the trials is damaged.
    """
    return read_trials(RunFolder(store.workspace.run_folder(run.number))) if run.kind == "search" else []
