"""Home: the loop with its numbers, and what is next for whom."""

from browsing import Browser
from factories import add_pairs
from judged import answered_batch

from hone.evaluation import assemble, matchups
from hone.platform.overview import overview, set_to_judge
from hone.storage import people
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store


def states(store: Store, project: Project, person: Person) -> dict[str, str]:
    return {each.stop: each.state for each in overview(store, project, person).stations}


def test_an_empty_project_stands_at_its_pairs(store: Store, project: Project, lead: Person) -> None:
    assert states(store, project, lead) == {
        "pairs": "here",
        "reviewed": "wait",
        "approved": "wait",
        "batch": "wait",
        "model": "wait",
        "judged": "wait",
        "report": "wait",
        "queue": "wait",
    }


def test_open_pairs_wait_for_the_expert_and_the_lead_looks_on(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    add_pairs(store, project, 3, lead)
    assert [todo.says for todo in overview(store, project, ana).todo] == ["3 pairs wait for your opinion."]
    assert [todo.page for todo in overview(store, project, lead).todo] == ["pairs"]
    assert states(store, project, lead)["reviewed"] == "here"


def test_matchups_wait_for_the_reviewer(store: Store, project: Project, lead: Person, dora: Person) -> None:
    batch, new, old = answered_batch(store, project, lead, items=3)
    made = matchups.make(store, project, lead, batch, new, old)
    assert [todo.says for todo in overview(store, project, dora).todo] == ["3 matchups wait for your judgement."]
    with store.read() as cursor:
        assert set_to_judge(cursor, project, dora) == made


def test_the_trend_is_for_the_lead_and_not_for_who_judges_blind(
    store: Store, project: Project, lead: Person, dora: Person
) -> None:
    _, new, old = answered_batch(store, project, lead, items=3)
    assemble.make(store, project, lead, new=new, old=old)
    assert [point.iteration for point in overview(store, project, lead).trend] == [1]
    assert overview(store, project, dora).trend == ()
    told = [[each.under for each in overview(store, project, who).stations] for who in (lead, dora)]
    assert "cannot tell yet" in told[0]
    assert "cannot tell yet" not in told[1]


def test_the_button_of_a_task_leads_to_its_page(store: Store, project: Project, lead: Person, ana: Person) -> None:
    add_pairs(store, project, 1, lead)
    seen = Browser(store, ana).press("Review pairs")
    assert "0 done, 1 to go" in seen.text


def test_example_data_is_named_as_such(store: Store, project: Project, ana: Person) -> None:
    assert "Example data" not in Browser(store, ana).text
    store.write(lambda cursor: people.add(cursor, "example.expert", ("expert",), example=True))
    assert "Example data" in Browser(store, ana).text
