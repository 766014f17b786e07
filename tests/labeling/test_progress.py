"""How far the experts are, and what agreement is computed from."""

from deskwork import Desk

from hone.labeling import progress
from hone.labeling.feed import send_pairs


def test_each_expert_is_told_with_counts_and_what_waits(desk_room: Desk) -> None:
    desk_room.fill(3)
    desk_room.say(desk_room.ana, response="Edited", seconds=10)
    desk_room.say(desk_room.ana, "reject", seconds=20)
    desk_room.say(desk_room.ben, "skip")
    found = progress.team(desk_room.store, desk_room.project)
    ana, ben, cleo = found.experts
    assert (ana.name, ana.done, ana.approved, ana.rejected, ana.edited, ana.waiting) == ("ana", 2, 1, 1, 1, 1)
    assert ana.seconds == 15
    assert (ben.done, ben.waiting, ben.seconds, ben.last_at) == (0, 2, None, None)
    assert cleo.waiting == 3
    assert found.states == {"open": 3, "disputed": 0, "agreed": 0, "approved": 0, "rejected": 0}


def test_ratings_and_decisions_are_listed_by_item_expert_and_dimension(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    desk_room.say(desk_room.ana, ratings={"tone": 4, "accuracy": 5})
    desk_room.say(desk_room.ben, "reject", ratings={"tone": 2})
    item = f"{pair_id}/1"
    assert progress.ratings(desk_room.store, desk_room.project) == [
        (item, "ana", "accuracy", 5),
        (item, "ana", "tone", 4),
        (item, "ben", "tone", 2),
    ]
    assert progress.decisions(desk_room.store, desk_room.project) == [
        (item, "ana", "approve"),
        (item, "ben", "reject"),
    ]


def test_a_second_look_in_a_new_round_is_an_item_of_its_own(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    desk_room.all_approve()
    send_pairs(desk_room.store, desk_room.project, desk_room.lead, [pair_id], "again")
    desk_room.say(desk_room.ana, "reject")
    items = {item for item, _, _ in progress.decisions(desk_room.store, desk_room.project)}
    assert items == {f"{pair_id}/1", f"{pair_id}/2"}


def test_what_was_taken_back_is_not_told(desk_room: Desk) -> None:
    desk_room.fill(1)
    desk_room.say(desk_room.ana)
    desk_room.undo(desk_room.ana)
    assert progress.decisions(desk_room.store, desk_room.project) == []
