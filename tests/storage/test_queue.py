"""The queue hands a pair to as many people as want it, and to nobody twice."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from factories import add_pairs, add_person, opinion

from hone.storage import pairs, queue, seats
from hone.storage.errors import Conflict
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.reviews import Decision
from hone.storage.store import Cursor, Store


def claim(store: Store, project: Project, person: Person) -> queue.Lease | None:
    return store.write(lambda cursor: queue.claim(cursor, project.id, person.id))


def review_and_release(
    store: Store, project: Project, lease: queue.Lease, person: Person, decision: Decision = "approve"
) -> None:
    def change(cursor: Cursor) -> None:
        queue.held(cursor, lease.token, person.id)
        opinion(cursor, lease.subject_id, person, decision)
        before = seats.seats(cursor, [lease.subject_id])[lease.subject_id]
        after = {"said_by": before.said_by | {person.id}, "done": before.done + (decision != "skip")}
        seats.move(cursor, project.id, [(before, before.model_copy(update=after))])
        queue.release(cursor, lease.token)

    store.write(change)


def test_who_holds_a_pair_gets_it_again(store: Store, project: Project, lead: Person, ana: Person) -> None:
    add_pairs(store, project, 3, lead)
    assert claim(store, project, ana) == claim(store, project, ana)


def test_two_people_get_two_pairs_when_one_opinion_is_wanted(
    store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    first, second = add_pairs(store, project, 2, lead)
    one, other = claim(store, project, ana), claim(store, project, ben)
    assert one is not None
    assert other is not None
    assert (one.subject_id, other.subject_id) == (first, second)
    assert claim(store, project, add_person(store, "eva", "expert")) is None


def test_an_expired_lease_goes_to_the_next(
    store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    add_pairs(store, project, 1, lead)
    lost = claim(store, project, ana)
    assert lost is not None
    assert claim(store, project, ben) is None
    store.write(lambda cursor: cursor.execute("update lease set expires_at = created_at - interval 1 hour"))
    taken = claim(store, project, ben)
    assert taken is not None
    with pytest.raises(Conflict, match="no longer yours"):
        store.write(lambda cursor: queue.held(cursor, lost.token, ana.id))


def test_nobody_sees_a_pair_twice_in_a_round_but_again_in_the_next(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    (pair_id,) = add_pairs(store, project, 1, lead, wanted=2)
    lease = claim(store, project, ana)
    assert lease is not None
    review_and_release(store, project, lease, ana, "skip")
    assert claim(store, project, ana) is None
    store.write(
        lambda cursor: seats.reopen(
            cursor, [pairs.get(cursor, pair_id)], why="report 1", priority=5, report_id=None, person_id=lead.id
        )
    )
    assert claim(store, project, ana) is not None


def test_fifty_threads_never_put_a_pair_with_more_people_than_it_wants(
    store: Store, project: Project, lead: Person
) -> None:
    add_pairs(store, project, 60, lead, wanted=2)
    experts = [add_person(store, f"expert{number}", "expert") for number in range(50)]

    def work(expert: Person) -> list[str]:
        taken = []
        for _ in range(3):
            lease = claim(store, project, expert)
            if lease is None:
                break
            review_and_release(store, project, lease, expert)
            taken.append(lease.subject_id)
        return taken

    with ThreadPoolExecutor(50) as pool:
        taken = [pair for pairs_of_one in pool.map(work, experts) for pair in pairs_of_one]
    assert len(taken) == 120
    assert set(Counter(taken).values()) == {2}
