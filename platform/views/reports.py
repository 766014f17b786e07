"""Reports: is the new model better, how sure is that, and what follows from it."""

import json
from functools import partial
from typing import TYPE_CHECKING, Literal

import streamlit as st

from hone.labeling import feed
from hone.labeling.feed import Sent
from hone.platform import loop
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, esc
from hone.platform.runs import iterations
from hone.storage import matchups, models, reports
from hone.storage.models import ModelDecision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import now
from hone.storage.reports import StoredReport

if TYPE_CHECKING:  # statistics take a second to import: only when a report is drawn
    from hone.evaluation.report import Report

TONES: dict[str, parts.Tone] = {"better": "good", "worse": "bad", "cannot tell yet": "unsure"}


def page() -> None:
    """Draw the list of reports, or the one that was chosen."""
    person = shell.signed_in("lead")
    project = shell.project(person)
    chosen = shell.inside("reports")
    with shell.trouble():
        if chosen is None:
            _all(project, person)
        else:
            _one(project, person, chosen)


def _open(number: int | None) -> None:
    shell.opened("reports", number)


def _all(project: Project, person: Person) -> None:
    with shell.store().read() as cursor:
        made = reports.listing(cursor, project.id)
        names = {model.id: model.name for model in models.listing(cursor, project.id)}
        rivals = loop.rivals(cursor, project)
    parts.heading("Reports", "Each says whether a new model is better than the one before it, and how sure that is.")
    shell.said()
    if rivals is None:
        parts.empty("Nothing to report on yet", "A report compares two models. Train one on a frozen batch first.")
        shell.way_on("training", "Train a model")
        return
    same = bool(made) and (made[-1].new_model, made[-1].old_model) == (rivals[0].id, rivals[1].id)
    _make(project, person, rivals[0].name, rivals[1].name, made[-1] if same else None)
    if not made:
        parts.empty("No report yet", "Make one when the reviewers have judged, or now, from the metrics alone.")
        return
    parts.section("So far")
    for stored in reversed(made):
        with st.container(horizontal=True, vertical_alignment="center", key=f"row-{stored.id}"):
            st.html(
                f'<div class="h-row h-wide"><span class="h-num h-small">{stored.number}</span>'
                f"<span>{parts.chip(stored.verdict, TONES[stored.verdict], dot=True)}</span>"
                f"<div><b>{esc(names[stored.new_model])} against {esc(names[stored.old_model])}</b>"
                f"<span>{esc(_evidence(stored))}</span></div>"
                f'<span class="h-small">{parts.ago(stored.made_at, now())}</span></div>',
                width="stretch",
            )
            st.button("Open", key=f"open-{stored.id}", type="tertiary", on_click=partial(_open, stored.number))


def _evidence(stored: StoredReport) -> str:
    """What a verdict rests on: the win rate with its interval and its votes."""
    from hone.evaluation.figures import percent, plural

    said = json.loads(stored.document)["preference"]
    if "undefined" in said:
        return "metrics alone, nobody judged"
    rate, votes = said["clustered"], plural(said["decisive"], "decisive vote")
    if "undefined" in rate:
        return f"judged blind, {votes}"
    between = rate["interval"]
    ends = "" if "undefined" in between else f", between {percent(between['low'])} and {percent(between['high'])}"
    return f"won {percent(rate['value'])} of {votes}{ends}"


def _make(project: Project, person: Person, new: str, old: str, last: StoredReport | None) -> None:
    """A report of the newest two models, from the last judged set when there is one."""
    with st.container(horizontal=True, vertical_alignment="center", key="card-make"):
        more = f"Report {last.number} compares them already; what was judged since goes into a new one." if last else ""
        st.html(f'<b>{esc(new)}</b> against <b>{esc(old)}</b><div class="h-small">{esc(more)}</div>', width="stretch")
        if st.button("Make the report", key="make-report", type="secondary" if last else "primary"):
            with st.spinner("Computing metrics and intervals"), shell.trouble():
                _open(_made(project, person).number)
                st.rerun()


def _made(project: Project, person: Person) -> StoredReport:
    from hone.evaluation import assemble

    with shell.store().read() as cursor:
        rivals = loop.rivals(cursor, project)
        sets = matchups.sets(cursor, project.id)
        newest = [
            made
            for made in sets
            if rivals and models.get_candidate(cursor, made.new_candidate).model_id == rivals[0].id
        ]
    if newest:
        return assemble.make(shell.store(), project, person, made=newest[-1])
    return assemble.make(
        shell.store(), project, person, new=rivals[0] if rivals else None, old=rivals[1] if rivals else None
    )


def _one(project: Project, person: Person, number: int) -> None:
    from hone.evaluation import assemble, render
    from hone.evaluation.style import CSS

    with shell.store().read() as cursor:
        stored = reports.numbered(cursor, project.id, number)
    report = assemble.parsed(stored)
    st.button(
        "All reports", key="reports-back", type="tertiary", icon=":material/arrow_back:", on_click=partial(_open, None)
    )
    shell.said()
    first, rest = _halves(render.report_html(report))
    st.html(f'<style>{CSS}</style><div class="hone-report">{parts.drawn(first)}</div>')
    _take_away(stored, render.render_html(report))
    _follow_up(project, person, stored, report)
    st.html(f'<div class="hone-report">{parts.drawn(rest)}</div>')


