"""Project: what is asked of experts and reviewers, and when a model counts as better. And the way to a new one."""

from functools import partial
from typing import Any, Literal

import streamlit as st

from hone.evaluation.inputs import Gate
from hone.labeling.defaults import default_settings
from hone.labeling.standing import change_settings
from hone.platform.frame import parts, project_form, shell
from hone.platform.frame.project_form import GUARDS, SCORES
from hone.platform.frame.safe_html import plain, prose
from hone.storage import projects
from hone.storage.people import Person
from hone.storage.projects import Dimension, FlagCategory, Project

LEVELS = (0.9, 0.95, 0.99)


def page() -> None:
    """Draw the settings of the project, or the form of a new one."""
    person = shell.signed_in("lead")
    with shell.store().read() as cursor:
        known = projects.everything(cursor)
    if not known or st.session_state.get("hone_new_project"):
        _new(person, first=not known)
        return
    project = shell.project(person)
    lead = f"Version {project.version}. A change makes a new one; what was said under an older one stays as it was."
    with parts.heading_with(project.name, lead):
        st.button("New project", key="new-project", on_click=partial(_show_new, True))
    shell.said()
    tabs = st.tabs(["Guidelines", "Rubric", "Flags", "Rules"], key="project-tabs")
    for tab, draw in zip(tabs, (_guidelines, _rubric, _flags, _numbers), strict=True):
        with tab, shell.trouble():
            draw(project, person)


def _show_new(on: bool) -> None:
    st.session_state["hone_new_project"] = on


def _new(person: Person, first: bool) -> None:
    parts.heading(
        "Your first project" if first else "New project",
        "It starts with a rubric, a bias taxonomy and rules that work; everything can be changed afterwards.",
    )
    shell.said()
    with st.container(key="card-new"):
        st.text_input("Name", key="new-name", max_chars=80, placeholder="Support replies", width=420)
        st.text_input(
            "What it is for, in a sentence", key="new-purpose", placeholder="Short, kind replies to customers."
        )
        with shell.row():
            st.button(
                "Make the project", key="make", type="primary", on_click=partial(shell.act, partial(_made, person))
            )
            if not first:
                st.button("Cancel", key="cancel-new", type="tertiary", on_click=partial(_show_new, False))


def _made(person: Person) -> str:
    state = st.session_state
    name = str(state.get("new-name") or "").strip()
    settings = default_settings(purpose=str(state.get("new-purpose") or "").strip())
    made = shell.store().write(lambda cursor: projects.create(cursor, name, settings, person))
    state["hone_project"] = made.id
    state["hone_new_project"] = False
    return f"{made.name} is there. Import pairs next."


def _change(project: Project, person: Person, changes: dict[str, Any]) -> None:
    """Store a new version and draw the page anew."""
    settings = project_form.changed(project.settings, **changes)
    made = shell.store().write(lambda cursor: change_settings(cursor, project, settings, person))
    shell.say(f"Saved as version {made.version}." if made.version != project.version else "Nothing was changed.")
    st.rerun()


def _key(project: Project, name: str) -> str:
    """A field of this version of this project."""
    return f"{name}-{project.id}-{project.version}"


def _guidelines(project: Project, person: Person) -> None:
    parts.note("Experts see the guidelines beside each pair.")
    settings = project.settings
    with st.form(_key(project, "form-guidelines")):
        purpose = st.text_input("In a sentence", settings.purpose, key=_key(project, "purpose"))
        guidelines = st.text_area(
            "Guidelines: # begins a heading, - an item of a list",
            settings.guidelines,
            key=_key(project, "guidelines"),
            height=220,
        )
        if st.form_submit_button("Save"):
            _change(project, person, {"purpose": purpose.strip(), "guidelines": guidelines.strip()})
    if settings.guidelines:
        with st.expander("As experts see them"):
            st.html(prose(settings.guidelines))


def _rubric(project: Project, person: Person) -> None:
    parts.note("Each question is scored 1 to 5. Words for every score are what makes two people agree.")
    with st.form(_key(project, "form-rubric")):
        rows = []
        empty = Dimension(key="", name="", question="", anchors={})
        for index, dimension in enumerate((*project.settings.rubric, empty)):
            with st.expander(plain(dimension.name) or "One more question"):
                rows.append(_dimension(project, index, dimension))
        parts.note("A question without a name is taken away.")
        if st.form_submit_button("Save"):
            _change(project, person, {"rubric": project_form.dimensions(rows)})


