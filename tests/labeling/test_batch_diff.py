"""Two batches are compared: what came, what went and why, whose words changed."""

import pytest
from deskwork import Desk

from hone.labeling import feed
from hone.labeling.batches import freezing as batches
from hone.labeling.batches.difference import difference
from hone.labeling.filtering import parse
from hone.storage.batches import Batch
from hone.storage.errors import InputError
from hone.storage.pairs import NewPair


def freeze(room: Desk, where: str = "") -> Batch:
    return batches.freeze(room.store, room.project, room.lead, wanted=parse(where))


def fill(room: Desk, number: int, topic: str) -> list[str]:
    return room.add(
        *(
            NewPair(instruction=f"{topic} {n}", response=f"{topic} says {n} {n * 7}", metadata={"topic": topic})
            for n in range(number)
        )
    )


def test_what_came_what_went_and_whose_words_changed(desk_room: Desk) -> None:
    [first, *_] = fill(desk_room, 5, "law")
    fill(desk_room, 1, "tax")
    desk_room.all_approve()
    before = freeze(desk_room)
    feed.send_pairs(desk_room.store, desk_room.project, desk_room.lead, [first], "weak")
    for expert in (desk_room.ana, desk_room.ben):
        desk_room.say(expert, response="law says nothing at all")
    desk_room.add(NewPair(instruction="law again", response="something else", metadata={"topic": "law"}))
    desk_room.all_approve()
    found = difference(desk_room.store, before, freeze(desk_room, "metadata.topic=law"))
    assert found.counts == {"added": 1, "removed": 1, "changed": 1, "moved": 0}
    assert (found.added[0].instruction, found.removed[0].instruction) == ("law again", "tax 0")
    assert found.same == 4
    [changed] = found.changed
    assert [(piece.op, piece.text) for piece in changed.pieces["response"]] == [
        ("same", "law says "),
        ("removed", "0 0"),
        ("added", "nothing at all"),
    ]


def test_a_pair_that_was_left_out_says_why(desk_room: Desk) -> None:
    desk_room.add(*(NewPair(instruction="Say it", context=f"clause {n}", response=f"text {n}") for n in range(30)))
    [last] = desk_room.add(NewPair(instruction="Say it", context="Clause 0!", response="quite another"))
    desk_room.all_approve()
    before = freeze(desk_room)
    feed.send_pairs(desk_room.store, desk_room.project, desk_room.lead, [last], "weak")
    for expert in (desk_room.ana, desk_room.ben):
        desk_room.say(expert, response="text 0")
    found = difference(desk_room.store, before, freeze(desk_room))
    assert [(each.pair_number, each.reason) for each in found.removed] == [(31, "duplicate of #1")]


def test_a_batch_is_not_compared_with_itself(desk_room: Desk) -> None:
    desk_room.fill(3)
    desk_room.all_approve()
    batch = freeze(desk_room)
    with pytest.raises(InputError, match="with itself"):
        difference(desk_room.store, batch, batch)
