"""The review desk: what its surface is given, and what comes of what it sends."""

import pytest
from desksurface import Expert

from hone.labeling import desk, sending_back
from hone.labeling.saying import Draft
from hone.platform.frame import desk_surface
from hone.storage import findings, pairs, projects, queue, reviews
from hone.storage.findings import Checked, Finding
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.reviews import Review
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


def test_approving_stores_the_opinion_and_brings_the_next_pair(store: Store, ana: Person, two: list[str]) -> None:
    seen = Expert(store, ana)
    assert "Pair 1" in seen.text
    first = seen.token
    seen.decide()
    assert [review.decision for review in said(store, two[0])] == ["approve"]
    assert "Pair 1 approved and saved." in seen.text
    assert "1 done, 1 to go" in seen.text
    assert seen.token != first
    assert (seen.given["stored"], seen.given["texts"]["response"]) == (True, HOSTILE)


def test_an_edited_response_is_what_is_approved(store: Store, ana: Person, two: list[str]) -> None:
    Expert(store, ana).decide(response="You can stop whenever you like.", edit_reason="shorter")
    review = said(store, two[0])[0]
    assert review.edit_reason == "shorter"
    with store.read() as cursor:
        assert pairs.revision(cursor, review.revision_id).response == "You can stop whenever you like."


def test_all_that_was_entered_goes_with_the_decision(store: Store, ana: Person, two: list[str]) -> None:
    flag = {"category": "unsafe_advice", "severity": 3, "field": "response", "start": 4, "end": 12, "quote": "can stop"}
    seen = Expert(store, ana)
    seen.decide("reject", ratings={"accuracy": 2}, categories=["tone"], note="Too curt.", flags=[flag])
    review = said(store, two[0])[0]
    assert (review.decision, review.ratings, review.categories) == ("reject", {"accuracy": 2}, ("tone",))
    assert review.note == "Too curt."
    assert 0 <= (review.seconds or 0) <= 0.5
    with store.read() as cursor:
        stored = reviews.flags(cursor, two)[0]
    assert (stored.severity, stored.quote) == (3, "can stop")


def test_the_reason_of_a_skip_is_its_note(store: Store, ana: Person, two: list[str]) -> None:
    Expert(store, ana).decide("skip", reason="Broken text", note="The end is missing.")
    review = said(store, two[0])[0]
    assert (review.decision, review.note) == ("skip", "Broken text: The end is missing.")


def test_undo_brings_the_pair_back_with_what_was_said(store: Store, ana: Person, two: list[str]) -> None:
    seen = Expert(store, ana).decide(note="First thought.").undo()
    assert said(store, two[0]) == []
    assert "Taken back" in seen.text
    assert seen.given["draft"]["note"] == "First thought."
    seen.decide()
    assert [review.note for review in said(store, two[0])] == ["First thought."]


def test_a_message_that_comes_twice_is_one_opinion(store: Store, ana: Person, two: list[str]) -> None:
    seen = Expert(store, ana)
    message = seen.message()
    seen.sends("decide", message).sends("decide", message)
    assert len(said(store, two[0])) == 1
    assert said(store, two[1]) == []
    assert seen.given["answered"] == message["request"]


def test_a_message_whose_answer_was_lost_is_answered_by_a_new_session(
    store: Store, ana: Person, two: list[str]
) -> None:
    seen = Expert(store, ana)
    message = seen.message()
    seen.sends("decide", message)
    later = Expert(store, ana).sends("decide", message)
    assert (later.given["answered"], later.given["stored"]) == (message["request"], True)
    assert "Pair 1 approved and saved." in later.text
    assert [len(said(store, pair)) for pair in two] == [1, 0]


def test_of_two_tabs_the_second_is_told_and_moves_on(store: Store, ana: Person, two: list[str]) -> None:
    one, other = Expert(store, ana), Expert(store, ana)
    assert one.token == other.token
    one.decide("approve")
    other.decide("reject")
    assert [review.decision for review in said(store, two[0])] == ["approve"]
    assert "There is an opinion of ana on pair #1" in other.text
    assert (other.given["stored"], other.token) == (False, one.token)


def test_words_for_one_pair_cannot_land_on_another(store: Store, ana: Person, two: list[str]) -> None:
    seen = Expert(store, ana)
    old = seen.message(response="Meant for the first pair.")
    seen.decide()
    seen.sends("decide", old)
    assert said(store, two[1]) == []
    assert "no longer yours" in seen.text
    seen.decide(token=seen.token, seen=old["seen"], response="Meant for the first pair.")
    with store.read() as cursor:  # the page's own view says what was seen, not the message
        assert [pairs.revision(cursor, each.revision_id).pair_id for each in said(store, two[1])] == [two[1]]


def test_a_lease_of_somebody_else_opens_nothing(store: Store, ana: Person, ben: Person, two: list[str]) -> None:
    theirs = Expert(store, ben)
    mine = Expert(store, ana)
    mine.decide(token=theirs.token, seen=theirs.given["seen"])
    assert "no longer yours" in mine.text
    assert [said(store, pair) for pair in two] == [[], []]


