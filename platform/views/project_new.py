"""A new project on one page: from a template, from another project, or from a file. Nothing entered is lost."""

from functools import partial
from typing import Any

import streamlit as st

from hone.labeling import project_file, setting_up
from hone.labeling.defaults import default_settings
from hone.labeling.templates.shelf import TEMPLATES, template
from hone.labeling.templates.template import Template
from hone.platform import aiming, declared
from hone.platform.frame import parts, project_form, shell
from hone.platform.frame.project_form import ORDERS, TASKS
from hone.platform.frame.safe_html import esc, plain, prose
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings

OPEN = "hone_new_project"
_KEPT = "hone_set_up"  # what was entered, over a visit to another page
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
    _restore()
    parts.heading(
        "New project" if known else "Your first project",
        "Five minutes. Only the name is needed; everything can be changed afterwards.",
    )
    shell.said()
    form, summary = st.columns([1.9, 1], gap="large")
    with form:
        settings, left_out = _form(known)
    with summary, st.container(key="card-set-summary"):
        _summary(person, settings, left_out, first=not known)
    _keep()


def example(start: str) -> dict[str, str]:
    """Draw the fields of one example; gives what they hold."""
    return {
        "instruction": st.text_area("Instruction", key=f"{start}-instruction", height=68) or "",
        "context": st.text_area("Context, if there is one", key=f"{start}-context", height=68) or "",
        "response": st.text_area("Response", key=f"{start}-response", height=90) or "",
        "why": st.text_input("Why", key=f"{start}-why", placeholder="what makes it so") or "",
    }


def _form(known: list[Project]) -> tuple[ProjectSettings | None, tuple[str, ...]]:
    """The settings that were entered, or None while something is wrong, which is told in its place."""
    with st.container(key="card-set-name"):
        st.text_input("Name", key="set-name", max_chars=80, placeholder="Lease clauses in plain English")
        ways = {"template": "A template", "project": "Another project", "file": "A file"}
        ways = ways if known else {name: says for name, says in ways.items() if name != "project"}
        st.segmented_control(
            "Start from", list(ways), format_func=ways.__getitem__, key="set-from", required=True, default="template"
        )
        start = st.session_state.get("set-from")
        if start == "project":
            return _of_project(known), ()
        if start == "file":
            return _of_file()
        chosen = _template()
    with shell.trouble():
        return declared.check(_entered(chosen)), ()
    return None, ()


def _template() -> Template | None:
    names = {each.key: each.name for each in TEMPLATES} | {_OWN: "None of these"}
    st.pills("Kind", list(names), format_func=names.__getitem__, key="set-template", required=True, default=_OWN)
    key = st.session_state.get("set-template") or _OWN
    chosen = None if key == _OWN else template(key)
    parts.note(chosen.says if chosen else "A rubric of accuracy, tone and completeness, and empty guidelines.")
    return chosen


def _entered(chosen: Template | None) -> ProjectSettings:
    """All of the form, in the order in which one thinks of it."""
    start = chosen.settings if chosen else default_settings()
    own = chosen.key if chosen else _OWN
    with st.container(key="card-set-what"):
        changes: dict[str, Any] = {
            "purpose": _line("What the answers are for", "set-purpose", chosen.purpose if chosen else ""),
            "audience": _line("Who acts on them", "set-audience", chosen.audience if chosen else ""),
        }
        changes |= _task(start, own)
    with st.container(key="card-set-examples"):
        changes["examples"] = setting_up.checked_examples(_examples())
    with st.container(key="card-set-rule"):
        changes |= _rule(start, own)
    with st.container(key="card-set-aim"):
        settings = declared.changed(start, changes)
        aim = _aim(settings, own, chosen.worth_finding if chosen else 0.65)
    guidelines = _advanced(start, own)
    written = setting_up.with_examples(guidelines["guidelines"], settings.examples)
    return declared.changed(settings, {**aim, **guidelines, "guidelines": written})


def _line(label: str, key: str, placeholder: str) -> str:
    return (st.text_input(label, key=key, placeholder=placeholder) or "").strip()


