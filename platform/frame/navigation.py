"""Which pages a person has. A page that is not in the list cannot be reached, and each checks again."""

from collections.abc import Callable
from typing import Any, TypeAlias

import streamlit as st

from hone.platform.views import (
    adjudicate,
    batches,
    desk,
    home,
    judge,
    mywork,
    pairs,
    people,
    project,
    reports,
    team,
    training,
)
from hone.storage.people import Person, Role

Entry: TypeAlias = tuple[str, str, str, Callable[[], None], tuple[Role, ...]]

SECTIONS: dict[str, tuple[Entry, ...]] = {
    "": (("home", "Home", ":material/cycle:", home.page, ()),),
    "Data": (
        ("pairs", "Pairs", ":material/table_rows:", pairs.page, ("lead", "expert")),
        ("review", "Review", ":material/rate_review:", desk.page, ("expert",)),
        ("mywork", "My work", ":material/monitoring:", mywork.page, ("expert",)),
        ("adjudicate", "Adjudicate", ":material/balance:", adjudicate.page, ("lead",)),
        ("batches", "Batches", ":material/inventory_2:", batches.page, ("lead",)),
    ),
    "Model": (
        ("training", "Training", ":material/model_training:", training.page, ("lead",)),
        ("judge", "Judge", ":material/compare:", judge.page, ("reviewer",)),
        ("reports", "Reports", ":material/lab_profile:", reports.page, ("lead",)),
    ),
    "Workspace": (
        ("project", "Project", ":material/tune:", project.page, ("lead",)),
        ("team", "Team", ":material/diversity_3:", team.page, ("lead",)),
        ("people", "People", ":material/group:", people.page, ("admin",)),
    ),
}


def theirs(person: Person | None) -> list[str]:
    """The names of a person's pages, as they stand in addresses; Home is for everybody and asks a stranger in."""
    return [entry[0] for entries in SECTIONS.values() for entry in entries if _has(person, entry)]


def pages_of(person: Person | None) -> dict[str, list[Any]]:
    """The pages of a person by section, as Streamlit wants them."""
    mine = theirs(person)
    found = {title: [_page(each) for each in entries if each[0] in mine] for title, entries in SECTIONS.items()}
    return {title: listed for title, listed in found.items() if listed}


def by_name(pages: dict[str, list[Any]]) -> dict[str, Any]:
    """The same pages by the name in their address."""
    return {page.url_path or "home": page for listed in pages.values() for page in listed}


def _has(person: Person | None, entry: Entry) -> bool:
    wanted = entry[4]
    return not wanted or (person is not None and any(person.has(role) for role in wanted))


def _page(entry: Entry) -> Any:
    name, title, icon, draw, _ = entry
    return st.Page(draw, title=title, icon=icon, url_path=name, default=name == "home")
