"""Adjudicate: what waits for a lead. Experts who differ, agreements to sign off, and flags that nobody resolved."""

from typing import Literal, TypeAlias, get_args

import streamlit as st

from hone.labeling import adjudication
from hone.labeling.adjudication import Waits
from hone.platform.frame import parts, shell
from hone.platform.views import deciding, open_flags
from hone.storage.people import Person
from hone.storage.projects import Project

Tab: TypeAlias = Literal["disputed", "agreed", "flags"]
TABS: tuple[Tab, ...] = get_args(Tab)
NAMES: dict[Tab, str] = {"disputed": "Disputes", "agreed": "Sign-offs", "flags": "Flags"}
NOUNS: dict[Tab, str] = {"disputed": "dispute", "agreed": "agreement", "flags": "flag"}
EMPTY: dict[Tab, tuple[str, str]] = {
    "disputed": ("Nobody differs", "When two experts disagree about a pair, you decide here between their versions."),
    "agreed": ("Nothing to sign off", "What the experts agree on comes here when the project asks for a lead's word."),
    "flags": ("No flag is open", "Words that experts flag come here, until somebody says what became of them."),
}
_PLACE = "hone_adjudicate_place"


def page() -> None:
    """Draw what waits next."""
    person = shell.signed_in("lead")
    _adjudicate(shell.project(person), person)


@st.fragment
def _adjudicate(project: Project, person: Person) -> None:
    with shell.trouble():
        waits = adjudication.waits(shell.store(), project, person)
        tab = _tabs(project, waits)
        count = _count(waits, tab)
        if not count:
            st.html(shell.saved_mark() or "<span></span>")
            parts.empty(*EMPTY[tab])
            shell.way_on("batches", "See what can be frozen")
        elif tab == "flags":
            open_flags.draw(project, person)
        else:
            place = _place(count)
            found = adjudication.disputes(shell.store(), project, person, tab, limit=1, skip=place)
            if found:  # else somebody else decided it just now
                deciding.draw(project, person, found[0], f"{place + 1:,} of {parts.count(count, NOUNS[tab])}", _later)


def _tabs(project: Project, waits: Waits) -> Tab:
    """The heading, and which of the three lists is open: the one that was chosen, else the first with something."""
    shown: list[Tab] = [tab for tab in TABS if tab != "agreed" or project.settings.sign_off or waits.agreed]
    kept = shell.inside("adjudicate")
    waiting: list[Tab] = [tab for tab in shown if _count(waits, tab)]
    first: Tab = waiting[0] if waiting else TABS[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html('<h1 class="h-title">Adjudicate</h1>', width="stretch")
        chosen = st.segmented_control(
            "What waits",
            shown,
            default=kept if kept in shown else first,
            required=True,
            format_func=lambda tab: f"{NAMES[tab]} {_count(waits, tab):,}",
            key="adjudicate-tab",
            on_change=_turned,
            label_visibility="collapsed",
        )
    return TABS[TABS.index(chosen)] if chosen in shown else first


def _turned() -> None:
    shell.opened("adjudicate", st.session_state.get("adjudicate-tab"))
    st.session_state[_PLACE] = 0


def _count(waits: Waits, tab: Tab) -> int:
    return int(getattr(waits, tab))


def _place(total: int) -> int:
    """Which one is shown: later ones are looked at without deciding the first."""
    return int(st.session_state.get(_PLACE, 0)) % max(1, total)


def _later() -> None:
    st.session_state[_PLACE] = int(st.session_state.get(_PLACE, 0)) + 1
