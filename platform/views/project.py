"""Project: what is asked of experts and reviewers, and when a model counts as better. And the way to a new one."""

from functools import partial

import streamlit as st

from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import prose
from hone.platform.views import project_asked, project_examples, project_new, project_rules, project_versions
from hone.platform.views.project_parts import change, key, show_newest, shown
from hone.storage import projects
from hone.storage.people import Person
from hone.storage.projects import Project

TABS = ("Guidelines", "Rubric", "Flags", "Rules", "Versions and file")


def page() -> None:
    """Draw the settings of the project, or the form of a new one."""
    person = shell.signed_in("lead")
    with shell.store().read() as cursor:
        known = projects.everything(cursor)
    if not known or st.session_state.get(project_new.OPEN):
        project_new.draw(person, known)
        return
    newest = shell.project(person)
    project = shown(newest)
    lead = f"Version {project.version}. A change makes a new one; what was said under an older one stays as it was."
    with parts.heading_with(project.name, lead):
        st.button("New project", key="new-project", on_click=partial(project_new.show, True))
    shell.said()
    if newest.version != project.version:
        parts.message(f"Somebody else made version {newest.version} meanwhile. What you see and type is still yours.")
        st.button("Take their version", key="take-newest", on_click=show_newest)
    tabs = st.tabs(TABS, key="project-tabs")
    drawn = (_guidelines, project_asked.rubric, project_asked.flags, project_rules.rules, project_versions.draw)
    for tab, draw in zip(tabs, drawn, strict=True):
        with tab, shell.trouble():
            draw(project, person)


def _guidelines(project: Project, person: Person) -> None:
    parts.note("Experts see the guidelines beside each pair.")
    settings = project.settings
    with st.form(key(project, "form-guidelines")):
        purpose = st.text_input("What the answers are for", settings.purpose, key=key(project, "purpose"))
        audience = st.text_input("Who acts on them", settings.audience, key=key(project, "audience"))
        guidelines = st.text_area(
            "Guidelines: # begins a heading, - an item of a list",
            settings.guidelines,
            key=key(project, "guidelines"),
            height=300,
        )
        if st.form_submit_button("Save"):
            texts = {"purpose": purpose.strip(), "audience": audience.strip(), "guidelines": guidelines.strip()}
            change(project, person, texts)
    if settings.guidelines:
        with st.expander("As experts see them"):
            st.html(prose(settings.guidelines))
    project_examples.draw(project, person)
