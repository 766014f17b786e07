"""The tabs of the page Project that say what experts are asked: the rubric and questions, and the flags."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import streamlit as st

from hone.platform.frame import parts, project_form
from hone.platform.frame.project_form import KINDS
from hone.platform.frame.safe_html import plain
from hone.platform.views.project_parts import change, key
from hone.storage.people import Person
from hone.storage.projects import Dimension, FlagCategory, Project, Question


class Named(Protocol):
    """A question or a flag of a project."""

    @property
    def key(self) -> str:
        """What answers are stored under."""
        ...

    @property
    def name(self) -> str:
        """What people see."""
        ...


Each = TypeVar("Each", bound=Named)


def rubric(project: Project, person: Person) -> None:
    """Draw the scored questions and the project's own ones."""
    parts.note(
        "Words for every score are what makes two people agree. Reword and add at any time: "
        "what was said under an older version keeps its words."
    )
    with st.form(key(project, "form-rubric")):
        rated = [_dimension(project, place, each) for place, each in _and_one_more(project.settings.rubric)]
        parts.section("Further questions", "Asked below the rubric: yes or no, one or several choices, or a text.")
        asked = [_question(project, place, each) for place, each in _and_one_more(project.settings.questions)]
        parts.note("Without a name a question is taken away.")
        if st.form_submit_button("Save"):
            changes = {"rubric": project_form.dimensions(rated), "questions": project_form.questions(asked)}
            change(project, person, changes)


def flags(project: Project, person: Person) -> None:
    """Draw the kinds of flags, the groups that they name, error categories and reasons of an edit."""
    parts.note("What an expert can mark in the words. A flag about a group names the group.")
    settings = project.settings
    with st.form(key(project, "form-flags")):
        rows = [_category(project, place, each) for place, each in _and_one_more(settings.taxonomy)]
        parts.note("Without a name a flag is taken away.")
        groups, errors, reasons = st.columns(3)
        lists = {
            "protected_groups": _list(groups, project, "groups", "Groups, one in a line", settings.protected_groups),
            "categories": _list(errors, project, "categories", "Error categories", settings.categories),
            "edit_reasons": _list(reasons, project, "reasons", "Reasons of an edit", settings.edit_reasons),
        }
        if st.form_submit_button("Save"):
            change(project, person, {"taxonomy": project_form.taxonomy(rows), **lists})


def _and_one_more(named: Sequence[Each]) -> list[tuple[int, Each | None]]:
    """Those that are there, and an empty one to fill in."""
    return list(enumerate([*named, None]))


def _list(column: Any, project: Project, name: str, label: str, values: tuple[str, ...]) -> tuple[str, ...]:
    return project_form.lines(column.text_area(label, "\n".join(values), key=key(project, name), height=230))


def _dimension(project: Project, place: int, each: Dimension | None) -> dict[str, Any]:
    with st.expander(_title(each, "One more scored question")):
        name, question = st.columns([1, 3])
        anchors = "" if each is None else "\n".join(each.anchors[score] for score in sorted(each.anchors))
        return {
            "key": each.key if each else "",
            "name": name.text_input("Name", each.name if each else "", key=key(project, f"name{place}")),
            "question": question.text_input(
                "Question", each.question if each else "", key=key(project, f"question{place}")
            ),
            "anchors": st.text_area(
                "What each score means: a line for each, 1 first; two to seven lines",
                anchors,
                key=key(project, f"anchors{place}"),
                height=178,
            ),
        }


def _question(project: Project, place: int, each: Question | None) -> dict[str, Any]:
    kinds = list(KINDS)
    with st.expander(_title(each, "One more question")):
        name, kind, required = st.columns([3, 1.4, 1], vertical_alignment="bottom")
        return {
            "key": each.key if each else "",
            "name": name.text_input("Question", each.name if each else "", key=key(project, f"asked{place}")),
            "kind": kind.selectbox(
                "Answer",
                kinds,
                index=kinds.index(each.kind) if each else 0,
                format_func=KINDS.__getitem__,
                key=key(project, f"kind{place}"),
            ),
            "required": required.checkbox(
                "must be answered", bool(each and each.required), key=key(project, f"required{place}")
            ),
            "options": st.text_area(
                "To choose from, one in a line (for one or any of several)",
                "\n".join(each.options) if each else "",
                key=key(project, f"options{place}"),
                height=110,
            ),
        }


def _category(project: Project, place: int, each: FlagCategory | None) -> dict[str, Any]:
    with st.expander(_title(each, "One more flag")):
        name, definition = st.columns([1, 3])
        return {
            "key": each.key if each else "",
            "name": name.text_input("Name", each.name if each else "", key=key(project, f"flag{place}")),
            "definition": definition.text_input(
                "When to use it", each.definition if each else "", key=key(project, f"definition{place}")
            ),
            "protected": st.checkbox(
                "It is about a group, which the flag names",
                bool(each and each.protected),
                key=key(project, f"protected{place}"),
            ),
            "examples": st.text_area(
                "Examples, one in a line",
                "\n".join(each.examples) if each else "",
                key=key(project, f"examples{place}"),
                height=104,
            ),
        }


def _title(each: Named | None, otherwise: str) -> str:
    return plain(each.name) if each else otherwise
