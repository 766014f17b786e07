"""What figures about people's work are made of: counted in the store, and no more than the asker may know."""

from datetime import timedelta

import pytest
from deskwork import Desk

from hone.labeling import adjudication, quality
from hone.storage import gold, reviews
from hone.storage import quality as counted
from hone.storage.errors import Forbidden
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.quality import Tally
from hone.storage.records import new_id, now
from hone.storage.reviews import Kind, Review
from hone.storage.store import Cursor


def tally(room: Desk, person: Person) -> Tally:
    with room.store.read() as cursor:
        found = counted.tallies(cursor, room.project.id, room.project.settings.fast_seconds)
    return next(each for each in found if each.person_id == person.id)


def answer(room: Desk, person: Person, pair_id: str, kind: Kind, days_ago: float = 2, **said: object) -> None:
    """A second look or an answer to a gold pair, some days ago."""
    pair = room.pair(pair_id)
    made = Review.model_validate(
        {
            "id": new_id(),
            "pair_id": pair_id,
            "round": pair.round,
            "person_id": person.id,
            "seen_revision": pair.first_revision,
            "revision_id": pair.first_revision,
            "decision": "approve",
            "kind": kind,
            "ratings": {},
            "project_version": 1,
            "source": "page",
            "request_key": new_id(),
            "created_at": now() - timedelta(days=days_ago),
            **said,
        }
    )
    room.store.write(lambda cursor: reviews.add(cursor, made))


def test_opinions_are_counted_by_person_without_skips_and_what_was_taken_back(desk_room: Desk) -> None:
    desk_room.fill(4)
    desk_room.say(desk_room.ana, response="Edited", seconds=1)
    desk_room.say(desk_room.ana, "reject", seconds=20)
    desk_room.say(desk_room.ana, "skip", seconds=1)
    desk_room.say(desk_room.ana)
    desk_room.undo(desk_room.ana)
    found = tally(desk_room, desk_room.ana)
    assert (found.done, found.approved, found.edited, found.timed, found.fast) == (2, 1, 1, 2, 1)


def test_the_newest_opinions_are_found_whatever_was_said_elsewhere(desk_room: Desk) -> None:
    desk_room.fill(6)
    for _ in range(6):
        desk_room.say(desk_room.ana)
    with desk_room.store.read() as cursor:
        found = counted.newest(cursor, desk_room.project.id, 4)
        every = counted.newest(cursor, desk_room.project.id, 100)
        assert counted.newest(cursor, "another project", 4) == []
    assert found == every[-4:]
    assert len(every) == 6


def test_texts_of_an_item_are_compared_when_somebody_changed_one(desk_room: Desk) -> None:
    desk_room.fill(2)
    desk_room.say(desk_room.ana, response="Ana's text")
    desk_room.say(desk_room.ben, response="Ben's text")
    desk_room.say(desk_room.ana)
    desk_room.say(desk_room.ben)
    work = quality.of_team(desk_room.store, desk_room.project, desk_room.lead)
    assert [set(texts) for texts in work.edits] == [{"Ana's text", "Ben's text"}]


def test_an_expert_whom_a_lead_overrules_is_counted_and_who_was_right_too(desk_room: Desk) -> None:
    desk_room.fill(1)
    desk_room.say(desk_room.ana, response="Ana's text")
    desk_room.say(desk_room.ben, "reject")
    [dispute] = adjudication.disputes(desk_room.store, desk_room.project, desk_room.lead)
    adjudication.decide(
        desk_room.store, desk_room.project, desk_room.lead, dispute.pair.id, "approve", response="Ana's text",
        request_key="decided",
    )  # fmt: skip
    with desk_room.store.read() as cursor:
        looks = {look.person_id: look.overruled for look in counted.looks(cursor, desk_room.project.id, 10)}
    assert looks == {desk_room.ana.id: False, desk_room.ben.id: True}


def test_a_second_look_is_held_against_the_last_before_it(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    desk_room.say(desk_room.ana, ratings={"tone": 4})
    answer(desk_room, desk_room.ana, pair_id, "repeat", days_ago=-1, decision="reject", ratings={"tone": 5})
    with desk_room.store.read() as cursor:
        [found] = counted.repeat_answers(cursor, desk_room.project.id, 10)
    assert (found.decision, found.wanted, found.ratings, found.wanted_ratings) == (
        "reject",
        "approve",
        {"tone": 5},
        {"tone": 4},
    )


def gold_pair(room: Desk) -> str:
    """A pair that is known to be bad, with tone 2; gives its id."""

    def change(cursor: Cursor) -> str:
        new = NewPair(instruction="Known", response="A bad answer")
        made = gold.add(cursor, room.project.id, new, "reject", made_by=room.lead.id, ratings={"tone": 2})
        assert made is not None
        return made.pair_id

    return room.store.write(change)


def test_an_answer_to_a_gold_pair_is_held_against_what_is_right(desk_room: Desk) -> None:
    answer(desk_room, desk_room.ana, gold_pair(desk_room), "gold", decision="reject", ratings={"tone": 3})
    work = quality.of_team(desk_room.store, desk_room.project, desk_room.lead)
    [found] = work.gold
    assert (found.decision, found.wanted, found.wanted_ratings) == ("reject", "reject", {"tone": 2})
    assert work.tallies == {}


def test_an_expert_cannot_tell_from_todays_figures_which_pair_was_gold(desk_room: Desk) -> None:
    answer(desk_room, desk_room.ana, gold_pair(desk_room), "gold", days_ago=0)
    own = quality.of_one(desk_room.store, desk_room.project, desk_room.ana)
    assert own.work.gold == ()
    assert (own.work.tallies[desk_room.ana.id].done, own.days[-1][1]) == (1, 1)
    assert [review.kind for _, review in own.last] == ["review"]
    assert len(quality.of_team(desk_room.store, desk_room.project, desk_room.lead).gold) == 1


def test_an_expert_sees_their_own_work_and_a_lead_all(desk_room: Desk) -> None:
    desk_room.fill(2)
    desk_room.say(desk_room.ana)
    desk_room.say(desk_room.ben)
    desk_room.say(desk_room.ben)
    own = quality.of_one(desk_room.store, desk_room.project, desk_room.ana)
    assert set(own.work.people) == {desk_room.ana.id}
    assert len({given.pair_id for given in own.work.opinions}) == 1
    assert own.days[-1][1] == 1
    assert set(quality.of_team(desk_room.store, desk_room.project, desk_room.lead).tallies) == {
        desk_room.ana.id,
        desk_room.ben.id,
    }
    with pytest.raises(Forbidden):
        quality.of_team(desk_room.store, desk_room.project, desk_room.ana)
    with pytest.raises(Forbidden):
        quality.of_one(desk_room.store, desk_room.project, desk_room.lead)
