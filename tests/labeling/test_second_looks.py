"""Gold pairs and hidden repeats: mixed in at a set rate, like any other to the eye, and counted for quality alone."""

import pytest
from deskwork import Desk

from hone.labeling import desk, feed
from hone.labeling.desk import Opinion
from hone.storage import gold, queue, reviews, second_looks, tally
from hone.storage.errors import Conflict
from hone.storage.gold import Gold
from hone.storage.memory import Memory
from hone.storage.pairs import NewPair
from hone.storage.second_looks import Wish
from hone.storage.store import Cursor


def mixed(room: Desk, **rates: float) -> None:
    """The desk goes by these rates; 1.0, which no project may have, makes each turn bring one."""
    settings = room.project.settings.model_copy(update=rates)
    room.project = room.project.model_copy(update={"settings": settings})


def known(room: Desk, count: int = 1) -> list[Gold]:
    def change(cursor: Cursor) -> list[Gold]:
        made = [
            gold.add(
                cursor,
                room.project.id,
                NewPair(instruction=f"Known {number}", response="Wrong"),
                "reject",
                made_by=room.lead.id,
            )
            for number in range(count)
        ]
        return [one for one in made if one]

    return room.store.write(change)


def test_a_gold_pair_looks_like_any_other(desk_room: Desk) -> None:
    desk_room.fill(2)
    [one] = known(desk_room)
    mixed(desk_room, gold_rate=1.0)
    view = desk_room.next(desk_room.ana)
    assert view.pair is not None
    assert view.pair.id == one.pair_id
    assert (view.pair.kind, view.pair.state, view.why, view.comment) == ("pair", "open", "new", None)
    review = desk_room.say(desk_room.ana, "reject")
    assert review.kind == "review"
    after = desk_room.next(desk_room.ana)
    assert after.done == 1
    assert after.last is not None
    assert after.last.kind == "review"


def test_each_gold_pair_comes_to_a_person_once_and_settles_nothing(desk_room: Desk) -> None:
    ordinary = set(desk_room.fill(2))
    golden = {one.pair_id for one in known(desk_room, 3)}
    mixed(desk_room, gold_rate=1.0)
    seen = [desk_room.say(desk_room.ana, "reject").pair_id for _ in range(5)]
    assert set(seen[:3]) == golden
    assert set(seen[3:]) == ordinary
    assert {desk_room.pair(pair_id).done for pair_id in golden} == {0}
    with desk_room.store.read() as cursor:
        assert {review.pair_id for review in reviews.of_project(cursor, desk_room.project.id)} == ordinary
        found = gold.results(cursor, desk_room.project.id, desk_room.ana.id)
    assert [one.right for one in found] == [True, True, True]


def test_a_gold_opinion_can_be_taken_back_and_the_pair_comes_again(desk_room: Desk) -> None:
    [one] = known(desk_room)
    mixed(desk_room, gold_rate=1.0)
    desk_room.say(desk_room.ana)
    undone = desk_room.undo(desk_room.ana)
    assert undone is not None
    assert undone.kind == "review"
    view = desk_room.next(desk_room.ana)
    assert view.pair is not None
    assert view.pair.id == one.pair_id
    with desk_room.store.read() as cursor:
        assert gold.results(cursor, desk_room.project.id) == []


def test_a_gold_pair_waits_for_nobody(desk_room: Desk) -> None:
    desk_room.fill(2)
    known(desk_room, 3)
    assert desk_room.next(desk_room.ana).waiting == 2


def test_a_repeat_is_a_pair_that_was_decided_long_enough_ago_and_comes_once(desk_room: Desk) -> None:
    pair_ids = desk_room.fill(9)
    for _ in range(6):
        desk_room.say(desk_room.ana)
    mixed(desk_room, repeat_rate=1.0)
    seen = [desk_room.say(desk_room.ana, "reject").pair_id for _ in range(3)]
    assert set(seen) == set(pair_ids[:3])  # of six opinions the older half
    assert desk_room.say(desk_room.ana).pair_id == pair_ids[6]
    assert {desk_room.pair(pair_id).done for pair_id in pair_ids[:6]} == {1}
    assert desk_room.pair(pair_ids[0]).state == "open"


