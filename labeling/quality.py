"""What experts' work looks like, as data: what was said, on which items, and what it is held against.

Figures are made of it in platform/team.py. They are there for the experts first: nobody is ranked, nothing is
punished, and what an expert sees of others is only what stands beside an opinion of their own.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from hone.storage import pairs, people, quality, reviews
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.quality import Check, Given, Look, SentBack, Tally
from hone.storage.records import Record, now
from hone.storage.reviews import Review
from hone.storage.store import Cursor, Store

NEWEST = 5_000  # opinions that figures rest on
OWN = 1_000  # newest opinions of the one whose page it is
CHECKS = 5_000  # answers to gold pairs, repeats, and opinions that leads looked at
EDITED = 300  # items whose texts are compared
DAYS = 14


class Work(Record):
    """What figures about people are computed from.

    `people` are those whose work it is, by id: the experts of today and all who gave an opinion. `opinions` are the
    newest, the oldest of them first; `capped` says that there are more. `edits` are texts of one item by several
    people, at least one of them changed.
    """

    people: dict[str, Person]
    tallies: dict[str, Tally]
    opinions: tuple[Given, ...]
    capped: bool
    gold: tuple[Check, ...]
    repeats: tuple[Check, ...]
    looks: tuple[Look, ...]
    edits: tuple[tuple[str, ...], ...]


class OwnWork(Record):
    """What one expert's own page shows besides their figures.

    `days` are the last fourteen with how many opinions each; `last` the newest opinions, with the number of the
    pair, up to ten of which can be taken back one after the other.
    """

    work: Work
    waiting: int
    days: tuple[tuple[datetime, int], ...]
    last: tuple[tuple[int, Review], ...]
    sent_back: tuple[SentBack, ...]


def of_team(store: Store, project: Project, person: Person) -> Work:
    """The work of all experts of a project, for a lead."""
    person.must("lead")
    with store.read() as cursor:
        opinions = quality.newest(cursor, project.id, NEWEST)
        tallies = quality.tallies(cursor, project.id, project.settings.fast_seconds)
        return _work(cursor, project, opinions, people.everyone(cursor), tallies)


def of_one(store: Store, project: Project, person: Person) -> OwnWork:
    """An expert's own work, for themselves.

    What they answered to gold pairs and repeats is counted among the others; how it compares is told from the next
    day on: on the same day the figures would tell which pair it was.
    """
    person.must("expert")
    with store.read() as cursor:
        opinions = quality.around(cursor, project.id, person.id, OWN)
        tally = quality.own_tally(cursor, project.id, project.settings.fast_seconds, person.id)
        work = _work(cursor, project, opinions, [person], tally)
        last = reviews.last_of(cursor, project.id, person.id)
        numbers = {each.pair_id: pairs.get(cursor, each.pair_id).number for each in last}
        return OwnWork(
            work=work.model_copy(
                update={
                    "gold": _theirs_until_today(work.gold, person),
                    "repeats": _theirs_until_today(work.repeats, person),
                    "looks": tuple(look for look in work.looks if look.person_id == person.id),
                }
            ),
            waiting=reviews.waiting_for(cursor, project.id, person.id),
            days=_days(cursor, project, person),
            last=tuple((numbers[each.pair_id], each.model_copy(update={"kind": "review"})) for each in last),
            sent_back=tuple(quality.sent_back_to(cursor, project.id, person.id)),
        )


def item_of(given: Given) -> str:
    """A pair in one round: a second look is not taken for a second person's."""
    return f"{given.pair_id}/{given.round}"


def _work(
    cursor: Cursor, project: Project, opinions: list[Given], asked: Sequence[Person], counted: Sequence[Tally]
) -> Work:
    tallies = {each.person_id: each for each in counted}
    found = {each.id: each for each in asked if each.id in tallies or (each.active and each.has("expert"))}
    return Work(
        people=found,
        tallies={key: tally for key, tally in tallies.items() if key in found},
        opinions=tuple(opinions),
        capped=len({each.id for each in opinions}) >= NEWEST,
        gold=tuple(quality.gold_answers(cursor, project.id, CHECKS)),
        repeats=tuple(quality.repeat_answers(cursor, project.id, CHECKS)),
        looks=tuple(quality.looks(cursor, project.id, CHECKS)),
        edits=_edits(cursor, opinions),
    )


def _edits(cursor: Cursor, opinions: Iterable[Given]) -> tuple[tuple[str, ...], ...]:
    """The texts of the newest items that two or more approved and at least one of them changed."""
    approved: dict[str, list[Given]] = {}
    for given in opinions:
        if given.decision == "approve":
            approved.setdefault(item_of(given), []).append(given)
    edited = [
        every
        for every in approved.values()
        if len(every) > 1 and any(given.revision_id != given.seen_revision for given in every)
    ][-EDITED:]
    texts = pairs.texts(cursor, [given.revision_id for every in edited for given in every])
    return tuple(tuple(texts[given.revision_id].response.rstrip() for given in every) for every in edited)


def _theirs_until_today(checks: Iterable[Check], person: Person) -> tuple[Check, ...]:
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return tuple(check for check in checks if check.person_id == person.id and check.created_at < today)


def _days(cursor: Cursor, project: Project, person: Person) -> tuple[tuple[datetime, int], ...]:
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=DAYS - 1)
    counted = dict(quality.daily(cursor, project.id, person.id, first))
    spans = (first + timedelta(days=place) for place in range(DAYS))
    return tuple((day, counted.get(day, 0)) for day in spans)
