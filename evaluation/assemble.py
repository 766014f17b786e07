"""Gather what a report is made of from the store, make the report, and keep it."""

import json
from collections import Counter
from importlib.metadata import version
from typing import Any, Literal

from hone.evaluation.agreement import Rating, agreement
from hone.evaluation.inputs import BatchFacts, Gate, ModelFacts, ReportInputs, Side, TestItem, TrendPoint, Vote
from hone.evaluation.intervals import Estimate
from hone.evaluation.keeping import of_model
from hone.evaluation.matchups import models_of
from hone.evaluation.report import Report, json_text, make_report
from hone.storage import audit, batches, matchups, models, pairs, people, reports, reviews, runs
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, InputError
from hone.storage.matchups import Judgement, MatchupSet
from hone.storage.models import Candidate, Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import now
from hone.storage.reports import StoredReport
from hone.storage.store import Cursor, Store

LIBRARIES = ("hone-llm", "numpy", "scipy", "statsmodels", "krippendorff", "rouge-score", "nltk")
OTHER_SIDE: dict[Side, Side] = {"new": "old", "old": "new"}


def make(
    store: Store,
    project: Project,
    person: Person,
    *,
    made: MatchupSet | None = None,
    new: Model | None = None,
    old: Model | None = None,
) -> StoredReport:
    """Compute and keep the report of a matchup set, or of two models that nobody judged yet.

    Args:
        made: The judged set; `new` and `old` are then its models.
        new, old: Without a set: the two models, on the test split of the batch that `new` learnt from.

    Raises:
        Conflict: A model has not answered the test split yet.
        InputError: Neither a set nor two models were given.
        Forbidden: The person is no lead.
    """
    person.must("lead")
    inputs, new, old = report_inputs(store, project, made=made, new=new, old=old)
    report = make_report(inputs)

    def change(cursor: Cursor) -> StoredReport:
        stored = reports.add(
            cursor,
            project.id,
            new_model=new.id,
            old_model=old.id,
            set_id=made.id if made else None,
            verdict=report.verdict.value,
            document=json_text(report),
            made_by=person.id,
        )
        audit.record(cursor, person.id, "report made", stored.id, number=stored.number, verdict=stored.verdict)
        return stored

    return store.write(change)


def parsed(stored: StoredReport) -> Report:
    """The stored document as the record that pages and files are drawn from."""
    return Report.model_validate_json(stored.document)


def report_inputs(
    store: Store,
    project: Project,
    *,
    made: MatchupSet | None = None,
    new: Model | None = None,
    old: Model | None = None,
) -> tuple[ReportInputs, Model, Model]:
    """Everything that the report is computed from, and the two models; one consistent read of the store."""
    with store.read() as cursor:
        if made:
            new, old = models_of(cursor, made)
            batch = batches.get(cursor, made.batch_id)
            answered = (
                models.get_candidate(cursor, made.new_candidate),
                models.get_candidate(cursor, made.old_candidate),
            )
        else:
            if new is None or old is None:
                raise InputError("A report needs a matchup set, or a new and an old model.")
            batch = _common_batch(cursor, new)
            answered = (_candidate(cursor, new, batch), _candidate(cursor, old, batch))
        learnt = models.learnt_items(cursor, new) | models.learnt_items(cursor, old)
        items, set_aside = _items(cursor, batch, *answered, learnt)
        votes = _votes(cursor, made) if made else ()
        source = batches.get(cursor, new.batch_id) if new.batch_id else batch
        inputs = ReportInputs(
            project=project.name,
            new=_model_facts(cursor, new, answered[0]),
            old=_model_facts(cursor, old, answered[1]),
            batch=_batch_facts(cursor, project, source),
            items=items,
            votes=votes,
            wanted=made.wanted * len(matchups.ids(cursor, made.id)) if made else 0,
            gate=Gate.model_validate(project.settings.gate),
            trend=_trend(cursor, project, new),
            seed=project.settings.seed,
            made_at=now(),
            versions={name: version(name) for name in LIBRARIES},
            set_aside=set_aside,
            example_data=any(person.example for person in people.everyone(cursor)),
            keeping=of_model(cursor, new),
        )
    return inputs, new, old


def _common_batch(cursor: Cursor, new: Model) -> Batch:
    if new.batch_id is None:
        raise InputError(f"{new.name} learnt from no batch: name the newer model first, or give a matchup set.")
    return batches.get(cursor, new.batch_id)


def _candidate(cursor: Cursor, model: Model, batch: Batch) -> Candidate:
    found = models.answered(cursor, model.id, batch.id)
    if found is None:
        raise Conflict(
            f"{model.name} has not answered the test split of batch {batch.number}: let it generate first, "
            f"by `hone generate --batch {batch.number} --models {model.number}`."
        )
    return found


