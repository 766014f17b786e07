"""Short ways to make the records that tests need, through the same functions that the product uses."""

from hone.storage import pairs, people, reviews
from hone.storage.pairs import NewPair
from hone.storage.people import Person, Role
from hone.storage.projects import Project
from hone.storage.records import new_id, now
from hone.storage.reviews import Decision, Review
from hone.storage.store import Cursor, Store


def add_person(store: Store, name: str, *roles: Role, password: str | None = None) -> Person:
    return store.write(lambda cursor: people.add(cursor, name, roles, password=password))


def new_pairs(count: int, start: int = 1) -> list[NewPair]:
    return [
        NewPair(
            instruction=f"Answer letter {number}.",
            context=f"Letter {number} asks about order {number * 37 % 101}.",
            response=f"Order {number * 37 % 101} is on its way.",
            group=f"customer {number % max(count // 2, 1)}",
        )
        for number in range(start, start + count)
    ]


def add_pairs(store: Store, project: Project, count: int, author: Person, wanted: int = 1) -> list[str]:
    return store.write(
        lambda cursor: pairs.add(cursor, project.id, new_pairs(count), author_id=author.id, wanted=wanted)
    )


def opinion(cursor: Cursor, pair_id: str, person: Person, decision: Decision = "approve", **changes: object) -> Review:
    """A review of the pair's first text, stored without the desk's checks."""
    pair = pairs.get(cursor, pair_id)
    review = Review.model_validate(
        {
            "id": new_id(),
            "pair_id": pair_id,
            "round": pair.round,
            "person_id": person.id,
            "seen_revision": pair.first_revision,
            "revision_id": pair.first_revision,
            "decision": decision,
            "ratings": {},
            "project_version": 1,
            "source": "page",
            "request_key": new_id(),
            "created_at": now(),
            **changes,
        }
    )
    reviews.add(cursor, review)
    return review
