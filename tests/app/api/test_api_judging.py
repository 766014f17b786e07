"""Matchups by the API: what a reviewer gets is blind, what a lead gets is not; reports and the way back."""

import json

import pytest
from asking import Asking, problem
from factories import add_person
from judged import answered_batch

from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store

P = "/projects/contracts"


@pytest.fixture
def two(store: Store, project: Project, lead: Person) -> tuple[Model, Model]:
    """The new and the old model, and six test items that both answered."""
    _, new, old = answered_batch(store, project, lead, items=6)
    return new, old


@pytest.fixture
def ask(ask: Asking, two: tuple[Model, Model]) -> Asking:
    assert ask("POST", f"{P}/matchups", json={"wanted": 2}).json()["number"] == 1
    return ask


def judge(ask: Asking, person: Person, choice: str = "left") -> dict[str, object]:
    view = ask("POST", f"{P}/matchups/1/next", person=person).json()
    body = {"token": view["token"], "choice": choice, "request_key": f"key-{view['token']}"}
    given: dict[str, object] = ask("POST", f"{P}/matchups/1/judgements", person=person, json=body).json()
    return given


def test_nothing_that_a_reviewer_gets_tells_a_model(
    ask: Asking, two: tuple[Model, Model], dora: Person, store: Store
) -> None:
    with store.read() as cursor:
        hints = [value for row in cursor.execute("select id, seed from matchup_set").fetchall() for value in row]
        hints += [
            row[0] for row in cursor.execute("select id from matchup union all select id from candidate").fetchall()
        ]
    hints += [each for model in two for each in (model.id, model.name, model.sha256, model.folder, "runs/")]
    answers = [
        ask("GET", f"{P}/matchups", person=dora),
        ask("POST", f"{P}/matchups/1/next", person=dora),
        ask("GET", f"{P}/matchups/1/sheet", person=dora),
        ask("POST", f"{P}/matchups/1/undo", person=dora, json={"request_key": "undo-none"}),
    ]
    told = " ".join(answer.text for answer in answers) + json.dumps(judge(ask, dora))
    for hint in hints:
        assert hint is None or f'"{hint}"' not in told
    assert '"new"' not in told
    assert '"old"' not in told
    assert "side" not in told


def test_a_judgement_counts_once_and_can_be_taken_back(ask: Asking, dora: Person) -> None:
    token = ask("POST", f"{P}/matchups/1/next", person=dora).json()["token"]
    body = {"token": token, "choice": "left", "request_key": "the-same-key"}
    given, again = (ask("POST", f"{P}/matchups/1/judgements", person=dora, json=body).json() for _ in range(2))
    assert given == again
    assert ask("GET", f"{P}/matchups/1").json()["by_reviewer"] == {"dora": 1}
    taken = ask("POST", f"{P}/matchups/1/undo", person=dora, json={"request_key": "undo-once"}).json()
    assert taken["choice"] == "undo"
    assert ask("GET", f"{P}/matchups", person=dora).json() == [{"number": 1, "matchups": 6, "judged": 0, "wanted": 12}]


def test_a_token_is_good_for_its_own_reviewer_and_set_only(ask: Asking, store: Store, dora: Person) -> None:
    emil = add_person(store, "emil", "reviewer")
    token = ask("POST", f"{P}/matchups/1/next", person=dora).json()["token"]
    body = {"token": token, "choice": "left", "request_key": "not-mine-1"}
    assert "not shown to you" in problem(ask("POST", f"{P}/matchups/1/judgements", person=emil, json=body), 409)
    ask("POST", f"{P}/matchups", json={"wanted": 1})
    assert "not of set 2" in problem(ask("POST", f"{P}/matchups/2/judgements", person=dora, json=body), 409)


def test_only_reviewers_judge_and_a_sheet_is_ones_own(ask: Asking, store: Store, ana: Person, dora: Person) -> None:
    emil = add_person(store, "emil", "reviewer")
    assert "needs reviewer" in problem(ask("POST", f"{P}/matchups/1/next", person=ana), 403)
    problem(ask("GET", f"{P}/matchups/1/sheet", person=emil, params={"reviewer": "dora"}), 403)
    sheet = ask("GET", f"{P}/matchups/1/sheet", params={"reviewer": "dora"}).json()
    rows = [{"token": row["token"], "choice": "left"} for row in sheet]
    assert ask("POST", f"{P}/judgements", person=emil, json={"rows": rows}).json()["added"] == 0
    told = ask("POST", f"{P}/judgements", person=dora, json={"rows": [*rows, {"token": "x", "choice": "left"}]}).json()
    assert (told["added"], told["refused"][0][0]) == (6, 7)


def test_a_report_is_made_read_and_drawn(ask: Asking, dora: Person) -> None:
    judge(ask, dora)
    made = ask("POST", f"{P}/reports", json={}).json()
    assert (made["number"], made["set"], made["new"], made["verdict"]) == (1, 1, "iteration 1", "cannot tell yet")
    document = ask("GET", f"{P}/reports/1").json()
    assert document["verdict"]["value"] == made["verdict"]
    page = ask("GET", f"{P}/reports/1/html")
    assert page.headers["content-type"].startswith("text/html")
    assert "iteration 1" in page.text
    assert ask("GET", f"{P}/reports").json() == [made]


def test_pairs_go_back_to_the_experts(ask: Asking) -> None:
    ask("POST", f"{P}/reports", json={})
    sent = ask("POST", f"{P}/queue", json={"report": 1, "pairs": [1, 2]}).json()
    assert (sent["reopened"], sent["moved"]) == (0, 2)
    assert ask("GET", f"{P}/pairs").json()[0]["why"] == "report 1"
    sliced = ask("POST", f"{P}/queue", json={"slice": {"field": "group", "value": "g3"}}).json()
    assert sliced["moved"] == 1
    assert "Say what to send" in problem(ask("POST", f"{P}/queue", json={}), 422)
    assert "name its number" in problem(ask("POST", f"{P}/queue", json={"disagreements": True}), 422)


def test_a_promotion_needs_a_reason_and_shows(ask: Asking) -> None:
    body = {"decision": "promote", "reason": ""}
    assert "kept with the decision" in problem(ask("POST", f"{P}/models/1/decisions", json=body), 422)
    ask("POST", f"{P}/models/1/decisions", json=body | {"reason": "won"})
    assert ask("GET", f"{P}/models").json()["champion"] == 1
