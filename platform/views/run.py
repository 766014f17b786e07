"""One run: where it stands while it goes on, its losses and what they say, its answers, and what it left behind."""

from functools import partial

import streamlit as st

from hone.platform import run_view, run_words, words
from hone.platform.chain_words import method_words
from hone.platform.frame import curve, parts, shell
from hone.platform.frame.safe_html import clipped, esc
from hone.platform.run_view import Numbers, RunView
from hone.platform.runs import again, iterations
from hone.platform.views import run_parts, trials
from hone.storage.people import Person
from hone.storage.records import now
from hone.storage.runs import Kind, Run

NUMBERS_EVERY = 1.5  # seconds
CURVE_EVERY = 8.0
DOES: dict[Kind, str] = {"train": "Training", "generate": "Answering", "suggest": "Suggesting", "search": "Search"}
TONES: dict[str, parts.Tone] = {
    "waiting": "unsure",
    "running": "accent",
    "done": "good",
    "failed": "bad",
    "cancelled": "",
}


def draw(person: Person, number: int) -> None:
    """Draw the run. Small parts draw themselves anew while it goes on; nothing does once it has ended."""
    seen = run_view.run_view(shell.store(), number)
    run, ended = seen.numbers.run, seen.numbers.ended
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.html(_title(seen), width="stretch")
        _buttons(person, seen)
    shell.said()
    if ended:
        _ending(seen)
        _figures(seen.numbers)
        _course(person, seen)
    else:
        st.fragment(_live, run_every=NUMBERS_EVERY)(number, run.status)
        st.fragment(_live_course, run_every=CURVE_EVERY)(person, number)
    if seen.taken and run.status == "done":
        parts.note(f"{run.message} {seen.taken}")
    if run.status == "done":
        run_parts.kept(seen.left)
        run_parts.files(seen)
    run_parts.warnings(seen.warnings)
    run_parts.facts(seen)


def _title(seen: RunView) -> str:
    run = seen.numbers.run
    chips = [parts.chip(run.status, TONES[run.status], dot=True)]
    if run.kind == "train":
        chips += [parts.chip(method_words(run.config)), parts.chip(f"on {seen.parent}")]
    chips.append(f'<span class="h-small">asked for {parts.ago(run.created_at, now())}</span>')
    return (
        f'<div class="h-head"><div class="h-eyebrow">Run {run.number}, {DOES[run.kind].lower()}</div>'
        f'<h1 class="h-title">{esc(run_words.what(seen))}</h1>{parts.ROW.format("".join(chips))}</div>'
    )


def _live(number: int, status: str) -> None:
    """The numbers of a run that goes on; when it begins or ends, the whole page is drawn once more."""
    found = run_view.numbers(shell.store(), number)
    if found.run.status != status:
        st.rerun()
    _figures(found)


def _live_course(person: Person, number: int) -> None:
    _course(person, run_view.run_view(shell.store(), number))


def _ending(seen: RunView) -> None:
    """Why a run ended before it was done, and the rows that this is about."""
    run = seen.numbers.run
    if run.message and run.status != "done":
        parts.message(run.message, "bad" if run.status == "failed" else "accent")
    run_parts.rows(seen.failed.rows if seen.failed else (), "failed")


def _figures(found: Numbers) -> None:
    run = found.run
    if run.status == "waiting":
        parts.message(_waits(found), "unsure")
        return
    if not found.ended:
        _progress(found)
    if run.kind == "train":
        parts.stats(*run_words.main_figures(found))
        run_parts.small_figures(*run_words.small_figures(found))
    elif run.kind == "suggest" and run.result:
        parts.stats(
            ("Answered", run.result["answered"], "pairs without a response"),
            ("Read", run.result["read"], "responses that were there"),
            ("Took", run_words.took(run), ""),
        )
    elif run.kind != "search":
        speed = words.figure(found.tokens_per_second, 0)
        parts.stats(("Tokens a second", speed, ""), ("Took", run_words.took(run), ""))


def _waits(found: Numbers) -> str:
    """The place in the queue, and how long the run ahead still takes where it says."""
    ahead = found.place.behind if found.place else None
    told = run_view.numbers(shell.store(), ahead) if ahead is not None else None
    left = f" Run {ahead}: {run_words.where(told)}" if told and told.run.status == "running" else ""
    return f"{run_words.where(found)}{left}"


def _progress(found: Numbers) -> None:
    if found.stage:
        parts.progress(round(100 * (found.share or 0)), 100, clipped(f"{found.stage[:1].upper()}{found.stage[1:]}", 80))
    elif found.total_steps:
        parts.progress(found.step or 0, found.total_steps, run_words.where(found).rstrip("."))
    else:
        parts.note(run_words.where(found))


def _course(person: Person, seen: RunView) -> None:
    """The curves, what they say, and what the model answered on the way; of a search its trials."""
    if seen.numbers.run.kind == "search":
        trials.draw(person, seen.numbers)
        return
    for remark in seen.course.remarks:
        st.html(f'<div class="h-message unsure" role="status"><b>{esc(remark.says)}</b> {esc(remark.next)}</div>')
    total, found = None if seen.numbers.ended else seen.numbers.total_steps, seen.course
    drawn = curve.loss_svg(seen.losses, seen.validation, total, found.smoothed, found.best)
    if drawn:
        drawn += curve.rate_svg(seen.rates, total)
        st.html(f'<div class="h-card h-chart h-full">{parts.drawn(drawn)}</div>')
    run_parts.samples(seen)
    run_parts.plan(seen.plan)


def _buttons(person: Person, seen: RunView) -> None:
    run = seen.numbers.run

    def cancel() -> str:
        found = iterations.cancel(shell.runtime(), person, run)
        return "Asked to stop: what it has learnt is saved first." if found.status == "running" else "It is cancelled."

    def resume() -> str:
        iterations.resume(shell.runtime(), person, run)
        return "It goes on from what was saved."

    if not seen.numbers.ended:
        label = "Stop the run" if run.status == "running" else "Leave the queue"
        st.button(label, key="bad-cancel", on_click=partial(shell.act, cancel))
        return
    if run.status in ("failed", "cancelled"):
        st.button("Resume", key="resume", type="primary", on_click=partial(shell.act, resume))
    if run.kind == "train":
        if run.config.get("objective", "sft") == "sft":
            once_more = partial(shell.act, partial(_again, person, run))
            st.button("Train again with these settings", key="again", on_click=once_more)
        st.button("Start another one", key="other", on_click=partial(shell.opened, "training", "start"))


def _again(person: Person, run: Run) -> str:
    started = again.train_again(shell.runtime(), person, run)
    shell.opened("training", started.number)
    return f"Run {started.number} takes the settings of run {run.number}."
