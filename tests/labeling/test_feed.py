"""What a report found goes back to the experts, before everything else."""

import pytest
from deskwork import Desk

from hone.labeling import feed
from hone.labeling.feed import Sent, send_pairs, send_slice
from hone.storage import audit
from hone.storage.errors import Forbidden, InputError, NotFound
from hone.storage.pairs import NewPair


def sliced(room: Desk) -> list[str]:
    return room.add(
        *(
            NewPair(
                instruction=f"Ask {n}", response=f"Say {n}", metadata={"topic": "law" if n % 2 else "art"}, group="g"
            )
            for n in range(6)
        )
    )


def test_an_approved_pair_starts_a_new_round_at_the_front(desk_room: Desk) -> None:
    *_, last = desk_room.fill(3)
    desk_room.all_approve()
    desk_room.fill(5)
    sent = send_pairs(desk_room.store, desk_room.project, desk_room.lead, [last], "lost to the old model")
    assert sent == Sent(reopened=1, moved=0, disputed=0)
    view = desk_room.next(desk_room.ana)
    assert view.pair is not None
    assert (view.pair.id, view.pair.round, view.why) == (last, 2, "lost to the old model")


def test_a_slice_of_open_pairs_moves_to_the_front_in_its_order(desk_room: Desk) -> None:
    sliced(desk_room)
    sent = send_slice(desk_room.store, desk_room.project, desk_room.lead, "topic", "law", "weak slice")
    assert sent == Sent(reopened=0, moved=3, disputed=0)
    seen = [desk_room.say(desk_room.ana).pair_id for _ in range(6)]
    assert [desk_room.pair(pair_id).number for pair_id in seen] == [2, 4, 6, 1, 3, 5]


def test_decided_pairs_of_a_slice_come_back_only_on_request(desk_room: Desk) -> None:
    sliced(desk_room)
    desk_room.all_approve()
    args = (desk_room.store, desk_room.project, desk_room.lead, "group", "g", "again")
    assert send_slice(*args) == Sent(reopened=0, moved=0, disputed=0)
    assert send_slice(*args, reopen=True) == Sent(reopened=6, moved=0, disputed=0)


def test_a_large_slice_goes_in_portions_and_is_counted_whole(desk_room: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PORTION", 2)
    sliced(desk_room)
    desk_room.approve("#1", "#2")
    args = (desk_room.store, desk_room.project, desk_room.lead, "group", "g", "again")
    assert send_slice(*args) == Sent(reopened=0, moved=4, disputed=0)
    assert send_slice(*args, reopen=True) == Sent(reopened=2, moved=4, disputed=0)
    with desk_room.store.read() as cursor:
        acts = [row for row in audit.listing(cursor) if row.act == "sent to experts"]
    assert len(acts) == 5


def test_disputed_pairs_wait_for_their_lead(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    desk_room.say(desk_room.ana)
    desk_room.say(desk_room.ben, "reject")
    sent = send_pairs(desk_room.store, desk_room.project, desk_room.lead, [pair_id], "again")
    assert (sent.disputed, desk_room.pair(pair_id).state) == (1, "disputed")


def test_a_slice_that_is_not_there_is_refused_with_those_that_are(desk_room: Desk) -> None:
    sliced(desk_room)
    args = (desk_room.store, desk_room.project, desk_room.lead)
    with pytest.raises(InputError, match=r"No pair has the topic 'music'\. There are: art, law"):
        send_slice(*args, "topic", "music", "why")
    with pytest.raises(InputError, match=r"No pair has a field 'genre'\. There are: group, topic"):
        send_slice(*args, "genre", "music", "why")


def test_pairs_go_back_with_a_reason_and_by_a_lead(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    with pytest.raises(InputError, match="Say why"):
        send_pairs(desk_room.store, desk_room.project, desk_room.lead, [pair_id], " ")
    with pytest.raises(NotFound):
        send_pairs(desk_room.store, desk_room.project, desk_room.lead, ["nobody"], "why")
    with pytest.raises(Forbidden):
        send_pairs(desk_room.store, desk_room.project, desk_room.ana, [pair_id], "why")