def _items(
    cursor: Cursor, batch: Batch, new: Candidate, old: Candidate, learnt: set[str]
) -> tuple[tuple[TestItem, ...], dict[str, int]]:
    """The test items that both answered and neither learnt from, and how many others there are, by reason."""
    new_answers = models.generations(cursor, new.id, batch.id)
    old_answers = models.generations(cursor, old.id, batch.id)
    items: list[TestItem] = []
    aside: Counter[str] = Counter()
    for row in batches.items(cursor, batch.id, "test"):
        one, other = new_answers.get(row.pair_id), old_answers.get(row.pair_id)
        if row.pair_id in learnt or one is None or other is None:
            aside["learnt by preference" if row.pair_id in learnt else "not answered by both"] += 1
            continue
        items.append(
            TestItem(
                id=row.pair_id,
                number=row.pair_number,
                instruction=row.instruction,
                context=row.context,
                reference=row.response,
                group=row.group,
                metadata={name: text for name, text in row.metadata.items() if name != "key"},
                new=one.response,
                old=other.response,
                new_finish=_finish(one.finish),
                old_finish=_finish(other.finish),
            )
        )
    return tuple(items), dict(aside)


def _finish(text: str) -> Literal["stop", "length"]:
    return "stop" if text == "stop" else "length"


def _votes(cursor: Cursor, made: MatchupSet) -> tuple[Vote, ...]:
    items = matchups.pair_of(cursor, made.id)
    names = {person.id: person.name for person in people.everyone(cursor)}
    return tuple(
        _vote(given, items[given.matchup_id], names[given.person_id])
        for given in matchups.current(cursor, made.id)
        if given.choice != "skip"
    )


def _vote(given: Judgement, item: str, rater: str) -> Vote:
    """A judgement told in models instead of sides of the screen."""
    chosen = {"left": given.left_side, "right": OTHER_SIDE[given.left_side]}.get(given.choice, given.choice)
    return Vote.model_validate(
        {
            "item": item,
            "rater": rater,
            "left": given.left_side,
            "choice": chosen,
            "strength": given.strength,
            "reasons": given.reasons,
            "note": given.note,
            "seconds": given.seconds,
            "example": given.source == "example",
        }
    )


def _model_facts(cursor: Cursor, model: Model, answered: Candidate) -> ModelFacts:
    run = runs.get(cursor, model.run_id) if model.run_id else None
    batch = batches.get(cursor, model.batch_id) if model.batch_id else None
    return ModelFacts(
        iteration=model.number,
        name=model.name,
        base=model.base,
        sha256=model.sha256 or model.base_sha256 or "not recorded",
        run=f"run {run.number}" if run else None,
        batch=f"batch {batch.number}" if batch else None,
        generation={name: _plain(value) for name, value in sorted(answered.settings.items())},
    )


def _plain(value: Any) -> str | int | float | bool | None:
    return value if isinstance(value, str | int | float | bool | None) else json.dumps(value, sort_keys=True)


def _batch_facts(cursor: Cursor, project: Project, batch: Batch) -> BatchFacts:
    items = batches.items(cursor, batch.id)
    first = pairs.first_revisions(cursor, [item.pair_id for item in items])
    return BatchFacts(
        name=batch.name,
        number=batch.number,
        sha256=batch.sha256,
        splits={split: batch.counts.get(split, 0) for split in batches.SPLITS},
        left_out=batch.left_out,
        approved=len(items),
        edited=sum(item.revision_id != first[item.pair_id] for item in items),
        experts=len({name for item in items for name in item.approvers}),
        frozen_at=batch.frozen_at,
        expert_alpha=_expert_alpha(cursor, project, {item.pair_id for item in items}),
    )


def _expert_alpha(cursor: Cursor, project: Project, pair_ids: set[str]) -> float | None:
    """Krippendorff's alpha of the experts' decisions on these pairs; None where it is undefined."""
    ratings = [
        Rating(item=f"{review.pair_id} {review.round}", rater=review.person_id, value=review.decision)
        for review in reviews.of_project(cursor, project.id)
        if review.pair_id in pair_ids
    ]
    found = agreement(ratings, "nominal", project.settings.seed).alpha if ratings else None
    return found.value if isinstance(found, Estimate) else None


def _trend(cursor: Cursor, project: Project, new: Model) -> tuple[TrendPoint, ...]:
    """The last report of each earlier iteration, as its point in the chain."""
    points: dict[int, TrendPoint] = {}
    for stored in reports.listing(cursor, project.id):
        point = parsed(stored).trend[-1]
        if point.iteration < new.number:
            points[point.iteration] = point
    return tuple(points[iteration] for iteration in sorted(points))
