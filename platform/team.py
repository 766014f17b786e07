"""Figures about people's work: labeling gives what was said, evaluation the statistics; each stands with its n.

Importing this module imports statistics, which takes a second: do it where the figures are drawn.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean, median
from typing import TypeAlias

from hone.evaluation.agreement import SMALL, Agreement, RaterPair, Rating, agreement
from hone.evaluation.drift import Drift, drift
from hone.evaluation.edits import EditAgreement, edit_agreement
from hone.evaluation.intervals import Estimate, share
from hone.labeling import quality
from hone.labeling.quality import OwnWork, Work, item_of
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.quality import Check, Given, Look, SentBack
from hone.storage.records import Record, Undefined
from hone.storage.reviews import Review
from hone.storage.store import Store

Figure: TypeAlias = Estimate | Undefined
SPANS = 8
SPAN = 50  # items in a span of time, at least
DECISIONS = "decision"


class Measured(Record):
    """Agreement on one question: the decision, or a dimension of the rubric. `items` have two opinions or more."""

    key: str
    name: str
    items: int
    raw: Figure
    alpha: Figure


class Span(Record):
    """Agreement of decisions over consecutive items; `since` and `until` are the times of their last opinions."""

    since: datetime
    until: datetime
    items: int
    raw: Figure
    alpha: Figure


class Held(Record):
    """Answers that are held against something known: what is right, or what the person said before.

    `decisions`: the share with the same decision; `near`: of those with ratings, the share where each is within 1;
    `equal`: where each is the same.
    """

    decisions: Figure
    near: Figure
    equal: Figure


class Corrected(Record):
    """Of the opinions that a lead looked at, the share that was sent back or overruled."""

    rate: Figure
    sent_back: int
    overruled: int


class Moves(Record):
    """Drift in decisions (share of approvals) and in ratings (points), against the others on the same items."""

    approvals: Drift | Undefined
    ratings: Drift | Undefined


@dataclass
class Beside:
    """One person beside the others on the items that they share, the oldest first.

    `same` of `decisions` of others are theirs too. `approvals` and `ratings` are their own (1 or 0, a mean) less the
    mean of the others'.
    """

    same: int = 0
    decisions: int = 0
    approvals: list[float] = field(default_factory=list)
    ratings: list[float] = field(default_factory=list)

    def add(self, mine: Given, others: Sequence[Given]) -> None:
        """One more item."""
        self.same += sum(other.decision == mine.decision for other in others)
        self.decisions += len(others)
        approved = [other.decision == "approve" for other in others]
        self.approvals.append((mine.decision == "approve") - fmean(approved))
        rated = [fmean(other.ratings.values()) for other in others if other.ratings]
        if mine.ratings and rated:
            self.ratings.append(fmean(mine.ratings.values()) - fmean(rated))


class ExpertFigures(Record):
    """One expert. `agreeing` is how often two of whom they are one decide the same, over the items of both.

    `pace` is the median of the seconds of their newest opinions that were timed; `fast` the share of all timed ones
    that took less than the project calls too fast.
    """

    name: str
    full_name: str
    example: bool
    done: int
    approved: int
    rejected: int
    edited: int
    pace: float | None
    fast: Figure
    last_at: datetime | None
    agreeing: Figure
    gold: Held
    repeats: Held
    corrected: Corrected
    drift: Moves


class TeamFigures(Record):
    """The team. Agreement rests on the newest `opinions`; `capped` says that the project has more.

    `small`: a figure of fewer items is called small.
    """

    small: int = SMALL
    opinions: int
    capped: bool
    decisions: Measured
    dimensions: tuple[Measured, ...]
    pairs: tuple[RaterPair, ...]
    spans: tuple[Span, ...]
    edits: EditAgreement
    experts: tuple[ExpertFigures, ...]


class OwnFigures(Record):
    """What an expert sees of themselves: no name of anybody else, and nothing of pairs that they have not done."""

    small: int = SMALL
    me: ExpertFigures
    waiting: int
    days: tuple[tuple[datetime, int], ...]
    decisions: Measured
    dimensions: tuple[Measured, ...]
    edits: EditAgreement
    sent_back: tuple[SentBack, ...]
    last: tuple[tuple[int, Review], ...]


def team_figures(store: Store, project: Project, person: Person) -> TeamFigures:
    """All figures of a project's experts; Forbidden for who is no lead."""
    work = quality.of_team(store, project, person)
    items = _shared(work.opinions)
    beside = _beside(items)
    found = agreement(_named(_decisions(work.opinions), work.people))
    return TeamFigures(
        opinions=len(work.opinions),
        capped=work.capped,
        decisions=_measured(DECISIONS, "Decision", found),
        dimensions=_dimensions(project, work.opinions),
        pairs=found.pairs,
        spans=_spans(items),
        edits=edit_agreement(work.edits),
        experts=tuple(
            _expert(work, each, beside.get(each.id, Beside()))
            for each in sorted(work.people.values(), key=lambda each: each.full_name.lower())
        ),
    )


