"""Pairs: the list under a filter with what a lead does with it, one pair's story, and the way in for a file."""

from functools import partial

import streamlit as st

from hone.labeling import filtering
from hone.labeling.checks.kinds import KINDS
from hone.platform import story
from hone.platform.frame import filter_line, parts, shell
from hone.platform.frame.safe_html import clipped, diff, esc
from hone.platform.story import Told
from hone.platform.views import checks, exporting, importing, pair_texts, pairs_acts, sending_back
from hone.storage import pairs
from hone.storage.filters import PairFilter
from hone.storage.pairs import Pair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id, now

SHOWN = 25
TONES: dict[str, parts.Tone] = {
    "open": "", "disputed": "unsure", "agreed": "accent", "approved": "good", "rejected": "bad",
}  # fmt: skip
_AFTER = "hone_pairs_after"


def page() -> None:
    """Draw the list, or what was opened from it: a pair, the import, the export."""
    person = shell.signed_in("lead", "expert")
    project = shell.project(person)
    chosen = shell.inside("pairs")
    if chosen == "import" and person.has("lead"):
        _back()
        importing.draw(project, person)
    elif chosen == "checks":
        _back()
        checks.draw(project, person)
    elif chosen == "export" and person.has("lead"):
        _export(project, person)
    elif chosen:
        _back()
        with shell.trouble():
            _one(project, person, chosen)
    else:
        _all(project, person)


def _export(project: Project, person: Person) -> None:
    """The way out for the pairs of the filter; what is approved of them, unless it says other states."""
    _back()
    wanted = filter_line.chosen(project, person)
    meant = wanted if wanted.states else wanted.model_copy(update={"states": ("approved",)})
    parts.heading("Export pairs", filtering.text_of(meant))
    exporting.draw(project, person, meant)


def _back() -> None:
    st.button(
        "All pairs", key="pairs-back", type="tertiary", icon=":material/arrow_back:", on_click=partial(_open, None)
    )


def _open(view: str | None) -> None:
    shell.opened("pairs", view)


def _all(project: Project, person: Person) -> None:
    with shell.store().read() as cursor:
        total = pairs.count(cursor, project.id)
    if not total:
        _none_yet(person)
        return
    lead = f"{total:,} in this project. Every text and every opinion that it ever had is kept."
    with parts.heading_with("Pairs", lead):
        st.button("Checks", key="checks", on_click=partial(_open, "checks"), icon=":material/fact_check:")
        if person.has("lead"):
            st.button("Import a file", key="import", on_click=partial(_open, "import"), icon=":material/upload:")
    shell.said()
    wanted = filter_line.chosen(project, person)
    with shell.store().read() as cursor:
        counts = pairs.counts(cursor, project.id, wanted.model_copy(update={"states": ()}))
    filter_line.state_control(counts, wanted, "pairs")
    filter_line.draw(project, person, wanted, "pairs")
    meant = sum(counts[state] for state in wanted.states) if wanted.states else sum(counts.values())
    if person.has("lead") and meant:
        pairs_acts.draw(project, person, wanted, meant)
    _list(project, wanted)


def _none_yet(person: Person) -> None:
    parts.heading("Pairs")
    parts.empty(
        "No pairs yet",
        "Bring a JSONL, CSV or JSON file of instructions and responses. You see what will happen before it does.",
    )
    if person.has("lead"):
        with shell.centre():
            st.button("Import a file", key="import", type="primary", on_click=partial(_open, "import"))


def _list(project: Project, wanted: PairFilter) -> None:
    after = _places(wanted)
    with shell.store().read() as cursor:
        found = pairs.listing(cursor, project.id, wanted, after=after[-1], limit=SHOWN + 1)
    if not found:
        parts.note("No pair fits. Take something out of the filter.")
        return
    for pair in found[:SHOWN]:
        _row(pair)
    _pager(after, found, wanted)


def _places(wanted: PairFilter) -> list[int]:
    """The numbers after which the pages so far began; another filter begins anew."""
    kept: tuple[PairFilter, list[int]] | None = st.session_state.get(_AFTER)
    return kept[1] if kept and kept[0] == wanted else [0]


def _row(pair: Pair) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"row-{pair.id}"):
        asked = pair.context or pair.instruction
        why = parts.chip(clipped(pair.why, 40), "unsure") if pair.why != "new" and pair.state == "open" else ""
        found = [KINDS[kind] for kind in pair.checks or () if kind in KINDS]
        shown = "".join(parts.chip(kind.name, kind.tone) for kind in found[:2])
        more = parts.chip(f"+{len(found) - 2}") if len(found) > 2 else ""
        st.html(
            f'<div class="h-row"><span class="h-num h-small">{pair.number}</span>'
            f"<span>{parts.chip(pair.state, TONES[pair.state], dot=True)}</span>"
            f"<div><b>{esc(clipped(pair.response, 110)) or '(empty)'}</b><span>{esc(clipped(asked, 130))}</span></div>"
            f"<span>{parts.ROW.format(shown + more + why)}</span></div>",
            width="stretch",
        )
        st.button("Open", key=f"open-{pair.id}", type="tertiary", on_click=partial(_open, pair.id))


def _pager(after: list[int], found: list[Pair], wanted: PairFilter) -> None:
    def to(places: list[int]) -> None:
        st.session_state[_AFTER] = (wanted, places)

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
        pair_texts.draw(pair, told.response)
    with right:
        st.html('<div class="h-eyebrow">What happened</div>')
        names = {category.key: category.name for category in project.settings.taxonomy}
        st.html(f'<div class="h-story">{"".join(_told(each, names) for each in told.told)}</div>')
        if told.opinions:
            _send_back(project, person, told)
        if told.hidden:
            parts.note("What others said is kept back, so that every opinion is somebody's own.")


def _send_back(project: Project, person: Person, told: story.Story) -> None:
    """A lead gives an opinion of this round back to its expert."""
    token = st.session_state.setdefault(f"hone_story_{told.pair.id}", new_id())
    if st.session_state.get(f"hone_back_{token}"):
        forget = partial(st.session_state.pop, f"hone_story_{told.pair.id}", None)
        sending_back.form(project, person, told.pair, told.opinions, token, done=forget)
    else:
        st.button("Send an opinion back", key=f"back-{token}", on_click=partial(sending_back.ask, token))


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
