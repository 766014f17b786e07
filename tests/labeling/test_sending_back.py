"""A lead gives an opinion back with a comment; the expert starts from what they said."""

import pytest
from deskwork import Desk

from hone.labeling import adjudication, sending_back
from hone.labeling.batches import freezing as batches
from hone.labeling.standing import rebuild
from hone.storage import deciding, quality, roles, tally
from hone.storage.deciding import SentBack
from hone.storage.errors import Conflict, Forbidden, InputError
from hone.storage.people import Person


def back(room: Desk, pair_id: str, comment: str = "Name the date", key: str = "", **which: str) -> SentBack:
    return sending_back.send_back(
        room.store, room.project, room.lead, pair_id, comment, request_key=key or room.key(), **which
    )


def differ(room: Desk) -> str:
    """Ana and Ben differ on a pair; gives its id."""
    [pair_id] = room.fill(1)
    room.say(room.ana, response="Ana's text", ratings={"tone": 4}, note="short")
    room.say(room.ben, response="Ben's text")
    return pair_id


def letter(room: Desk, text: str) -> str:
    [dispute] = adjudication.disputes(room.store, room.project, room.lead)
    return next(version.label for version in dispute.versions if version.response == text)


def opinion_id(room: Desk, pair_id: str, person: Person) -> str:
    with room.store.read() as cursor:
        pair = room.pair(pair_id)
        return next(r.id for r in adjudication.opinions(cursor, pair) if r.person_id == person.id)


