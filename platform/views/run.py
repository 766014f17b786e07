"""One run: where it stands while it goes on, its losses and what they say, its answers, and what it left behind."""

from functools import partial

import streamlit as st

from hone.platform import run_view
from hone.platform.chain_words import method_words
from hone.platform.frame import curve, parts, shell
from hone.platform.frame.safe_html import clipped, esc
from hone.platform.run_view import Numbers, RunView
from hone.platform.runs import again, iterations
from hone.platform.views import run_parts
from hone.platform.waiting import in_words
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
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(_title(seen), width="stretch")
        _buttons(person, seen)
    shell.said()
    if ended:
        _figures(seen.numbers)
        run_parts.rows(seen.failed.rows if seen.failed else (), "failed")
        _course(seen)
    else:
        st.fragment(_live, run_every=NUMBERS_EVERY)(number, run.status)
        st.fragment(_live_course, run_every=CURVE_EVERY)(number)
    if seen.taken and run.status == "done":
        parts.note(f"{run.message} {seen.taken}")
    if run.status == "done":
        run_parts.kept(seen.left)
        run_parts.files(seen)
    run_parts.warnings(seen.warnings)
    run_parts.facts(seen)


def what(seen: RunView) -> str:
    """What a run does, as the title of its page."""
    run, batch = seen.numbers.run, seen.batch.lower()
    if run.kind == "train":
        made = f"{seen.model.name} from {batch}" if seen.model else ""
        return made or f"Training on {batch}"
    name = seen.model.name if seen.model else "The base"
    if run.kind == "generate":
        return f"{name} answers the test split of {batch}"
    return f"{name} suggests answers to open pairs" if run.kind == "suggest" else f"Search on {batch}"


def _title(seen: RunView) -> str:
    run = seen.numbers.run
    chips = [parts.chip(run.status, TONES[run.status], dot=True)]
    if run.kind == "train":
        chips += [parts.chip(method_words(run.config)), parts.chip(f"on {seen.parent}")]
    chips.append(f'<span class="h-small">asked for {parts.ago(run.created_at, now())}</span>')
    return (
        f'<div class="h-head"><div class="h-eyebrow">Run {run.number}, {DOES[run.kind].lower()}</div>'
        f'<h1 class="h-title">{esc(what(seen))}</h1>{parts.ROW.format("".join(chips))}</div>'
    )


def _live(number: int, status: str) -> None:
    """The numbers of a run that goes on; when it begins or ends, the whole page is drawn once more."""
    found = run_view.numbers(shell.store(), number)
    if found.run.status != status:
        st.rerun()
    _figures(found)


def _live_course(number: int) -> None:
    _course(run_view.run_view(shell.store(), number))


def _figures(found: Numbers) -> None:
    run = found.run
    if run.status == "waiting":
        parts.message(in_words(found.place) if found.place else "It waits for its turn.", "unsure")
        return
    if run.message and run.status != "done":
        parts.message(run.message, "bad" if run.status == "failed" else "accent")
    if not found.ended:
        _progress(found)
    if run.kind == "train":
        parts.stats(*_main_figures(found))
        run_parts.small_figures(*_small_figures(found))
    elif run.kind == "suggest" and run.result:
        parts.stats(
            ("Answered", run.result["answered"], "pairs without a response"),
            ("Read", run.result["read"], "responses that were there"),
            ("Took", took(run), ""),
        )
    elif run.kind != "search":
        parts.stats(("Tokens a second", number(found.tokens_per_second, 0), ""), ("Took", took(run), ""))


def _progress(found: Numbers) -> None:
    if found.stage:
        parts.progress(round(100 * (found.share or 0)), 100, clipped(f"{found.stage[:1].upper()}{found.stage[1:]}", 80))
    elif found.total_steps:
        left = f", about {parts.duration(found.eta_seconds)} left" if found.eta_seconds else ""
        parts.progress(found.step or 0, found.total_steps, f"Step {found.step or 0:,} of {found.total_steps:,}{left}")
    else:
        parts.note("Loading the model.")


def _main_figures(found: Numbers) -> list[tuple[str, object, str]]:
    best = f"best {found.best[1]:.3f} at step {found.best[0]:,}" if found.best else "measured at the end of a pass"
    figures: list[tuple[str, object, str]] = [
        ("Training loss", number(found.loss), "of the last step"),
        ("Validation loss", number(found.validation_loss), best),
        ("Gap", number(found.gap), "validation less training"),
    ]
    if found.ended:
        return [*figures, ("Took", took(found.run), f"{found.step:,} steps" if found.step else "")]
    return [*figures, ("Left", parts.duration(found.eta_seconds), f"step {found.step:,}" if found.step else "")]


def _small_figures(found: Numbers) -> list[tuple[str, str]]:
    told = {
        "learning rate": None if found.learning_rate is None else f"{found.learning_rate:.3g}",
        "tokens a second": None if found.tokens_per_second is None else f"{found.tokens_per_second:,.0f}",
        "gradient norm": None if found.grad_norm is None else f"{found.grad_norm:.3g}",
        "memory": None if found.memory_mb is None else f"{found.memory_mb / 1024:,.1f} GB",
        "passes": None if found.epoch is None else f"{found.epoch:.2g} of {found.run.config.get('epochs', '–')}",
    }
    return [(name, value) for name, value in told.items() if value is not None]


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or a dash while there is none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace("-", "\u2212")


def took(run: Run) -> str:
    """How long a run has worked."""
    if run.started_at is None:
        return "–"
    return parts.duration(((run.finished_at or now()) - run.started_at).total_seconds())


def _course(seen: RunView) -> None:
    """The curves, what they say, and what the model answered on the way."""
    for remark in seen.course.remarks:
        st.html(f'<div class="h-message unsure" role="status"><b>{esc(remark.says)}</b> {esc(remark.next)}</div>')
    total, found = seen.numbers.total_steps, seen.course
    drawn = curve.loss_svg(seen.losses, seen.validation, total, found.smoothed, found.best)
    if drawn:
        drawn += curve.rate_svg(seen.rates, total)
        st.html(f'<div class="h-card h-chart">{parts.drawn(drawn)}</div>')
    run_parts.samples(seen)
    run_parts.plan(seen.plan)


def _buttons(person: Person, seen: RunView) -> None:
    run = seen.numbers.run

    def cancel() -> str:
        iterations.cancel(shell.runtime(), person, run)
        return "Asked to stop: what it has learnt is saved first." if run.status == "running" else "It is cancelled."

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
