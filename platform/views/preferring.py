"""A panel: let a model learn from what reviewers preferred, and know beforehand what that costs in test items."""

from functools import partial

import streamlit as st

from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import esc, plain
from hone.platform.runs import preference
from hone.platform.runs.preference import Planned, Preview
from hone.platform.runs.preferred import LEAST, LEAVE
from hone.storage import batches, matchups, pairs, reports, runs
from hone.storage.batches import Batch
from hone.storage.matchups import MatchupSet
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.runs import Run
from hone.storage.store import Cursor

WAYS = {
    "dpo": "The better answer against the other one (DPO)",
    "kto": "Better answers as good, the others as bad (KTO)",
    "reviews": "The batch's approvals and the experts' rejections (KTO)",
}


class Seen(Record):
    """What the panel shows: the newest set when its judging is over, the newest batch, and the runs of preferences."""

    made: MatchupSet | None
    batch: Batch | None
    rejected: int
    runs: tuple[Run, ...]


def draw(project: Project, person: Person) -> None:
    """Draw the panel for a lead; nothing when nobody preferred anything yet."""
    seen = _look(project)
    if seen.made is None:
        return
    parts.section("Learn from the judgements", "A model becomes likelier to answer as reviewers liked it better.")
    with st.container(key="card-prefer"):
        earlier = next((run for run in seen.runs if _is_of(run, seen.made)), None)
        if earlier is not None:
            _told(earlier, seen.made)
        else:
            _offer(project, person, seen, seen.made)


def _look(project: Project) -> Seen:
    with shell.store().read() as cursor:
        known = [run for run in runs.listing(cursor, project.id) if run.config.get("objective") in ("dpo", "kto")]
        made = batches.listing(cursor, project.id)
        return Seen(
            made=_judged(cursor, project),
            batch=made[-1] if made else None,
            rejected=pairs.counts(cursor, project.id)["rejected"],
            runs=tuple(run for run in known if run.status not in ("failed", "cancelled")),
        )


def _judged(cursor: Cursor, project: Project) -> MatchupSet | None:
    """The newest set, when all of its judgements are there or a report was made of it."""
    sets = matchups.sets(cursor, project.id)
    if not sets:
        return None
    reported = {stored.set_id for stored in reports.listing(cursor, project.id)}
    return sets[-1] if sets[-1].id in reported or preference.is_finished(cursor, sets[-1]) else None


def _is_of(run: Run, made: MatchupSet) -> bool:
    return str(run.config.get("run", "")).endswith(f" on matchup set {made.number}")


def _told(run: Run, made: MatchupSet) -> None:
    if run.status == "done":
        st.html(f"<b>Set {made.number} was learnt from in run {run.number}.</b> {esc(run.message)}")
    else:
        parts.chips(parts.chip(f"Run {run.number} learns from set {made.number}", "accent", dot=True))


def _offer(project: Project, person: Person, seen: Seen, made: MatchupSet) -> None:
    ways = [way for way in WAYS if way != "reviews" or (seen.batch and seen.rejected >= LEAST)]
    above = st.container(gap="small")
    with st.expander("Other ways, and how many test items are left"):
        way = st.selectbox("What is learnt", ways, format_func=WAYS.__getitem__, key="prefer-way")
        leave = st.number_input(
            "Test items that must be left",
            min_value=0,
            value=LEAVE,
            key="prefer-leave",
            disabled=way == "reviews",
            help="Whole documents are kept back until so many are left to test the new model.",
        )
    planned = _planned(project, seen, made, way, leave)
    with above:
        _price(planned.preview)
        st.button(
            plain(f"Let {planned.preview.parent_name} learn"),
            key="prefer",
            disabled=planned.preview.problem is not None,
            on_click=partial(shell.act, partial(_begin, project, person, planned)),
        )


def _planned(project: Project, seen: Seen, made: MatchupSet, way: str, leave: int) -> Planned:
    if way == "reviews" and seen.batch is not None:
        return preference.from_reviews(shell.store(), project, seen.batch)
    return preference.from_set(shell.store(), project, made, "kto" if way == "kto" else "dpo", leave=leave)


def _price(found: Preview) -> None:
    st.html(f"<b>{esc(found.problem or found.says)}</b>")
    if found.problem is None:
        out = ", ".join(f"{count:,} {why}" for why, count in found.left_out.items())
        rows = f"{parts.count(found.train, 'row')} to learn, {found.validation:,} held out to check it."
        parts.note(f"{rows} Left out: {out}." if out else rows)
    for warning in found.warnings:
        parts.note(warning)


def _begin(project: Project, person: Person, planned: Planned) -> str:
    run = preference.start(shell.runtime(), project, person, planned)
    return f"Run {run.number} learns from {planned.preview.of}: its model is the next iteration."
