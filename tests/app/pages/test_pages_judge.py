"""Blind judging as a reviewer uses it."""

from browsing import Browser
from judged import answered_batch

from hone.evaluation import matchups as making
from hone.storage import matchups
from hone.storage.matchups import Judgement, MatchupSet
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store


def made(store: Store, project: Project, lead: Person, items: int = 4) -> MatchupSet:
    batch, new, old = answered_batch(store, project, lead, items=items)
    return making.make(store, project, lead, batch, new, old)


def given(store: Store, of: MatchupSet) -> list[Judgement]:
    with store.read() as cursor:
        return matchups.current(cursor, of.id)


def test_both_answers_are_there_whole_and_a_choice_is_stored(
    store: Store, project: Project, lead: Person, dora: Person
) -> None:
    of = made(store, project, lead)
    seen = Browser(store, dora).go("judge")
    assert "better" in seen.text
    assert "worse" in seen.text
    seen.widget("button_group", "strength-").set_value(2)
    seen.press("Left better")
    judgement = given(store, of)[0]
    assert (judgement.choice, judgement.strength, judgement.source) == ("left", 2, "page")
    assert "1 done, 3 to go" in seen.text


def test_nothing_on_the_page_tells_a_model(store: Store, project: Project, lead: Person, dora: Person) -> None:
    of = made(store, project, lead)
    seen = Browser(store, dora).go("judge")
    sent = seen.text + " ".join(seen.keys) + " ".join(seen.buttons())
    for secret in ("iteration 1", "base", of.id, of.new_candidate, of.old_candidate, "runs/", "toy"):
        assert secret not in sent


def test_home_tells_a_reviewer_nothing_of_models(store: Store, project: Project, lead: Person, dora: Person) -> None:
    made(store, project, lead)
    seen = Browser(store, dora).go("home")
    assert "4 matchups wait for your judgement." in seen.text
    assert "iteration 1" not in seen.text


def test_an_undone_judgement_is_given_anew(store: Store, project: Project, lead: Person, dora: Person) -> None:
    of = made(store, project, lead, items=1)
    seen = Browser(store, dora).go("judge").press("Left better").press("Undo last")
    assert given(store, of) == []
    seen.press("Right better")
    assert [judgement.choice for judgement in given(store, of)] == ["right"]


def test_a_tie_has_no_strength(store: Store, project: Project, lead: Person, dora: Person) -> None:
    of = made(store, project, lead)
    seen = Browser(store, dora).go("judge")
    seen.widget("button_group", "strength-").set_value(3)
    seen.press("Tie")
    assert (given(store, of)[0].choice, given(store, of)[0].strength) == ("tie", None)


def test_all_judged_says_so(store: Store, project: Project, lead: Person, dora: Person) -> None:
    made(store, project, lead, items=1)
    assert "All judged" in Browser(store, dora).go("judge").press("Both bad").text
