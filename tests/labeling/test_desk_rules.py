"""What a project asks of its experts, in which order pairs come, and whose word is the last."""

from typing import Any, Literal

import pytest
from deskwork import Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hone.labeling.saying import as_draft
from hone.labeling.standing import change_settings, rebuild, settle
from hone.storage import order, pairs, reviews, seats, tally
from hone.storage.errors import Conflict, InputError
from hone.storage.pairs import NewPair
from hone.storage.projects import Question
from hone.storage.store import Cursor, rows

QUESTIONS = (
    Question(key="safe", name="Is it safe?", kind="yes_no", required=True),
    Question(key="who", name="For whom?", kind="single", options=("client", "court")),
    Question(key="law", name="Which law?", kind="multi", options=("civil", "penal")),
    Question(key="why", name="Why?", kind="text"),
)


def rules(room: Desk, **changes: Any) -> None:
    """The lead declares other rules."""
    wanted = room.project.settings.model_copy(update=changes)
    room.project = room.store.write(lambda cursor: change_settings(cursor, room.project, wanted, room.lead))


def test_answers_to_the_projects_own_questions_are_kept(desk_room: Desk) -> None:
    desk_room.fill(1)
    rules(desk_room, questions=QUESTIONS, edit_reasons=("tone",))
    answers = {"safe": True, "who": "court", "law": ("civil", "penal"), "why": "It is so."}
    review = desk_room.say(desk_room.ana, answers=answers, edit_reason="tone", response="Better")
    assert (review.answers, review.edit_reason) == (answers, "tone")
    with desk_room.store.read() as cursor:
        [stored] = reviews.current(cursor, review.pair_id)
    assert stored == review


BAD: list[tuple[dict[str, Any], str]] = [
    ({"answers": {}}, "needs an answer"),
    ({"answers": {"safe": "yes"}}, "wants yes or no"),
    ({"answers": {"safe": True, "age": 3}}, "'age' is no question here. There are: safe, who, law, why"),
    ({"answers": {"safe": True, "who": "judge"}}, "cannot be 'judge': use one of client, court"),
    ({"answers": {"safe": True, "law": "civil"}}, "wants a list"),
    ({"answers": {"safe": True, "law": ("civil", "civil")}}, "without repetition"),
    ({"answers": {"safe": True, "law": ("tax",)}}, "cannot have 'tax'"),
    ({"answers": {"safe": True, "why": 5}}, "'Why\\?' wants a text"),
    ({"answers": {"safe": True, "why": "a" * 5_001}}, "5,001 characters"),
    ({"answers": {"safe": True}, "edit_reason": "mood"}, "'mood' is no reason of an edit here"),
]


@pytest.mark.parametrize(("said", "why"), BAD, ids=[why for _, why in BAD])
def test_an_answer_that_is_not_allowed_is_refused_by_name(desk_room: Desk, said: dict[str, Any], why: str) -> None:
    desk_room.fill(1)
    rules(desk_room, questions=QUESTIONS, edit_reasons=("tone",))
    with pytest.raises(InputError, match=why):
        desk_room.say(desk_room.ana, **said)


def test_a_skip_needs_no_answers(desk_room: Desk) -> None:
    desk_room.fill(1)
    rules(desk_room, questions=QUESTIONS)
    assert desk_room.say(desk_room.ana, "skip").decision == "skip"


def test_an_approved_class_is_one_of_the_labels(desk_room: Desk) -> None:
    desk_room.add(NewPair(instruction="Which kind?", response="invoice"))
    rules(desk_room, task="classification", labels=("letter", "bill"))
    with pytest.raises(InputError, match="'invoice' is no label here"):
        desk_room.say(desk_room.ana)
    assert desk_room.say(desk_room.ana, response="bill").decision == "approve"


def test_with_sign_off_agreement_waits_for_a_leads_word(desk_room: Desk) -> None:
    agreed, other = desk_room.fill(2)
    rules(desk_room, sign_off=True)
    desk_room.approve("#1")
    pair = desk_room.pair(agreed)
    assert (pair.state, pair.approved_revision) == ("agreed", None)
    rules(desk_room, sign_off=False)
    assert desk_room.pair(agreed).state == "approved"
    assert desk_room.pair(other).state == "open"


def test_random_order_is_drawn_by_the_seed_and_holds_for_new_pairs(desk_room: Desk) -> None:
    desk_room.fill(6)
    rules(desk_room, order="random")
    desk_room.add(*(NewPair(instruction=f"Later {n}", response="text") for n in range(6)))
    seen = []
    while desk_room.next(desk_room.ana).pair:
        seen.append(desk_room.pair(desk_room.say(desk_room.ana).pair_id).number)
    assert seen == sorted(range(1, 13), key=lambda number: order.place_of("random", 7, number))
    assert seen != sorted(seen)


