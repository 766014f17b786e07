"""Matchup sets: two models' answers to the same test items, and the side that each reviewer sees."""

from collections.abc import Sequence

from hone.storage import audit, batches, matchups, models, people
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, InputError
from hone.storage.matchups import MatchupSet, Side
from hone.storage.models import Candidate, Generation, Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, new_id, now, sha256
from hone.storage.store import Cursor, Store


class Progress(Record):
    """How far the judging of a set is: `judged` of `wanted` judgements, and how many each reviewer gave."""

    matchups: int
    wanted: int
    judged: int
    by_reviewer: dict[str, int]
    identical: int


def make(
    store: Store,
    project: Project,
    person: Person,
    batch: Batch,
    new: Model,
    old: Model,
    *,
    size: int | None = None,
    wanted: int | None = None,
) -> MatchupSet:
    """Pair the answers of two models to a batch's test split, ready to be judged blind.

    Items to which both gave the same text are left out and counted: nobody can prefer one of them.

    Args:
        size: How many matchups; a seeded draw from the items. None takes all.
        wanted: Reviewers per matchup. None takes the project's setting.

    Raises:
        Conflict: A model has not answered the test split yet, or all answers are the same.
        InputError: The two models are one, or `size` or `wanted` is below 1.
        Forbidden: The person is no lead.
    """
    person.must("lead")
    if new.id == old.id:
        raise InputError(f"{new.name} cannot be compared with itself: choose two models.")
    if (size is not None and size < 1) or (wanted is not None and wanted < 1):
        raise InputError("A matchup set needs at least 1 matchup and 1 reviewer for each.")

    def change(cursor: Cursor) -> MatchupSet:
        new_candidate, new_answers = _answers(cursor, new, batch)
        old_candidate, old_answers = _answers(cursor, old, batch)
        both = sorted(new_answers.keys() & old_answers.keys())
        differing = [pair for pair in both if new_answers[pair].response.strip() != old_answers[pair].response.strip()]
        if not differing:
            raise Conflict(
                f"{new.name} and {old.name} gave the same text to all {len(both)} test items: nothing is left to judge."
            )
        seed = project.settings.seed
        chosen = sorted(differing, key=lambda pair: sha256(str(seed), pair))[:size]
        made = MatchupSet(
            id=new_id(),
            project_id=project.id,
            number=matchups.next_number(cursor, project.id),
            batch_id=batch.id,
            new_candidate=new_candidate.id,
            old_candidate=old_candidate.id,
            wanted=wanted or project.settings.judges,
            seed=seed,
            identical=len(both) - len(differing),
            made_by=person.id,
            made_at=now(),
        )
        matchups.add_set(cursor, made, [(pair, new_answers[pair].id, old_answers[pair].id) for pair in chosen])
        audit.record(cursor, person.id, "matchups made", made.id, number=made.number, matchups=len(chosen))
        return made

    return store.write(change)


def sides(seed: int, person_id: str, matchup_ids: Sequence[str]) -> dict[str, Side]:
    """Which model stands left for this reviewer in each matchup, in the order in which they see them.

    A pure function. The order is a seeded shuffle of the reviewer's own; of each two neighbours in it one
    shows the new model left and the other right, so the sides are balanced to within one.
    """
    order = sorted(matchup_ids, key=lambda matchup: sha256("order", str(seed), person_id, matchup))
    drawn: dict[str, Side] = {}
    for position, matchup in enumerate(order):
        first_of_two = order[position - position % 2]
        new_first = int(sha256("side", str(seed), person_id, first_of_two)[0], 16) < 8
        drawn[matchup] = "new" if new_first == (position % 2 == 0) else "old"
    return drawn


def progress(store: Store, made: MatchupSet) -> Progress:
    """How far the judging of a set is, skips not counted."""
    with store.read() as cursor:
        count = len(matchups.ids(cursor, made.id))
        given = [judgement for judgement in matchups.current(cursor, made.id) if judgement.choice != "skip"]
        names = {person.id: person.name for person in people.everyone(cursor)}
    by_reviewer: dict[str, int] = {}
    for judgement in given:
        name = names[judgement.person_id]
        by_reviewer[name] = by_reviewer.get(name, 0) + 1
    return Progress(
        matchups=count,
        wanted=count * made.wanted,
        judged=len(given),
        by_reviewer=dict(sorted(by_reviewer.items())),
        identical=made.identical,
    )


def models_of(cursor: Cursor, made: MatchupSet) -> tuple[Model, Model]:
    """The new and the old model of a set. For leads only: a reviewer must not learn it."""
    new = models.get_candidate(cursor, made.new_candidate)
    old = models.get_candidate(cursor, made.old_candidate)
    return models.get(cursor, new.model_id), models.get(cursor, old.model_id)


def _answers(cursor: Cursor, model: Model, batch: Batch) -> tuple[Candidate, dict[str, Generation]]:
    """The model's newest candidate on this batch and all its answers; Conflict while some are missing."""
    candidate = models.answered(cursor, model.id, batch.id)
    answers = models.generations(cursor, candidate.id, batch.id) if candidate else {}
    learnt = models.learnt_items(cursor, model)  # by preference: they cannot test it
    asked = {item.pair_id for item in batches.items(cursor, batch.id, "test")} - learnt
    answers = {pair_id: answer for pair_id, answer in answers.items() if pair_id not in learnt}
    if candidate is None or len(answers) < len(asked):
        raise Conflict(
            f"{model.name} has answered {len(answers)} of the {len(asked)} test items of batch {batch.number}: "
            f"let it generate first, on the page Training or by "
            f"`hone generate --batch {batch.number} --models {model.number}`."
        )
    return candidate, answers
