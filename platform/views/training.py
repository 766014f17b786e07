"""Training: the chain of models, what comes next for them, and the runs."""

from functools import partial

import streamlit as st

from hone.evaluation import matchups as making
from hone.evaluation.matchups import Progress
from hone.platform import chain, loop
from hone.platform.chain import Link
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import plain
from hone.platform.runs import iterations
from hone.platform.views import chained, preferring, queued, run, searching, starting, suggesting
from hone.storage import batches, matchups, models, runs
from hone.storage.batches import Batch
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.runs import Run
from hone.storage.store import Cursor


class Seen(Record):
    """What the page shows. `missing` are models that have not answered the newest model's test split.

    `asked` counts the items of that split that neither of the two rivals learnt from.
    """

    batches: tuple[Batch, ...]
    models: tuple[Model, ...]
    links: tuple[Link, ...]
    runs: tuple[Run, ...]
    rivals: tuple[Model, Model] | None
    missing: tuple[Model, ...]
    batch: Batch | None
    asked: int


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
        elif chosen == "search":
            searching.draw(project, person)
        else:
            run.draw(person, chosen)


def _open(view: str | int | None) -> None:
    shell.opened("training", view)


def _look(project: Project) -> Seen:
    links = chain.chain(shell.store(), project)
    with shell.store().read() as cursor:
        rivals = loop.rivals(cursor, project)
        batch = batches.get(cursor, rivals[0].batch_id) if rivals and rivals[0].batch_id else None
        missing = [each for each in rivals or () if batch and not models.answered(cursor, each.id, batch.id)]
        return Seen(
            batches=tuple(batches.listing(cursor, project.id)),
            models=tuple(models.listing(cursor, project.id)),
            links=links,
            runs=tuple(runs.listing(cursor, project.id)),
            rivals=rivals,
            missing=tuple(missing),
            batch=batch,
            asked=_asked(cursor, rivals, batch) if rivals and batch else 0,
        )


def _asked(cursor: Cursor, rivals: tuple[Model, Model], batch: Batch) -> int:
    """How many test items there are that neither learnt from."""
    learnt = models.learnt_items(cursor, rivals[0]) | models.learnt_items(cursor, rivals[1])
    if not learnt:
        return batch.counts.get("test", 0)
    return sum(item.pair_id not in learnt for item in batches.items(cursor, batch.id, "test"))


def _all(project: Project, person: Person, seen: Seen) -> None:
    lead = "Each frozen batch makes a new iteration. What a run does, it does in a folder of its own."
    with parts.heading_with("Training", lead):
        if seen.batches:
            st.button("Search settings", key="search", on_click=partial(_open, "search"))
            st.button("Train a model", key="start", type="primary", on_click=partial(_open, "start"))
    shell.said()
    queued.queue(project, person)
    if not seen.batches:
        suggesting.draw(project, person)
        parts.empty("No batch to learn from", "Freeze the approved pairs into a batch first.")
        shell.way_on("batches", "Freeze a batch")
    elif not seen.models:
        parts.empty(
            "No model yet",
            "Train one on a frozen batch: it becomes iteration 1, and the base it was trained on the one to beat.",
        )
        suggesting.draw(project, person)
    if seen.rivals and seen.batch:
        _compare(project, person, seen, seen.rivals, seen.batch)
    preferring.draw(project, person)
    chained.draw(seen.links)
    if seen.batches and seen.models:
        suggesting.draw(project, person)
    queued.ended(project, seen.runs)


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
    at_work = {each.model_id for each in seen.runs if each.status in queued.UNFINISHED and each.kind == "generate"}
    st.html(f"<b>Both must answer {parts.count(seen.asked, 'test item')} first.</b>")
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
