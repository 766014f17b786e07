"""More opinions are asked for on a slice; what has enough is settled, what is decided stays."""

import json

import pytest
from deskwork import Desk

from hone.labeling import overlap
from hone.labeling.feed import Sent, send_chosen
from hone.labeling.filtering import parse
from hone.labeling.overlap import Asked
from hone.storage import audit
from hone.storage.errors import Forbidden, InputError
from hone.storage.pairs import NewPair


def fill(room: Desk) -> list[str]:
    return room.add(
        *(
            NewPair(instruction=f"Ask {n}", response=f"Say {n}", metadata={"topic": "law" if n % 2 else "art"})
            for n in range(6)
        )
    )


def ask(room: Desk, where: str, opinions: int) -> Asked:
    return overlap.ask(room.store, room.project, room.lead, parse(where), opinions)


def test_only_the_slice_asks_for_more_and_what_is_decided_stays(desk_room: Desk) -> None:
    ids = fill(desk_room)
    desk_room.approve("#2")
    assert ask(desk_room, "metadata.topic=law", 3) == Asked(opinions=3, open=2, settled=0, decided=1)
    wanted = [desk_room.pair(pair_id).wanted for pair_id in ids]
    assert wanted == [2, 2, 2, 3, 2, 3]
    for expert in (desk_room.ana, desk_room.ben, desk_room.cleo):
        assert desk_room.next(expert).pair is not None


def test_a_pair_with_enough_opinions_is_settled_at_once(desk_room: Desk) -> None:
    [first, *_] = fill(desk_room)
    ask(desk_room, "", 3)
    desk_room.say(desk_room.ana)
    desk_room.say(desk_room.ben, "reject")
    assert desk_room.pair(first).state == "open"
    assert ask(desk_room, "state=open", 2).settled == 1
    assert desk_room.pair(first).state == "disputed"


def test_the_act_is_kept_with_the_filter_in_words(desk_room: Desk) -> None:
    fill(desk_room)
    ask(desk_room, "metadata.topic=law", 4)
    with desk_room.store.read() as cursor:
        newest = audit.listing(cursor, 1)[0]
    assert newest.act == "opinions asked"
    assert json.loads(newest.detail) == {"chosen": "metadata.topic=law", "open": 3, "opinions": 4}


def test_fewer_than_must_agree_more_than_nine_no_pair_and_no_lead_are_refused(desk_room: Desk) -> None:
    fill(desk_room)
    for opinions in (1, 10):
        with pytest.raises(InputError, match="ask for 2 to 9"):
            ask(desk_room, "", opinions)
    with pytest.raises(InputError, match="No pair is meant"):
        ask(desk_room, "words=nothing", 2)
    with pytest.raises(Forbidden):
        overlap.ask(desk_room.store, desk_room.project, desk_room.ana, parse(""), 3)


def test_the_pairs_of_a_filter_go_to_the_experts(desk_room: Desk) -> None:
    ids = fill(desk_room)
    desk_room.approve("#2")
    law = parse("metadata.topic=law")
    assert send_chosen(desk_room.store, desk_room.project, desk_room.lead, law, "unclear") == Sent(
        reopened=0, moved=2, disputed=0
    )
    again = send_chosen(desk_room.store, desk_room.project, desk_room.lead, law, "unclear", reopen=True)
    assert (again.reopened, desk_room.pair(ids[1]).round) == (1, 2)
