"""What a lead does with all pairs of a filter: send them to the experts, ask for more opinions, export, freeze."""

from functools import partial

import streamlit as st

from hone.labeling import feed, filtering, overlap
from hone.platform.frame import parts, shell
from hone.storage.filters import PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project


def draw(project: Project, person: Person, wanted: PairFilter, meant: int) -> None:
    """One quiet line under the filter: how many pairs are meant, and what can be done with them."""
    with st.container(horizontal=True, vertical_alignment="center", key="pairs-acts"):
        st.html(f'<div class="h-note">{parts.count(meant, "pair")}</div>', width="stretch")
        with st.popover("Send to experts", type="tertiary", icon=":material/low_priority:"):
            _send(project, person, wanted, meant)
        with st.popover("Ask for opinions", type="tertiary", icon=":material/group_add:"):
            _ask(project, person, wanted, meant)
        st.button(
            "Export",
            key="pairs-export",
            type="tertiary",
            icon=":material/download:",
            on_click=partial(shell.opened, "pairs", "export"),
        )
        if shell.can_go("batches") and st.button(
            "Freeze as a batch", key="pairs-freeze", type="tertiary", icon=":material/inventory_2:"
        ):
            shell.go("batches", where=filtering.text_of(wanted.model_copy(update={"states": ()})))


def _send(project: Project, person: Person, wanted: PairFilter, meant: int) -> None:
    parts.note("They come before all others. Experts read the reason beside the pair; what was said before stays.")
    st.text_input("Reason", key="send-why", placeholder="Clauses on termination read too softly", max_chars=200)
    st.checkbox("Also those that are decided: they start a new round", key="send-reopen")

    def deed() -> str:
        why, reopen = st.session_state["send-why"] or "", bool(st.session_state["send-reopen"])
        sent = feed.send_chosen(shell.store(), project, person, wanted, why, reopen=reopen)
        return says_sent(sent)

    st.button(f"Send {parts.count(meant, 'pair')}", key="send-go", type="primary", on_click=partial(shell.act, deed))


def says_sent(sent: feed.Sent) -> str:
    """What became of the pairs that were sent, in words."""
    told = [
        (sent.moved, "moved to the front of the queue"),
        (sent.reopened, "started a new round"),
        (sent.disputed, "waiting for a lead as before"),
    ]
    return (
        ", ".join(f"{number:,} {words}" for number, words in told if number) + "."
        if any(n for n, _ in told)
        else ("Nothing was sent: all of them are decided.")
    )


def _ask(project: Project, person: Person, wanted: PairFilter, meant: int) -> None:
    parts.note(
        f"The project asks for {parts.count(project.settings.overlap, 'opinion')} on each pair. Ask for more where it "
        "matters; pairs that are decided stay so."
    )
    least = project.settings.agree
    st.number_input("Opinions on each", least, overlap.MOST, max(least, project.settings.overlap), key="ask-opinions")

    def deed() -> str:
        asked = overlap.ask(shell.store(), project, person, wanted, int(st.session_state["ask-opinions"]))
        settled = f" {asked.settled:,} had enough and are settled." if asked.settled else ""
        decided = f" {parts.count(asked.decided, 'other')} stay as they are." if asked.decided else ""
        return f"{parts.count(asked.open, 'open pair')} now ask for {asked.opinions}.{settled}{decided}"

    st.button(
        f"Ask about {parts.count(meant, 'pair')}", key="ask-go", type="primary", on_click=partial(shell.act, deed)
    )
