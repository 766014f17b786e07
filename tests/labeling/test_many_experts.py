"""Fifty experts at once: nobody gets too much, nothing gets lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from deskwork import Desk
from factories import add_person

from hone.labeling import desk
from hone.labeling.desk import Opinion
from hone.storage import people, reviews
from hone.storage.people import Person
from hone.storage.store import Cursor


def test_fifty_experts_take_and_submit_at_once_and_no_pair_gets_more_than_it_wants(desk_room: Desk) -> None:
    def hire(cursor: Cursor) -> list[Person]:
        return [people.add(cursor, f"expert{n}", ("expert",)) for n in range(50)]

    experts = desk_room.store.write(hire)
    pair_ids = desk_room.fill(30)

    def work(person: Person) -> list[str]:
        """Take and approve until nothing is to be had; each request is sent twice, as a shaky line would."""
        answered = []
        while (view := desk.next_view(desk_room.store, desk_room.project, person)).lease:
            args = (desk_room.store, desk_room.project, person, view.lease.token, Opinion(decision="approve"))
            key = f"{person.name} {view.lease.token}"
            first, again = desk.submit(*args, key), desk.submit(*args, key)
            assert first == again
            answered.append(first.id)
        return answered

    with ThreadPoolExecutor(50) as pool:
        answered = [review for found in pool.map(work, experts) for review in found]
    with desk_room.store.read() as cursor:
        stored = reviews.of_project(cursor, desk_room.project.id)
    assert sorted(answered) == sorted(review.id for review in stored)
    assert Counter(review.pair_id for review in stored) == dict.fromkeys(pair_ids, 2)
    assert all(desk_room.pair(pair_id).state == "approved" for pair_id in pair_ids)


def test_fifty_who_undo_and_repeat_never_exceed_the_overlap(desk_room: Desk) -> None:
    experts = [add_person(desk_room.store, f"expert{n}", "expert") for n in range(12)]
    pair_ids = desk_room.fill(8)

    def work(person: Person) -> None:
        for turn in range(6):
            view = desk.next_view(desk_room.store, desk_room.project, person)
            if view.lease is None:
                return
            opinion = Opinion(decision="skip" if turn == 2 else "approve")
            desk.submit(desk_room.store, desk_room.project, person, view.lease.token, opinion, view.lease.token)
            if turn % 2:
                desk.undo(desk_room.store, desk_room.project, person, f"undo {view.lease.token}")

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, experts))
    with desk_room.store.read() as cursor:
        given = {pair_id: reviews.current(cursor, pair_id) for pair_id in pair_ids}
    for pair_id, found in given.items():
        opinions = [review for review in found if review.decision != "skip"]
        assert len(opinions) == desk_room.pair(pair_id).done <= 2
        assert len({review.person_id for review in found}) == len(found)
