"""Figures about people's work, on opinions whose figures can be worked out by hand."""

from datetime import timedelta

import pytest
from factories import add_pairs, opinion

from hone.evaluation.drift import Drift
from hone.evaluation.intervals import Estimate, Interval, wilson
from hone.labeling.projects.defaults import default_settings
from hone.platform.team import Figure, OwnFigures, TeamFigures, own_figures, team_figures
from hone.storage import gold, projects
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Undefined, now
from hone.storage.store import Store


@pytest.fixture
def project(store: Store, lead: Person) -> Project:
    settings = default_settings(fast_seconds=3)
    return store.write(lambda cursor: projects.create(cursor, "letters", settings, lead))


def say(
    store: Store, pair_id: str, person: Person, decision: str = "approve", days_ago: float = 3, **said: object
) -> None:
    moment = now() - timedelta(days=days_ago)
    store.write(lambda cursor: opinion(cursor, pair_id, person, decision, created_at=moment, **said))  # type: ignore[arg-type]


def seen(store: Store, project: Project, lead: Person) -> TeamFigures:
    return team_figures(store, project, lead)


def estimate(figure: Figure) -> Estimate:
    assert isinstance(figure, Estimate), figure
    return figure


def ten_pairs(store: Store, project: Project, lead: Person, ana: Person, ben: Person) -> list[str]:
    """Ana approves eight of ten, Ben the first six of these and one that she rejects; tone 4 and 3."""
    ids = add_pairs(store, project, 10, lead, wanted=2)
    for place, pair_id in enumerate(ids):
        say(store, pair_id, ana, "approve" if place < 8 else "reject", ratings={"tone": 4}, seconds=2.0 + place)
        say(store, pair_id, ben, "approve" if place < 6 or place == 8 else "reject", ratings={"tone": 3})
    return ids


def test_decisions_of_two_experts_are_compared_beyond_chance(
    store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    ten_pairs(store, project, lead, ana, ben)
    found = seen(store, project, lead)
    [pair] = found.pairs
    # 7 of 10 the same; by chance 0.8 * 0.7 + 0.2 * 0.3 = 0.62.
    assert (pair.a, pair.b, pair.n, pair.raw) == ("ana", "ben", 10, 0.7)
    assert pair.kappa == pytest.approx((0.7 - 0.62) / (1 - 0.62))
    # 15 approvals and 5 rejections: D_o = 3/10, D_e = 2 * 15 * 5 / (20 * 19).
    assert estimate(found.decisions.alpha).value == pytest.approx(1 - 0.3 / (150 / 380))


def test_every_figure_has_its_n_and_a_small_one_is_called_so(
    store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    ten_pairs(store, project, lead, ana, ben)
    found = seen(store, project, lead)
    me = found.experts[0]
    assert (me.name, me.done, me.approved, me.rejected, found.opinions, found.capped) == ("ana", 10, 8, 2, 20, False)
    assert (estimate(me.agreeing).value, estimate(me.agreeing).n) == (0.7, 10)
    assert estimate(me.agreeing).interval == wilson(7, 10)
    assert estimate(me.agreeing).n < found.small
    assert (estimate(me.fast).value, estimate(me.fast).n) == (0.1, 10)
    assert me.drift.approvals == Undefined(undefined="fewer than 100 items that others rated too")


def test_a_question_that_nobody_answered_is_undefined_not_zero(
    store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    ten_pairs(store, project, lead, ana, ben)
    by_key = {each.key: each for each in seen(store, project, lead).dimensions}
    assert by_key["accuracy"].alpha == Undefined(undefined="no item has two ratings")
    assert estimate(by_key["tone"].alpha).n == 10


def test_gold_and_repeats_are_held_against_what_is_known(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    [pair_id] = add_pairs(store, project, 1, lead)
    new = NewPair(instruction="Known", response="A bad answer")
    known = store.write(
        lambda cursor: gold.add(cursor, project.id, new, "reject", made_by=lead.id, ratings={"tone": 1, "accuracy": 2})
    )
    assert known is not None
    say(store, known.pair_id, ana, "reject", kind="gold", ratings={"tone": 2, "accuracy": 4})
    say(store, pair_id, ana, ratings={"tone": 4})
    say(store, pair_id, ana, days_ago=2, kind="repeat", ratings={"tone": 5})
    [me] = seen(store, project, lead).experts
    assert (estimate(me.gold.decisions).value, estimate(me.gold.near).value) == (1.0, 0.0)
    assert [estimate(each).value for each in (me.repeats.decisions, me.repeats.near, me.repeats.equal)] == [1, 1, 0]


def test_somebody_who_became_milder_than_the_others_has_moved(
    store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    ids = add_pairs(store, project, 120, lead, wanted=2)
    for place, pair_id in enumerate(ids):
        say(store, pair_id, ben, "approve" if place % 2 else "reject", days_ago=9 - place / 60)
        mild = place >= 70 or place % 2
        say(store, pair_id, ana, "approve" if mild else "reject", days_ago=9 - place / 60)
    by_name = {each.name: each.drift.approvals for each in seen(store, project, lead).experts}
    drift = by_name["ana"]
    assert isinstance(drift, Drift)
    assert (drift.moved, drift.lately, drift.before) == (True, 0.5, 0.0)
    assert isinstance(estimate(drift.change).interval, Interval)


def test_an_experts_own_figures_tell_no_name_and_nothing_of_todays_gold(
    store: Store, project: Project, lead: Person, ana: Person, ben: Person
) -> None:
    ten_pairs(store, project, lead, ana, ben)
    new = NewPair(instruction="Known", response="A bad answer")
    known = store.write(lambda cursor: gold.add(cursor, project.id, new, "reject", made_by=lead.id))
    assert known is not None
    say(store, known.pair_id, ana, "reject", days_ago=0, kind="gold")
    own: OwnFigures = own_figures(store, project, ana)
    assert own.me.gold.decisions == Undefined(undefined="nothing to count")
    assert (own.me.done, own.decisions.items) == (11, 10)
    said = own.model_dump_json()
    assert "ben" not in said
    assert ben.id not in said
