"""Training: the chain of models, what comes next for them, and the runs."""

from functools import partial

import streamlit as st

from hone.evaluation import matchups as making
from hone.evaluation.matchups import Progress
from hone.platform import loop
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, esc, plain
from hone.platform.runs import iterations
from hone.platform.views import run, starting, suggesting
from hone.storage import batches, matchups, models, runs
from hone.storage.batches import Batch
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, now
from hone.storage.runs import Run

TONES: dict[str, parts.Tone] = {
    "waiting": "unsure",
    "running": "accent",
    "done": "good",
    "failed": "bad",
    "cancelled": "",
}


UNFINISHED = ("waiting", "running")
LOOK_EVERY = 2.0  # seconds, while a run is at work


class Seen(Record):
    """What the page shows. `missing` are models that have not answered the newest model's test split."""

    batches: tuple[Batch, ...]
    models: tuple[Model, ...]
    champion: Model | None
    runs: tuple[Run, ...]
    rivals: tuple[Model, Model] | None
    missing: tuple[Model, ...]
    batch: Batch | None


def page() -> None:
    """Draw all runs and models, the start of a run, or one run."""
    person = shell.signed_in("lead")
    project = shell.project(person)
    chosen = shell.inside("training")
    if chosen is None:
        with shell.trouble():
            _all(project, person, _look(project))
        return
    st.button("All runs", key="runs-back", type="tertiary", icon=":material/arrow_back:", on_click=partial(_open, None))
    with shell.trouble():
        if chosen == "start":
            starting.draw(project, person)
        else:
            run.draw(person, chosen)


def _open(view: str | int | None) -> None:
    shell.opened("training", view)


def _look(project: Project) -> Seen:
    with shell.store().read() as cursor:
        rivals = loop.rivals(cursor, project)
        batch = batches.get(cursor, rivals[0].batch_id) if rivals and rivals[0].batch_id else None
        missing = [each for each in rivals or () if batch and not models.answered(cursor, each.id, batch.id)]
        return Seen(
            batches=tuple(batches.listing(cursor, project.id)),
            models=tuple(models.listing(cursor, project.id)),
            champion=models.champion(cursor, project.id),
            runs=tuple(runs.listing(cursor, project.id)),
            rivals=rivals,
            missing=tuple(missing),
            batch=batch,
        )


def _all(project: Project, person: Person, seen: Seen) -> None:
    lead = "Each frozen batch makes a new iteration. What a run does, it does in a folder of its own."
    with parts.heading_with("Training", lead):
        if seen.batches:
            st.button("Train a model", key="start", type="primary", on_click=partial(_open, "start"))
    if not seen.batches:
        shell.said()
        suggesting.draw(project, person)
        parts.empty("No batch to learn from", "Freeze the approved pairs into a batch first.")
        shell.way_on("batches", "Freeze a batch")
        _runs(project, seen)
        return
    shell.said()
    if seen.models:
        parts.section("Models")
        st.html(f'<div class="h-chain">{"".join(_model(each, seen) for each in seen.models)}</div>')
    if seen.rivals and seen.batch:
        _compare(project, person, seen, seen.rivals, seen.batch)
    suggesting.draw(project, person)
    _runs(project, seen)


def _model(model: Model, seen: Seen) -> str:
    champion = seen.champion is not None and seen.champion.id == model.id
    batch = next((each.number for each in seen.batches if each.id == model.batch_id), None)
    learnt = f"learnt from batch {batch}" if batch else "as it came"
    chip = parts.chip("champion", "good") if champion else ""
    digest = (model.sha256 or model.base_sha256 or "")[:10]
    place = f"Iteration {model.number}" if model.number else "Base"
    return (
        f'<div class="h-stop {"here" if champion else ""}"><div class="h-eyebrow">{place}{chip}</div>'
        f"<b>{esc(clipped(model.name, 28))}</b>"
        f'<span>{learnt}</span><span class="h-mono">{esc(digest)}</span></div>'
    )


