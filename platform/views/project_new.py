"""A new project on one page: from a template, from another project, or from a file. Nothing entered is lost."""

from functools import partial
from typing import Any

import streamlit as st

from hone.labeling.projects import project_file, setting_up
from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.templates.shelf import TEMPLATES, template
from hone.labeling.projects.templates.template import Template
from hone.platform import aiming, declared
from hone.platform.frame import kept_fields, parts, project_form, shell
from hone.platform.frame.kept_fields import start as start_of
from hone.platform.frame.project_form import ORDERS, TASKS
from hone.platform.frame.safe_html import esc, plain, prose
from hone.platform.views import project_examples, project_gate
from hone.storage.errors import HoneError
from hone.storage.people import Person
from hone.storage.projects import Example, Project, ProjectSettings

OPEN = "hone_new_project"
GOLD = 0.05  # share of gold pairs, once there are some: enough to notice a misunderstanding in the first hour
_OWN = "own"
_SLOTS = tuple((kind, number) for kind in ("good", "avoid") for number in (1, 2, 3))
_RULES = {
    "one": "One approval is enough",
    "two": "Two read it and must agree",
    "most": "Two of three must agree",
    "all": "Three read it and all must agree",
}
_COUNTS = {"one": (1, 1), "two": (2, 2), "most": (3, 2), "all": (3, 3)}
_SIZES = {0.7: "large: 7 of 10", 0.65: "clear: 13 of 20", 0.6: "small: 6 of 10"}


def show(on: bool) -> None:
    """Open the form of a new project, or close it."""
    st.session_state[OPEN] = on


def draw(person: Person, known: list[Project]) -> None:
    """Draw the form, and beside it what will be there."""
    parts.heading(
        "New project" if known else "Your first project",
        "Five minutes. Only the name is needed; everything can be changed afterwards.",
    )
    form, summary = st.columns([1.9, 1], gap="large")
    settings: ProjectSettings | None = None
    left_out: tuple[str, ...] = ()
    problem = ""
    with form:
        try:
            settings, left_out = _form(known)
        except HoneError as found:
            problem = str(found)
    with summary, st.container(key="card-set-summary"):
        _summary(settings, left_out)
        shell.said()
        if problem:
            parts.message(problem, "bad")
        _buttons(person, settings, first=not known)
    kept_fields.keep()


def _form(known: list[Project]) -> tuple[ProjectSettings | None, tuple[str, ...]]:
    """The settings that were entered and what of a file was left out; None for settings that are not there yet.

    Raises:
        HoneError: Something in them is wrong.
    """
    with st.container(key="card-set-name"):
        st.text_input(
            "Name",
            start_of("set-name", ""),
            key="set-name",
            max_chars=80,
            placeholder="Lease clauses in plain English",
        )
        ways = {"template": "A template", "project": "Another project", "file": "A file"}
        ways = ways if known else {name: says for name, says in ways.items() if name != "project"}
        start = st.segmented_control(
            "Start from",
            list(ways),
            format_func=ways.__getitem__,
            key="set-from",
            required=True,
            default=start_of("set-from", "template"),
        )
        if start == "project":
            return _of_project(known), ()
        if start == "file":
            return _of_file()
        chosen = _template()
    return _entered(chosen), ()


def _template() -> Template | None:
    names = {each.key: each.name for each in TEMPLATES} | {_OWN: "None of these"}
    key = st.pills(
        "Kind",
        list(names),
        format_func=names.__getitem__,
        key="set-template",
        required=True,
        default=start_of("set-template", _OWN),
    )
    chosen = None if key in (None, _OWN) else template(key)
    parts.note(chosen.says if chosen else "A rubric of accuracy, tone and completeness, and empty guidelines.")
    return chosen


