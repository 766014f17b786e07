"""Opinions from a file go the same way as those from the desk, and the same file twice adds nothing."""

from typing import Any

import pytest
from deskwork import Desk

from hone.labeling import adjudication
from hone.labeling.opinions import Recorded, record_adjudications, record_reviews
from hone.storage import pairs, reviews
from hone.storage.errors import Forbidden
from hone.storage.pairs import NewPair


def record(room: Desk, *rows: dict[str, Any]) -> Recorded:
    return record_reviews(room.store, room.project, room.lead, rows)


def two(room: Desk) -> list[str]:
    return room.add(
        NewPair(instruction="Ask", response="Old people are slow", key="first"),
        NewPair(instruction="Tell", response="Fine", key="second"),
    )


def test_rows_name_the_pair_by_key_or_number_and_settle_it(desk_room: Desk) -> None:
    [first, second] = two(desk_room)
    done = record(
        desk_room,
        {"key": "first", "annotator": "ana", "decision": "approve", "response": "All can be slow", "seconds": 9},
        {"key": "#1", "annotator": "ben", "decision": "approve", "response": "All can be slow"},
        {"key": "second", "annotator": "ana", "decision": "reject", "ratings": {"tone": 1}, "note": "no"},
    )
    assert done == Recorded(added=3, known=0, refused=())
    assert desk_room.approved_text(first) == "All can be slow"
    assert desk_room.pair(second).done == 1


def test_the_same_rows_again_add_nothing(desk_room: Desk) -> None:
    two(desk_room)
    row = {"key": "first", "annotator": "ana", "decision": "approve"}
    assert record(desk_room, row, row) == Recorded(added=1, known=1, refused=())
    assert record(desk_room, row) == Recorded(added=0, known=1, refused=())


def test_flags_are_found_by_their_words(desk_room: Desk) -> None:
    [first, _] = two(desk_room)
    flag = {"category": "stereotype", "quote": "people are slow", "protected_group": "old people"}
    done = record(
        desk_room, {"key": "first", "annotator": "ana", "decision": "approve", "response": "Hm", "flags": [flag]}
    )
    assert done.refused == ()
    with desk_room.store.read() as cursor:
        [stored] = reviews.flags(cursor, [first])
    assert (stored.start, stored.end, stored.severity) == (4, 19, 2)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"annotator": "ana", "decision": "approve"}, "the key is missing"),
    ({"key": "third", "annotator": "ana", "decision": "approve"}, "no pair with the key 'third'"),
    ({"key": "first", "annotator": "\ud800", "decision": "approve"}, "not UTF-8"),
    ({"key": "first", "annotator": 5, "decision": "approve"}, "the annotator is not a text"),
    ({"key": "first", "annotator": "ana", "decision": "approve", "seconds": float("nan")}, "no JSON value"),
    ({"key": "first", "annotator": "zoe", "decision": "approve"}, "no person called 'zoe'"),
    ({"key": "first", "annotator": "lena", "decision": "approve"}, "lena has the role lead and admin"),
    ({"key": "first", "annotator": "ana", "decision": "maybe"}, "the decision: Input should be"),
    ({"key": "first", "annotator": "ana"}, "the decision: Field required"),
    ({"key": "first", "annotator": "ana", "decision": "approve", "rating": {}}, "'rating' is no field"),
    ({"key": "first", "annotator": "ana", "decision": "approve", "ratings": {"tone": 9}}, "tone cannot be 9"),
    ({"key": "first", "annotator": "ana", "decision": "approve", "seconds": -1}, "the seconds:"),
    ({"key": "first", "annotator": "ana", "decision": "approve", "flags": "x"}, "not a list of objects"),
    ({"key": "first", "annotator": "ana", "decision": "reject", "flags": [{"quote": "young"}]}, "'young' do not occur"),
    ({"key": "first", "annotator": "ana", "decision": "reject", "flags": [{"quote": "Old"}]}, "the flag's category"),
]


@pytest.mark.parametrize(("row", "why"), BAD, ids=[why for _, why in BAD])
def test_a_bad_row_is_refused_with_its_place_and_the_others_go_in(
    desk_room: Desk, row: dict[str, Any], why: str
) -> None:
    two(desk_room)
    done = record(desk_room, row, {"key": "second", "annotator": "ana", "decision": "approve"})
    assert done.added == 1
    [refused] = done.refused
    assert refused.line == 1
    assert why in refused.reason


def test_no_more_opinions_go_in_than_are_wanted_beside_those_at_the_desk(desk_room: Desk) -> None:
    two(desk_room)
    desk_room.next(desk_room.ana)
    rows = [{"key": "first", "annotator": name, "decision": "approve"} for name in ("ben", "cleo")]
    done = record(desk_room, *rows)
    assert done.added == 1
    assert "is with as many others now as it wants" in done.refused[0].reason
    assert desk_room.say(desk_room.ana).decision == "approve"


def test_decisions_are_recorded_too(desk_room: Desk) -> None:
    [first, second] = two(desk_room)
    for key in ("first", "second"):
        record(
            desk_room,
            {"key": key, "annotator": "ana", "decision": "approve"},
            {"key": key, "annotator": "ben", "decision": "reject"},
        )
    rows: list[dict[str, Any]] = [
        {"key": "first", "decision": "approve", "response": "Better", "reason": "kinder"},
        {"key": "second", "lead": "lena", "decision": "reject"},
        {"key": "#9", "decision": "reject"},
        {"key": "first", "decision": "perhaps"},
    ]
    done = record_adjudications(desk_room.store, desk_room.project, desk_room.lead, rows)
    assert (done.added, [row.line for row in done.refused]) == (2, [3, 4])
    assert desk_room.approved_text(first) == "Better"
    assert desk_room.pair(second).state == "rejected"
    assert record_adjudications(desk_room.store, desk_room.project, desk_room.lead, rows[:2]).known == 2
    assert adjudication.disputes(desk_room.store, desk_room.project, desk_room.lead) == []


def test_recorded_opinions_are_marked_by_their_source(desk_room: Desk) -> None:
    [first, _] = two(desk_room)
    row = {"key": "first", "annotator": "ana", "decision": "approve"}
    record_reviews(desk_room.store, desk_room.project, desk_room.lead, [row], source="example")
    with desk_room.store.read() as cursor:
        assert reviews.current(cursor, first)[0].source == "example"


def test_only_the_pairs_that_are_named_are_looked_up(desk_room: Desk) -> None:
    [first, second] = two(desk_room)
    [odd] = desk_room.add(NewPair(instruction="Odd", key="#2"))
    [bare] = desk_room.add(NewPair(instruction="Bare", key="#x"))
    names = ["#1", "#2", "#007", "#99999999999999", "#x", "second", "nobody's", "' or 1=1", "\ud800", "\0"]
    with desk_room.store.read() as cursor:
        found = pairs.by_key(cursor, desk_room.project.id, names)
        assert found == {"#1": first, "#2": second, "#x": bare, "second": second}
        assert pairs.by_key(cursor, desk_room.project.id, ["#3", "first"]) == {"#3": odd, "first": first}
        assert pairs.by_key(cursor, desk_room.project.id, []) == {}


def test_only_a_lead_records(desk_room: Desk) -> None:
    with pytest.raises(Forbidden):
        record_reviews(desk_room.store, desk_room.project, desk_room.ana, [])