def test_disagreement_comes_first_then_what_was_begun(desk_room: Desk) -> None:
    pair_ids = desk_room.fill(4)
    rules(desk_room, overlap=3, agree=3, order="disagreement")
    for decision in ("approve", "approve", "approve"):
        desk_room.say(desk_room.ana, decision)
    desk_room.say(desk_room.ben, "approve")
    desk_room.say(desk_room.ben, "reject")
    assert [desk_room.say(desk_room.cleo).pair_id for _ in range(3)] == [pair_ids[1], pair_ids[0], pair_ids[2]]
    before = places(desk_room)
    rules(desk_room, order="oldest")
    rules(desk_room, order="disagreement")
    assert places(desk_room) == before


def places(room: Desk) -> dict[str, float]:
    with room.store.read() as cursor:
        found = rows(cursor, "select id, place from pair where state = 'open'")
    return {row["id"]: row["place"] for row in found}


def test_what_was_sent_back_comes_to_its_expert_before_all_else_and_to_nobody_else(desk_room: Desk) -> None:
    first, second, third = desk_room.fill(3)
    for _ in range(2):
        desk_room.say(desk_room.ana, "reject", note="no")
    with desk_room.store.read() as cursor:
        [given] = reviews.current(cursor, second)

    def give_back(cursor: Cursor) -> None:
        reviews.send_back(
            cursor, desk_room.project.id, given, by=desk_room.lead.id, comment="Read it again.", request_key="back"
        )
        settle(cursor, desk_room.project, second)
        reviews.save_draft(cursor, desk_room.ana.id, second, as_draft(cursor, given).model_dump(mode="json"))

    desk_room.store.write(give_back)
    assert [desk_room.say(desk_room.ben).pair_id for _ in range(2)] == [first, third]
    view = desk_room.next(desk_room.ana)
    assert view.pair is not None
    assert view.draft is not None
    assert (view.pair.id, view.why, view.comment, view.draft.note) == (second, "sent back", "Read it again.", "no")
    desk_room.say(desk_room.ana)
    assert desk_room.say(desk_room.cleo).pair_id == second


def test_ten_decisions_can_be_taken_back_and_no_eleventh(desk_room: Desk) -> None:
    desk_room.fill(12)
    said = [desk_room.say(desk_room.ana, "skip" if turn % 3 == 0 else "approve").id for turn in range(11)]
    undone = [desk_room.undo(desk_room.ana) for _ in range(10)]
    assert [one.undoes for one in undone if one] == said[:0:-1]
    with pytest.raises(Conflict, match="Only the last 10 decisions"):
        desk_room.undo(desk_room.ana)


ACTS = st.lists(
    st.tuples(st.sampled_from(["ana", "ben", "cleo"]), st.sampled_from(["approve", "reject", "skip", "undo", "back"])),
    max_size=25,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_what_the_queue_keeps_is_what_the_rows_say(desk_room: Desk, acts: list[tuple[str, str]]) -> None:
    desk_room.fill(2)
    desk_room.add(*(NewPair(instruction=f"New {desk_room.key()}", response="text") for _ in range(2)))
    people = {"ana": desk_room.ana, "ben": desk_room.ben, "cleo": desk_room.cleo}
    for name, act in acts:
        try:
            if act == "undo":
                desk_room.undo(people[name])
            elif act == "back":
                _send_back_any(desk_room)
            elif desk_room.next(people[name]).lease:
                decision: Literal["approve", "reject", "skip"] = (
                    "approve" if act == "approve" else "reject" if act == "reject" else "skip"
                )
                desk_room.say(people[name], decision)
        except Conflict:
            continue
    kept = _kept(desk_room)
    desk_room.store.write(lambda cursor: rebuild(cursor, desk_room.project))
    assert _kept(desk_room) == kept


def _send_back_any(room: Desk) -> None:
    def change(cursor: Cursor) -> None:
        found = [r for r in reviews.of_project(cursor, room.project.id) if pairs.get(cursor, r.pair_id).state == "open"]
        for review in found[-1:]:
            args = {"by": room.lead.id, "comment": "again", "request_key": room.key()}
            reviews.send_back(cursor, room.project.id, review, **args)
            settle(cursor, room.project, review.pair_id)

    room.store.write(change)


def _kept(room: Desk) -> tuple[Any, ...]:
    """All that the queue has written down: seats, and the tally without empty rows."""
    with room.store.read() as cursor:
        everything = seats.seats(cursor, seats.of_project(cursor, room.project.id))
        counted = [tally.of(cursor, room.project.id, one.id) for one in (room.ana, room.ben, room.cleo)]
    return everything, counted
