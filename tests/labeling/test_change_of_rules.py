"""A lead changes how many opinions a pair wants while experts are at work: open pairs follow, nobody gets stuck."""

from typing import Any

from deskwork import Desk

from hone.labeling.standing import change_settings


def rules(desk_room: Desk, **changes: Any) -> None:
    """The lead declares other rules."""
    settings = desk_room.project.settings.model_copy(update=changes)
    desk_room.project = desk_room.store.write(
        lambda cursor: change_settings(cursor, desk_room.project, settings, desk_room.lead)
    )


def test_a_pair_that_has_what_it_wants_by_the_new_rule_is_settled_at_once(desk_room: Desk) -> None:
    said, _ = desk_room.fill(2)
    desk_room.say(desk_room.ana)
    rules(desk_room, overlap=1, agree=1)
    assert desk_room.pair(said).state == "approved"
    view = desk_room.next(desk_room.ben)
    assert view.pair is not None
    assert view.pair.number == 2


def test_an_open_pair_wants_as_many_opinions_as_the_new_rule_says(desk_room: Desk) -> None:
    (pair,) = desk_room.fill(1)
    rules(desk_room, overlap=3)
    for person in (desk_room.ana, desk_room.ben, desk_room.cleo):
        assert desk_room.next(person).pair is not None
    assert desk_room.pair(pair).wanted == 3


def test_what_is_decided_stays_decided(desk_room: Desk) -> None:
    (pair,) = desk_room.fill(1)
    desk_room.all_approve()
    rules(desk_room, overlap=3, agree=3)
    assert desk_room.pair(pair).state == "approved"


def test_a_desk_that_still_goes_by_the_old_rule_leaves_nobody_stuck(desk_room: Desk) -> None:
    desk_room.fill(2)
    view, old = desk_room.next(desk_room.ana), desk_room.project
    rules(desk_room, overlap=1, agree=1)
    new, desk_room.project = desk_room.project, old
    assert desk_room.say(desk_room.ana).pair_id == view.lease.subject_id if view.lease else False
    desk_room.project = new
    assert desk_room.say(desk_room.ben).pair_id != view.lease.subject_id if view.lease else False


def test_an_opinion_counts_by_the_rule_of_the_moment_even_if_its_page_was_opened_under_another(
    desk_room: Desk,
) -> None:
    [pair_id] = desk_room.fill(1)
    one_is_enough = desk_room.project.settings.model_copy(update={"agree": 1, "overlap": 1})
    before = desk_room.project
    desk_room.project = before.model_copy(update={"settings": one_is_enough})  # what an old page holds
    desk_room.say(desk_room.ana)
    assert (desk_room.pair(pair_id).state, desk_room.pair(pair_id).done) == ("open", 1)
