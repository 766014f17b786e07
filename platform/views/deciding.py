"""One pair that waits for a lead: the versions side by side without names, the choice, the reason, the decision."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from hone.labeling import adjudication
from hone.labeling.adjudication import Dispute, Version
from hone.labeling.diff import word_diff
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import diff, esc, marked
from hone.platform.views import sending_back
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id

OWN = "own"
START = "the start"
PLAIN = "nothing"


def draw(project: Project, person: Person, dispute: Dispute, place: str, later: Callable[[], None]) -> None:
    """Draw one pair; `place` says which of how many it is, `later` goes on without a decision."""
    token = st.session_state.setdefault(f"hone_dispute_{dispute.pair.id}", new_id())
    _top(dispute, place)
    parts.field("Instruction", dispute.start.instruction)
    parts.field("Context", dispute.start.context, "h-quiet h-quote h-clip")
    against = _against(dispute, token)
    with st.container(key=f"versions-{token}"):
        _versions(project, dispute, against)
    if st.session_state.get(f"hone_back_{token}"):
        labels = {version.label: f"Version {version.label}" for version in dispute.versions}
        sending_back.form(project, person, dispute.pair, labels, token, done=partial(_forget, dispute))
    else:
        _decision(project, person, dispute, token, later)


def _top(dispute: Dispute, place: str) -> None:
    pair = dispute.pair
    chips = parts.chip(f"Pair {pair.number}") + (parts.chip(pair.group) if pair.group else "")
    if dispute.agreed:
        chips += parts.chip("the experts agree", "good")
    st.html(
        f'<div class="h-top">{parts.ROW.format(chips)}<div class="h-progress">{shell.saved_mark()}'
        f"<span>{place}</span></div></div>"
    )


def _against(dispute: Dispute, token: str) -> str:
    """What the versions are compared with; the button, and the key D, goes on to the next."""
    options = [START, *(f"version {version.label}" for version in dispute.versions), PLAIN]
    key = f"hone_against_{token}"
    chosen: str = st.session_state.get(key, START)

    def turn() -> None:
        st.session_state[key] = options[(options.index(chosen) + 1) % len(options)]

    with shell.row():
        st.html('<div class="h-eyebrow">Versions</div>', width="stretch")
        st.button(
            f"Compared with {chosen}",
            key=f"against-{token}",
            shortcut="D",
            type="tertiary",
            icon=":material/compare_arrows:",
            on_click=turn,
        )
    return chosen


def _versions(project: Project, dispute: Dispute, against: str) -> None:
    base = next((each.response for each in dispute.versions if f"version {each.label}" == against), None)
    text = dispute.start.response if against == START else base
    three = "" if len(dispute.versions) in (1, 2, 4) else " h-three"
    st.html(f'<div class="h-sides{three}">{"".join(_version(project, each, text) for each in dispute.versions)}</div>')


def _version(project: Project, version: Version, against: str | None) -> str:
    """One expert's opinion under its letter: decision, text with what differs, scores, flags, note."""
    names = {category.key: category.name for category in project.settings.taxonomy}
    tone: parts.Tone = "good" if version.decision == "approve" else "bad"
    word = ("approves with changes" if version.edited else "approves") if tone == "good" else "rejects"
    chips = parts.chip(word, tone) + "".join(parts.chip(name, "unsure") for name in version.categories)
    spans = [
        (f.start, f.end, names.get(f.category, f.category))
        for f in version.flags
        if f.field == "response" and version.response[f.start : f.end] == f.quote
    ]
    differs = against is not None and against != version.response
    text = diff(word_diff(against or "", version.response), "h-wide") if differs else ""
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
        f"{parts.ROW.format(chips)}{text or marked(version.response, spans, 'h-wide')}"
        f"{parts.ROW.format(scores)}{told}{note}</div>"
    )


def _decision(project: Project, person: Person, dispute: Dispute, token: str, later: Callable[[], None]) -> None:
    chosen = st.session_state.get(_version_key(token), dispute.agreed)
    left, right = st.columns([1.5, 1], gap="large", vertical_alignment="bottom")
    with left, shell.row():
        for place, version in enumerate(dispute.versions, start=1):
            _choice(f"Version {version.label}", version.label, str(place), chosen, token)
        _choice("A text of mine", OWN, "E", chosen, token)
    with right:
        st.text_input("Reason", key=f"reason-{token}", on_change="ignore", placeholder="What decided it")
    if chosen == OWN:
        st.text_area("Your text", dispute.start.response, key=f"own-{token}", height="content")
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", key=f"decide-{token}"
    ):
        st.space("stretch")
        decide = partial(_decide, project, person, dispute, token)
        st.button("Later", key=f"later-{token}", shortcut="S", type="tertiary", on_click=later)
        st.button("Send back", key=f"back-{token}", shortcut="B", on_click=partial(sending_back.ask, token))
        st.button("Reject the pair", key=f"bad-{token}", shortcut="X", on_click=partial(decide, "reject"))
        st.button(
            "Approve this text",
            key=f"good-{token}",
            shortcut="A",
            type="primary",
            disabled=chosen is None,
            on_click=partial(decide, "approve"),
        )


def _version_key(token: str) -> str:
    return f"hone_version_{token}"


def _choice(label: str, value: str, shortcut: str, chosen: str | None, token: str) -> None:
    def choose() -> None:
        st.session_state[_version_key(token)] = value

    st.button(
        label,
        key=f"choose-{value}-{token}",
        shortcut=shortcut,
        type="primary" if chosen == value else "secondary",
        on_click=choose,
    )


def _decide(
    project: Project, person: Person, dispute: Dispute, token: str, decision: Literal["approve", "reject"]
) -> None:
    def deed() -> str:
        state = st.session_state
        chosen = state.get(_version_key(token), dispute.agreed) if decision == "approve" else None
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
        _forget(dispute)
        return f"Pair {dispute.pair.number} {'approved' if decision == 'approve' else 'rejected'} and saved."

    shell.act(deed)


def _forget(dispute: Dispute) -> None:
    """The pair is done with: should it come back, it gets widgets of its own."""
    st.session_state.pop(f"hone_dispute_{dispute.pair.id}", None)