def _halves(html: str) -> tuple[str, str]:
    """What stands before the first section (verdict and figures), and the sections."""
    first, mark, rest = html.partition("<section")
    return first, mark + rest


def _take_away(stored: StoredReport, html: str) -> None:
    with shell.row():
        st.download_button(
            "Download HTML",
            html,
            f"hone-report-{stored.number}.html",
            "text/html",
            key=f"html-{stored.id}",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Download JSON",
            stored.document,
            f"hone-report-{stored.number}.json",
            "application/json",
            key=f"json-{stored.id}",
            on_click="ignore",
            icon=":material/download:",
        )
        st.html(f'<span class="h-small h-mono">sha256 {esc(stored.sha256[:16])}…</span>')


def _follow_up(project: Project, person: Person, stored: StoredReport, report: "Report") -> None:
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="card-decide"):
        _decision(project, person, stored)
    with right, st.container(key="card-send"):
        _send(project, person, stored, report)


def _decision(project: Project, person: Person, stored: StoredReport) -> None:
    with shell.store().read() as cursor:
        model = models.get(cursor, stored.new_model)
        decided = [each for each in models.decisions(cursor, project.id) if each.model_id == model.id]
    st.html(f'<div class="h-eyebrow">Decide</div><div class="h-todo">Shall {esc(model.name)} be used?</div>')
    if decided:
        _last(decided[-1])

    def deed(decision: Literal["promote", "reject"]) -> str:
        act = iterations.promote if decision == "promote" else iterations.reject
        act(shell.store(), project, person, model, st.session_state.get(f"why-{stored.id}") or "", stored)
        return f"{model.name} {'is the champion now' if decision == 'promote' else 'is not used'}."

    st.text_input("Why", key=f"why-{stored.id}", placeholder="What decided it", on_change="ignore")
    with shell.row():
        st.button("Promote", key=f"good-promote-{stored.id}", on_click=partial(shell.act, partial(deed, "promote")))
        st.button("Reject", key=f"bad-reject-{stored.id}", on_click=partial(shell.act, partial(deed, "reject")))


def _last(decided: ModelDecision) -> None:
    tone: parts.Tone = "good" if decided.decision == "promote" else "bad"
    word = "promoted" if decided.decision == "promote" else "rejected"
    st.html(
        f"{parts.chip(word, tone)} <span class='h-small'>“{esc(decided.reason)}”, "
        f"{parts.ago(decided.created_at, now())}</span>"
    )


def _send(project: Project, person: Person, stored: StoredReport, report: "Report") -> None:
    choices = _choices(report)
    st.html('<div class="h-eyebrow">Next queue</div><div class="h-todo">Send what it shows to the experts.</div>')
    if not choices:
        parts.note("This report has no regression, disagreement or slice to send.")
        return
    chosen = st.selectbox("What", list(choices), format_func=choices.__getitem__, key=f"send-{stored.id}")
    if chosen.startswith("slice"):
        st.checkbox("Open decided pairs again", key=f"reopen-{stored.id}", value=True, on_change="ignore")

    def deed() -> str:
        reopen = bool(st.session_state.get(f"reopen-{stored.id}"))
        sent = _sent(project, person, stored, report, chosen, reopen)
        return f"{parts.count(sent.reopened, 'pair')} opened again, {sent.moved:,} moved to the front of the queue."

    st.button("Send to the queue", key=f"send-now-{stored.id}", on_click=partial(shell.act, deed))


def _choices(report: "Report") -> dict[str, str]:
    """What can be sent, by a key of ours, in words."""
    found = report.examples
    lists = {
        "regressions": (found.regressions, "The worst regressions"),
        "disagreements": (found.disagreements, "Where people and ROUGE-L disagree most"),
    }
    choices = {key: f"{says} ({parts.count(len(items), 'pair')})" for key, (items, says) in lists.items() if items}
    for index, part in enumerate(report.slices):
        choices[f"slice {index}"] = f"All pairs whose {clipped(part.field, 30)} is {clipped(part.value, 40)}"
    return choices


def _sent(project: Project, person: Person, stored: StoredReport, report: "Report", chosen: str, reopen: bool) -> Sent:
    why = f"report {stored.number}: "
    if chosen.startswith("slice"):
        part = report.slices[int(chosen.removeprefix("slice "))]
        return feed.send_slice(
            shell.store(),
            project,
            person,
            part.field,
            part.value,
            why + f"{clipped(part.field, 40)} is {clipped(part.value, 60)}",
            stored.id,
            reopen=reopen,
        )
    told = report.examples.regressions if chosen == "regressions" else report.examples.disagreements
    word = "the new model got worse here" if chosen == "regressions" else "people and metric disagree here"
    return feed.send_pairs(shell.store(), project, person, [each.item for each in told], why + word, stored.id)
