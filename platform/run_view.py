"""What the page of a run shows, and `hone runs show` tells: from the store and the run folder alone.

Nothing of it lives in a page or a server: it is the same after a restart, days later.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hone.labeling import suggesting
from hone.platform import course as courses
from hone.platform import run_answers, run_result
from hone.platform.course import Course
from hone.platform.run_answers import Sampled, Told
from hone.platform.run_result import Left
from hone.platform.runs.following import FINISHED
from hone.platform.waiting import Place, places
from hone.storage import batches, models, pairs, runs, suggestions
from hone.storage.models import Model
from hone.storage.records import Record
from hone.storage.runs import Run, RunEvent
from hone.storage.store import Cursor, Store
from hone.training.folder import RunFolder

TAIL = 16_384  # bytes of the log
LINES = 60
FIGURES = (
    "epoch", "loss", "validation_loss", "learning_rate", "grad_norm", "tokens_per_second", "memory_mb",
    "accuracy", "validation_accuracy", "margin", "validation_margin",
)  # fmt: skip
SEEN = ("metric", "sample", "plan", "warning", "checkpoint", "failed")  # thousands tell progress: the last one will do


class Numbers(Record):
    """Where a run stands. None is what it has not said yet; seconds are wall time, losses nats per token.

    Of preferences `accuracy` is the share of pairs whose better answer has become likelier than the other, and `margin`
    by how much (beta times nats). `stage` is what is done before or after the steps, as making the toy base, with its
    share; `place` is that in the queue, None once the run has ended.
    """

    run: Run
    place: Place | None
    step: int | None
    total_steps: int | None
    epoch: float | None
    loss: float | None
    validation_loss: float | None
    best: tuple[int, float] | None
    gap: float | None
    learning_rate: float | None
    grad_norm: float | None
    tokens_per_second: float | None
    memory_mb: float | None
    accuracy: float | None
    validation_accuracy: float | None
    margin: float | None
    validation_margin: float | None
    eta_seconds: float | None
    stage: str
    share: float | None
    ended: bool


class RunView(Record):
    """A run with all that is drawn of it. The curves are (step, value).

    `batch` is empty for a run that suggests, `taken` for all others: what experts made of its answers. `plan` is how
    the run computes, as it decided before its first step; {} while it has not said.
    """

    numbers: Numbers
    batch: str
    taken: str
    model: Model | None
    parent: str
    losses: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    rates: tuple[tuple[int, float], ...]
    course: Course
    sampled: tuple[Sampled, ...]
    plan: dict[str, Any]
    warnings: tuple[Told, ...]
    failed: Told | None
    checkpoint: int | None
    left: Left
    log: str


def numbers(store: Store, number: int) -> Numbers:
    """The few numbers that change while a run goes on: cheap enough to ask for every second."""
    with store.read() as cursor:
        run = runs.numbered(cursor, number)
        return _numbers(cursor, run, runs.events(cursor, run.id, ("metric",)))


def run_view(store: Store, number: int) -> RunView:
    """Everything of one run; NotFound when there is none of this number."""
    with store.read() as cursor:
        run = runs.numbered(cursor, number)
        events = runs.events(cursor, run.id, SEEN)
        batch = batches.get(cursor, run.batch_id) if run.batch_id else None
        uses = suggestions.uses_of_run(cursor, run.id) if run.kind == "suggest" else []
        model = _model(cursor, run)
        sampled = run_answers.sampled(cursor, run, events)
        known = pairs.many(cursor, run_answers.ids_told(events))
        left = run_result.left(cursor, run, RunFolder(store.workspace.run_folder(number)))
        found = _numbers(cursor, run, events)
        parent = _parent(cursor, run)
    losses, validation = _series(events, "loss"), _series(events, "validation_loss")
    plans = [event.body for event in events if event.kind == "plan"]
    checkpoints = [int(event.body["step"]) for event in events if event.kind == "checkpoint" and "step" in event.body]
    failures = [run_answers.told(event, known) for event in events if event.kind == "failed"]
    return RunView(
        numbers=found,
        batch=f"Batch {batch.number}" if batch else "",
        taken=suggesting.in_words(suggesting.taken(uses)) if run.kind == "suggest" else "",
        model=model,
        parent=parent,
        losses=losses,
        validation=validation,
        rates=_series(events, "learning_rate"),
        course=courses.course(losses, validation, found.total_steps, run.config, found.ended),
        sampled=sampled,
        plan=plans[-1] if plans else dict((run.result or {}).get("plan") or {}),
        warnings=tuple(run_answers.told(event, known) for event in events if event.kind == "warning"),
        failed=failures[-1] if failures and run.status == "failed" else None,
        checkpoint=checkpoints[-1] if checkpoints else None,
        left=left,
        log=_tail(RunFolder(store.workspace.run_folder(number)).log_file),
    )


def _numbers(cursor: Cursor, run: Run, events: Sequence[RunEvent]) -> Numbers:
    last: dict[str, Any] = {}
    for event in events:
        last.update({name: event.body[name] for name in FIGURES if event.kind == "metric" and name in event.body})
    newest = runs.newest(cursor, run.id, "progress")
    now = newest.body if newest else {}
    measured = _series(events, "validation_loss")
    steps = [int(event.body["step"]) for event in events if event.kind == "metric" and "step" in event.body]
    return Numbers(
        run=run,
        place=places(runs.unfinished(cursor)).get(run.number),
        step=int(now["step"]) if "step" in now else max(steps, default=None),
        total_steps=int(now["total_steps"]) if "total_steps" in now else None,
        **{name: now.get(name, last.get(name)) for name in FIGURES},
        best=min(measured, key=lambda point: point[1], default=None),
        gap=courses.gap(_series(events, "loss"), measured),
        eta_seconds=now.get("eta_seconds"),
        stage=str(now.get("stage", "")),
        share=now.get("share"),
        ended=run.status in FINISHED,
    )


def _model(cursor: Cursor, run: Run) -> Model | None:
    """What a training made, or what another run lets speak; None while there is none."""
    if run.kind in ("train", "search"):
        return models.of_run(cursor, run.id)
    return models.get(cursor, run.model_id) if run.model_id else None


def _parent(cursor: Cursor, run: Run) -> str:
    """What a training begins from: the base, or an iteration; empty for other runs."""
    if run.kind != "train":
        return ""
    number = models.get(cursor, run.model_id).number if run.model_id else 0
    return f"iteration {number}" if number else "the base"


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