def _entered(chosen: Template | None) -> ProjectSettings:
    """All of the form, in the order in which one thinks of it. It is drawn whole before anything is refused."""
    start = chosen.settings if chosen else default_settings()
    own = chosen.key if chosen else _OWN
    with st.container(key="card-set-what"):
        changes: dict[str, Any] = {
            "purpose": _line("What the answers are for", "set-purpose", chosen.purpose if chosen else ""),
            "audience": _line("Who acts on them", "set-audience", chosen.audience if chosen else ""),
        }
        changes |= _task(start, own)
    with st.container(key="card-set-examples"):
        changes["examples"] = _examples()
    with st.container(key="card-set-rule"):
        changes |= _rule(start, own)
        if chosen:
            parts.note(chosen.reasons[0])
    aim_card = st.container(key="card-set-aim")
    changes |= _reach(start, own, chosen.reasons if chosen else ())
    changes |= _written(start, own)
    with aim_card:
        compared = start.model_copy(update={name: changes[name] for name in ("task", "gate")})
        changes |= _aim(compared, own, chosen.worth_finding if chosen else 0.65)
    setting_up.checked_examples(changes["examples"])
    changes["gold_rate"] = GOLD if changes["examples"] else start.gold_rate
    changes["guidelines"] = setting_up.with_examples(changes["guidelines"], changes["examples"])
    return declared.changed(start, changes)


def _line(label: str, key: str, placeholder: str) -> str:
    return (st.text_input(label, start_of(key, ""), key=key, placeholder=placeholder) or "").strip()


def _task(start: ProjectSettings, own: str) -> dict[str, Any]:
    key = f"set-task-{own}"
    task = st.segmented_control(
        "The task",
        list(TASKS),
        format_func=TASKS.__getitem__,
        key=key,
        required=True,
        default=start_of(key, start.task),
    )
    if task != "classification":
        return {"task": "generation", "labels": ()}
    key = f"set-labels-{own}"
    labels = st.text_area("Labels, one in a line", start_of(key, "\n".join(start.labels)), key=key, height=100)
    return {"task": task, "labels": project_form.lines(labels or "")}


def _examples() -> tuple[Example, ...]:
    parts.section(
        "Answers in your own words",
        "Two or three that are good and two to avoid. They go into the guidelines, and each becomes a gold pair: its "
        "right decision is known.",
    )
    names = {"good": "Good", "avoid": "Avoid"}
    tabs = st.tabs([f"{names[kind]} {number}" for kind, number in _SLOTS], key="set-tabs")
    rows: list[dict[str, Any]] = []
    for tab, (kind, number) in zip(tabs, _SLOTS, strict=True):
        with tab:
            key = partial("set-{}{}-{}".format, kind, number)
            rows.append({**project_examples.fields(key, start_of), "good": kind == "good"})
    return project_form.examples(rows)


def _rule(start: ProjectSettings, own: str) -> dict[str, Any]:
    usual = next((name for name, counts in _COUNTS.items() if counts == (start.overlap, start.agree)), "two")
    left, right = st.columns([1.2, 1])
    key = f"set-rule-{own}"
    rule = left.radio(
        "When is a pair approved?",
        list(_RULES),
        index=list(_RULES).index(start_of(key, usual)),
        format_func=_RULES.__getitem__,
        key=key,
    )
    key = f"set-sign-{own}"
    sign_off = left.checkbox("and a lead signs off what they agree on", start_of(key, start.sign_off), key=key)
    order = right.radio(
        "Which pairs come first?",
        list(ORDERS),
        index=list(ORDERS).index(start_of("set-order", "oldest")),
        format_func=ORDERS.__getitem__,
        key="set-order",
    )
    overlap, agree = _COUNTS[rule]
    return {"overlap": overlap, "agree": agree, "sign_off": sign_off, "order": order}


def _aim(settings: ProjectSettings, own: str, worth: float) -> dict[str, Any]:
    key = f"set-size-{own}"
    size = st.segmented_control(
        "Which difference between two models must the test be able to find?",
        list(_SIZES),
        format_func=_SIZES.__getitem__,
        key=key,
        required=True,
        default=start_of(key, worth),
    )
    needed = aiming.pairs_for(size or worth, settings)
    key = f"set-aim-{needed}"
    aim = st.number_input("Approved pairs to reach", 1, 10_000_000, start_of(key, needed), key=key, width=200)
    told = aiming.reason(int(aim), settings)
    parts.note(told)
    return {"aim": int(aim), "aim_reason": told}


