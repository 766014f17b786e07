"""What the tabs of the page Project share: keys of their fields, and the one way to store a change."""

from typing import Any

import streamlit as st

from hone.labeling.standing import change_settings
from hone.platform import declared
from hone.platform.frame import shell
from hone.storage.people import Person
from hone.storage.projects import Project


def key(project: Project, name: str) -> str:
    """The key of a field of this version of this project."""
    return f"{name}-{project.id}-{project.version}"


def change(project: Project, person: Person, changes: dict[str, Any]) -> None:
    """Store a new version with some fields replaced, and draw the page anew."""
    settings = declared.changed(project.settings, changes)
    made = shell.store().write(lambda cursor: change_settings(cursor, project, settings, person))
    shell.say(f"Saved as version {made.version}." if made.version != project.version else "Nothing was changed.")
    st.rerun()
