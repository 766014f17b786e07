"""Examples in the team's own words: the fields of one, at set-up and afterwards, and those that are there."""

from collections.abc import Callable

import streamlit as st

from hone.labeling.projects.setting_up import add_example
from hone.platform.frame import parts, project_form, shell
from hone.platform.frame.safe_html import clipped, esc
from hone.platform.views.project_parts import key, show_newest
from hone.storage.errors import InputError
from hone.storage.people import Person
from hone.storage.projects import Project


def fields(key_of: Callable[[str], str], start: Callable[[str, str], str] = lambda _, usual: usual) -> dict[str, str]:
    """Draw the fields of one example; gives what they hold.

    `key_of` makes the key of a field of its name; `start` says what it begins with, of its key and nothing.
    """
    names = {name: key_of(name) for name in ("instruction", "context", "response", "why")}
    begins = {name: start(each, "") for name, each in names.items()}
    return {
        "instruction": st.text_area("Instruction", begins["instruction"], key=names["instruction"], height=68) or "",
        "context": st.text_area("Context, if there is one", begins["context"], key=names["context"], height=68) or "",
        "response": st.text_area("Response", begins["response"], key=names["response"], height=90) or "",
        "why": st.text_input("Why", begins["why"], key=names["why"], placeholder="what makes it so") or "",
    }


def draw(project: Project, person: Person) -> None:
    """Draw the examples so far, and a form for one more."""
    rows = [
        (
            parts.chip("good", "good") if each.good else parts.chip("avoid", "bad"),
            esc(clipped(each.instruction, 80)),
            esc(clipped(each.response, 120)),
            esc(each.why),
        )
        for each in project.settings.examples
    ]
    share = f"{100 * project.settings.gold_rate:g} %"
    parts.section(
        "Examples",
        "Each stands in the guidelines, and is a gold pair whose right decision is known. "
        f"Gold pairs are {share} of what an expert gets; the share is among the rules.",
    )
    if rows:
        parts.table(("", "Asked", "Answered", "Why"), rows)
    with st.expander("One more example"), st.form(key(project, "form-example")):
        row = fields(lambda name: key(project, f"more-{name}"))
        good = st.segmented_control(
            "It is", ["good", "to avoid"], default="good", required=True, key=key(project, "more-good")
        )
        if st.form_submit_button("Add the example"):
            _add(project, person, {**row, "good": good == "good"})


def _add(project: Project, person: Person, row: dict[str, object]) -> None:
    found = project_form.examples([row])
    if not found:
        raise InputError("The example is empty. Write its instruction and its response.")
    made, is_gold = shell.store().write(lambda cursor: add_example(cursor, project, found[0], person))
    but = "" if is_gold else " It is no gold pair: a pair of the project has these texts."
    show_newest()
    shell.say(f"Saved as version {made.version}.{but}")
    st.rerun()