def _written(start: ProjectSettings, own: str) -> dict[str, str]:
    with st.expander("Guidelines"):
        key = f"set-guidelines-{own}"
        guidelines = st.text_area(
            "# begins a heading, - an item of a list; your examples are added at the end",
            start_of(key, start.guidelines),
            key=key,
            height=320,
        )
    with st.expander("Prompt template"):
        key = f"set-prompt-{own}"
        prompt = st.text_area("With {instruction} and {context}", start_of(key, start.template), key=key, height=190)
    return {"guidelines": (guidelines or "").strip(), "template": prompt or ""}


def _reach(start: ProjectSettings, own: str, reasons: tuple[str, ...]) -> dict[str, Any]:
    with st.expander("What a model must reach"):
        gate = project_gate.fields(start, partial("set-gate-{}-{}".format, own), start_of)
        parts.note(" ".join(reasons[1:]) or "Left empty, a metric has no rule.")
    return {"gate": gate}


def _of_project(known: list[Project]) -> ProjectSettings:
    names = {each.id: each.name for each in known}
    chosen = st.selectbox(
        "Copy the settings of", list(names), format_func=lambda each: plain(names[each]), key="set-of"
    )
    parts.note("Guidelines, rubric, flags, rules and gold examples; no pairs, no opinions.")
    return next(each.settings for each in known if each.id == (chosen or known[0].id))


def _of_file() -> tuple[ProjectSettings | None, tuple[str, ...]]:
    given = st.file_uploader("A file from Versions and file, or from `hone project export`", type="json", key="up-file")
    anyway = st.checkbox("Go on without what this Hone does not know", key="set-anyway")
    if given is None:
        return None, ()
    read = project_file.read(given.getvalue(), leave_out_unknown=anyway)
    return declared.check(read.settings), read.left_out


def _summary(settings: ProjectSettings | None, left_out: tuple[str, ...]) -> None:
    parts.section("What will be there")
    if settings is not None:
        good = sum(each.good for each in settings.examples)
        bad = len(settings.examples) - good
        rows = {
            "Rubric": ", ".join(each.name for each in settings.rubric),
            "Questions": ", ".join(each.name for each in settings.questions) or "none",
            "Flags": f"{len(settings.taxonomy)} kinds, {len(settings.protected_groups)} groups",
            "Rule": project_form.rule(settings),
            "Gold pairs": f"{good} good, {bad} to avoid" if settings.examples else "none yet",
            "Mixed in": f"{100 * settings.gold_rate:g} % gold, {100 * settings.repeat_rate:g} % hidden repeats",
            "Aim": f"{settings.aim:,} approved pairs" if settings.aim else "none",
        }
        st.html(
            "".join(f'<div class="h-field"><div class="h-eyebrow">{k}</div>{esc(v)}</div>' for k, v in rows.items())
        )
        if left_out:
            parts.message(f"Left out of the file: {', '.join(left_out)}.", "unsure")
        if settings.guidelines:
            with st.expander("Guidelines as experts see them"):
                st.html(prose(settings.guidelines))


def _buttons(person: Person, settings: ProjectSettings | None, first: bool) -> None:
    st.button(
        "Make the project",
        key="make",
        type="primary",
        disabled=settings is None,
        on_click=partial(shell.act, partial(_made, person, settings)),
    )
    if not first:
        st.button("Cancel", key="cancel-new", type="tertiary", on_click=partial(show, False))


def _made(person: Person, settings: ProjectSettings | None) -> str | None:
    if settings is None:
        return None
    state = st.session_state
    name = str(state.get("set-name") or "").strip()
    made = shell.store().write(lambda cursor: setting_up.begin(cursor, name, settings, person))
    state["hone_project"] = made.id
    state[OPEN] = False
    kept_fields.forget()
    return f"{made.name} is there. Import pairs next."
