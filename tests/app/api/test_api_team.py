"""People's work by the API: figures, flags, opinions that go back."""

from typing import Any

import pytest
from asking import Asking, problem
from factories import add_pairs

from hone.labeling import desk
from hone.labeling.desk import Opinion
from hone.labeling.spans import mark
from hone.platform.runtime import Runtime
from hone.storage import pairs, projects
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id

P = "/projects/contracts"


@pytest.fixture
def reviewed(ask: Asking, opened: Runtime, lead: Person, ana: Person, ben: Person) -> Project:
    """Two pairs; Ana and Ben agree on the first, and Ana flags its first word, which she calls off in the second."""
    ask("POST", "/projects", json={"name": "contracts"})
    with opened.store.read() as cursor:
        project = projects.named(cursor, "contracts")
    ids = add_pairs(opened.store, project, 2, lead, wanted=2)
    with opened.store.read() as cursor:
        text = pairs.get(cursor, ids[0]).response
    for person in (ana, ben):
        for place in range(2):
            view = desk.next_view(opened.store, project, person)
            assert view.lease
            marked = (mark(text, "unsafe_advice", "Order"),) if person is ana and place == 0 else ()
            opinion = Opinion(decision="approve", flags=marked, ratings={"tone": 4})
            desk.submit(opened.store, project, person, view.lease.token, opinion, new_id())
    return project


def test_a_lead_reads_the_teams_figures_and_an_expert_only_their_own(
    ask: Asking, reviewed: Project, ana: Person, lead: Person
) -> None:
    found = ask("GET", f"{P}/team", person=lead).json()
    assert [each["name"] for each in found["experts"]] == ["ana", "ben"]
    assert (found["decisions"]["items"], found["decisions"]["alpha"]) == (2, {"undefined": "no variation"})
    own = ask("GET", f"{P}/team/me", person=ana).json()
    assert (own["me"]["name"], own["me"]["done"]) == ("ana", 2)
    assert "ben" not in ask("GET", f"{P}/team/me", person=ana).text
    assert "needs lead" in problem(ask("GET", f"{P}/team", person=ana), 403)
    assert "needs expert" in problem(ask("GET", f"{P}/team/me", person=lead), 403)


def test_a_flag_is_listed_and_resolved_with_a_reason(ask: Asking, reviewed: Project, ana: Person) -> None:
    listed = ask("GET", f"{P}/flags").json()
    [flag] = listed["flags"]
    assert (flag["quote"], listed["open"][0]["open"]) == ("Order", 1)
    path = f"{P}/flags/{flag['flag_id']}/resolution"
    said: dict[str, Any] = {"outcome": "dismissed", "reason": "A plain word", "request_key": "one"}
    assert "with a reason" in problem(ask("POST", path, json={**said, "reason": ""}), 422)
    assert ask("POST", path, json=said).json()["outcome"] == "dismissed"
    assert ask("GET", f"{P}/flags").json()["flags"] == []
    assert ask("GET", f"{P}/flags", params={"resolved": True}).json()["flags"][0]["resolution"]["reason"]
    assert "needs lead" in problem(ask("GET", f"{P}/flags", person=ana), 403)


def test_an_opinion_goes_back_by_its_review(ask: Asking, reviewed: Project, ana: Person) -> None:
    given = ask("GET", f"{P}/pairs/1").json()["reviews"]
    mine = next(review["id"] for review in given if review["person_id"] == ana.id)
    said = {"comment": "Shorter", "review_id": mine, "request_key": "one"}
    assert ask("POST", f"{P}/pairs/1/sent-back", json=said).json()["expert_id"] == ana.id
    assert ask("GET", f"{P}/pairs/1").json()["pair"]["state"] == "open"
    assert ask("GET", f"{P}/team/me", person=ana).json()["sent_back"][0]["comment"] == "Shorter"
    assert "needs a comment" in problem(ask("POST", f"{P}/pairs/2/sent-back", json={**said, "comment": " "}), 422)
