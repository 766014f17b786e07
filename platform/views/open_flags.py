"""Open flags, one after the other: the words in their text, and what became of them."""

from functools import partial

import streamlit as st

from hone.labeling import flags
from hone.labeling.flags import FlagCount, OpenFlag
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import esc, marked, plain
from hone.storage.flags import Outcome
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id

SEVERITY = {1: "slight", 2: "serious", 3: "grave"}
OUTCOMES: tuple[tuple[Outcome, str, str], ...] = (
    ("mended", "Mended", "1"),
    ("accepted", "May stay", "2"),
    ("dismissed", "No flag", "3"),
)
FIELDS = {"instruction": "Instruction", "context": "Context", "response": "Response"}
_PLACE = "hone_flag_place"


def draw(project: Project, person: Person) -> None:
    """Draw the filters and the next flag."""
    names = {category.key: category.name for category in project.settings.taxonomy}
    counts = flags.counts(shell.store(), project, person)
    category, severity = _filters(counts, names)
    total = sum(_fits(each, category, severity) * each.open for each in counts)
    place = int(st.session_state.get(_PLACE, 0)) % max(1, total)
    found = flags.listing(shell.store(), project, person, category=category, severity=severity, limit=1, skip=place)
    if not found:
        parts.note("No open flag of this kind. Choose another.")
        return
    _one(project, person, found[0], names, (place + 1, total))


def _fits(each: FlagCount, category: str | None, severity: int | None) -> bool:
    return category in (None, each.category) and severity in (None, each.severity)


def _filters(counts: list[FlagCount], names: dict[str, str]) -> tuple[str | None, int | None]:
    by_category = {key: sum(e.open for e in counts if e.category == key) for key in {e.category for e in counts}}
    left, right = st.columns([1.4, 1])
    with left:
        category = st.selectbox(
            "Kind",
            ["", *sorted(by_category, key=lambda key: -by_category[key])],
            format_func=lambda key: f"{plain(names.get(key, key))} ({by_category[key]:,})" if key else "All kinds",
            key="flags-kind",
            on_change=_first,
        )
    with right:
        severity = st.segmented_control(
            "How grave",
            [0, 3, 2, 1],
            default=0,
            required=True,
            format_func=lambda each: SEVERITY[each].capitalize() if each else "All",
            key="flags-severity",
            on_change=_first,
        )
    return category or None, severity or None


def _first() -> None:
    st.session_state[_PLACE] = 0


def _later() -> None:
    st.session_state[_PLACE] = int(st.session_state.get(_PLACE, 0)) + 1


def _one(project: Project, person: Person, flag: OpenFlag, names: dict[str, str], place: tuple[int, int]) -> None:
    token = st.session_state.setdefault(f"hone_flag_{flag.flag_id}", new_id())
    tone: parts.Tone = "bad" if flag.severity == 3 else "unsure"
    chips = parts.chip(names.get(flag.category, flag.category), tone) + parts.chip(SEVERITY[flag.severity])
    chips += parts.chip(f"about {flag.protected_group}") if flag.protected_group else ""
    chips += parts.chip(f"Pair {flag.number}, {flag.pair_state}")
    st.html(
        f'<div class="h-top">{parts.ROW.format(chips)}<div class="h-progress">{shell.saved_mark()}'
        f"<span>{place[0]:,} of {parts.count(place[1], 'flag')}</span></div></div>"
    )
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        for field, name in FIELDS.items():
            _field(flag, field, name)
    with right:
        _told(flag)
    st.text_input("Reason", key=f"reason-{token}", on_change="ignore", placeholder="Why, in a few words")
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", key=f"decide-{token}"
    ):
        st.space("stretch")
        st.button("Later", key=f"later-{token}", shortcut="S", type="tertiary", on_click=_later)
        for outcome, label, shortcut in OUTCOMES:
            st.button(
                label,
                key=f"{outcome}-{token}",
                shortcut=shortcut,
                disabled=outcome == "mended" and flag.remains and flag.pair_state == "approved",
                on_click=partial(_resolve, project, person, flag, token, outcome),
            )


def _field(flag: OpenFlag, field: str, name: str) -> None:
    text = str(getattr(flag, field))
    if not text:
        return
    spans = [(flag.start, flag.end, "flagged")] if flag.field == field else []
    quiet = "" if flag.field == field else "h-quiet h-clip"
    st.html(f'<div class="h-field"><div class="h-eyebrow">{name}</div>{marked(text, spans, quiet)}</div>')


def _told(flag: OpenFlag) -> None:
    st.html(f'<div class="h-eyebrow">The words</div><div class="h-quoted">“{esc(flag.quote)}”</div>')
    for name, text in (("What is wrong", flag.comment), ("What would mend it", flag.mitigation)):
        if text:
            st.html(f'<div class="h-eyebrow">{name}</div><div class="h-small">{esc(text)}</div>')
    if flag.remains:
        parts.note("The words still stand in the text." if flag.pair_state == "approved" else "The words stand so far.")
    else:
        parts.field("The text now, without them", flag.now, "h-quiet h-clip")
    if shell.can_go("pairs") and st.button("Open the pair", key=f"pair-{flag.flag_id}", type="tertiary"):
        shell.go_inside("pairs", flag.pair_id)


def _resolve(project: Project, person: Person, flag: OpenFlag, token: str, outcome: Outcome) -> None:
    def deed() -> str:
        reason = st.session_state.get(f"reason-{token}") or ""
        flags.resolve(shell.store(), project, person, flag.flag_id, outcome, reason, f"flag-{token}")
        st.session_state.pop(f"hone_flag_{flag.flag_id}", None)
        return f"Flag on pair {flag.number}: {flags.SAYS[outcome]}."

    shell.act(deed)
