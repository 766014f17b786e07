"""The script that Streamlit runs for every browser: who is here, which pages are theirs, and the one they chose."""

import streamlit as st

from hone.platform.frame import navigation, shell


def main() -> None:
    """Draw the frame, then the chosen page in it."""
    shell.dress()
    person = shell.visitor()
    pages = navigation.pages_of(person)
    shell.register(navigation.by_name(pages))
    chosen = st.navigation(pages, position="sidebar" if person else "hidden", expanded=True)
    if person:
        with st.sidebar:
            shell.choose_project()
            shell.who_is_here(person)
    shell.entered(chosen.url_path)
    chosen.run()


main()
