"""What the page of a run shows: its numbers so far, its losses, its samples, the end of its log."""

import os
from collections.abc import Sequence
from pathlib import Path

from hone.labeling import suggesting
from hone.platform.runs.supervisor import FINISHED
from hone.storage import batches, models, pairs, runs, suggestions
from hone.storage.models import Model
from hone.storage.records import Record
from hone.storage.runs import Run, RunEvent
from hone.storage.store import Store
from hone.training.folder import RunFolder

TAIL = 16_384  # bytes of the log
LINES = 60


class Numbers(Record):
    """Where a run stands. None is what it has not said yet; seconds are wall time."""

    run: Run
    step: int | None
    total_steps: int | None
    epoch: float | None
    loss: float | None
    validation_loss: float | None
    tokens_per_second: float | None
    eta_seconds: float | None
    stage: str  # what is made before the first step, as the toy base
    share: float | None
    ended: bool


class Sample(Record):
    """What the model in training answered to a validation pair."""

    step: int
    pair_number: int | None
    text: str


class RunView(Record):
    """A run with all that is drawn of it. The losses are (step, loss).

    `batch` is empty for a run that suggests, `taken` for all others: what experts made of its answers.
    """

    numbers: Numbers
    batch: str
    taken: str
    model: Model | None
    losses: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    samples: tuple[Sample, ...]
    warnings: tuple[str, ...]
    log: str


def numbers(store: Store, number: int) -> Numbers:
    """The few numbers that change while a run goes on: cheap enough to ask for every second."""
    with store.read() as cursor:
        run = runs.numbered(cursor, number)
        events = runs.events(cursor, run.id, ("progress", "metric"))
    return _numbers(run, events)


def run_view(store: Store, number: int) -> RunView:
    """Everything of one run; NotFound when there is none of this number."""
    with store.read() as cursor:
        run = runs.numbered(cursor, number)
        events = runs.events(cursor, run.id)
        batch = batches.get(cursor, run.batch_id) if run.batch_id else None
        uses = suggestions.uses_of_run(cursor, run.id) if run.kind == "suggest" else []
        model = models.of_run(cursor, run.id) or (models.get(cursor, run.model_id) if run.model_id else None)
        said = [event.body for event in events if event.kind == "sample"][-4:]
        known = pairs.many(cursor, [str(body.get("id")) for body in said])
    return RunView(
        numbers=_numbers(run, events),
        batch=f"Batch {batch.number}" if batch else "",
        taken=suggesting.in_words(suggesting.taken(uses)) if run.kind == "suggest" else "",
        model=model,
        losses=_series(events, "loss"),
        validation=_series(events, "validation_loss"),
        samples=tuple(
            Sample(
                step=body.get("step", 0),
                pair_number=known[body["id"]].number if body.get("id") in known else None,
                text=str(body.get("text", "")),
            )
            for body in said
        ),
        warnings=tuple(str(event.body.get("message", "")) for event in events if event.kind == "warning"),
        log=_tail(RunFolder(store.workspace.run_folder(number)).log_file),
    )


def _numbers(run: Run, events: Sequence[RunEvent]) -> Numbers:
    last: dict[str, float] = {}
    for event in events:
        last.update({name: value for name, value in event.body.items() if isinstance(value, int | float)})
    step, total = last.get("step"), last.get("total_steps")
    stages = [str(event.body["stage"]) for event in events if "stage" in event.body]
    return Numbers(
        run=run,
        step=None if step is None else int(step),
        total_steps=None if total is None else int(total),
        epoch=last.get("epoch"),
        loss=last.get("loss"),
        validation_loss=last.get("validation_loss"),
        tokens_per_second=last.get("tokens_per_second"),
        eta_seconds=last.get("eta_seconds"),
        stage=stages[-1] if stages and step is None else "",
        share=last.get("share"),
        ended=run.status in FINISHED,
    )


def _series(events: Sequence[RunEvent], name: str) -> tuple[tuple[int, float], ...]:
    """(step, value) in the order of steps; after a resume the newer value of a step counts."""
    found = {int(event.body["step"]): float(event.body[name]) for event in events if name in event.body}
    return tuple(sorted(found.items()))


def _tail(path: Path) -> str:
    """The last lines of a log, as text."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(line.rsplit("\r", 1)[-1] for line in text.splitlines()[-LINES:])