def _compare(project: Project, person: Person, seen: Seen, rivals: tuple[Model, Model], batch: Batch) -> None:
    """The way from two models to a blind judgement: answers first, then matchups."""
    new, old = rivals
    parts.section("Compare", f"{new.name} against {old.name}, on the test split of batch {batch.number}.")
    with st.container(key="card-compare"):
        if seen.missing:
            _generate(project, person, batch, seen)
        else:
            _matchups(project, person, batch, new, old)


def _generate(project: Project, person: Person, batch: Batch, seen: Seen) -> None:
    at_work = {each.model_id for each in seen.runs if each.status in UNFINISHED and each.kind == "generate"}
    st.html(f"<b>Both must answer the {batch.counts.get('test', 0):,} test items first.</b>")
    with shell.row():
        for model in seen.missing:
            if model.id in at_work:
                st.html(parts.chip(f"{model.name} is answering", "accent", dot=True), width="content")
                continue
            st.button(
                plain(f"Let {model.name} answer"),
                key=f"generate-{model.id}",
                type="primary",
                on_click=partial(shell.act, partial(_start_generation, project, person, batch, model)),
            )


def _start_generation(project: Project, person: Person, batch: Batch, model: Model) -> str:
    started = iterations.start_generation(shell.runtime(), project, person, batch, model)
    return f"Run {started.number} lets {model.name} answer."


def _matchups(project: Project, person: Person, batch: Batch, new: Model, old: Model) -> None:
    def deed() -> str:
        made = making.make(shell.store(), project, person, batch, new, old)
        return f"Matchup set {made.number} waits for the reviewers."

    with shell.store().read() as cursor:
        made = [each for each in matchups.sets(cursor, project.id) if making.models_of(cursor, each)[0].id == new.id]
    if not made:
        st.html("<b>Both have answered.</b> Reviewers can now judge them blind.")
        st.button("Make matchups", key="matchups", type="primary", on_click=partial(shell.act, deed))
        return
    _judged(made[-1].number, making.progress(shell.store(), made[-1]))
    shell.way_on("reports", "To the reports", key="compare", centred=False)


def _judged(number: int, found: Progress) -> None:
    said = f"Set {number}: {found.judged:,} of {found.wanted:,} judgements of {parts.count(found.matchups, 'matchup')}"
    parts.progress(found.judged, found.wanted, said)
    chips = [parts.chip(f"{name} {count:,}") for name, count in found.by_reviewer.items()]
    if found.identical:
        chips.append(parts.chip(f"{found.identical:,} left out: same answer"))
    parts.chips(*chips)


def _says(run: Run, model: str, batch: int | None) -> str:
    """What a run does, in a few words."""
    if run.kind == "train":
        return f"Training, batch {batch}"
    return f"Answers of {model}, batch {batch}" if run.kind == "generate" else f"Suggestions of {model}"


def _at_work(project: Project) -> dict[str, str]:
    """The runs that have not ended, by id, with where they stand."""
    with shell.store().read() as cursor:
        return {each.id: each.status for each in runs.listing(cursor, project.id) if each.status in UNFINISHED}


def _until_changed(project: Project, before: dict[str, str]) -> None:
    """Draw the page anew as soon as one of these runs is elsewhere: then there is a next thing to do."""
    if _at_work(project) != before:
        st.rerun()


def _runs(project: Project, seen: Seen) -> None:
    if not seen.runs:
        return
    parts.section("Runs")
    at_work = _at_work(project)
    if at_work:
        st.fragment(_until_changed, run_every=LOOK_EVERY)(project, at_work)
    numbers = {each.id: each.number for each in seen.batches}
    names = {each.id: each.name for each in seen.models}
    for each in seen.runs[:40]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"row-{each.id}"):
            what = _says(each, names.get(each.model_id or "", "a model"), numbers.get(each.batch_id or ""))
            st.html(
                f'<div class="h-row"><span class="h-num h-small">{each.number}</span>'
                f"<span>{parts.chip(each.status, TONES[each.status], dot=True)}</span>"
                f"<div><b>{esc(what)}</b>"
                f"<span>{esc(clipped(each.message, 150))}</span></div>"
                f'<span class="h-small">{parts.ago(each.created_at, now())}</span></div>',
                width="stretch",
            )
            st.button("Open", key=f"open-{each.id}", type="tertiary", on_click=partial(_open, each.number))
