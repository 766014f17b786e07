"""The tab of the page Project with its versions, and the ways of its settings to another project."""

import re
from functools import partial

import streamlit as st

from hone.labeling.projects import project_file, setting_up
from hone.labeling.projects.settings_words import differences
from hone.labeling.standing import change_settings
from hone.platform.frame import parts, shell
from hone.platform.frame.safe_html import esc
from hone.platform.views.project_parts import key, show_newest
from hone.storage import projects
from hone.storage.people import Person
from hone.storage.projects import Project, Version
from hone.storage.records import now

NEWEST = 10  # versions that are told at once


def draw(project: Project, person: Person) -> None:
    """Draw the copy, the file, and what each version changed."""
    copy, file = st.columns([2, 1], vertical_alignment="bottom")
    with copy, st.form(key(project, "form-copy"), border=False):
        field, button = st.columns([2, 1], vertical_alignment="bottom")
        name = field.text_input("Copy these settings into a new project", key=key(project, "copy"), placeholder="Name")
        if button.form_submit_button("Copy"):
            made = shell.store().write(lambda cursor: setting_up.begin(cursor, name.strip(), project.settings, person))
            st.session_state["hone_project"] = made.id
            shell.say(f"{made.name} has the settings of {project.name}, without its pairs.")
            st.rerun()
    file.download_button(
        "Download the settings",
        project_file.write(project),
        file_name=f"{_slug(project.name)}.hone-project.json",
        mime="application/json",
        key=key(project, "download"),
        on_click="ignore",
    )
    parts.note("The file goes into another workspace under New project. No pair, person or opinion is in it.")
    _list(project, person)


def _list(project: Project, person: Person) -> None:
    everything = st.session_state.get(key(project, "all"), False)
    with shell.store().read() as cursor:
        made = projects.versions(cursor, project.id, None if everything else NEWEST + 1)
    names = shell.names_of({each.made_by for each in made})
    oldest = 0 if everything or len(made) <= NEWEST else 1  # one more is read, to tell what changed
    for place in range(len(made) - 1, oldest - 1, -1):
        before = made[place - 1] if place else None
        with st.container(horizontal=True, vertical_alignment="center", key=key(project, f"card-version{place}")):
            st.html(_told(made[place], before, names.get(made[place].made_by, "somebody")), width="stretch")
            if made[place].version != project.version:
                st.button(
                    "Use again",
                    key=key(project, f"again{made[place].version}"),
                    type="tertiary",
                    on_click=partial(shell.act, partial(_use_again, project, person, made[place])),
                )
    if len(made) > NEWEST:
        st.toggle("All versions", key=key(project, "all"))


def _told(version: Version, before: Version | None, who: str) -> str:
    changes = differences(before.settings, version.settings) if before else ["The settings that it began with."]
    when = parts.ago(version.made_at, now())
    lines = "".join(f"<li>{esc(line)}</li>" for line in changes)
    return f'<div class="h-prose"><h3>Version {version.version} · {esc(who)}, {esc(when)}</h3><ul>{lines}</ul></div>'


def _use_again(project: Project, person: Person, version: Version) -> str:
    made = shell.store().write(lambda cursor: change_settings(cursor, project, version.settings, person))
    show_newest()
    return f"Version {made.version} says what version {version.version} said."


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() or "project"