def _task(start: ProjectSettings, own: str) -> dict[str, Any]:
    task = st.segmented_control(
        "The task", list(TASKS), format_func=TASKS.__getitem__, key=f"set-task-{own}", required=True, default=start.task
    )
    if task != "classification":
        return {"task": "generation", "labels": ()}
    _default(f"set-labels-{own}", "\n".join(start.labels))
    labels = st.text_area("Labels, one in a line", key=f"set-labels-{own}", height=100)
    return {"task": task, "labels": project_form.lines(labels or "")}


def _examples() -> Any:
    parts.section(
        "Answers in your own words",
        "Two or three that are good and two to avoid. They go into the guidelines, and each becomes a gold pair: its "
        "right decision is known.",
    )
    names = {"good": "Good", "avoid": "Avoid"}
    rows = []
    for tab, (kind, number) in zip(
        st.tabs([f"{names[k]} {n}" for k, n in _SLOTS], key="set-tabs"), _SLOTS, strict=True
    ):
        with tab:
            rows.append({**example(f"set-{kind}{number}"), "good": kind == "good"})
    return project_form.examples(rows)


def _rule(start: ProjectSettings, own: str) -> dict[str, Any]:
    usual = next((name for name, counts in _COUNTS.items() if counts == (start.overlap, start.agree)), "two")
    rule, order = st.columns([1.2, 1])
    with rule:
        _default(f"set-rule-{own}", usual)
        said = st.radio("When is a pair approved?", list(_RULES), format_func=_RULES.__getitem__, key=f"set-rule-{own}")
        _default(f"set-sign-{own}", start.sign_off)
        sign_off = st.checkbox("and a lead signs off what they agree on", key=f"set-sign-{own}")
    with order:
        _default("set-order", "oldest")
        first = st.radio("Which come first?", list(ORDERS), format_func=ORDERS.__getitem__, key="set-order")
    overlap, agree = _COUNTS[said]
    return {"overlap": overlap, "agree": agree, "sign_off": sign_off, "order": first}


def _aim(settings: ProjectSettings, own: str, worth: float) -> dict[str, Any]:
    size = st.segmented_control(
        "Which difference between two models must the test be able to find?",
        list(_SIZES),
        format_func=_SIZES.__getitem__,
        key=f"set-size-{own}",
        required=True,
        default=worth,
    )
    needed = aiming.pairs_for(size or worth, settings)
    _default(f"set-aim-{needed}", needed)
    aim = st.number_input("Approved pairs to reach", 1, 10_000_000, key=f"set-aim-{needed}", width=200)
    told = aiming.reason(int(aim), settings)
    parts.note(told)
    return {"aim": int(aim), "aim_reason": told}


def _advanced(start: ProjectSettings, own: str) -> dict[str, str]:
    with st.expander("Guidelines"):
        _default(f"set-guidelines-{own}", start.guidelines)
        guidelines = st.text_area(
            "# begins a heading, - an item of a list; your examples are added at the end",
            key=f"set-guidelines-{own}",
            height=320,
        )
    with st.expander("Prompt template"):
        _default(f"set-prompt-{own}", start.template)
        prompt = st.text_area("With {instruction} and {context}", key=f"set-prompt-{own}", height=190)
    return {"guidelines": (guidelines or "").strip(), "template": prompt or ""}


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
    with shell.trouble():
        read = project_file.read(given.getvalue(), leave_out_unknown=anyway)
        return declared.check(read.settings), read.left_out
    return None, ()


def _summary(person: Person, settings: ProjectSettings | None, left_out: tuple[str, ...], first: bool) -> None:
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
    state[_KEPT] = {}
    return f"{made.name} is there. Import pairs next."


def _default(key: str, value: Any) -> None:
    """The value of a field until somebody changes it."""
    st.session_state.setdefault(key, value)


def _restore() -> None:
    """Give the fields what they held before another page was visited."""
    for key, value in st.session_state.get(_KEPT, {}).items():
        st.session_state.setdefault(key, value)


def _keep() -> None:
    names = [str(key) for key in st.session_state if str(key).startswith("set-") and key != "set-tabs"]
    st.session_state[_KEPT] = {name: st.session_state[name] for name in names}
