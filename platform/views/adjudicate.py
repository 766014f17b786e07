"""Adjudicate: where experts differ, a lead reads their versions without names and decides."""

from functools import partial
from typing import Literal

import streamlit as st

from hone.labeling import adjudication
from hone.labeling.adjudication import Dispute, Version
from hone.labeling.diff import word_diff
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import diff, esc, marked
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id

OWN = "own"


def page() -> None:
    """Draw the next dispute."""
    person = shell.signed_in("lead")
    _adjudicate(shell.project(person), person)


@st.fragment
def _adjudicate(project: Project, person: Person) -> None:
    with shell.trouble():
        waiting = adjudication.disputes(shell.store(), project, person)
        _top(waiting, shell.saved_mark())
        if not waiting:
            parts.empty(
                "Nobody differs", "When two experts disagree about a pair, you decide here between their versions."
            )
            shell.way_on("batches", "See what can be frozen")
            return
        dispute = waiting[_place(len(waiting))]
        token = st.session_state.setdefault(f"hone_dispute_{dispute.pair.id}", new_id())
        parts.field("Instruction", dispute.start.instruction)
        parts.field("Context", dispute.start.context, "h-quiet h-quote h-clip")
        _versions(project, dispute)
        _decision(project, person, dispute, token)


def _top(waiting: list[Dispute], saved: str) -> None:
    if not waiting:
        parts.heading("Adjudicate")
        if saved:
            st.html(saved)
        return
    place = _place(len(waiting))
    pair = waiting[place].pair
    chips = parts.ROW.format(parts.chip(f"Pair {pair.number}") + (parts.chip(pair.group) if pair.group else ""))
    st.html(
        f'<div class="h-top"><h1 class="h-title">Adjudicate</h1>{chips}<div class="h-progress">{saved}'
        f"<span>{place + 1} of {parts.count(len(waiting), 'dispute')}</span></div></div>"
    )


def _place(total: int) -> int:
    """Which dispute is shown: later ones are looked at without deciding the first."""
    return int(st.session_state.get("hone_dispute_place", 0)) % max(1, total)


def _later() -> None:
    st.session_state["hone_dispute_place"] = int(st.session_state.get("hone_dispute_place", 0)) + 1


def _versions(project: Project, dispute: Dispute) -> None:
    start = dispute.start.response
    for group in (dispute.versions[at : at + 2] for at in range(0, len(dispute.versions), 2)):
        st.html(f'<div class="h-sides">{"".join(_version(project, each, start) for each in group)}</div>')


def _version(project: Project, version: Version, start: str) -> str:
    """One expert's opinion under its letter: decision, text with changes, scores, flags, note."""
    names = {category.key: category.name for category in project.settings.taxonomy}
    tone: parts.Tone = "good" if version.decision == "approve" else "bad"
    word = ("approves with changes" if version.edited else "approves") if tone == "good" else "rejects"
    chips = parts.chip(word, tone) + "".join(parts.chip(name, "unsure") for name in version.categories)
    flags = [flag for flag in version.flags if flag.field == "response"]
    spans = [(f.start, f.end, names.get(f.category, f.category)) for f in flags if f.remains]
    text = diff(word_diff(start, version.response), "h-wide") if version.edited else marked(start, spans, "h-wide")
    scores = "".join(
        parts.chip(f"{d.name} {version.ratings[d.key]}") for d in project.settings.rubric if d.key in version.ratings
    )
    told = "".join(
        f'<div class="h-small">{parts.chip(names.get(flag.category, flag.category), "unsure")} '
        f"“{esc(flag.quote)}” {esc(flag.comment)}</div>"
        for flag in version.flags
    )
    note = f'<div class="h-small">“{esc(version.note)}”</div>' if version.note else ""
    return (
        f'<div class="h-side"><div class="h-eyebrow">Version {esc(version.label)}</div>'
        f"{parts.ROW.format(chips)}{text}{parts.ROW.format(scores)}{told}{note}</div>"
    )


def _decision(project: Project, person: Person, dispute: Dispute, token: str) -> None:
    options = [version.label for version in dispute.versions] + [OWN]
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        chosen = st.segmented_control(
            "Which text is right",
            options,
            default=options[0],
            required=True,
            format_func=lambda label: "A text of mine" if label == OWN else f"Version {label}",
            key=f"version-{token}",
        )
        if chosen == OWN:
            st.text_area("Your text", dispute.start.response, key=f"own-{token}", height="content")
    with right:
        st.text_input("Reason", key=f"reason-{token}", on_change="ignore", placeholder="What decided it")
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", key=f"decide-{token}"
    ):
        st.space("stretch")
        decide = partial(_decide, project, person, dispute, token)
        st.button("Later", key=f"later-{token}", shortcut="S", type="tertiary", on_click=_later)
        st.button("Reject the pair", key=f"bad-{token}", shortcut="X", on_click=partial(decide, "reject"))
        st.button(
            "Approve this text", key=f"good-{token}", shortcut="A", type="primary", on_click=partial(decide, "approve")
        )


def _decide(
    project: Project, person: Person, dispute: Dispute, token: str, decision: Literal["approve", "reject"]
) -> None:
    def deed() -> str:
        state = st.session_state
        chosen = state.get(f"version-{token}") if decision == "approve" else None
        adjudication.decide(
            shell.store(),
            project,
            person,
            dispute.pair.id,
            decision,
            version=None if chosen == OWN else chosen,
            response=state.get(f"own-{token}") if chosen == OWN else None,
            reason=state.get(f"reason-{token}") or "",
            request_key=f"adjudicate-{token}",
        )
        state.pop(f"hone_dispute_{dispute.pair.id}", None)
        return f"Pair {dispute.pair.number} {'approved' if decision == 'approve' else 'rejected'} and saved."

    shell.act(deed)
