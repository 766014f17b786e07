"""What the writer remembers of the queue is what it would read: nobody sees the difference but in the time it takes."""

import random
from collections.abc import Sequence
from contextlib import suppress

import pytest
from deskwork import Desk

from hone.labeling import desk
from hone.labeling.desk import Draft, Opinion
from hone.storage import pairs, people, projects, queue, roles, tally
from hone.storage.errors import Conflict, HoneError, NotFound
from hone.storage.memory import Memory
from hone.storage.people import Person
from hone.storage.projects import Order
from hone.storage.queue import Wish
from hone.storage.records import new_id
from hone.storage.store import Cursor
from hone.storage.tally import Tally


def read_anew(room: Desk, person: Person) -> tuple[str | None, Tally]:
    """The pair that a claim without memory gives, which is not kept, and the tally as it is stored."""
    with room.store.read() as cursor:
        counted = tally.of(cursor, room.project.id, person.id)
        [lease] = queue.claim_all(cursor, Memory(), [Wish(project_id=room.project.id, person_id=person.id)])
    return (lease.subject_id if lease else None), counted


@pytest.mark.parametrize("order", ["oldest", "random", "disagreement"])
def test_after_random_acts_every_claim_is_as_without_a_memory(desk_room: Desk, order: Order) -> None:
    room, chance = desk_room, random.Random(3)
    settings = room.project.settings.model_copy(update={"order": order})
    room.project = room.store.write(lambda cursor: projects.change(cursor, room.project, settings, room.lead))
    room.fill(25)
    for _ in range(120):
        person = chance.choice([room.ana, room.ben, room.cleo])
        expected, counted = read_anew(room, person)
        view = desk.next_view(room.store, room.project, person)
        assert (view.pair and view.pair.id) == expected
        assert (view.done, view.waiting) == (counted.done, counted.waiting)
        if view.lease is None:
            continue
        act = chance.random()
        if act < 0.6:
            decision = chance.choice(["approve", "approve", "reject", "skip"])
            said = Opinion.model_validate({"decision": decision})
            desk.submit(room.store, room.project, person, view.lease.token, said, new_id())
        elif act < 0.65:
            desk.save_draft(room.store, room.project, person, view.lease.token, Draft(note=f"typed {act}"))
            shown = desk.next_view(room.store, room.project, person).draft
            assert shown is not None
            assert shown.note == f"typed {act}"
        elif act < 0.7:
            desk.leave(room.store, room.project, person, view.lease.token)
        elif act < 0.8 and view.last is not None:
            with suppress(Conflict):  # it was a skip, and others have the pair
                desk.undo(room.store, room.project, person, new_id())


def test_a_key_of_another_pair_is_answered_by_what_it_stored(desk_room: Desk) -> None:
    desk_room.fill(2)
    first = desk_room.next(desk_room.ana).lease
    assert first is not None
    said, store, project = Opinion(decision="approve"), desk_room.store, desk_room.project
    stored = desk.submit(store, project, desk_room.ana, first.token, said, "the same key")
    second = desk_room.next(desk_room.ana).lease
    assert second is not None
    assert desk.submit(store, project, desk_room.ana, second.token, said, "the same key") == stored
    with pytest.raises(Conflict, match="another pair"):
        desk.submit(store, project, desk_room.ana, second.token, said, "the same key", pair_id=second.subject_id)
    assert desk_room.pair(second.subject_id).done == 0


def test_what_failed_is_not_remembered(desk_room: Desk) -> None:
    desk_room.fill(2)

    def fails(cursor: Cursor, memory: Memory, wishes: Sequence[Wish]) -> Sequence[HoneError]:
        queue.claim_all(cursor, memory, wishes)
        raise NotFound("after the claim")

    wish = Wish(project_id=desk_room.project.id, person_id=desk_room.ana.id)
    with pytest.raises(NotFound):
        desk_room.store.write_each(fails, wish)
    with desk_room.store.read() as cursor:
        assert cursor.execute("select count(*) from lease").fetchall() == [(0,)]
    for person in (desk_room.ana, desk_room.ben):
        view = desk_room.next(person)
        assert view.pair is not None
        assert view.pair.number == 1


def test_a_pair_that_changed_behind_the_desk_is_shown_as_it_is(desk_room: Desk) -> None:
    [pair_id, _] = desk_room.fill(2)
    assert desk_room.next(desk_room.ana).pair is not None
    desk_room.store.write(
        lambda cursor: cursor.execute("update pair set why = 'looked at again' where id = ?", [pair_id]).fetchall()
    )
    assert desk_room.next(desk_room.ana).why == "looked at again"
    with desk_room.store.read() as cursor:
        assert pairs.get(cursor, pair_id).why == "looked at again"


def test_what_is_recalled_is_read_again_after_any_change(desk_room: Desk) -> None:
    store, ana = desk_room.store, desk_room.ana

    def now_has() -> tuple[str, ...]:
        return store.recall(("person", ana.name), lambda cursor: people.named(cursor, ana.name)).roles

    boss = store.write(lambda cursor: people.add(cursor, "boss", ("admin",)))
    assert now_has() == ("expert",)
    assert store.recalled(("person", ana.name)) is not None
    store.write(lambda cursor: roles.set_roles(cursor, ana, ("reviewer",), boss))
    assert store.recalled(("person", ana.name)) is None
    assert now_has() == ("reviewer",)
