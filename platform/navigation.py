"""Which pages a person has. A page that is not in the list cannot be reached, and each checks again."""

from collections.abc import Callable
from typing import Any, TypeAlias

import streamlit as st

from hone.platform.views import adjudicate, batches, desk, home, judge, pairs, people, project, reports, training
from hone.storage.people import Person, Role

Entry: TypeAlias = tuple[str, str, str, Callable[[], None], tuple[Role, ...]]

SECTIONS: dict[str, tuple[Entry, ...]] = {
    "": (("home", "Home", ":material/cycle:", home.page, ()),),
    "Data": (
        ("pairs", "Pairs", ":material/table_rows:", pairs.page, ("lead", "expert")),
        ("review", "Review", ":material/rate_review:", desk.page, ("expert",)),
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
        ("people", "People", ":material/group:", people.page, ("admin",)),
    ),
}


def pages_of(person: Person | None) -> dict[str, list[Any]]:
    """The pages of a person by section; Home for everybody, and it asks a stranger to sign in."""
    found = {title: [_page(entry) for entry in entries if _has(person, entry)] for title, entries in SECTIONS.items()}
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
