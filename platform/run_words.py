"""A run in words and figures, the same on its page and on the command line."""

from collections.abc import Mapping
from typing import Any

from hone.evaluation.keeping import ENOUGH
from hone.platform.run_result import Kept
from hone.platform.run_view import Numbers, RunView
from hone.platform.waiting import in_words
from hone.platform.words import duration, figure
from hone.storage.records import now
from hone.storage.runs import Run


def what(seen: RunView) -> str:
    """What a run does, as a title."""
    run, batch = seen.numbers.run, seen.batch.lower()
    if run.kind == "train":
        learns = "Training on" if run.config.get("objective", "sft") == "sft" else "Learning preferences from"
        return f"{seen.model.name} from {batch}" if seen.model else f"{learns} {batch}"
    if run.kind == "search":
        return f"Search on {batch}"
    name = seen.model.name if seen.model else "The base"
    does = f"answers the test split of {batch}" if run.kind == "generate" else "suggests answers to open pairs"
    return f"{name} {does}"


def took(run: Run) -> str:
    """How long a run has worked."""
    return duration(((run.finished_at or now()) - run.started_at).total_seconds() if run.started_at else None)


def where(found: Numbers) -> str:
    """How far a run is that has not ended, or behind whom it waits."""
    if found.run.status == "waiting":
        return in_words(found.place) if found.place else "It waits for its turn."
    if found.stage:
        return f"{found.stage[:1].upper()}{found.stage[1:]}, {found.share or 0:.0%}."
    if not found.total_steps:
        return "Loading the model."
    left = f", about {duration(found.eta_seconds)} left" if found.eta_seconds else ""
    if found.run.kind == "search":
        return f"{_trial(found.step or 0, found.total_steps, int(found.run.config['folds']))}{left}."
    return f"Step {found.step or 0:,} of {found.total_steps:,}{left}."


def _trial(done: int, total: int, folds: int) -> str:
    """Where a search stands of which so many folds are done."""
    trial, fold = divmod(min(done, total - 1), folds)
    return f"Trial {trial + 1:,} of {total // folds:,}, fold {fold + 1} of {folds}"


def main_figures(found: Numbers) -> list[tuple[str, str, str]]:
    """The figures of a training that one looks at first: (name, value, what stands under it)."""
    best = f"best {figure(found.best[1])} at step {found.best[0]:,}" if found.best else "measured at the end of a pass"
    figures = [
        ("Training loss", figure(found.loss), "of the last step"),
        ("Validation loss", figure(found.validation_loss), best),
        ("Gap", figure(found.gap), "validation less training"),
    ]
    steps = f"{found.step:,} steps" if found.step else ""
    if found.ended:
        return [*figures, ("Took", took(found.run), steps)]
    return [*figures, ("Left", duration(found.eta_seconds), f"{steps} so far" if steps else "")]


def small_figures(found: Numbers) -> list[tuple[str, str]]:
    """The figures that are good to know: (name, value); what was not told is left out."""
    passes = found.run.config.get("epochs", "–")
    told = {
        "learning rate": None if found.learning_rate is None else f"{found.learning_rate:.3g}",
        "tokens a second": None if found.tokens_per_second is None else f"{found.tokens_per_second:,.0f}",
        "gradient norm": None if found.grad_norm is None else f"{found.grad_norm:.3g}",
        "memory": None if found.memory_mb is None else f"{found.memory_mb / 1024:,.1f} GB",
        "better answer likelier": _percent(found.accuracy),
        "in validation": _percent(found.validation_accuracy),
        "margin": None if found.margin is None else figure(found.margin, 2),
        "passes": None if found.epoch is None else f"{found.epoch:.2g} of {passes}",
    }
    return [(name, value) for name, value in told.items() if value is not None]


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}"


def plan(found: Mapping[str, Any]) -> str:
    """What a run decided before its first step; empty while it has not said."""
    if not found:
        return ""
    rate, memory, rows = found.get("tokens_per_second"), found.get("peak_memory_bytes"), found.get("micro_batch") or 1
    speed = f", {rate:,.0f} tokens a second in a probe of three steps" if rate else ""
    room = f", {memory / 2**30:.1f} GB at the most" if memory else ""
    batching = "rows packed end to end" if found.get("batching") == "packed" else "rows of like length together"
    many = f"{rows:,} {'row' if rows == 1 else 'rows'} in memory at once"
    return f"Decided before the first step: {found.get('precision', 'float32')}, {batching}, {many}{speed}{room}."


def forgets(each: Kept) -> str:
    """What to say of a split of which too much was forgotten; empty for others."""
    if each.share is None or each.share >= ENOUGH:
        return ""
    return (
        f"It forgets: of what was learnt from batch {each.batch} it kept {each.share:.0%}. Raise rehearsal, the "
        "share of earlier pairs that are learnt again, or take a lower learning rate."
    )


def kept(each: Kept, measure: str) -> str:
    """A test split before and after, in one line."""
    share = f", {each.share:.0%} of what was learnt from it" if each.share is not None else ""
    return (
        f"batch {each.batch}, {each.items:,} test items: {measure} {figure(each.score_before, 2)} before, "
        f"{figure(each.score_after, 2)} after{share}"
    )
