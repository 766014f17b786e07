"""The filter of a list of pairs: a search box, one button that holds everything else, and chips of what is said.

What is chosen stands in the address as `where=...`, in the same words that commands take.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

import streamlit as st

from hone.labeling import filtering, kept_back
from hone.labeling.checks.kinds import KINDS
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import clipped, plain
from hone.storage import people, slices
from hone.storage.errors import HoneError
from hone.storage.filters import ANY, STATES, PairFilter, State
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.slices import Value

WHERE = "where"
FIELDS = 8  # fields of metadata that get a box; all others can be written
FEW, MANY = 2, 50  # values that a box offers
NAMES = {"check": "", "-check": "not ", "flag": "flagged ", "by": "by ", "since": "since ", "until": "until "}

Change = Callable[[PairFilter], PairFilter]


def chosen(project: Project, person: Person) -> PairFilter:
    """The filter that the address says; when it cannot be, what is wrong is said and every pair is meant."""
    try:
        wanted = filtering.may_ask(person, filtering.parse(str(st.query_params.get(WHERE, ""))))
        with shell.store().read() as cursor:
            return filtering.must_exist(cursor, project, wanted)
    except HoneError as problem:
        parts.message(str(problem), "bad")
        return PairFilter()


def choose(wanted: PairFilter) -> None:
    """Put a filter into the address."""
    text = filtering.text_of(wanted)
    if text:
        st.query_params[WHERE] = text
    else:
        st.query_params.pop(WHERE, None)


def draw(project: Project, person: Person, wanted: PairFilter, name: str) -> None:
    """The line with the search box, the button and the chips. `name` tells the page apart."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"filter-{name}"):
        _search(f"{name}-words", wanted.contains)
        with st.popover("Filter", icon=":material/tune:", key=f"{name}-more"):
            _boxes(project, person, wanted, name)
        _chips(wanted, name)


def _change(change: Change) -> None:
    try:
        choose(change(filtering.parse(str(st.query_params.get(WHERE, "")))))
    except HoneError:
        choose(PairFilter())


def _set(key: str, update: Callable[[Any], dict[str, Any]]) -> None:
    """What a box says now becomes a part of the filter."""
    value = st.session_state[key]
    _change(lambda wanted: wanted.model_copy(update=update(value)))


def _search(key: str, words: str) -> None:
    st.session_state[key] = words
    st.text_input(
        "Search",
        placeholder="Search in all texts",
        key=key,
        on_change=_set,
        args=(key, lambda text: {"contains": (text or "").strip()}),
        label_visibility="collapsed",
        icon=":material/search:",
        width=260,
    )


def _boxes(project: Project, person: Person, wanted: PairFilter, name: str) -> None:
    facets = _facets(shell.store(), project.id)
    left, right = st.columns(2)
    with left:
        for field, label in (("source", "File"), ("group", "Group")):
            given = wanted.source if field == "source" else wanted.group
            _one_of(f"{name}-{field}", label, facets[field], given, partial(_named, field))
        known = [field.removeprefix("metadata.") for field in facets if field.startswith("metadata.")]
        for own in kept_back.fields(known, person):
            field, given = f"metadata.{own}", wanted.metadata.get(own)
            _one_of(f"{name}-{field}", own, facets[field], given, partial(_of_metadata, wanted, own))
    with right:
        _several(f"{name}-check", "Found by checks", wanted.checks, lambda kinds: {"checks": tuple(kinds)})
        _several(f"{name}-uncheck", "Not found", wanted.without_checks, lambda kinds: {"without_checks": tuple(kinds)})
        if person.has("lead"):
            _said(project, wanted, name)
    if person.has("lead"):
        _scores(project, wanted, name)
    _as_text(wanted, name)


def _said(project: Project, wanted: PairFilter, name: str) -> None:
    """What was said about pairs: only a lead may ask, or an expert would learn what others think."""
    kinds = {ANY: "any flag", **{each.key: each.name for each in project.settings.taxonomy}}
    _named_one_of(f"{name}-flag", "Flagged", kinds, wanted.flagged, lambda key: {"flagged": key})
    key = f"{name}-resolved"
    st.session_state[key] = wanted.flags_resolved
    st.checkbox("All flags resolved", key=key, on_change=_set, args=(key, lambda on: {"flags_resolved": bool(on)}))
    with shell.store().read() as cursor:
        experts = {each.name: each.full_name for each in people.everyone(cursor) if each.has("expert")}
    _named_one_of(f"{name}-by", "Opinion of", experts, wanted.annotator, lambda key: {"annotator": key})
    _days(wanted, name)


def _scores(project: Project, wanted: PairFilter, name: str) -> None:
    rubric = project.settings.rubric
    columns = st.columns(min(3, max(1, len(rubric))))
    for place, dimension in enumerate(rubric):
        key, update = f"{name}-rated-{dimension.key}", partial(_rated, wanted, dimension.key)
        low, high = wanted.rated.get(dimension.key, (1.0, 5.0))
        st.session_state[key] = (max(1.0, low), min(5.0, high))
        with columns[place % len(columns)]:
            st.slider(
                plain(dimension.name), 1.0, 5.0, step=0.5, format="%.1f", key=key, on_change=_set, args=(key, update)
            )


def _rated(wanted: PairFilter, dimension: str, scores: tuple[float, float]) -> dict[str, Any]:
    others = {key: value for key, value in wanted.rated.items() if key != dimension}
    return {"rated": others if tuple(scores) == (1.0, 5.0) else {**others, dimension: tuple(scores)}}


