"""A plan tells how it spreads over slices and labels, and which slices have too few approved pairs."""

from deskwork import Desk

from hone.labeling.batches.balance import Balance, balance
from hone.labeling.batches.plan import plan
from hone.labeling.filtering import parse
from hone.storage import projects
from hone.storage.pairs import NewPair


def planned(room: Desk, where: str = "", floor: int = 20) -> Balance:
    return balance(room.store, room.project, plan(room.store, room.project, parse(where)), floor)


def fill(room: Desk, number: int, topic: str, **more: str) -> None:
    rows = [
        NewPair(
            instruction=f"{topic} {n}",
            response=more.get("response", f"{topic} is {n} {n * 7}"),
            context=f"{topic} context {n} {n * 3}",
            group=f"doc {n % 4}",
            metadata={"topic": topic, "row": f"{topic} {n}"},
        )
        for n in range(number)
    ]
    room.add(*rows)


def test_every_value_is_counted_in_every_split_and_a_name_is_no_slice(desk_room: Desk) -> None:
    fill(desk_room, 24, "law")
    fill(desk_room, 8, "tax")
    desk_room.all_approve()
    found = planned(desk_room)
    [field] = found.fields  # "row" has another value in each pair
    assert field.name == "metadata.topic"
    assert [(share.value, share.total, share.there) for share in field.shares] == [("law", 24, 24), ("tax", 8, 8)]
    assert sum(found.groups.counts.values()) == 4
    assert found.groups.pairs == 8


def test_a_slice_with_few_approved_pairs_is_missing_with_what_still_waits(desk_room: Desk) -> None:
    fill(desk_room, 21, "law")
    desk_room.all_approve()
    fill(desk_room, 3, "termination")
    [missing] = planned(desk_room).missing
    assert (missing.value, missing.held, missing.floor, missing.waiting) == ("termination", 0, 20, 3)
    assert planned(desk_room, floor=0).missing == ()


def test_the_aim_of_the_project_is_counted_down(desk_room: Desk) -> None:
    desk_room.fill(5)
    desk_room.all_approve()
    assert planned(desk_room).to_aim is None
    settings = desk_room.project.settings.model_copy(update={"aim": 12})
    desk_room.project = desk_room.store.write(
        lambda cursor: projects.change(cursor, desk_room.project, settings, desk_room.lead)
    )
    assert (planned(desk_room).aim, planned(desk_room).to_aim) == (12, 7)


def test_labels_of_a_classification_are_a_slice_and_one_that_nobody_gave_is_missing(desk_room: Desk) -> None:
    settings = desk_room.project.settings.model_copy(
        update={"task": "classification", "labels": ("yes", "no", "unclear")}
    )
    desk_room.project = desk_room.store.write(
        lambda cursor: projects.change(cursor, desk_room.project, settings, desk_room.lead)
    )
    fill(desk_room, 9, "law", response="yes")
    fill(desk_room, 6, "tax", response="no")
    desk_room.all_approve()
    found = planned(desk_room, floor=1)
    assert [(share.value, share.total) for share in found.fields[0].shares] == [("yes", 9), ("no", 6), ("unclear", 0)]
    assert [missing.value for missing in found.missing] == ["unclear"]
