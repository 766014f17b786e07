"""Pairs by the API: in from a file, through the desk and adjudication, frozen into a batch."""

import json
from typing import Any

import pytest
from asking import Asking, problem
from factories import add_pairs

from hone.platform.api import bounded
from hone.platform.runtime import Runtime
from hone.storage import pairs
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store

P = "/projects/contracts"


def take_in(ask: Asking, text: str, **params: Any) -> Any:
    return ask("POST", f"{P}/imports", params={"file_name": "pairs.jsonl", **params}, content=text.encode())


def test_a_new_project_asks_what_ours_ask_and_a_change_makes_a_version(ask: Asking) -> None:
    made = ask("POST", "/projects", json={"name": "letters"}).json()
    assert [each["key"] for each in made["settings"]["rubric"]] == ["accuracy", "tone", "completeness"]
    changed = ask("PATCH", "/projects/letters/settings", json={"overlap": 1, "agree": 1}).json()
    assert (changed["version"], changed["settings"]["overlap"]) == (2, 1)
    assert "overlap" in problem(ask("PATCH", "/projects/letters/settings", json={"overlap": 99}), 422)
    assert "already" in problem(ask("POST", "/projects", json={"name": "letters"}), 409)


def test_a_file_goes_in_row_by_row_and_a_broken_line_is_named(ask: Asking, project: Project) -> None:
    rows = [json.dumps({"q": f"Question {n}", "a": f"Answer {n}"}) for n in range(8)]
    rows[6] = '{"q": "broken'
    told = take_in(ask, "\n".join(rows), map=["instruction=q", "response=a"], set=["context=none"]).json()
    assert (told["read"], told["added"], told["problems"][0]["line"]) == (8, 7, 7)
    assert take_in(ask, "\n".join(rows), map=["instruction=q", "response=a"], set=["context=none"]).json()["known"] == 7
    assert [pair["number"] for pair in ask("GET", f"{P}/pairs", params={"after": 5}).json()] == [6, 7]
    assert [each["file_name"] for each in ask("GET", f"{P}/imports").json()] == ["pairs.jsonl", "pairs.jsonl"]


