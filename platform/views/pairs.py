"""Pairs: all of a project's pairs with where they stand, one pair's story, and the way in for a file."""

from functools import partial

import streamlit as st

from hone.platform import story
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, diff, esc
from hone.platform.story import Told
from hone.platform.views import importing
from hone.storage import pairs
from hone.storage.filters import PairFilter
from hone.storage.pairs import STATES, Pair, State
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import now

SHOWN = 25
TONES: dict[str, parts.Tone] = {"open": "", "disputed": "unsure", "approved": "good", "rejected": "bad"}
_AFTER = "hone_pairs_after"


def page() -> None:
    """Draw the list, or the one pair or the import that was chosen from it."""
    person = shell.signed_in("lead", "expert")
    project = shell.project(person)
    chosen = shell.inside("pairs")
    if chosen == "import" and person.has("lead"):
        _back()
        importing.draw(project, person)
    elif chosen:
        _back()
        with shell.trouble():
            _one(project, person, chosen)
    else:
        _all(project, person)


def _back() -> None:
    st.button(
        "All pairs", key="pairs-back", type="tertiary", icon=":material/arrow_back:", on_click=partial(_open, None)
    )


def _open(view: str | None) -> None:
    shell.opened("pairs", view)


def _all(project: Project, person: Person) -> None:
    with shell.store().read() as cursor:
        counts = pairs.counts(cursor, project.id)
    total = sum(counts.values())
    if not total:
        parts.heading("Pairs")
        parts.empty(
            "No pairs yet",
            "Bring a JSONL, CSV or JSON file of instructions and responses. You see what will happen before it does.",
        )
        if person.has("lead"):
            with shell.centre():
                st.button("Import a file", key="import", type="primary", on_click=partial(_open, "import"))
        return
    lead = f"{total:,} in this project. Every text and every opinion that it ever had is kept."
    with parts.heading_with("Pairs", lead):
        if person.has("lead"):
            st.button("Import a file", key="import", on_click=partial(_open, "import"), icon=":material/upload:")
    shell.said()
    state, words = _filters(counts)
    after = st.session_state.get(_AFTER) or [0]
    with shell.store().read() as cursor:
        wanted = PairFilter(states=(state,) if state else (), contains=words.strip())
        found = pairs.listing(cursor, project.id, wanted, after=after[-1], limit=SHOWN + 1)
    if not found:
        parts.note("No pair fits. Take another state, or other words.")
        return
    for pair in found[:SHOWN]:
        _row(pair)
    _pager(after, found)


def _filters(counts: dict[State, int]) -> tuple[State | None, str]:
    left, right = st.columns([1.7, 1], vertical_alignment="bottom")
    with left:
        picked = st.segmented_control(
            "State",
            ["all", *STATES],
            default="all",
            required=True,
            format_func=lambda each: (
                f"All {sum(counts.values()):,}" if each == "all" else f"{each.capitalize()} {counts[each]:,}"
            ),
            key="pairs-state",
            on_change=_first_page,
            label_visibility="collapsed",
        )
    with right:
        words = st.text_input(
            "Search",
            placeholder="Search in all texts",
            key="pairs-words",
            on_change=_first_page,
            label_visibility="collapsed",
            icon=":material/search:",
        )
    state: State | None = next((each for each in STATES if each == picked), None)
    return state, words or ""


def _first_page() -> None:
    st.session_state[_AFTER] = [0]


def _row(pair: Pair) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"row-{pair.id}"):
        asked = pair.context or pair.instruction
        why = parts.chip(clipped(pair.why, 40), "unsure") if pair.why != "new" and pair.state == "open" else ""
        st.html(
            f'<div class="h-row"><span class="h-num h-small">{pair.number}</span>'
            f"<span>{parts.chip(pair.state, TONES[pair.state], dot=True)}</span>"
            f"<div><b>{esc(clipped(pair.response, 110)) or '(empty)'}</b><span>{esc(clipped(asked, 130))}</span></div>"
            f"<span>{why}</span></div>",
            width="stretch",
        )
        st.button("Open", key=f"open-{pair.id}", type="tertiary", on_click=partial(_open, pair.id))


def _pager(after: list[int], found: list[Pair]) -> None:
    def to(places: list[int]) -> None:
        st.session_state[_AFTER] = places

    with shell.row():
        if len(after) > 1:
            st.button("Earlier", key="earlier", on_click=partial(to, after[:-1]), icon=":material/chevron_left:")
        if len(found) > SHOWN:
            st.button(
                "Later",
                key="later",
                on_click=partial(to, [*after, found[SHOWN - 1].number]),
                icon=":material/chevron_right:",
                icon_position="right",
            )


def _one(project: Project, person: Person, pair_id: str) -> None:
    told = story.story(shell.store(), project, person, pair_id)
    pair = told.pair
    parts.heading(f"Pair {pair.number}", eyebrow=pair.source)
    metadata = [parts.chip(f"{name}: {clipped(text, 40)}") for name, text in sorted(pair.metadata.items())]
    group = [parts.chip(clipped(pair.group, 50), "accent")] if pair.group else []
    parts.chips(parts.chip(pair.state, TONES[pair.state], dot=True), *group, *metadata)
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        parts.field("Instruction", pair.instruction)
        parts.field("Context", pair.context, "h-quiet h-quote")
        parts.field("Response as imported" if told.response != pair.response else "Response", pair.response)
        if told.response != pair.response:
            parts.field("Response as approved", told.response)
    with right:
        st.html('<div class="h-eyebrow">What happened</div>')
        names = {category.key: category.name for category in project.settings.taxonomy}
        st.html(f'<div class="h-story">{"".join(_told(each, names) for each in told.told)}</div>')
        if told.hidden:
            parts.note("What others said is kept back, so that every opinion is somebody's own.")


def _told(each: Told, names: dict[str, str]) -> str:
    chips = "".join(parts.chip(text) for text in each.chips) + (
        parts.chip("example data", "unsure") if each.example else ""
    )
    flags = "".join(
        f'<div class="h-small">{parts.chip(names.get(flag.category, flag.category), "unsure")} “{esc(flag.quote)}”'
        f" {esc(flag.comment)}</div>"
        for flag in each.flags
    )
    return (
        f'<div class="h-told {each.tone}"><div><b>{esc(each.who)}</b> {esc(each.says)}'
        f'<span class="h-small"> {parts.ago(each.at, now())}</span></div>'
        + (diff(each.pieces, "h-quiet") if each.pieces else "")
        + (parts.ROW.format(chips) if chips else "")
        + flags
        + (f'<div class="h-small">“{esc(each.note)}”</div>' if each.note else "")
        + "</div>"
    )