def _days(wanted: PairFilter, name: str) -> None:
    since, until = st.columns(2)
    key = f"{name}-since"
    st.session_state[key] = wanted.since.date() if wanted.since else None
    since.date_input("Decided since", value=None, key=key, on_change=_set, args=(key, partial(_day, "since", 0)))
    key = f"{name}-until"
    st.session_state[key] = (wanted.until - timedelta(days=1)).date() if wanted.until else None
    until.date_input("until", value=None, key=key, on_change=_set, args=(key, partial(_day, "until", 1)))


def _day(bound: str, later: int, day: Any) -> dict[str, Any]:
    return {bound: datetime.combine(day, time()) + timedelta(days=later) if day else None}


def _named(field: str, value: str | None) -> dict[str, Any]:
    return {field: value or None}


def _of_metadata(wanted: PairFilter, field: str, value: str | None) -> dict[str, Any]:
    others = {key: given for key, given in wanted.metadata.items() if key != field}
    return {"metadata": {**others, field: value} if value else others}


def _one_of(
    key: str, label: str, values: list[Value], given: str | None, update: Callable[[Any], dict[str, Any]]
) -> None:
    """A box with the commonest values and their counts; others can be typed. None where there is nothing to choose."""
    counts = {each.value: each.pairs for each in values}
    if len(counts) < FEW and given is None:
        return
    options: list[str] = [*counts, *([given] if given is not None and given not in counts else [])]
    st.session_state[key] = given

    def shown(value: Any) -> str:
        return f"{clipped(str(value), 60)} · {counts[value]:,}" if value in counts else str(value)

    more: dict[str, Any] = {"accept_new_options": len(counts) >= MANY, "format_func": shown}
    st.selectbox(
        plain(label), options, index=None, placeholder="Any", key=key, on_change=_set, args=(key, update), **more
    )


def _named_one_of(
    key: str, label: str, names: dict[str, str], given: str | None, update: Callable[[Any], dict[str, Any]]
) -> None:
    st.session_state[key] = given
    options = [*names, *([given] if given is not None and given not in names else [])]
    st.selectbox(
        label,
        options,
        index=None,
        placeholder="Any",
        format_func=lambda value: str(names.get(value, value)),
        key=key,
        on_change=_set,
        args=(key, update),
    )


def _several(key: str, label: str, given: tuple[str, ...], update: Callable[[Any], dict[str, Any]]) -> None:
    st.session_state[key] = list(given)
    st.multiselect(
        label,
        [*KINDS, *(kind for kind in given if kind not in KINDS)],
        format_func=_check,
        placeholder="Any",
        key=key,
        on_change=_set,
        args=(key, update),
    )


def _as_text(wanted: PairFilter, name: str) -> None:
    key = f"{name}-text"
    st.session_state[key] = filtering.text_of(wanted)
    st.text_input(
        "The same in words, for commands: --where",
        placeholder="state=approved metadata.topic=termination rated.accuracy=1..2",
        key=key,
        on_change=lambda: st.query_params.update({WHERE: st.session_state[key] or ""}),
    )


def _chips(wanted: PairFilter, name: str) -> None:
    said = [(term, value) for term, value in filtering.terms(wanted) if term != "words"]
    if len(wanted.states) == 1:
        said = [(term, value) for term, value in said if term != "state"]
    for place, (term, value) in enumerate(said):
        st.button(
            plain(clipped(_says(term, value), 40)),
            key=f"chip-{name}-{place}",
            icon=":material/close:",
            icon_position="right",
            on_click=_change,
            args=(partial(_without, term, value),),
        )
    if filtering.terms(wanted):
        st.button("Clear", key=f"{name}-clear", type="tertiary", on_click=choose, args=(PairFilter(),))


def _without(term: str, value: str, wanted: PairFilter) -> PairFilter:
    return filtering.without(wanted, term, value)


def _says(term: str, value: str) -> str:
    """A term of a filter as a chip says it."""
    if term == "flags":
        return "flags resolved"
    if term.startswith(("metadata.", "rated.")):
        return f"{filtering.field_of(term)}: {value.replace('..', '–')}"
    if term in ("check", "-check"):
        return NAMES[term] + ("any finding" if value == ANY else _check(value).lower())
    return NAMES.get(term, f"{term}: ") + value


def _check(kind: str) -> str:
    return KINDS[kind].name if kind in KINDS else kind


@st.cache_data(ttl=20, max_entries=64, show_spinner=False)
def _facets(_store: Any, project_id: str) -> dict[str, list[Value]]:
    """The values of each field of a project; a few seconds old at most."""
    with _store.read() as cursor:
        fields = ["source", "group", *(f"metadata.{field}" for field in slices.fields(cursor, project_id))]
        found = {field: slices.values(cursor, project_id, field) for field in fields}
    plain_ones = {"source": found.pop("source"), "group": found.pop("group")}
    useful = {field: values for field, values in found.items() if FEW <= len(values) < MANY}
    return {**plain_ones, **dict(list(useful.items())[:FIELDS])}


def state_control(counts: dict[State, int], wanted: PairFilter, name: str) -> None:
    """The states with how many pairs of the filter are in each."""
    key = f"{name}-state"
    shown = ["all", *(state for state in STATES if state != "agreed" or counts[state] or "agreed" in wanted.states)]
    st.session_state[key] = wanted.states[0] if len(wanted.states) == 1 else "all"
    st.segmented_control(
        "State",
        shown,
        required=True,
        format_func=lambda each: (
            f"All {sum(counts.values()):,}" if each == "all" else f"{each.capitalize()} {counts[each]:,}"
        ),
        key=key,
        on_change=_set,
        args=(key, lambda state: {"states": () if state in (None, "all") else (state,)}),
        label_visibility="collapsed",
    )
