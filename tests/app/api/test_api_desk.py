"""What the desk in a browser asks of the API: drafts, a pair that is left, a pair with the group swapped."""

from datetime import timedelta

import pytest
from asking import Asking

from hone.labeling.projects.defaults import default_settings
from hone.storage import pairs, projects, queue
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import now
from hone.storage.store import Store

P = "/projects/contracts/desk"


@pytest.fixture
def project(store: Store, lead: Person) -> Project:
    settings = default_settings(overlap=1, agree=1)
    made = store.write(lambda cursor: projects.create(cursor, "contracts", settings, lead))
    new = [NewPair(instruction="May he leave?", response="The man may leave when he likes.")]
    store.write(lambda cursor: pairs.add(cursor, made.id, new, author_id=lead.id))
    return made


@pytest.fixture
def token(ask: Asking, ana: Person, project: Project) -> str:
    return str(ask("POST", f"{P}/next", person=ana).json()["lease"]["token"])


def test_a_draft_of_the_page_is_kept_whole(ask: Asking, ana: Person, token: str) -> None:
    flag = {"category": "stereotype", "severity": 1, "field": "response", "start": 4, "end": 7, "quote": "man"}
    flag = {**flag, "protected_group": "men", "comment": "", "mitigation": "person"}
    draft = {
        "response": "Whoever it is may leave.", "ratings": {"tone": 2}, "answers": {}, "categories": ["tone"],
        "edit_reason": "bias", "suggestion_id": None, "flags": [flag], "note": "Half a",
    }  # fmt: skip
    assert ask.by_cookie(ana, "PUT", f"{P}/draft", json={"token": token, **draft}).status_code == 204
    assert ask("POST", f"{P}/next", person=ana).json()["draft"] == draft


def test_a_draft_for_a_lease_of_somebody_else_is_refused(ask: Asking, ben: Person, token: str) -> None:
    refused = ask.by_cookie(ben, "PUT", f"{P}/draft", json={"token": token, "note": "Not mine"})
    assert (refused.status_code, "no longer yours" in refused.json()["detail"]) == (409, True)


def test_a_page_that_is_left_has_half_a_minute_to_come_back(
    ask: Asking, store: Store, project: Project, ana: Person, ben: Person, token: str
) -> None:
    assert ask("POST", f"{P}/leave", person=ana, json={"token": token, "soon": True}).status_code == 204
    with store.read() as cursor:
        held = queue.held(cursor, token, ana.id)
    assert timedelta(0) < held.expires_at - now() <= queue.LEFT
    assert ask("POST", f"{P}/next", person=ben).json()["pair"] is None
    assert ask("POST", f"{P}/keep", person=ana, json={"token": token}).status_code == 200
    with store.read() as cursor:
        assert queue.held(cursor, token, ana.id).expires_at - now() > queue.LEFT


def test_a_pair_comes_back_with_its_group_swapped(ask: Asking, ana: Person, project: Project) -> None:
    texts = {"instruction": "May he leave?", "response": "The man may leave when he likes."}
    swapped = ask.by_cookie(ana, "POST", f"{P}/swaps", json=texts).json()[0]
    assert (swapped["instruction"], swapped["response"]) == ("May she leave?", "The woman may leave when she likes.")
    start, end = swapped["spans"][2][0]
    assert swapped["response"][start:end] == "woman"
