"""What the checks found, by the API: counts, pairs, and what a lead has mended."""

import pytest
from asking import Asking, problem

from hone.platform.runtime import Runtime
from hone.storage import pairs, projects
from hone.storage.pairs import NewPair
from hone.storage.people import Person

F = "/projects/mail/findings"


@pytest.fixture(autouse=True)
def checked(ask: Asking, opened: Runtime, lead: Person, ana: Person) -> None:
    """Two pairs of the project mail: one with an address and a blank at its end, one in order."""
    ask("POST", "/projects", json={"name": "mail"})
    new = [NewPair(instruction="Reply.", response="Mail a@b.example now. "), NewPair(instruction="Add.", response="2")]
    with opened.store.read() as cursor:
        project = projects.named(cursor, "mail")
    opened.store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id))
    ask("POST", f"{F}/finish", json={})


def test_the_overview_counts_pairs_by_kind(ask: Asking, ana: Person) -> None:
    told = ask("GET", F, person=ana).json()
    assert told["progress"] == {"checked": 2, "total": 2}
    assert [(one["kind"]["key"], one["pairs"], one["open"]) for one in told["kinds"]] == [
        ("personal_data", 1, 1),
        ("spacing", 1, 1),
    ]


def test_the_pairs_of_a_kind_say_where_it_is(ask: Asking, ana: Person) -> None:
    (pair,) = ask("GET", f"{F}/personal_data", person=ana).json()
    (found,) = pair["findings"]
    assert (pair["number"], found["field"], found["start"], found["end"]) == (1, "response", 5, 16)
    assert found["fix"] == "[e-mail]"


def test_a_lead_has_pairs_mended_and_checked_again(ask: Asking) -> None:
    assert ask("POST", f"{F}/mend", json={"kinds": ["mask", "trim"]}).json() == {"pairs": 1, "left_out": {}}
    assert ask("GET", F).json()["progress"] == {"checked": 1, "total": 2}
    assert ask("POST", f"{F}/again", json={}).json() == {"checked": 0, "total": 2}
    ask("POST", f"{F}/finish", json={})
    assert ask("GET", F).json()["kinds"] == []


@pytest.mark.parametrize("path", ["mend", "again", "finish"])
def test_an_expert_changes_nothing(ask: Asking, ana: Person, path: str) -> None:
    body = {"kinds": ["trim"]} if path == "mend" else {}
    assert problem(ask("POST", f"{F}/{path}", json=body, person=ana), 403)


def test_what_is_not_there_is_said_in_one_line(ask: Asking) -> None:
    assert "There is no check 'beauty'" in problem(ask("GET", f"{F}/beauty"), 404)
    assert "only an expert" in problem(ask("POST", f"{F}/mend", json={"kinds": ["toxic"]}), 422)
