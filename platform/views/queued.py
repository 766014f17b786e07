"""The runs of a project: those at work and those that wait for them, and those that have ended."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from hone.platform import run_view
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, esc
from hone.platform.run_words import where
from hone.platform.runs import iterations
from hone.platform.views.run import TONES
from hone.storage import batches, models, runs
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import now
from hone.storage.runs import Run

UNFINISHED = ("waiting", "running")
LOOK_EVERY = 2.0  # seconds, while a run is at work
SHOWN = 12  # runs that have ended; the ones before are folded


def queue(project: Project, person: Person) -> None:
    """The runs that have not ended, in their order; nothing when there is none."""
    found = _unfinished()
    if not any(run.project_id == project.id for run in found):
        return
    parts.section("The queue", "One run at a time on each device. They go on when you close the page.")
    before = _standing(found)
    with st.container(key="card-queue"):
        for run in found:
            _queued(project, person, run)
    st.fragment(_until_changed, run_every=LOOK_EVERY)(before)


def ended(project: Project, found: Sequence[Run]) -> None:
    """The runs that have ended, the newest first."""
    over = [run for run in found if run.status not in UNFINISHED]
    if not over:
        return
    with shell.store().read() as cursor:
        numbers = {batch.id: batch.number for batch in batches.listing(cursor, project.id)}
        names = {model.id: model.name for model in models.listing(cursor, project.id)}
    parts.section("Runs that have ended")
    for run in over[:SHOWN]:
        _ended(run, says(run, names, numbers))
    if older := over[SHOWN:]:
        with st.expander(parts.count(len(older), "earlier run")):
            for run in older:
                _ended(run, says(run, names, numbers))


def says(run: Run, names: dict[str, str], numbers: dict[str, int]) -> str:
    """What a run does, in a few words."""
    batch = f"batch {numbers.get(run.batch_id or '', '–')}"
    if run.kind == "train":
        objective = run.config.get("objective", "sft")
        return f"Training, {batch}" if objective == "sft" else f"Training by preference ({objective.upper()}), {batch}"
    if run.kind == "search":
        return f"Search, {batch}"
    model = names.get(run.model_id or "", "a model")
    return f"Answers of {model}, {batch}" if run.kind == "generate" else f"Suggestions of {model}"


def _unfinished() -> list[Run]:
    with shell.store().read() as cursor:
        return runs.unfinished(cursor)


def _standing(found: Sequence[Run]) -> dict[str, str]:
    return {run.id: run.status for run in found}


def _until_changed(before: dict[str, str]) -> None:
    """Draw the page anew as soon as one of these runs is elsewhere: then there is a next thing to do."""
    if _standing(_unfinished()) != before:
        st.rerun()


def _queued(project: Project, person: Person, run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"row-{run.id}"):
        if run.project_id != project.id:
            st.html(_row(run, f"A run of another project ({run.kind})", ""), width="stretch")
            return
        with shell.store().read() as cursor:
            numbers = {batch.id: batch.number for batch in batches.listing(cursor, project.id)}
            names = {model.id: model.name for model in models.listing(cursor, project.id)}
        with st.container(width="stretch"):
            drawn = partial(_standing_of, run.number, says(run, names, numbers))
            st.fragment(drawn, run_every=LOOK_EVERY if run.status == "running" else None)()
        st.button("Open", key=f"open-{run.id}", type="tertiary", on_click=partial(_open, run.number))
        label = "Stop" if run.status == "running" else "Cancel"
        st.button(label, key=f"bad-{run.id}", on_click=partial(shell.act, partial(_cancel, person, run)))


def _standing_of(number: int, what: str) -> None:
    found = run_view.numbers(shell.store(), number)
    st.html(_row(found.run, what, where(found)))


def _row(run: Run, what: str, says: str) -> str:
    return (
        f'<div class="h-row"><span class="h-num h-small">{run.number}</span>'
        f"<span>{parts.chip(run.status, TONES[run.status], dot=True)}</span>"
        f"<div><b>{esc(what)}</b><span>{esc(clipped(says, 150))}</span></div>"
        f'<span class="h-small">{parts.ago(run.created_at, now())}</span></div>'
    )


def _ended(run: Run, what: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"row-{run.id}"):
        st.html(_row(run, what, run.message), width="stretch")
        st.button("Open", key=f"open-{run.id}", type="tertiary", on_click=partial(_open, run.number))


def _open(number: int) -> None:
    shell.opened("training", number)


def _cancel(person: Person, run: Run) -> str:
    found = iterations.cancel(shell.runtime(), person, run)
    if found.status == "running":
        return f"Run {run.number} is asked to stop: what it has learnt is saved first."
    return f"Run {run.number} is cancelled."
