"""How far the experts are, and what they said in a form that agreement is computed from."""

from collections import defaultdict
from datetime import datetime
from statistics import median

from hone.storage import pairs, people, reviews
from hone.storage.pairs import State
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.reviews import Review
from hone.storage.store import Cursor, Store


class ExpertProgress(Record):
    """One expert's opinions that stand, and how many pairs wait for one of theirs.

    `seconds` is the median time of an opinion, None when none was timed; `last_at` is None before the first.
    """

    name: str
    full_name: str
    example: bool
    done: int
    approved: int
    rejected: int
    edited: int
    waiting: int
    seconds: float | None
    last_at: datetime | None


class Team(Record):
    """The experts by name, and how many pairs are in each state."""

    experts: tuple[ExpertProgress, ...]
    states: dict[State, int]


def team(store: Store, project: Project) -> Team:
    """Where each active expert, and everybody who gave an opinion, stands."""
    with store.read() as cursor:
        given: defaultdict[str, list[Review]] = defaultdict(list)
        for review in reviews.of_project(cursor, project.id):
            given[review.person_id].append(review)
        experts = [
            _progress(cursor, project, person, given[person.id])
            for person in people.everyone(cursor)
            if given[person.id] or (person.active and person.has("expert"))
        ]
        return Team(experts=tuple(experts), states=pairs.counts(cursor, project.id))


def ratings(store: Store, project: Project) -> list[tuple[str, str, str, int]]:
    """Every rating that stands: item, name of the expert, dimension, score (1 to 5).

    An item is a pair in one round of review, so that a second look is not taken for a second person's. Scores
    are of the response as it was shown.
    """
    return [
        (item, name, dimension, score)
        for item, name, review in _opinions(store, project)
        for dimension, score in sorted(review.ratings.items())
    ]


def decisions(store: Store, project: Project) -> list[tuple[str, str, str]]:
    """Every decision that stands: item (as in `ratings`), name of the expert, "approve" or "reject"."""
    return [(item, name, review.decision) for item, name, review in _opinions(store, project)]


def _opinions(store: Store, project: Project) -> list[tuple[str, str, Review]]:
    with store.read() as cursor:
        names = {person.id: person.name for person in people.everyone(cursor)}
        given = reviews.of_project(cursor, project.id)
    return [(f"{review.pair_id}/{review.round}", names[review.person_id], review) for review in given]


def _progress(cursor: Cursor, project: Project, person: people.Person, given: list[Review]) -> ExpertProgress:
    timed = [review.seconds for review in given if review.seconds is not None]
    approved = sum(review.decision == "approve" for review in given)
    return ExpertProgress(
        name=person.name,
        full_name=person.full_name,
        example=person.example,
        done=len(given),
        approved=approved,
        rejected=len(given) - approved,
        edited=sum(review.revision_id != review.seen_revision for review in given),
        waiting=reviews.waiting_for(cursor, project.id, person.id) if person.active and person.has("expert") else 0,
        seconds=median(timed) if timed else None,
        last_at=given[-1].created_at if given else None,
    )