@pytest.mark.parametrize(
    "forged", [None, 7, "approve", {}, {"decision": "approve"}, {"draft": {"pair_id": "x"}, "token": 1}]
)
def test_what_is_no_decision_is_refused_in_one_line(store: Store, ana: Person, two: list[str], forged: object) -> None:
    seen = Expert(store, ana).sends("decide", forged)
    assert [said(store, pair) for pair in two] == [[], []]
    assert "no decision" in seen.text or forged is None


def test_what_is_not_allowed_keeps_the_pair_and_says_why(store: Store, ana: Person, two: list[str]) -> None:
    seen = Expert(store, ana)
    token = seen.token
    seen.decide(ratings={"accuracy": 9})
    assert "accuracy cannot be 9" in seen.text
    assert (seen.token, seen.given["stored"]) == (token, False)


def test_a_pair_that_went_to_somebody_else_costs_no_text(
    store: Store, project: Project, ana: Person, ben: Person, two: list[str]
) -> None:
    seen = Expert(store, ana)
    token = seen.token
    desk.save_draft(store, project, ana, token, Draft(response="Half a thought"))
    store.write(lambda cursor: queue.release(cursor, token))
    view = desk.next_view(store, project, ben)
    assert view.pair
    assert view.pair.id == two[0]
    seen.decide()
    assert "with as many others" in seen.text
    assert said(store, two[0]) == []
    with store.read() as cursor:
        assert (reviews.draft(cursor, ana.id, two[0]) or {})["response"] == "Half a thought"


def test_a_draft_survives_a_new_session(store: Store, project: Project, ana: Person, two: list[str]) -> None:
    desk.save_draft(store, project, ana, Expert(store, ana).token, Draft(response="Half a thou", ratings={"tone": 2}))
    draft = Expert(store, ana).given["draft"]
    assert (draft["response"], draft["ratings"]) == ("Half a thou", {"tone": 2})


def test_the_page_tells_nothing_of_a_pair_but_its_texts(store: Store, ana: Person, two: list[str]) -> None:
    seen = Expert(store, ana)
    told = str(seen.given)
    assert not [pair for pair in two if pair in told]
    assert ana.id not in told
    again = Expert(store, ana)
    assert seen.given["kept"] == again.given["kept"]  # where a browser keeps an unsaved draft of this pair
    assert seen.given["drawn"] != again.given["drawn"]


def test_hostile_text_reaches_the_page_as_data_only(store: Store, ana: Person, two: list[str]) -> None:
    seen = Expert(store, ana).decide()
    assert seen.given["texts"] == {"instruction": HOSTILE, "context": HOSTILE, "response": HOSTILE}
    assert "<script>" not in seen.source
    shown = [*seen.page.markdown, *seen.page.caption, *seen.page.error]
    assert not [each for each in shown if "evil" in each.value]


def test_findings_come_with_their_words_until_the_text_is_another(
    store: Store, project: Project, ana: Person, two: list[str]
) -> None:
    found = Finding(pair_id=two[0], kind="spelling", field="response", start=4, end=7, says="Is this a word?")
    store.write(lambda cursor: findings.keep(cursor, project.id, [Checked(two[0], [found], [])]))
    view = desk.next_view(store, project, ana)
    assert view.pair
    other = view.model_copy(update={"pair": view.pair.model_copy(update={"response": "It was another text."})})
    here, gone = (desk_surface.given(project, ana, each, None)["findings"][0] for each in (view, other))
    assert (here["name"], here["quote"], gone["quote"]) == ("Spelling", "can", "")


def test_what_a_lead_sent_back_comes_with_their_words(
    store: Store, project: Project, ana: Person, lead: Person, two: list[str]
) -> None:
    Expert(store, ana).decide(note="Fine.").decide()
    review = said(store, two[0])[0]
    words = "Who may end it? <b>Say so.</b>"
    sending_back.send_back(store, project, lead, two[0], words, review_id=review.id, request_key="send back once")
    seen = Expert(store, ana)
    assert "Pair 1" in seen.text
    assert f"Sent back to you: {words}" in seen.text.replace("<b>Sent back to you:</b>", "Sent back to you:")
    assert "<b>Say so.</b>" not in seen.source
    assert seen.given["draft"]["note"] == "Fine."


def test_guidelines_and_examples_come_as_blocks_of_text(store: Store, project: Project, lead: Person) -> None:
    good = projects.Example(instruction="Ask.", response="Answer.", good=True, why="Short.")
    settings = project.settings.model_copy(update={"examples": (good,)})
    told = desk_surface.guide(settings)
    assert told == [
        ("h", "Style"), ("li", "Be kind."), ("h", "A good answer"), ("p", "Ask."), ("good", "Answer."), ("p", "Short."),
    ]  # fmt: skip


def test_the_end_says_what_was_done_and_leads_on(store: Store, ana: Person, two: list[str]) -> None:
    seen = Expert(store, ana).decide().decide()
    assert "All done" in seen.text
    assert {"Back to the loop", "Undo last"} <= set(seen.buttons())
    assert seen.given["token"] is None
    seen.press("Undo last")
    assert seen.given["texts"]["response"] == HOSTILE
