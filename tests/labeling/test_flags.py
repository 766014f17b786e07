"""A flag stays open until a person says, with a reason, what became of it."""

import pytest
from deskwork import Desk

from hone.labeling import flags
from hone.labeling.feed import send_pairs
from hone.labeling.flags import OpenFlag
from hone.labeling.spans import mark
from hone.storage import flags as stored
from hone.storage.errors import Conflict, Forbidden, InputError, NotFound

KIND = "unsafe_advice"


def flagged(room: Desk, severity: int = 2) -> OpenFlag:
    """Ana flags the first word of a pair and leaves it; gives the flag."""
    [pair_id] = room.fill(1)
    text = room.pair(pair_id).response
    room.say(room.ana, flags=(mark(text, KIND, text[:7], severity=severity, comment="why so"),))
    return open_flags(room)[-1]


def open_flags(room: Desk, **more: bool) -> list[OpenFlag]:
    return flags.listing(room.store, room.project, room.lead, **more)  # type: ignore[arg-type]


def resolve(room: Desk, flag: OpenFlag, outcome: str, reason: str = "read again", key: str = "") -> None:
    flags.resolve(room.store, room.project, room.lead, flag.flag_id, outcome, reason, key or room.key())  # type: ignore[arg-type]


def test_an_open_flag_is_listed_with_its_words_in_their_text(desk_room: Desk) -> None:
    flag = flagged(desk_room)
    assert (flag.category, flag.severity, flag.comment, flag.remains) == (KIND, 2, "why so", True)
    assert flag.response[flag.start : flag.end] == flag.quote
    [count] = flags.counts(desk_room.store, desk_room.project, desk_room.lead)
    assert (count.category, count.severity, count.open) == (KIND, 2, 1)


def test_a_resolved_flag_is_no_more_open_and_keeps_its_reason(desk_room: Desk) -> None:
    flag = flagged(desk_room)
    resolve(desk_room, flag, "dismissed", "a quotation")
    assert open_flags(desk_room) == []
    [told] = open_flags(desk_room, resolved=True)
    assert told.resolution is not None
    assert (told.resolution.outcome, told.resolution.reason) == ("dismissed", "a quotation")
    with desk_room.store.read() as cursor:
        assert stored.unresolved(cursor, desk_room.project.id) == []


def test_a_later_word_counts_and_the_first_is_kept(desk_room: Desk) -> None:
    flag = flagged(desk_room)
    resolve(desk_room, flag, "dismissed")
    resolve(desk_room, flag, "accepted")
    with desk_room.store.read() as cursor:
        newest = stored.resolution_of(cursor, flag.flag_id)
        assert [each.outcome for each in stored.resolutions(cursor, flag.pair_id)] == ["dismissed", "accepted"]
    assert newest is not None
    assert newest.outcome == "accepted"


def test_the_same_request_twice_is_one_row(desk_room: Desk) -> None:
    flag = flagged(desk_room)
    resolve(desk_room, flag, "accepted", key="one")
    resolve(desk_room, flag, "dismissed", key="one")
    with desk_room.store.read() as cursor:
        assert len(stored.resolutions(cursor, flag.pair_id)) == 1


def test_the_gravest_come_first(desk_room: Desk) -> None:
    text = desk_room.pair(desk_room.fill(1)[0]).response
    marks = tuple(mark(text, KIND, text[:end], severity=severity) for end, severity in ((3, 1), (4, 3), (5, 2)))
    desk_room.say(desk_room.ana, flags=marks)
    assert [flag.severity for flag in open_flags(desk_room)] == [3, 2, 1]
    assert [flag.severity for flag in flags.listing(desk_room.store, desk_room.project, desk_room.lead, severity=1)]


def test_words_that_stand_in_the_approved_text_are_not_called_mended(desk_room: Desk) -> None:
    flag = flagged(desk_room)
    desk_room.say(desk_room.ben)
    assert desk_room.pair(flag.pair_id).state == "approved"
    with pytest.raises(InputError, match="still stand in the approved text"):
        resolve(desk_room, flag, "mended")


def test_words_that_were_edited_away_are_mended(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    text = desk_room.pair(pair_id).response
    for person in (desk_room.ana, desk_room.ben):
        desk_room.say(person, response="Other words", flags=(mark(text, KIND, text[:7]),))
    flag = open_flags(desk_room)[0]
    assert (flag.remains, flag.now, flag.quote in flag.response) == (False, "Other words", True)
    resolve(desk_room, flag, "mended")
    assert len(open_flags(desk_room)) == 1


def test_a_flag_goes_with_the_opinion_that_it_belongs_to(desk_room: Desk) -> None:
    flag = flagged(desk_room)
    desk_room.undo(desk_room.ana)
    assert open_flags(desk_room) == []
    with pytest.raises(Conflict, match="stands no more"):
        resolve(desk_room, flag, "dismissed")


def test_a_flag_of_an_earlier_round_is_still_to_be_resolved(desk_room: Desk) -> None:
    flag = flagged(desk_room)
    desk_room.say(desk_room.ben)
    send_pairs(desk_room.store, desk_room.project, desk_room.lead, [flag.pair_id], "look again")
    assert [each.flag_id for each in open_flags(desk_room)] == [flag.flag_id]


def test_what_does_not_say_why_or_which_is_refused(desk_room: Desk) -> None:
    flag = flagged(desk_room)
    with pytest.raises(InputError, match="with a reason"):
        resolve(desk_room, flag, "accepted", "  ")
    with pytest.raises(InputError, match="mended, accepted, dismissed"):
        resolve(desk_room, flag, "gone")
    with pytest.raises(NotFound, match="no flag nothing"):
        resolve(desk_room, flag.model_copy(update={"flag_id": "nothing"}), "accepted")
    with pytest.raises(Forbidden):
        flags.listing(desk_room.store, desk_room.project, desk_room.ana)
