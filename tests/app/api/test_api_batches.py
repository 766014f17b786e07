"""A slice of pairs by the API: counted, sent, asked about, planned, frozen and compared."""

from asking import Asking, problem

from hone.storage import pairs
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store

P = "/projects/contracts"


def fill(ask: Asking, store: Store, project: Project, lead: Person, approved: int) -> None:
    """40 pairs, every fourth about tax; the first ones approved by Ana and Ben."""
    new = [
        NewPair(
            instruction="Explain.",
            context=f"clause {n} {n * 37 % 101}",
            response=f"it says {n} {n * 11 % 97}",
            metadata={"topic": "law" if n % 4 else "tax"},
        )
        for n in range(1, 41)
    ]
    store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id, wanted=2))
    rows = [
        {"key": f"#{n}", "annotator": name, "decision": "approve"}
        for n in range(1, approved + 1)
        for name in ("ana", "ben")
    ]
    assert ask("POST", f"{P}/reviews", json={"rows": rows}).json()["refused"] == []


def test_a_filter_lists_counts_and_names_what_exists(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    fill(ask, store, project, lead, 6)
    tax = {"where": "metadata.topic=tax state=open"}
    assert [pair["number"] for pair in ask("GET", f"{P}/pairs", params={**tax, "limit": 2}).json()] == [8, 12]
    counted = ask("GET", f"{P}/pairs/counts", params={"where": "metadata.topic=tax"}).json()
    assert (counted["total"], counted["states"]["approved"], counted["states"]["open"]) == (10, 1, 9)
    found = ask("GET", f"{P}/pairs/slices", params=tax).json()
    assert {"field": "metadata.topic", "values": [{"value": "tax", "pairs": 9}]} in found
    assert "There are: law, tax" in problem(ask("GET", f"{P}/pairs", params={"where": "metadata.topic=art"}), 422)


def test_an_expert_learns_nothing_of_others_by_a_filter(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    fill(ask, store, project, lead, 3)
    assert len(ask("GET", f"{P}/pairs", person=ana, params={"where": "state=approved"}).json()) == 3
    for where in ("by=ben", "rated.accuracy=1..5", "flag=any", "flags=resolved", "since=2026-01-01", "kind=gold"):
        assert "Only a lead" in problem(ask("GET", f"{P}/pairs", person=ana, params={"where": where}), 403)
    assert "needs lead" in problem(ask("POST", f"{P}/pairs/opinions", person=ana, json={"opinions": 3}), 403)


def test_a_gold_pair_is_there_for_a_lead_only(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    fill(ask, store, project, lead, 0)
    store.write(lambda cursor: cursor.execute("update pair set kind = 'gold' where number = 3"))
    assert ask("GET", f"{P}/pairs/3", person=lead).json()["pair"]["kind"] == "gold"
    assert "no pair 3" in problem(ask("GET", f"{P}/pairs/3", person=ana), 404)
    assert ask("GET", f"{P}/pairs/counts").json()["total"] == 39


def test_a_slice_is_sent_and_asked_about(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    fill(ask, store, project, lead, 4)
    tax = "metadata.topic=tax"
    asked = ask("POST", f"{P}/pairs/opinions", json={"where": tax, "opinions": 3}).json()
    assert asked == {"opinions": 3, "open": 9, "settled": 0, "decided": 1}
    sent = ask("POST", f"{P}/pairs/send", json={"where": tax, "why": "too soft", "reopen": True}).json()
    assert sent == {"reopened": 1, "moved": 9, "disputed": 0}
    assert "Say why" in problem(ask("POST", f"{P}/pairs/send", json={"where": tax, "why": " "}), 422)


def test_a_plan_says_what_is_missing_and_two_batches_are_compared(
    ask: Asking, store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    fill(ask, store, project, lead, 40)
    plan = ask("GET", f"{P}/batches/plan", params={"where": "metadata.topic=law", "floor": 35}).json()
    assert plan["left_out"] == {"not in the filter": 10}
    assert [(each["value"], each["held"]) for each in plan["balance"]["missing"]] == []  # one value is no slice
    assert ask("GET", f"{P}/batches/plan").json()["balance"]["missing"][0]["value"] == "tax"
    ask("POST", f"{P}/batches", json={"where": "metadata.topic=law", "name": "Law"})
    ask("POST", f"{P}/batches", json={})
    assert ask("GET", f"{P}/batches/1").json()["where"] == "metadata.topic=law"
    found = ask("GET", f"{P}/batches/1/difference/2", params={"limit": 4}).json()
    assert (found["same"], found["counts"]["added"], len(found["added"]), found["moved"]) == (30, 10, 4, [])
    assert "with itself" in problem(ask("GET", f"{P}/batches/1/difference/1"), 422)
    assert "approved pairs only" in problem(ask("POST", f"{P}/batches", json={"where": "state=open"}), 422)
