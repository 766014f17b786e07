"""One run: where it stands while it goes on, its losses, what it answered, and what it left behind."""

from functools import partial
from typing import Any

import streamlit as st

from hone.platform import run_view
from hone.platform.frame import curve, parts, shell
from hone.platform.frame.safe_html import clipped
from hone.platform.run_view import Numbers, RunView
from hone.platform.runs import iterations
from hone.storage.people import Person
from hone.storage.runs import Kind, Run

NUMBERS_EVERY = 1.5  # seconds
CURVE_EVERY = 8.0
SAYS: dict[Kind, tuple[str, str]] = {
    "train": ("learns from", "It made"),
    "generate": ("answers the test split of", "The answers of"),
    "suggest": ("suggests answers to open pairs", "The suggestions of"),
}


def draw(person: Person, number: int) -> None:
    """Draw the run. Small parts draw themselves anew while it goes on; nothing does once it has ended."""
    seen = run_view.run_view(shell.store(), number)
    run, ended = seen.numbers.run, seen.numbers.ended
    what, made = SAYS[run.kind]
    parts.heading(
        f"Run {run.number}",
        f"{made} {seen.model.name}." if seen.model else "",
        eyebrow=f"{what} {seen.batch.lower()}".rstrip(),
    )
    shell.said()
    if ended:
        _figures(seen.numbers)
        _curve(seen)
    else:
        st.fragment(_live, run_every=NUMBERS_EVERY)(number)
        st.fragment(_live_curve, run_every=CURVE_EVERY)(number)
    _buttons(person, run, ended)
    if seen.taken and run.status == "done":
        parts.note(f"{run.message} {seen.taken}")
    for warning in seen.warnings:
        parts.message(warning, "unsure")
    _samples(seen)
    _facts(seen)


def _live(number: int) -> None:
    """The numbers of a run that goes on; when it ends, the whole page is drawn once more."""
    found = run_view.numbers(shell.store(), number)
    if found.ended:
        st.rerun()
    _figures(found)


def _live_curve(number: int) -> None:
    _curve(run_view.run_view(shell.store(), number))


def _figures(found: Numbers) -> None:
    run = found.run
    tone: dict[str, parts.Tone] = {"failed": "bad", "done": "good", "running": "accent"}
    parts.chips(parts.chip(run.status, tone.get(run.status, "unsure"), dot=True))
    if run.message and run.status != "done":
        parts.message(run.message, "bad" if run.status == "failed" else "accent")
    if found.total_steps and not found.ended:
        left = f", about {parts.duration(found.eta_seconds)} left" if found.eta_seconds else ""
        parts.progress(found.step or 0, found.total_steps, f"Step {found.step:,} of {found.total_steps:,}{left}")
    elif found.stage and not found.ended:
        parts.progress(round(100 * (found.share or 0)), 100, f"First the {found.stage}")
    elif not found.ended:
        parts.note("Waits for its turn." if run.status == "waiting" else "Loading the model.")
    took = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
    figures: list[tuple[str, object, str]] = []
    if run.kind == "train":
        figures.append(("Training loss", _number(found.loss), "the last step"))
        figures.append(("Validation loss", _number(found.validation_loss), "lower is better"))
    if run.kind == "suggest" and run.result:
        figures.append(("Answered", run.result["answered"], "pairs without a response"))
        figures.append(("Read", run.result["read"], "responses that were there"))
    figures.append(("Tokens a second", _number(found.tokens_per_second, 0), ""))
    figures.append(("Took", parts.duration(took), "") if found.ended else ("Step", found.step or 0, ""))
    parts.stats(*figures)


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _curve(seen: RunView) -> None:
    drawn = curve.loss_svg(seen.losses, seen.validation, seen.numbers.total_steps)
    if drawn:
        st.html(f'<div class="h-card h-chart">{parts.drawn(drawn)}</div>')


def _buttons(person: Person, run: Run, ended: bool) -> None:
    def cancel() -> str:
        iterations.cancel(shell.runtime(), person, run)
        return "Asked to stop: what it has learnt is saved first."

    def resume() -> str:
        iterations.resume(shell.runtime(), person, run)
        return "It goes on from what was saved."

    with shell.row():
        if not ended:
            st.button("Stop the run", key="bad-cancel", on_click=partial(shell.act, cancel))
        elif run.status in ("failed", "cancelled"):
            st.button("Resume", key="resume", type="primary", on_click=partial(shell.act, resume))
            if run.kind == "train":
                st.button("Start another one", key="other", on_click=partial(shell.opened, "training", "start"))


def _samples(seen: RunView) -> None:
    if not seen.samples:
        return
    parts.section("What it answers meanwhile", "To validation pairs; they are not learnt from.")
    for sample in seen.samples:
        name = f"Pair {sample.pair_number}" if sample.pair_number else "A pair"
        parts.field(f"{name}, step {sample.step}", clipped(sample.text, 600), "h-quote")


def _facts(seen: RunView) -> None:
    run = seen.numbers.run
    if run.result:
        with st.expander("Result"):
            st.code(_lines(run.result), language=None, wrap_lines=True)
    with st.expander("Configuration"):
        st.code(_lines(run.config), language=None, wrap_lines=True)
    if seen.log:
        with st.expander("Log, the last lines"):
            st.code(seen.log, language=None, wrap_lines=True)


def _lines(facts: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if name != "template")