def _dimension(project: Project, index: int, dimension: Dimension) -> dict[str, Any]:
    row: dict[str, Any] = {"key": dimension.key}
    name, question = st.columns([1, 3])
    row["name"] = name.text_input("Name", dimension.name, key=_key(project, f"name{index}"))
    row["question"] = question.text_input("Question", dimension.question, key=_key(project, f"question{index}"))
    for score in SCORES:
        row[f"anchor{score}"] = st.text_input(
            f"{score} means", dimension.anchors.get(score, ""), key=_key(project, f"anchor{index}-{score}")
        )
    return row


def _flags(project: Project, person: Person) -> None:
    parts.note("What an expert can mark in the words. A flag about a protected group names the group.")
    with st.form(_key(project, "form-flags")):
        rows = []
        empty = FlagCategory(key="", name="", definition="")
        for index, category in enumerate((*project.settings.taxonomy, empty)):
            rows.append(_category(project, index, category))
        parts.note("A flag without a name is taken away; the last line adds one.")
        errors = st.text_area(
            "Error categories, one in a line",
            "\n".join(project.settings.categories),
            key=_key(project, "categories"),
            height=160,
        )
        if st.form_submit_button("Save"):
            _change(
                project,
                person,
                {"taxonomy": project_form.taxonomy(rows), "categories": project_form.lines(errors)},
            )


def _category(project: Project, index: int, category: FlagCategory) -> dict[str, Any]:
    name, definition, protected = st.columns([1.2, 3, 0.9], vertical_alignment="bottom")
    hidden: Literal["visible", "collapsed"] = "visible" if index == 0 else "collapsed"
    return {
        "key": category.key,
        "name": name.text_input(
            "Name", category.name, key=_key(project, f"flag{index}"), label_visibility=hidden, placeholder="One more"
        ),
        "definition": definition.text_input(
            "When to use it", category.definition, key=_key(project, f"definition{index}"), label_visibility=hidden
        ),
        "protected": protected.checkbox("names a group", category.protected, key=_key(project, f"protected{index}")),
    }


def _numbers(project: Project, person: Person) -> None:
    settings = project.settings
    parts.note("Declared before anyone looks at a result.")
    with st.form(_key(project, "form-rules")):
        one, two, three = st.columns(3)
        overlap = one.number_input("Experts for each pair", 1, 9, settings.overlap, key=_key(project, "overlap"))
        agree = two.number_input("Of them must agree", 1, 9, settings.agree, key=_key(project, "agree"))
        judges = three.number_input("Reviewers for each matchup", 1, 9, settings.judges, key=_key(project, "judges"))
        shares = [
            column.number_input(f"{name}, % of groups", 1, 98, round(100 * share), key=_key(project, f"share-{name}"))
            for column, name, share in zip(
                st.columns(3), ("Train", "Validation", "Test"), settings.fractions, strict=True
            )
        ]
        gate = _gate(project)
        with st.expander("Prompt and training"):
            template = st.text_area("Prompt template", settings.template, key=_key(project, "template"), height=200)
            training = st.text_area(
                "Training settings, one key=value in a line",
                "\n".join(f"{name}={value}" for name, value in settings.training.items()),
                key=_key(project, "training"),
                placeholder="base=toy\npreset=quick",
                height=100,
            )
        if st.form_submit_button("Save"):
            _change(
                project,
                person,
                {
                    "overlap": overlap,
                    "agree": agree,
                    "judges": judges,
                    "fractions": tuple(share / 100 for share in shares),
                    "gate": gate,
                    "template": template,
                    "training": project_form.settings_of(training),
                },
            )


def _gate(project: Project) -> dict[str, Any]:
    """When a new model counts as better."""
    gate = Gate.model_validate(project.settings.gate)
    margins = {guard.metric: guard.margin for guard in gate.guards}
    columns = st.columns(4)
    level = columns[0].selectbox(
        "Sure to",
        LEVELS,
        index=LEVELS.index(gate.level) if gate.level in LEVELS else 1,
        format_func=lambda each: f"{each:.0%}",
        key=_key(project, "level"),
    )
    decisive = columns[1].number_input(
        "Decisive votes at least", 1, 100_000, gate.min_decisive, key=_key(project, "min-decisive")
    )
    allowed = {
        metric: column.number_input(
            f"{title} may fall by", 0.0, 1.0, margins.get(metric, 0.02), 0.01, key=_key(project, f"guard-{metric}")
        )
        for column, (metric, title) in zip(columns[2:], GUARDS.items(), strict=True)
    }
    return project_form.gate(project.settings.gate, level=level, min_decisive=int(decisive), margins=allowed)
