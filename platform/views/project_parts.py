"""What the tabs of the page Project share: the version that they show, keys of their fields, how a change is stored."""

from typing import Any

import streamlit as st

from hone.labeling.standing import change_settings
from hone.platform import declared
from hone.platform.frame import shell
from hone.storage.people import Person
from hone.storage.projects import Project

_SHOWN = "hone_project_shown"


def shown(newest: Project) -> Project:
    """The project as the fields have it: the newest version when the page is entered, and that one until it is left.

    When somebody else saves meanwhile, what is being typed here stays: to save it then is a Conflict that is told.
    """
    before: Project | None = st.session_state.get(_SHOWN)
    still = before is not None and before.id == newest.id and key(before, "purpose") in st.session_state
    st.session_state[_SHOWN] = before if still else newest
    kept: Project = st.session_state[_SHOWN]
    return kept


def show_newest() -> None:
    """The fields take what is stored now."""
    st.session_state[_SHOWN] = None


def key(project: Project, name: str) -> str:
    """The key of a field of this version of this project."""
    return f"{name}-{project.id}-{project.version}"


def change(project: Project, person: Person, changes: dict[str, Any]) -> None:
    """Store a new version with some fields replaced, and draw the page anew."""
    settings = declared.changed(project.settings, changes)
    made = shell.store().write(lambda cursor: change_settings(cursor, project, settings, person))
    show_newest()
    shell.say(f"Saved as version {made.version}." if made.version != project.version else "Nothing was changed.")
    st.rerun()