def own_figures(store: Store, project: Project, person: Person) -> OwnFigures:
    """An expert's own figures; Forbidden for who is no expert."""
    own: OwnWork = quality.of_one(store, project, person)
    opinions = own.work.opinions
    return OwnFigures(
        me=_expert(own.work, person, _beside(_shared(opinions)).get(person.id, Beside())),
        waiting=own.waiting,
        days=own.days,
        decisions=_measured(DECISIONS, "Decision", agreement(_decisions(opinions))),
        dimensions=_dimensions(project, opinions),
        edits=edit_agreement(own.work.edits),
        sent_back=own.sent_back,
        last=own.last,
    )


def _expert(work: Work, person: Person, beside: Beside) -> ExpertFigures:
    tally = work.tallies.get(person.id)
    timed = [g.seconds for g in work.opinions if g.person_id == person.id and g.seconds is not None]
    done = tally.done if tally else 0
    approved = tally.approved if tally else 0
    return ExpertFigures(
        name=person.name,
        full_name=person.full_name,
        example=person.example,
        done=done,
        approved=approved,
        rejected=done - approved,
        edited=tally.edited if tally else 0,
        pace=median(timed) if timed else None,
        fast=share(tally.fast, tally.timed) if tally else share(0, 0),
        last_at=tally.last_at if tally else None,
        agreeing=share(beside.same, beside.decisions),
        gold=_held([check for check in work.gold if check.person_id == person.id]),
        repeats=_held([check for check in work.repeats if check.person_id == person.id]),
        corrected=_corrected([look for look in work.looks if look.person_id == person.id]),
        drift=Moves(approvals=drift(beside.approvals), ratings=drift(beside.ratings)),
    )


def _decisions(opinions: Iterable[Given]) -> list[Rating]:
    return [Rating(item=item_of(each), rater=each.person_id, value=each.decision) for each in opinions]


def _named(ratings: Iterable[Rating], people: dict[str, Person]) -> list[Rating]:
    names = {key: each.name for key, each in people.items()}
    return [each.model_copy(update={"rater": names.get(each.rater, each.rater)}) for each in ratings]


def _dimensions(project: Project, opinions: Sequence[Given]) -> tuple[Measured, ...]:
    """The rubric of today: what was rated under a dimension that is gone is not shown."""
    found = []
    for dimension in project.settings.rubric:
        rated = [
            Rating(item=item_of(each), rater=each.person_id, value=each.ratings[dimension.key])
            for each in opinions
            if dimension.key in each.ratings
        ]
        found.append(_measured(dimension.key, dimension.name, agreement(rated, "ordinal")))
    return tuple(found)


def _measured(key: str, name: str, found: Agreement) -> Measured:
    return Measured(key=key, name=name, items=found.shared, raw=found.raw, alpha=found.alpha)


def _shared(opinions: Iterable[Given]) -> list[list[Given]]:
    """The opinions of each item that two or more spoke on, items by the time of their last opinion."""
    items: defaultdict[str, list[Given]] = defaultdict(list)
    for given in opinions:
        items[item_of(given)].append(given)
    return sorted(
        (each for each in items.values() if len(each) > 1), key=lambda each: (each[-1].created_at, each[-1].id)
    )


def _spans(items: Sequence[list[Given]]) -> tuple[Span, ...]:
    """The shared items in the order of time, cut into spans of equal size."""
    size = max(SPAN, -(-len(items) // SPANS))
    cuts = [items[start : start + size] for start in range(0, len(items), size)]
    return tuple(_span(cut) for cut in cuts)


def _span(cut: Sequence[list[Given]]) -> Span:
    found = agreement(_decisions(given for item in cut for given in item))
    first, last = cut[0][-1], cut[-1][-1]
    return Span(since=first.created_at, until=last.created_at, items=len(cut), raw=found.raw, alpha=found.alpha)


def _beside(items: Iterable[list[Given]]) -> dict[str, Beside]:
    """Everybody beside the others on the items that they share, by the person's id."""
    found: defaultdict[str, Beside] = defaultdict(Beside)
    for item in items:
        for mine in item:
            found[mine.person_id].add(mine, [given for given in item if given is not mine])
    return found


def _held(checks: Sequence[Check]) -> Held:
    rated = [check for check in checks if check.ratings.keys() & check.wanted_ratings.keys()]
    return Held(
        decisions=share(sum(check.decision == check.wanted for check in checks), len(checks)),
        near=share(sum(_apart(check) <= 1 for check in rated), len(rated)),
        equal=share(sum(_apart(check) == 0 for check in rated), len(rated)),
    )


def _apart(check: Check) -> int:
    """The largest difference of a rating."""
    both = check.ratings.keys() & check.wanted_ratings.keys()
    return max(abs(check.ratings[key] - check.wanted_ratings[key]) for key in both)


def _corrected(looks: Sequence[Look]) -> Corrected:
    back, over = sum(look.sent_back for look in looks), sum(look.overruled for look in looks)
    return Corrected(rate=share(back + over, len(looks)), sent_back=back, overruled=over)
