"""What becomes of a finished search: its best settings are kept with the run, and can be trained with."""

import math
from collections.abc import Mapping
from typing import Literal

from hone.storage import runs
from hone.storage.errors import RunError
from hone.storage.runs import Run
from hone.storage.store import Cursor, Store
from hone.training.config import Range, SearchConfig, TrainConfig
from hone.training.folder import RunFolder
from hone.training.search import Trial, read_trials
from hone.training.searching.space import Value, in_words

EDGE = 0.1  # of a stretch: what lies in it lies at its end


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


def at_an_end(config: SearchConfig, settings: Mapping[str, Value]) -> str:
    """Which of the best settings lie at an end of what was tried and could go on beyond it; empty when none does."""
    found = {name: _end(name, tried, settings[name]) for name, tried in config.space.items()}
    named = [f"{in_words({name: settings[name]})} ({end})" for name, end in found.items() if end]
    if not named:
        return ""
    return f"At the end of what was tried: {', '.join(named)}. A better value may lie beyond: search a wider range."


def _end(name: str, tried: Range, value: Value) -> Literal["lowest", "highest"] | None:
    numbers = sorted({each for each in tried.values if not isinstance(each, str)})
    if isinstance(value, str) or (tried.values and len(numbers) < 3):
        return None  # of two values each is an end
    low, high = (numbers[0], numbers[-1]) if numbers else (tried.low or 0.0, tried.high or 0.0)
    share = _share(low, high, value, log=tried.log)
    if share <= (0 if numbers else EDGE) and low not in _limits(name):
        return "lowest"
    return "highest" if share >= (1 if numbers else 1 - EDGE) and high not in _limits(name) else None


def _share(low: float, high: float, value: float, log: bool) -> float:
    if log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low)


def _limits(name: str) -> set[float]:
    """What no value of the setting may be beyond, as a dropout below 0."""
    rules = TrainConfig.model_fields[name].metadata
    return {getattr(rule, bound) for rule in rules for bound in ("ge", "gt", "le", "lt") if hasattr(rule, bound)}


def trials_of(store: Store, run: Run) -> list[Trial]:
    """The trials of a search that have ended so far, in their order; none of another run.

    Raises:
        RunError: The file of the trials is damaged.
    """
    return read_trials(RunFolder(store.workspace.run_folder(run.number))) if run.kind == "search" else []