def test_the_expert_sees_the_comment_and_starts_from_their_former_opinion(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    back(desk_room, pair_id, version=letter(desk_room, "Ana's text"))
    view = desk_room.next(desk_room.ana)
    assert view.pair is not None
    assert view.draft is not None
    assert (view.pair.id, view.comment) == (pair_id, "Name the date")
    assert (view.draft.response, view.draft.ratings, view.draft.note) == ("Ana's text", {"tone": 4}, "short")


def test_the_pair_is_kept_for_its_expert_and_comes_before_all_else(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    desk_room.fill(2)
    back(desk_room, pair_id, version=letter(desk_room, "Ana's text"))
    cleo = desk_room.next(desk_room.cleo)
    assert cleo.pair is not None
    assert cleo.pair.id != pair_id
    ana = desk_room.next(desk_room.ana)
    assert ana.pair is not None
    assert ana.pair.id == pair_id


def test_what_was_sent_back_counts_no_more_until_it_is_said_again(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    back(desk_room, pair_id, version=letter(desk_room, "Ana's text"))
    assert (desk_room.pair(pair_id).state, desk_room.pair(pair_id).done) == ("open", 1)
    assert adjudication.disputes(desk_room.store, desk_room.project, desk_room.lead) == []
    desk_room.say(desk_room.ana, response="Ben's text")
    assert desk_room.approved_text(pair_id) == "Ben's text"


def test_both_opinions_can_go_back(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    sent = sending_back.send_back_all(
        desk_room.store, desk_room.project, desk_room.lead, pair_id, ["A", "B"], "Both: name it", request_key="both"
    )
    assert {each.expert_id for each in sent} == {desk_room.ana.id, desk_room.ben.id}
    for person in (desk_room.ana, desk_room.ben):
        if desk_room.pair(pair_id).reserved_for == person.id:
            desk_room.say(person, response="The same")
    for person in (desk_room.ana, desk_room.ben):
        if desk_room.next(person).pair is not None:
            desk_room.say(person, response="The same")
    assert desk_room.approved_text(pair_id) == "The same"


def test_of_several_opinions_all_go_back_or_none(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    with pytest.raises(Conflict, match="stands no more"):
        sending_back.send_back_all(
            desk_room.store, desk_room.project, desk_room.lead, pair_id, ["B", "0"], "Both: name it", request_key="both"
        )
    assert (desk_room.pair(pair_id).state, desk_room.pair(pair_id).done) == ("disputed", 2)
    with desk_room.store.read() as cursor:
        assert deciding.sent_back_of(cursor, pair_id) == []


def test_an_opinion_on_an_approved_pair_goes_back_by_its_review(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    desk_room.all_approve()
    back(desk_room, pair_id, review_id=opinion_id(desk_room, pair_id, desk_room.ben))
    assert desk_room.pair(pair_id).state == "open"
    assert desk_room.pair(pair_id).reserved_for == desk_room.ben.id


def test_pairs_that_wait_for_somebody_who_is_no_expert_any_more_go_to_all(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    back(desk_room, pair_id, version=letter(desk_room, "Ana's text"))
    assert desk_room.next(desk_room.cleo).pair is None
    desk_room.store.write(lambda cursor: roles.set_roles(cursor, desk_room.ana, ("reviewer",), desk_room.lead))
    with desk_room.store.read() as cursor:
        assert tally.of(cursor, desk_room.project.id, desk_room.cleo.id).waiting == 1
        assert tally.of(cursor, desk_room.project.id, desk_room.ben.id).waiting == 0
    assert desk_room.pair(pair_id).reserved_for is None
    desk_room.store.write(lambda cursor: rebuild(cursor, desk_room.project))
    assert desk_room.pair(pair_id).reserved_for is None
    assert desk_room.say(desk_room.cleo, response="Ben's text").pair_id == pair_id
    assert desk_room.approved_text(pair_id) == "Ben's text"


def test_the_same_request_twice_is_one_row(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    which = letter(desk_room, "Ana's text")
    first = back(desk_room, pair_id, key="one", version=which)
    assert back(desk_room, pair_id, key="one", version=which) == first
    with desk_room.store.read() as cursor:
        assert deciding.sent_back_of(cursor, pair_id) == [first]


def test_what_a_lead_has_decided_is_not_sent_back(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    review = opinion_id(desk_room, pair_id, desk_room.ana)
    adjudication.decide(
        desk_room.store, desk_room.project, desk_room.lead, pair_id, "approve", version="A", request_key="decided"
    )
    with pytest.raises(Conflict, match="A lead has decided"):
        back(desk_room, pair_id, review_id=review)


def test_what_is_in_a_frozen_batch_is_not_sent_back(desk_room: Desk) -> None:
    pair_id = desk_room.fill(6)[0]
    desk_room.all_approve()
    batches.freeze(desk_room.store, desk_room.project, desk_room.lead)
    with pytest.raises(Conflict, match="frozen batch 1"):
        back(desk_room, pair_id, review_id=opinion_id(desk_room, pair_id, desk_room.ana))
    assert desk_room.pair(pair_id).state == "approved"


def test_what_does_not_say_whose_and_why_is_refused(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    with pytest.raises(InputError, match="needs a comment"):
        back(desk_room, pair_id, " ", version="A")
    with pytest.raises(InputError, match="There are: A, B"):
        back(desk_room, pair_id, version="C")
    with pytest.raises(InputError, match="which opinion"):
        back(desk_room, pair_id)
    with pytest.raises(InputError, match="Choose whose"):
        sending_back.send_back_all(
            desk_room.store, desk_room.project, desk_room.lead, pair_id, [], "why", request_key="none"
        )
    with pytest.raises(Conflict, match="stands no more"):
        back(desk_room, pair_id, review_id="no such review")
    with pytest.raises(Forbidden):
        sending_back.send_back(
            desk_room.store, desk_room.project, desk_room.ana, pair_id, "why", version="A", request_key="x"
        )


def test_what_was_sent_back_is_counted_as_a_correction(desk_room: Desk) -> None:
    pair_id = differ(desk_room)
    back(desk_room, pair_id, version=letter(desk_room, "Ana's text"))
    with desk_room.store.read() as cursor:
        [look] = quality.looks(cursor, desk_room.project.id, 10)
        [told] = quality.sent_back_to(cursor, desk_room.project.id, desk_room.ana.id)
    assert (look.person_id, look.sent_back, look.overruled) == (desk_room.ana.id, True, False)
    assert (told.comment, told.answered) == ("Name the date", False)
    desk_room.say(desk_room.ana, response="Dated")
    with desk_room.store.read() as cursor:
        assert quality.sent_back_to(cursor, desk_room.project.id, desk_room.ana.id)[0].answered
