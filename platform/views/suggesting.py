"""A panel: let the model suggest answers to open pairs, and see what the experts made of them."""

from functools import partial

import streamlit as st

from hone.labeling import suggesting
from hone.labeling.suggesting import AT_MOST, Taken, Waiting
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import esc, plain
from hone.platform.runs import suggestion
from hone.storage import models, runs, suggestions
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.runs import Run


class Seen(Record):
    """What the panel shows: the model that would suggest, what waits for it, how its answers fared."""

    model: Model | None
    waiting: Waiting
    taken: Taken
    at_work: Run | None


def draw(project: Project, person: Person) -> None:
    """Draw the panel for a lead; nothing when there is nothing to suggest and nothing was."""
    seen = _look(project)
    answers, reads = _to_do(project, seen)
    if not (answers or reads or seen.taken.shown or seen.at_work):
        return
    parts.section("Suggestions", "A model answers where a response is missing. Experts see that it is a machine's.")
    with st.container(key="card-suggest"):
        _start(project, person, seen, answers, reads)
        if seen.taken.shown:
            parts.note(suggesting.in_words(seen.taken))


def _look(project: Project) -> Seen:
    with shell.store().read() as cursor:
        model = models.current(cursor, project.id)
        busy = [run for run in runs.unfinished(cursor) if run.kind == "suggest" and run.project_id == project.id]
        return Seen(
            model=model,
            waiting=suggesting.waiting(cursor, project, model),
            taken=suggesting.taken(suggestions.uses_of_model(cursor, model.id) if model else []),
            at_work=busy[0] if busy else None,
        )


def _to_do(project: Project, seen: Seen) -> tuple[int, int]:
    """How many pairs would be answered and how many read, as the project's rules have it."""
    answers = 0 if project.settings.suggestions == "off" else seen.waiting.without
    return answers, seen.waiting.given if suggesting.reads(project) else 0


def _start(project: Project, person: Person, seen: Seen, answers: int, reads: int) -> None:
    if seen.at_work:
        parts.chips(parts.chip(f"Run {seen.at_work.number} is at it", "accent", dot=True))
        return
    if not answers and not reads:
        return
    who = seen.model.name if seen.model else "the base"
    waiting = [f"{parts.count(answers, 'open pair')} without a response"] if answers else []
    if reads:
        waiting.append(f"{parts.count(reads, 'response')} that {who} has not read")
    st.html(f"<b>{esc(' and '.join(waiting))}.</b>")
    base = _base(project, seen)
    most = f" The first {AT_MOST:,} go in one run." if answers + reads > AT_MOST else ""
    if most:
        parts.note(most.strip())
    with shell.row():
        st.button(
            plain(f"Let {who} {'suggest answers' if answers else 'read them'}"),
            key="suggest",
            type="primary",
            on_click=partial(shell.act, partial(_begin, project, person, seen.model, base)),
        )


def _base(project: Project, seen: Seen) -> str | None:
    """The base that is to be asked in a project without a model."""
    if seen.model is not None or "base" in project.settings.training:
        return None
    return st.text_input("Base model", key="suggest-base", placeholder="toy, a folder, or an id on the hub", width=420)


def _begin(project: Project, person: Person, model: Model | None, base: str | None) -> str:
    base = st.session_state.get("suggest-base") or base
    started = suggestion.start_suggestion(shell.runtime(), project, person, model, base=base if model is None else None)
    return f"Run {started.number} is on its way: experts see the answers when it is done."
