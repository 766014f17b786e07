"""What a search has found so far: its best settings, its trials as charts and as a table."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import streamlit as st

from hone.platform import run_words
from hone.platform.frame import parts, shell, trial_charts
from hone.platform.frame.safe_html import clipped, esc
from hone.platform.run_view import Numbers
from hone.platform.runs import searching
from hone.platform.runs.searched import at_an_end, trials_of
from hone.platform.words import figure
from hone.storage import projects
from hone.storage.people import Person
from hone.storage.runs import Run
from hone.training.config import SearchConfig
from hone.training.search import Trial, best_of
from hone.training.searching.space import usual

TONES: dict[str, parts.Tone] = {"done": "", "pruned": "unsure", "failed": "bad"}
SHOWN = 30


def draw(person: Person, found: Numbers) -> None:
    """Draw the trials that have ended; nothing before the first."""
    run = found.run
    config = SearchConfig.model_validate(run.config)
    trials = trials_of(shell.store(), run)
    if not trials:
        return
    best = best_of(trials)
    planned = (found.total_steps or config.trials * config.folds) // config.folds
    _figures(run, trials, planned, best)
    if best:
        _best(person, run, config, best, trials)
    chart = trial_charts.trials_svg(trials, planned)
    parts.section(
        "Trials", f"Dots are trials, the green one is the best, the line is the best so far. {_unusual(trials)}"
    )
    st.html(f'<div class="h-card h-chart h-full">{parts.drawn(chart)}</div>')
    against = trial_charts.settings_svg(trials, config.space)
    if against:
        parts.section("Loss against each setting", _importance(run))
        st.html(f'<div class="h-card h-chart h-full">{parts.drawn(against)}</div>')
    _table(config, trials, best)


def _figures(run: Run, trials: Sequence[Trial], planned: int, best: Trial | None) -> None:
    states = Counter[str](trial.state for trial in trials)
    beside = [
        f"{states[state]} {word}"
        for state, word in (("pruned", "stopped early"), ("failed", "failed"))
        if states[state]
    ]
    parts.stats(
        ("Best loss", figure(best.loss if best else None), "nats, mean over the folds"),
        ("Between folds", f"± {figure(best.spread)}" if best else "–", "standard deviation"),
        ("Trials", f"{len(trials):,} of {planned:,}", ", ".join(beside)),
        ("Took", run_words.took(run), ""),
    )


def _best(person: Person, run: Run, config: SearchConfig, best: Trial, trials: Sequence[Trial]) -> None:
    parts.section("Best settings", _compared(config, best, trials))
    with st.container(key="card-best", horizontal=True, vertical_alignment="center"):
        told = "".join(f"<span>{esc(name)} <b>{esc(_short(value))}</b></span>" for name, value in best.settings.items())
        st.html(f'<div class="h-facts">{told}</div>', width="stretch")
        if run.status == "done":
            st.button(
                "Train with these settings",
                key="train-winner",
                type="primary",
                on_click=partial(shell.act, partial(_train, person, run)),
            )
    if run.status == "done" and (said := at_an_end(config, best.settings)):
        parts.message(said, "unsure")


def _train(person: Person, run: Run) -> str:
    with shell.store().read() as cursor:
        project = projects.get(cursor, run.project_id)
    made = searching.train_winner(shell.runtime(), project, person, run)
    shell.opened("training", made.number)
    return f"Run {made.number} trains on the whole batch with the settings that won run {run.number}."


def _compared(config: SearchConfig, best: Trial, trials: Sequence[Trial]) -> str:
    """Against the settings as they stood, where they were tried whole."""
    own = usual(config.space, config.train)
    same = next((trial for trial in trials if trial.settings == own and trial.loss is not None), None)
    if same is None or same.loss is None or best.loss is None:
        return f"Trial {best.number}."
    if same.number == best.number:
        return "These are the settings as they stood: no trial was better."
    gain = f"Trial {best.number}: {figure(same.loss - best.loss)} lower than the settings as they stood"
    within = same.spread is not None and same.loss - best.loss < same.spread
    return f"{gain}, which is less than the folds differ." if within else f"{gain}."


def _unusual(trials: Sequence[Trial]) -> str:
    states = {trial.state for trial in trials}
    told = {"pruned": "Rings were stopped early, at the mean of the folds that they saw.", "failed": "Crosses failed."}
    marks = [words for state, words in told.items() if state in states]
    return " ".join([*marks, *(["Arrows lie far above."] if trial_charts.any_far(trials) else [])])


def _importance(run: Run) -> str:
    shares = (run.result or {}).get("importance")
    if not shares:
        return ""
    return "How much each decided: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()) + "."


def _table(config: SearchConfig, trials: Sequence[Trial], best: Trial | None) -> None:
    ordered = sorted(trials, key=lambda trial: (trial.loss is None, trial.loss or 0.0, trial.number))
    parts.section("All trials", "The best first.")
    names = list(config.space)
    heads = ["Trial", "Loss", "± folds", *names, "", "Took"]
    figures = [0, 1, 2, *range(3, 3 + len(names)), 4 + len(names)]
    with st.container(key="card-trials"):
        parts.table(heads, [_row(trial, names, trial == best) for trial in ordered[:SHOWN]], figures)
        if len(ordered) > SHOWN:
            with st.expander(parts.count(len(ordered) - SHOWN, "more trial")):
                parts.table(heads, [_row(trial, names, False) for trial in ordered[SHOWN:]], figures)


def _row(trial: Trial, names: Sequence[str], best: bool) -> list[str]:
    chip = parts.chip("best", "good") if best else parts.chip(_STATES[trial.state], TONES[trial.state])
    reason = f'<div class="h-small">{esc(clipped(trial.reason, 160))}</div>' if trial.reason else ""
    settings = [esc(_short(trial.settings[name])) for name in names]
    losses = [figure(trial.loss), figure(trial.spread)]
    state = "" if trial.state == "done" and not best else chip
    return [str(trial.number), *losses, *settings, state + reason, parts.duration(trial.seconds)]


_STATES = {"done": "done", "pruned": "stopped early", "failed": "failed"}


def _short(value: float | int | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
