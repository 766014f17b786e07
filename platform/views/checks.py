"""Checks: what a machine found in the pairs, how many have it, what it means, and what can be mended at once."""

from functools import partial

import streamlit as st

from hone.labeling.checks import mending
from hone.labeling.checks.kinds import KINDS, Kind
from hone.platform.frame import filter_line, parts, shell
from hone.platform.frame.safe_html import clipped, esc
from hone.storage import findings, pairs
from hone.storage.filters import PairFilter
from hone.storage.findings import Count, Finding, Progress
from hone.storage.people import Person
from hone.storage.projects import Project

EXAMPLES = 3
LOOK = 2.0  # seconds between two looks at how far the checks are


def draw(project: Project, person: Person) -> None:
    """The kinds that were found, the most frequent first."""
    with shell.store().read() as cursor:
        progress = findings.progress(cursor, project.id)
        counted = [one for one in findings.counts(cursor, project.id) if one.kind in KINDS]
    parts.heading(
        "Checks",
        "What a machine found in the texts. It is a hint: experts see it as chips and decide for themselves.",
    )
    shell.said()
    if progress.checked < progress.total:
        _going_on(project.id)
    elif not counted and progress.total:
        parts.message(f"All {parts.count(progress.total, 'pair')} were checked, and nothing was found.", "good")
    for one in counted:
        _kind(project, person, KINDS[one.kind], one)
    _foot(project, person, progress)


@st.fragment(run_every=LOOK)
def _going_on(project_id: str) -> None:
    with shell.store().read() as cursor:
        progress = findings.progress(cursor, project_id)
    done = progress.checked == progress.total
    words = f"{progress.checked:,} of {progress.total:,} pairs checked" + ("" if done else ", it goes on by itself")
    parts.progress(progress.checked, progress.total, words)
    if done:
        st.rerun()


def _kind(project: Project, person: Person, kind: Kind, counted: Count) -> None:
    with shell.store().read() as cursor:
        some = findings.with_kind(cursor, project.id, [kind.key], limit=EXAMPLES)
        found = [one for one in findings.of_pairs(cursor, some) if one.kind == kind.key]
        numbers = {pair.id: pair.number for pair in pairs.many(cursor, some).values()}
    with st.container(key=f"check-{kind.key}", border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            chip = parts.chip(kind.name, kind.tone, dot=True)
            st.html(
                f"<div>{chip} <b>{parts.count(counted.pairs, 'pair')}</b>"
                f'<div class="h-note">{esc(kind.about)}</div></div>',
                width="stretch",
            )
            st.button("Show", key=f"show-{kind.key}", type="tertiary", on_click=partial(_show, kind.key))
            if kind.mend and counted.open and person.has("lead"):
                with st.popover(kind.mend.capitalize(), icon=":material/healing:"):
                    _offer(project, person, kind, counted)
        st.html("".join(_example(one, numbers[one.pair_id]) for one in _one_each(found)))


def _offer(project: Project, person: Person, kind: Kind, counted: Count) -> None:
    parts.note(f"{kind.mends} Pairs that an expert has open, or has spoken about, stay as they are.")

    def deed() -> str:
        made = mending.mend(shell.store(), project, person, [kind.key])
        shell.runtime().checker.wake()
        left = "; ".join(f"{count:,} left: {why}" for why, count in made.left_out.items())
        return f"{parts.count(made.pairs, 'pair')} mended." + (f" {left}." if left else "")

    st.button(
        f"{str(kind.mend).capitalize()} in {parts.count(counted.open, 'open pair')}",
        key=f"mend-{kind.key}",
        type="primary",
        on_click=partial(shell.act, deed),
    )


def _show(kind: str) -> None:
    filter_line.choose(PairFilter(checks=(kind,)))
    shell.opened("pairs", None)


def _one_each(found: list[Finding]) -> list[Finding]:
    """The first finding of each pair."""
    return list({one.pair_id: one for one in reversed(found)}.values())[::-1]


def _example(finding: Finding, number: int) -> str:
    place = f" {finding.field}" if finding.end else ""
    return f'<div class="h-small">#{number}{esc(place)}: {esc(clipped(finding.says, 120))}</div>'


def _foot(project: Project, person: Person, progress: Progress) -> None:
    if not person.has("lead") or not progress.total:
        return

    def deed() -> str:
        mending.check_again(shell.store(), project, person)
        shell.runtime().checker.wake()
        return "All pairs are checked anew."

    st.button(
        "Check all pairs again",
        key="check-again",
        type="tertiary",
        icon=":material/refresh:",
        on_click=partial(shell.act, deed),
    )