def test_a_repeat_takes_no_place_from_others(desk_room: Desk) -> None:
    [first, *_] = desk_room.fill(2)
    desk_room.say(desk_room.ana)
    desk_room.say(desk_room.ana)
    mixed(desk_room, repeat_rate=1.0)
    view = desk_room.next(desk_room.ana)
    assert view.pair is not None
    assert view.pair.id == first
    mixed(desk_room, repeat_rate=0.0)
    assert desk_room.say(desk_room.ben).pair_id == first
    assert desk_room.pair(first).state == "approved"
    assert desk_room.say(desk_room.ana, "reject").pair_id == first  # still on her desk, and harmless
    assert desk_room.pair(first).state == "approved"


def test_a_second_tab_stores_no_second_look(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    lease = desk_room.next(desk_room.ana).lease
    assert lease is not None
    args = (desk_room.store, desk_room.project, desk_room.ana, lease.token, Opinion(decision="approve"))
    desk.submit(*args, "the first tab")
    with pytest.raises(Conflict, match="in this round already"):
        desk.submit(*args, "the second tab", pair_id=pair_id)


def test_the_draws_depend_on_the_person_and_the_count_alone(desk_room: Desk) -> None:
    desk_room.fill(3)
    known(desk_room, 40)
    wish = Wish(project_id=desk_room.project.id, person_id=desk_room.ana.id, gold_rate=0.25, seed=7)

    def drawn(turn: int) -> bool:
        with desk_room.store.read() as cursor:
            return bool(second_looks.draw(cursor, wish, turn))

    first = [drawn(turn) for turn in range(200)]
    assert first == [drawn(turn) for turn in range(200)]
    assert 30 <= sum(first) <= 70


def test_turns_count_what_stands(desk_room: Desk) -> None:
    desk_room.fill(3)
    known(desk_room)
    mixed(desk_room, gold_rate=0.5)
    for decision in ("approve", "skip", "reject"):
        desk_room.say(desk_room.ana, decision)
    desk_room.undo(desk_room.ana)
    with desk_room.store.read() as cursor:
        counted = tally.of(cursor, desk_room.project.id, desk_room.ana.id)
    assert (counted.turns, counted.done, len(counted.last)) == (2, 1, 2)


def test_a_second_look_that_is_taken_back_gives_no_place_in_the_next_round(desk_room: Desk) -> None:
    [first, *_] = desk_room.fill(2)
    desk_room.say(desk_room.ana)
    desk_room.say(desk_room.ana)
    mixed(desk_room, repeat_rate=1.0)
    assert desk_room.say(desk_room.ana).pair_id == first
    mixed(desk_room, repeat_rate=0.0)
    assert desk_room.say(desk_room.ben).pair_id == first
    feed.send_pairs(desk_room.store, desk_room.project, desk_room.lead, [first], "look again")
    desk_room.undo(desk_room.ana)
    with desk_room.store.read() as cursor:
        assert queue.held_by(cursor, [first]) == {}


def test_where_gold_pairs_are_mixed_in_nothing_about_a_pair_tells_which_they_are(desk_room: Desk) -> None:
    desk_room.add(NewPair(instruction="Explain", response="Fine", group="letters", metadata={"topic": "refund"}))
    known(desk_room)
    plain = desk_room.next(desk_room.ana)
    mixed(desk_room, gold_rate=1.0)
    golden = desk_room.next(desk_room.ben)
    mixed(desk_room, gold_rate=1e-9)
    others = desk_room.next(desk_room.cleo)
    texts = {"id", "first_revision", "instruction", "context", "response"}
    assert plain.pair
    assert golden.pair
    assert others.pair
    assert plain.pair.number == 1
    assert others.pair.id == plain.pair.id != golden.pair.id
    assert golden.pair.model_dump(exclude=texts) == others.pair.model_dump(exclude=texts)
    assert golden.waiting == others.waiting == 10


def test_one_lease_used_by_two_tabs_at_the_same_moment_is_one_opinion(desk_room: Desk) -> None:
    desk_room.fill(1)
    view = desk_room.next(desk_room.ana)
    assert view.lease
    person, token = desk_room.ana, view.lease.token
    opinion = Opinion(decision="approve")
    tabs = [desk._Submission(desk_room.project, person, token, opinion, f"tab {n}", None, None) for n in (1, 2)]  # pyright: ignore[reportPrivateUsage]
    first, second = desk_room.store.write(lambda cursor: desk._submit_all(cursor, Memory(), tabs))  # pyright: ignore[reportPrivateUsage]
    assert not isinstance(first, Conflict)
    assert isinstance(second, Conflict)
    assert desk_room.pair(first.pair_id).done == 1  # type: ignore[union-attr]
