"""The frame of the pages: who gets in, which pages they have, and that every page draws."""

import subprocess
import sys

import pytest
from browsing import Browser
from factories import add_pairs, add_person
from judged import answered_batch
from streamlit.testing.v1 import AppTest

from hone.evaluation import assemble, matchups
from hone.labeling.projects.defaults import default_settings
from hone.platform.frame.navigation import theirs
from hone.storage import people, projects, roles
from hone.storage.people import ROLES, Person, Role
from hone.storage.projects import Project
from hone.storage.store import Store

EVERY = (
    "home", "pairs", "review", "mywork", "adjudicate", "batches", "training", "judge", "reports", "project", "team",
    "people",
)  # fmt: skip
HOSTILE = 'A <b onclick="x()">bold</b> ![x](http://evil.example/x.png) :red[name]'


@pytest.fixture
def owner(store: Store) -> Person:
    return add_person(store, "olga", *ROLES)


def test_a_stranger_sees_only_the_way_to_sign_in(store: Store) -> None:
    seen = Browser(store, None)
    assert "Sign in to go on" in seen.text
    assert seen.buttons() == []


def test_a_session_that_ended_is_a_stranger(store: Store, ana: Person) -> None:
    seen = Browser(store, ana)
    store.write(lambda cursor: people.end_session(cursor, seen.page.session_state["hone_session_token"]))
    assert "Sign in to go on" in seen.go("review").text


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("expert", {"home", "pairs", "review", "mywork"}),
        ("reviewer", {"home", "judge"}),
        ("lead", {"home", "pairs", "adjudicate", "batches", "training", "reports", "project", "team"}),
        ("admin", {"home", "pairs", "adjudicate", "batches", "training", "reports", "project", "team", "people"}),
    ],
)
def test_each_role_has_its_own_pages(store: Store, role: Role, expected: set[str]) -> None:
    assert set(theirs(add_person(store, "somebody", role))) == expected


def test_a_page_that_is_not_theirs_cannot_be_reached(store: Store, project: Project, ana: Person) -> None:
    seen = Browser(store, ana).go("people")
    assert "Accounts" not in seen.text
    assert "Next for you" in seen.text


def test_a_page_checks_the_role_by_itself(store: Store, project: Project, ana: Person) -> None:
    def forced() -> None:
        from hone.platform.views import people

        people.page()

    page = AppTest.from_function(forced)
    page.session_state["hone_session_token"] = store.write(lambda cursor: people.start_session(cursor, ana))
    page.run()
    assert "this needs admin" in "".join(each.body for each in page.html)
    assert not page.text_input


@pytest.mark.parametrize("name", EVERY)
def test_every_page_of_an_empty_workspace_says_what_is_next(store: Store, owner: Person, name: str) -> None:
    seen = Browser(store, owner).go(name)
    assert set(seen.buttons()) & {"Make a project", "Make the project", "Add"}


@pytest.mark.parametrize("name", EVERY)
def test_every_page_of_an_empty_project_leads_on(store: Store, project: Project, owner: Person, name: str) -> None:
    assert Browser(store, owner).go(name).buttons()


@pytest.mark.parametrize("name", EVERY)
def test_every_page_of_a_full_project_draws(store: Store, project: Project, owner: Person, name: str) -> None:
    add_pairs(store, project, 3, owner)
    batch, new, old = answered_batch(store, project, owner, items=6)
    made = matchups.make(store, project, owner, batch, new, old)
    assemble.make(store, project, owner, made=made)
    Browser(store, owner).go(name)


def test_a_page_that_is_still_open_acts_by_the_roles_of_now(
    store: Store, project: Project, lead: Person, dora: Person
) -> None:
    batch, new, old = answered_batch(store, project, lead, items=2)
    of = matchups.make(store, project, lead, batch, new, old)
    seen = Browser(store, dora).go("judge")
    store.write(lambda cursor: roles.set_roles(cursor, dora, ("expert",), lead))
    seen.press("Left better")
    assert matchups.progress(store, of).judged == 0


def test_names_of_projects_and_people_are_only_text(store: Store, lead: Person) -> None:
    store.write(lambda cursor: projects.create(cursor, HOSTILE.replace("/", "|"), default_settings(), lead))
    eve = store.write(lambda cursor: people.add(cursor, "eve", ROLES, full_name=HOSTILE))
    for name in EVERY:
        seen = Browser(store, eve).go(name)
        assert HOSTILE in seen.text
        assert "<b onclick" not in seen.source
        assert not [each for each in seen.page.markdown if "evil" in each.value]


def test_the_pages_load_neither_torch_nor_statistics() -> None:
    heavy = "[m for m in ('torch', 'transformers', 'scipy') if m in sys.modules]"
    asked = f"import sys, hone.platform.frame.navigation; print({heavy})"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
