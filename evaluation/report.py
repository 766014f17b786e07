"""The iteration report: one document that says whether the new model is better, why, and how sure that is.

Pure: the same inputs give the same bytes, whatever order items and votes come in. Swapping the two models
negates every difference.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from hone.evaluation.agreement import Agreement, Rating, agreement
from hone.evaluation.answers import ErrorLine, error_lines
from hone.evaluation.cautions import Identical, cautions
from hone.evaluation.compare import PairedComparison, compare_paired, holm, sign_flip
from hone.evaluation.examples import Example, Examples, Slice, choose, example, net_of, same_side, slices
from hone.evaluation.inputs import (
    BatchFacts,
    Gate,
    Guard,
    Keeping,
    ModelFacts,
    ReportInputs,
    TestItem,
    TrendPoint,
    Vote,
)
from hone.evaluation.intervals import Estimate, Interval, bootstrap_mean
from hone.evaluation.text_metrics import METRICS, ItemScores, score_items
from hone.evaluation.verdict import GuardResult, ThresholdResult, Verdict, decide, hold_threshold
from hone.evaluation.votes import Preference, checked, count_votes
from hone.storage.errors import InputError
from hone.storage.records import Record, Undefined, canonical, sha256

LEAD_METRIC = "rougeL"  # orders the examples and fills the slices


class MetricLine(Record):
    """One metric of both models on the same items, in 0..1.

    `p_holm` is adjusted for all metrics of the report; `same_side` is the share of judged items on which the
    metric prefers the answer that people preferred.
    """

    metric: str
    new: Estimate
    old: Estimate
    paired: PairedComparison
    p_holm: float
    same_side: Estimate | Undefined
    signature: str


class Provenance(Record):
    """Enough to make the report again, byte for byte: seed, hash of all inputs, signatures, versions."""

    seed: int
    inputs_sha256: str
    signatures: dict[str, str]
    versions: dict[str, str]


class Report(Record):
    """The report. Every page and file about an iteration is drawn from this document alone."""

    schema_version: Literal[1] = 1
    project: str
    made_at: datetime
    example_data: bool
    new: ModelFacts
    old: ModelFacts
    items: int
    groups: int | None
    verdict: Verdict
    preference: Preference | Undefined
    reviewers: Agreement | Undefined
    metrics: tuple[MetricLine, ...]
    guards: tuple[GuardResult, ...]
    thresholds: tuple[ThresholdResult, ...]
    errors: tuple[ErrorLine, ...]
    slices: tuple[Slice, ...]
    examples: Examples
    identical: Identical
    batch: BatchFacts | None
    set_aside: dict[str, int]
    trend: tuple[TrendPoint, ...]
    gate: Gate
    warnings: tuple[str, ...]
    provenance: Provenance
    keeping: Keeping | None = None


def ordered(inputs: ReportInputs) -> ReportInputs:
    """The inputs with items by id, votes by item and rater, and the trend by iteration.

    Raises:
        InputError: There is no item, an item's id stands twice, a vote is on an unknown item or doubled, or
            the gate names an unknown metric.
    """
    if not inputs.items:
        raise InputError("The report has no test items; generate answers on the test split first.")
    items = sorted(inputs.items, key=lambda item: item.id)
    known: set[str] = set()
    for item in items:
        if item.id in known:
            raise InputError(f"Test item {item.id} stands twice; give each item once.")
        known.add(item.id)
    votes = checked(inputs.votes)
    for vote in votes:
        if vote.item not in known:
            raise InputError(f"{vote.rater} voted on item {vote.item}, which is not a test item of this report.")
    named = [guard.metric for guard in inputs.gate.guards] + [rule.metric for rule in inputs.gate.thresholds]
    for metric in named:
        if metric not in METRICS:
            raise InputError(f"The gate names {metric!r}; choose from {', '.join(METRICS)}.")
    trend = sorted(inputs.trend, key=lambda point: (point.iteration, point.name))
    return inputs.model_copy(update={"items": tuple(items), "votes": tuple(votes), "trend": tuple(trend)})


def make_report(inputs: ReportInputs) -> Report:
    """Compute the report of two models on the same test items.

    Args:
        inputs: Items with both answers, votes, the gate declared beforehand, and the facts to print.

    Raises:
        InputError: The inputs contradict themselves; see `ordered`.
    """
    given = ordered(inputs)
    items, votes, level, seed = given.items, given.votes, given.gate.level, given.seed
    groups = {item.id: item.group for item in items if item.group is not None}
    clusters = [groups.get(item.id, f"item {item.id}") for item in items] if groups else None
    references = [item.reference for item in items]
    new = score_items([item.new for item in items], references)
    old = score_items([item.old for item in items], references)
    lead = _examples(items, votes, new, old)
    preference = count_votes(votes, groups, seed, level)
    identical = Identical(count=sum(item.new.strip() == item.old.strip() for item in items), n=len(items))
    metrics = _metric_lines(new, old, clusters, [net_of(each) for each in lead], seed, level)
    guards = _held_guards(given.gate, new, old, clusters, metrics, seed)
    thresholds = tuple(hold_threshold(rule, _line(metrics, rule.metric).new) for rule in given.gate.thresholds)
    verdict = decide(
        preference,
        guards,
        thresholds,
        identical.count == identical.n,
        given.gate,
        given.new.name,
        given.old.name,
    )
    errors = error_lines(items, level)
    return Report(
        project=given.project,
        made_at=given.made_at,
        example_data=given.example_data or any(vote.example for vote in votes),
        new=given.new,
        old=given.old,
        items=len(items),
        groups=None if clusters is None else len(set(clusters)),
        verdict=verdict,
        preference=preference,
        reviewers=_reviewers(votes, seed),
        metrics=metrics,
        guards=guards,
        thresholds=thresholds,
        errors=errors,
        slices=slices(items, votes, {each.item: each.difference for each in lead}, LEAD_METRIC, groups, seed, level),
        examples=choose(lead),
        identical=identical,
        batch=given.batch,
        set_aside=given.set_aside,
        trend=(*given.trend, _trend_point(given, preference, metrics, verdict)),
        gate=given.gate,
        warnings=cautions(given, preference, identical, errors),
        provenance=Provenance(
            seed=seed,
            inputs_sha256=sha256(_without_gap(given)),
            signatures=new.signatures,
            versions=given.versions,
        ),
        keeping=given.keeping,
    )


def json_text(report: Report) -> str:
    """The report as its one canonical JSON text."""
    return _without_gap(report)


def _without_gap(document: Report | ReportInputs) -> str:
    """Canonical JSON that does not name what was kept where nobody looked: as it was before anybody could."""
    whole = document.model_dump(mode="json")
    return canonical(whole if whole["keeping"] is not None else {k: v for k, v in whole.items() if k != "keeping"})


def _examples(items: Sequence[TestItem], votes: Sequence[Vote], new: ItemScores, old: ItemScores) -> list[Example]:
    """Every item with its votes and the lead metric."""
    by_item: dict[str, list[Vote]] = {}
    for vote in votes:
        by_item.setdefault(vote.item, []).append(vote)
    scores = zip(items, new.values[LEAD_METRIC], old.values[LEAD_METRIC], strict=True)
    return [example(item, by_item.get(item.id, []), LEAD_METRIC, n, o) for item, n, o in scores]


def _metric_lines(
    new: ItemScores,
    old: ItemScores,
    clusters: Sequence[str] | None,
    nets: Sequence[float],
    seed: int,
    level: float,
) -> tuple[MetricLine, ...]:
    paired = [compare_paired(new.values[name], old.values[name], clusters, seed, level, (-1, 1)) for name in METRICS]
    adjusted = holm([comparison.p for comparison in paired])
    return tuple(
        MetricLine(
            metric=name,
            new=bootstrap_mean(new.values[name], clusters, seed, level, (0, 1)),
            old=bootstrap_mean(old.values[name], clusters, seed, level, (0, 1)),
            paired=comparison,
            p_holm=p_holm,
            same_side=same_side(nets, [n - o for n, o in zip(new.values[name], old.values[name], strict=True)], level),
            signature=new.signatures[name],
        )
        for name, comparison, p_holm in zip(METRICS, paired, adjusted, strict=True)
    )


def _line(metrics: Sequence[MetricLine], name: str) -> MetricLine:
    return next(line for line in metrics if line.metric == name)


def _held_guards(
    gate: Gate,
    new: ItemScores,
    old: ItemScores,
    clusters: Sequence[str] | None,
    metrics: Sequence[MetricLine],
    seed: int,
) -> tuple[GuardResult, ...]:
    """Test each guard: is the loss beyond its margin, adjusted for all guards."""

    def beyond(guard: Guard) -> float:
        pairs = zip(new.values[guard.metric], old.values[guard.metric], strict=True)
        return sign_flip([n - o + guard.margin for n, o in pairs], clusters, seed)[0]

    tested = [beyond(guard) for guard in gate.guards]
    found: list[GuardResult] = []
    for guard, p, p_holm in zip(gate.guards, tested, holm(tested), strict=True):
        paired = _line(metrics, guard.metric).paired
        most = paired.interval.high if isinstance(paired.interval, Interval) else paired.difference
        found.append(
            GuardResult(
                guard=guard,
                difference=paired.difference,
                interval=paired.interval,
                p=p,
                p_holm=p_holm,
                fell=most < -guard.margin and p_holm <= 1 - gate.level + 1e-12,
            )
        )
    return tuple(found)


def _reviewers(votes: Sequence[Vote], seed: int) -> Agreement | Undefined:
    """How far reviewers agree on which model is better; the four choices are labels without order."""
    if not votes:
        return Undefined(undefined="no votes")
    ratings = [Rating(item=vote.item, rater=vote.rater, value=vote.choice) for vote in votes]
    return agreement(ratings, "nominal", seed)


def _trend_point(
    given: ReportInputs, preference: Preference | Undefined, metrics: Sequence[MetricLine], verdict: Verdict
) -> TrendPoint:
    """This iteration as a point of the trend, so that the next report can take it from this one."""
    rate = preference if isinstance(preference, Undefined) else preference.clustered
    interval = None if isinstance(rate, Undefined) else rate.interval
    return TrendPoint(
        iteration=given.new.iteration,
        name=given.new.name,
        pairs=given.batch.splits.get("train", 0) if given.batch else 0,
        decisive=0 if isinstance(preference, Undefined) else preference.decisive,
        win_rate=None if isinstance(rate, Undefined) else rate.value,
        low=interval.low if isinstance(interval, Interval) else None,
        high=interval.high if isinstance(interval, Interval) else None,
        metrics={line.metric: line.new.value for line in metrics},
        verdict=verdict.value,
    )