@pytest.mark.parametrize(
    ("text", "params", "says"),
    [
        ("", {}, "empty"),
        ('{"a": 1}', {"map": ["instruction=b"]}, "no column 'b'"),
        ('{"a": 1}', {"map": ["title=a"]}, "'title' is no part of a pair"),
        ('{"a": 1}', {"map": ["instruction"]}, "not target=column"),
        ('{"a": "b"}\n{', {"map": ["instruction=a"], "strict": True}, "nothing went in"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_whole(
    ask: Asking, project: Project, opened: Runtime, text: str, params: dict[str, Any], says: str
) -> None:
    assert says in problem(take_in(ask, text, **params), 422)
    assert ask("GET", f"{P}/pairs").json() == []
    assert not list(opened.workspace.root.glob(".incoming-*"))


def test_a_preview_guesses_and_stores_nothing(ask: Asking, project: Project) -> None:
    look = ask("POST", "/previews", params={"file_name": "x.csv"}, content=b"prompt,output\nHi,Ho\n").json()
    assert look["preview"]["rows"] == [{"prompt": "Hi", "output": "Ho"}]
    assert look["mapping"]["fields"] == {"instruction": "prompt", "response": "output"}
    assert ask("GET", f"{P}/pairs").json() == []


def test_an_expert_takes_edits_submits_and_undoes(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person
) -> None:
    add_pairs(store, project, 2, lead, wanted=2)
    view = ask("POST", f"{P}/desk/next", person=ana).json()
    token = view["lease"]["token"]
    assert ask("PUT", f"{P}/desk/draft", person=ana, json={"token": token, "note": "hm"}).status_code == 204
    assert ask("POST", f"{P}/desk/next", person=ana).json()["draft"]["note"] == "hm"
    said = {"token": token, "decision": "approve", "response": "Better.", "request_key": "first-try"}
    first = ask("POST", f"{P}/desk/reviews", person=ana, json=said).json()
    assert ask("POST", f"{P}/desk/reviews", person=ana, json=said).json() == first
    assert ask("POST", f"{P}/desk/undo", person=ana, json={"request_key": "undo-once"}).json()["undoes"] == first["id"]
    assert "needs expert" in problem(ask("POST", f"{P}/desk/next", headers={"X-Hone-Person": "lena"}), 403)


def opinion(number: int, name: str, text: str | None = None) -> dict[str, Any]:
    row = {"key": f"#{number}", "annotator": name, "decision": "approve"}
    return row | ({"response": text} if text else {})


def test_an_expert_sees_their_own_opinion_and_a_lead_sees_all(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    add_pairs(store, project, 1, lead, wanted=2)
    rows = [opinion(1, "ana", "Ana's text."), opinion(1, "ben", "Ben's text.")]
    assert ask("POST", f"{P}/reviews", json={"rows": rows}).json()["added"] == 2
    own = ask("GET", f"{P}/pairs/1", person=ana)
    assert "Ben's text." not in own.text
    assert ben.id not in own.text
    assert "Ana's text." in own.text
    assert len(ask("GET", f"{P}/pairs/1", person=lead).json()["reviews"]) == 2
    assert "no pair 9" in problem(ask("GET", f"{P}/pairs/9"), 404)


def test_a_dispute_hides_names_and_a_lead_decides_once(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    add_pairs(store, project, 1, lead, wanted=2)
    ask("POST", f"{P}/reviews", json={"rows": [opinion(1, "ana", "One."), opinion(1, "ben", "Two.")]})
    found = ask("GET", f"{P}/disputes")
    assert not any(each in found.text for each in (ana.id, ben.id, '"ana"', '"ben"'))
    body = {"pair_id": found.json()[0]["pair"]["id"], "decision": "approve", "version": "A", "request_key": "decide-1"}
    decided = ask("POST", f"{P}/disputes/decisions", json=body).json()
    assert ask("POST", f"{P}/disputes/decisions", json=body).json() == decided
    assert "not disputed" in problem(
        ask("POST", f"{P}/disputes/decisions", json=body | {"request_key": "decide-2"}), 409
    )
    assert json.loads(ask("GET", f"{P}/export").text)["approvers"][-1] == "lena"


def test_a_batch_is_planned_frozen_verified_and_read_as_lines(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    assert "at least 3 groups" in ask("GET", f"{P}/batches/plan").json()["problem"]
    add_pairs(store, project, 12, lead, wanted=2)
    rows = [opinion(number, name) for number in range(1, 13) for name in ("ana", "ben")]
    ask("POST", f"{P}/reviews", json={"rows": rows})
    frozen = ask("POST", f"{P}/batches", json={}).json()
    items = ask("GET", f"{P}/batches/1/items").text.splitlines()
    assert len(items) == sum(frozen["counts"].values()) > 0
    assert ask("POST", f"{P}/batches/1/verify").json()["sha256"] == frozen["sha256"]
    assert "exactly these" in problem(ask("POST", f"{P}/batches", json={}), 409)
    assert "1" in problem(ask("GET", f"{P}/batches/7"), 404)
    assert ask("GET", "/checks").json() == {
        "audit_broken_at": None, "batches": 1, "broken_batches": [], "models": 0, "missing_models": []
    }  # fmt: skip


def test_a_run_that_cannot_start_says_why(ask: Asking, store: Store, project: Project) -> None:
    train = f"{P}/runs/train"
    assert "no batch 1" in problem(ask("POST", train, json={"batch": 1, "base": "toy"}), 404)
    assert "no run 4" in problem(ask("POST", "/runs/4/cancel"), 404)
    assert ask("GET", "/runs").json() == []


def test_only_an_admin_adds_people_and_the_link_opens_once(ask: Asking, lead: Person, ana: Person) -> None:
    new = {"name": "emil", "roles": ["reviewer"]}
    assert "needs admin" in problem(ask("POST", "/people", person=ana, json=new), 403)
    made = ask("POST", "/people", person=lead, json=new).json()
    assert made["person"]["roles"] == ["reviewer"]
    assert made["link"].startswith("/welcome?token=")
    assert ask("PUT", "/people/emil/roles", person=lead, json={"roles": ["expert"]}).json()["roles"] == ["expert"]
    assert "roles" in problem(ask("PUT", "/people/emil/roles", person=lead, json={"roles": ["king"]}), 422)
    assert "emil" not in problem(ask("PUT", "/people/nobody/roles", person=ana, json={"roles": []}), 403)


def test_what_was_said_in_another_tool_is_for_leads_alone(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person
) -> None:
    elsewhere = {"annotations": '[{"who": "zoe", "rating": 1}]', "topic": "rent"}
    row = NewPair(instruction="Explain.", response="So.", metadata=elsewhere)
    store.write(lambda cursor: pairs.add(cursor, project.id, [row], author_id=lead.id))
    assert ask("GET", f"{P}/pairs", person=lead).json()[0]["metadata"] == elsewhere
    assert ask("GET", f"{P}/pairs", person=ana).json()[0]["metadata"] == {"topic": "rent"}
    assert ask("GET", f"{P}/pairs/1", person=ana).json()["pair"]["metadata"] == {"topic": "rent"}
    fields = [each["field"] for each in ask("GET", f"{P}/pairs/slices", person=ana).json()]
    assert fields == ["source", "group", "metadata.topic"]
    chosen = ask("GET", f"{P}/pairs", person=ana, params={"where": "metadata.annotations=1"})
    assert "Only a lead" in problem(chosen, 403)


def test_a_body_larger_than_any_record_is_not_read_to_its_end_whoever_sends_it(ask: Asking, project: Project) -> None:
    body = b'{"where": "' + b"a" * (bounded.LARGEST + 1) + b'"}'
    said = {"Content-Type": "application/json", "Authorization": "Bearer nobody"}
    assert "larger than 32 MB" in problem(ask("POST", f"{P}/pairs/opinions", content=body, headers=said), 413)
