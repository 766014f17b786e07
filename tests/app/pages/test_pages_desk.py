"""The review desk as an expert uses it."""

import pytest
from browsing import Browser

from hone.labeling import desk
from hone.platform.frame.desk_form import follow
from hone.platform.frame.span_marker import Span, span_of
from hone.storage import pairs, queue, reviews
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.reviews import NewFlag, Review
from hone.storage.store import Store

HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png) :red[seen] **bold**"


@pytest.fixture
def two(store: Store, project: Project, lead: Person) -> list[str]:
    new = [
        NewPair(instruction="Explain the clause.", context="You may end this.", response="You can stop at any time."),
        NewPair(instruction=HOSTILE, context=HOSTILE, response=HOSTILE),
    ]
    return store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id))


def said(store: Store, pair_id: str) -> list[Review]:
    with store.read() as cursor:
        return reviews.current(cursor, pair_id)


def token(seen: Browser) -> str:
    return str(seen.widget("text_area", "text-").key).removeprefix("text-")


def test_approving_stores_the_opinion_and_brings_the_next_pair(store: Store, ana: Person, two: list[str]) -> None:
    seen = Browser(store, ana).go("review")
    assert "Pair 1" in seen.text
    seen.press("Approve")
    assert [review.decision for review in said(store, two[0])] == ["approve"]
    assert "Pair 1 approved and saved." in seen.text
    assert "0 done" not in seen.text
    assert token(seen)


def test_an_edited_response_is_what_is_approved(store: Store, ana: Person, two: list[str]) -> None:
    seen = Browser(store, ana).go("review")
    seen.widget("text_area", "text-").input("You can stop whenever you like.").run()
    assert "Draft saved." in seen.text
    seen.press("Approve with changes")
    with store.read() as cursor:
        assert pairs.revision(cursor, said(store, two[0])[0].revision_id).response == "You can stop whenever you like."


def test_ratings_categories_and_note_go_with_the_decision(store: Store, ana: Person, two: list[str]) -> None:
    seen = Browser(store, ana).go("review")
    seen.widget("button_group", "rate-accuracy").set_value(2)
    seen.widget("button_group", "categories").set_value(["tone"])
    seen.widget("text_area", "note-").input("Too curt.")
    seen.press("Reject")
    review = said(store, two[0])[0]
    assert (review.decision, review.ratings, review.categories, review.note) == (
        "reject",
        {"accuracy": 2},
        ("tone",),
        "Too curt.",
    )
    assert review.seconds is not None
    assert review.seconds >= 0


def test_a_skip_asks_why_before_it_is_stored(store: Store, ana: Person, two: list[str]) -> None:
    seen = Browser(store, ana).go("review").press("Skip")
    assert said(store, two[0]) == []
    seen.press("Broken text")
    assert (said(store, two[0])[0].decision, said(store, two[0])[0].note) == ("skip", "Broken text")


def test_undo_brings_the_pair_back_with_what_was_said(store: Store, ana: Person, two: list[str]) -> None:
    seen = Browser(store, ana).go("review")
    seen.widget("text_area", "note-").input("First thought.")
    seen.press("Approve").press("Undo last")
    assert said(store, two[0]) == []
    assert "Pair 1" in seen.text
    assert seen.widget("text_area", "note-").value == "First thought."
    assert [review.decision for review in said(store, two[0])] == []
    seen.press("Approve")
    assert [review.decision for review in said(store, two[0])] == ["approve"]


def test_a_draft_survives_a_new_session(store: Store, ana: Person, two: list[str]) -> None:
    Browser(store, ana).go("review").widget("text_area", "text-").input("Half a thou").run()
    assert Browser(store, ana).go("review").widget("text_area", "text-").value == "Half a thou"


def test_widget_keys_tell_nothing_but_the_token(store: Store, ana: Person, two: list[str]) -> None:
    seen = Browser(store, ana).go("review")
    mine = token(seen)
    assert not [key for key in seen.keys for pair in two if pair in key]
    seen.press("Approve")
    assert token(seen) != mine
    assert not [key for key in seen.keys if mine in key]


def test_a_pair_that_went_to_somebody_else_costs_no_text(
    store: Store, project: Project, ana: Person, ben: Person, two: list[str]
) -> None:
    seen = Browser(store, ana).go("review")
    store.write(lambda cursor: queue.release(cursor, token(seen)))
    view = desk.next_view(store, project, ben)
    assert view.pair
    assert view.pair.id == two[0]
    seen.press("Approve")
    assert "with as many others" in seen.text
    assert said(store, two[0]) == []


def test_hostile_text_reaches_the_page_as_text_only(store: Store, ana: Person, two: list[str]) -> None:
    seen = Browser(store, ana).go("review").press("Approve")
    assert seen.widget("text_area", "text-").value == HOSTILE
    assert "<script>" not in seen.source
    shown = [*seen.page.markdown, *seen.page.caption, *seen.page.error]
    assert not [each for each in shown if "evil" in each.value]


def test_marked_words_become_a_flag_of_the_review(store: Store, ana: Person, two: list[str]) -> None:
    seen = Browser(store, ana).go("review")
    span = Span(field="response", start=4, end=12, quote="can stop")
    seen.page.session_state[f"marked-{token(seen)}"] = span
    seen.page.run()
    assert "Flag these words" in seen.text
    seen.widget("button_group", "kind-").set_value("unsafe_advice").run()
    seen.press("Add flag").press("Approve")
    with store.read() as cursor:
        flag = reviews.flags(cursor, two)[0]
    assert (flag.category, flag.start, flag.end, flag.quote) == ("unsafe_advice", 4, 12, "can stop")


def test_the_end_says_what_was_done_and_leads_on(store: Store, ana: Person, two: list[str]) -> None:
    seen = Browser(store, ana).go("review").press("Approve").press("Approve")
    assert "All done" in seen.text
    assert {"Back to the loop", "Undo last"} <= set(seen.buttons())


def test_a_selection_is_read_from_our_own_text() -> None:
    text = "a 👩 and  words "
    assert span_of({"field": "response", "start": 2, "end": 7}, {"response": text}) == Span(
        field="response", start=2, end=7, quote=text[2:7]
    )
    spaced = span_of({"field": "response", "start": 7, "end": 15}, {"response": text})
    assert spaced
    assert text[spaced.start : spaced.end] == spaced.quote == "words"


@pytest.mark.parametrize(
    "forged",
    [
        None,
        7,
        {"field": "note", "start": 0, "end": 1},
        {"field": "response", "start": -1, "end": 2},
        {"field": "response", "start": 2, "end": 99},
        {"field": "response", "start": "0", "end": 1},
        {"field": "response", "start": 1, "end": 2},
    ],
)
def test_a_forged_selection_is_no_selection(forged: object) -> None:
    assert span_of(forged, {"response": "a b"}) is None


def test_flags_follow_their_words_through_an_edit() -> None:
    flag = NewFlag(category="c", severity=2, field="response", start=4, end=8, quote="stop")
    assert follow([flag], "Now you can stop.")[0].start == 12
    assert follow([flag], "You can end.") == (flag,)
