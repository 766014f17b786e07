"""The slices of a report and the items worth reading: worst regressions, best gains, humans against ROUGE."""

from collections.abc import Callable, Mapping, Sequence

from hone.evaluation.answers import answer_facts, faults_of
from hone.evaluation.inputs import TestItem, Vote
from hone.evaluation.intervals import Estimate, bootstrap_mean, share
from hone.evaluation.votes import clustered_win_rate, score
from hone.storage.records import Record, Undefined

SHOWN = 3
MOST_VALUES = 12  # a field with more values is an id, not a slice


class Slice(Record):
    """Part of the test split by a metadata field. Exploratory: many are looked at, none of them decides."""

    field: str
    value: str
    n: int
    metric: str
    difference: Estimate
    votes: int
    win_rate: Estimate | Undefined


class Example(Record):
    """One item with both answers, what people said, and what the metric said.

    `net` is (votes for new - votes for old) / votes, in -1..1, and Undefined without votes; `difference` is
    the metric's, new minus old.
    """

    item: str
    number: int
    instruction: str
    context: str
    reference: str
    new: str
    old: str
    for_new: int
    for_old: int
    undecided: int
    net: float | Undefined
    metric: str
    metric_new: float
    metric_old: float
    difference: float
    new_faults: tuple[str, ...]
    old_faults: tuple[str, ...]


class Examples(Record):
    """Items worth reading, most telling first."""

    regressions: tuple[Example, ...]
    gains: tuple[Example, ...]
    disagreements: tuple[Example, ...]


def example(item: TestItem, votes: Sequence[Vote], metric: str, new: float, old: float) -> Example:
    """One item with its votes and its metric."""
    scores = [score(vote) for vote in votes]
    return Example(
        item=item.id,
        number=item.number,
        instruction=item.instruction,
        context=item.context,
        reference=item.reference,
        new=item.new,
        old=item.old,
        for_new=scores.count(1),
        for_old=scores.count(-1),
        undecided=scores.count(0),
        net=sum(scores) / len(scores) if scores else Undefined(undefined="no votes"),
        metric=metric,
        metric_new=new,
        metric_old=old,
        difference=new - old,
        new_faults=faults_of(answer_facts(item.new, item.new_finish, item.reference)),
        old_faults=faults_of(answer_facts(item.old, item.old_finish, item.reference)),
    )


def net_of(each: Example) -> float:
    """The net vote for ordering; an item without votes stands in the middle."""
    return 0.0 if isinstance(each.net, Undefined) else each.net


def choose(examples: Sequence[Example], shown: int = SHOWN) -> Examples:
    """Pick the most telling items; people's votes come first, the metric orders among equals.

    Gains and regressions are each other's mirror image when the models are swapped. A disagreement is an
    item where people and the metric prefer different sides, the strongest opposition first.
    """
    return Examples(
        regressions=_top(examples, shown, lambda e: (-net_of(e), -e.difference)),
        gains=_top(examples, shown, lambda e: (net_of(e), e.difference)),
        disagreements=_top(examples, shown, lambda e: (-net_of(e) * e.difference, 0.0)),
    )


def _top(
    examples: Sequence[Example], shown: int, weight: Callable[[Example], tuple[float, float]]
) -> tuple[Example, ...]:
    """The heaviest items whose weight is over nothing and whose answers differ; ties by item id."""
    heavy = [e for e in examples if weight(e) > (0.0, 0.0) and e.new.strip() != e.old.strip()]
    heavy.sort(key=lambda each: each.item)
    heavy.sort(key=weight, reverse=True)  # sort is stable: ids order the ties
    return tuple(heavy[:shown])


def slices(
    items: Sequence[TestItem],
    votes: Sequence[Vote],
    differences: Mapping[str, float],
    metric: str,
    groups: Mapping[str, str],
    seed: int,
    level: float = 0.95,
) -> tuple[Slice, ...]:
    """Cut the test split by every metadata field that has 2 to 12 values.

    Args:
        items: The test items.
        votes: All votes.
        differences: Item id to the metric's difference, new minus old.
        metric: The metric's name.
        groups: Item id to group, for clustered intervals.
        seed: Seed of the bootstrap.
        level: Coverage of the intervals.

    Returns:
        One slice per field and value, by field, largest first.
    """
    found: list[Slice] = []
    for field in sorted({name for item in items for name in item.metadata}):
        values: dict[str, list[str]] = {}
        for item in items:
            if field in item.metadata:
                values.setdefault(item.metadata[field], []).append(item.id)
        if 2 <= len(values) <= MOST_VALUES:
            ordered = sorted(values.items(), key=lambda entry: (-len(entry[1]), entry[0]))
            found += [
                _slice(field, value, ids, votes, differences, metric, groups, seed, level) for value, ids in ordered
            ]
    return tuple(found)


def _slice(
    field: str,
    value: str,
    ids: Sequence[str],
    votes: Sequence[Vote],
    differences: Mapping[str, float],
    metric: str,
    groups: Mapping[str, str],
    seed: int,
    level: float,
) -> Slice:
    inside = set(ids)
    chosen = [vote for vote in votes if vote.item in inside]
    decisive = [vote for vote in chosen if score(vote)]
    win_rate, _ = clustered_win_rate(decisive, groups, seed, level)
    return Slice(
        field=field,
        value=value,
        n=len(ids),
        metric=metric,
        difference=bootstrap_mean(
            [differences[item] for item in ids],
            [groups.get(item, f"item {item}") for item in ids] if groups else None,
            seed,
            level,
            (-1, 1),
        ),
        votes=len(chosen),
        win_rate=win_rate,
    )


def same_side(nets: Sequence[float], differences: Sequence[float], level: float = 0.95) -> Estimate | Undefined:
    """How often the metric prefers the answer that people preferred, over items where both prefer one.

    One half is what a coin would reach; it says how far to believe a gain in this metric on this task.

    Args:
        nets: Net vote per item, 0 where nobody voted.
        differences: The metric's difference per item, new minus old.
        level: Coverage of Wilson's interval.
    """
    both = [net * difference for net, difference in zip(nets, differences, strict=True) if net and difference]
    if not both:
        return Undefined(undefined="no item with a preference of both")
    return share(sum(product > 0 for product in both), len(both), level)
