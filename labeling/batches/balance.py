"""How a plan spreads over slices and labels, and which slices have too few approved pairs."""

from collections import Counter
from collections.abc import Iterable, Sequence

from hone.labeling.batches.plan import Plan
from hone.storage import pairs, slices
from hone.storage.batches import SPLITS, BatchItem, Split
from hone.storage.filters import PairFilter
from hone.storage.projects import Project
from hone.storage.records import Record
from hone.storage.store import Cursor, Store

FLOOR = 20  # pairs that a slice should have to say anything about it
VALUES = 30  # a field with more values than these is no slice but a name
LABEL = "label"


class Share(Record):
    """A value of a field: its pairs in each split, and how many the project has of it in any state."""

    value: str
    counts: dict[Split, int]
    there: int

    @property
    def total(self) -> int:
        """The pairs that would be frozen."""
        return sum(self.counts.values())


class Field(Record):
    """A field ("metadata.topic", "label") with its values, the commonest first."""

    name: str
    shares: tuple[Share, ...]


class Missing(Record):
    """A slice that would have fewer pairs than wanted. `waiting` of its pairs are open, disputed or agreed."""

    field: str
    value: str
    held: int
    floor: int
    waiting: int


class Groups(Record):
    """How many groups each split has, and the largest of all with its pairs."""

    counts: dict[Split, int]
    largest: str | None
    pairs: int


class Balance(Record):
    """What a plan holds of each slice, and what it lacks.

    `to_aim` is how many approved pairs the project still needs for its aim; None when it has no aim.
    """

    fields: tuple[Field, ...]
    groups: Groups
    missing: tuple[Missing, ...]
    aim: int | None
    to_aim: int | None


def balance(store: Store, project: Project, plan: Plan, floor: int = FLOOR) -> Balance:
    """How the plan spreads over the fields that have 2 to 30 values, and the slices with fewer pairs than `floor`.

    A slice counts as missing when the project has pairs of it that the filter means and too few of them would be
    frozen; so does a label of the project that no pair has.
    """
    with store.read() as cursor:
        there = {name: _there(cursor, project, name, plan.chosen) for name in _names(cursor, project)}
        waiting = plan.chosen.model_copy(update={"states": ("open", "disputed", "agreed")})
        open_ = {name: _there(cursor, project, name, waiting) for name in there}
        approved = pairs.counts(cursor, project.id)["approved"]
    fields = [_field(name, plan.items, found) for name, found in there.items() if _is_slice(found)]
    if project.settings.task == "classification":
        labels = dict.fromkeys(project.settings.labels, 0)
        fields.insert(0, _field(LABEL, plan.items, labels))
    aim = project.settings.aim
    return Balance(
        fields=tuple(fields),
        groups=_groups(plan.items),
        missing=tuple(_missing(fields, open_, floor)),
        aim=aim,
        to_aim=None if aim is None else max(0, aim - approved),
    )


def of_items(project: Project, items: Sequence[BatchItem]) -> tuple[Field, ...]:
    """How the items of a frozen batch spread over the fields that have 2 to 30 values among them."""
    names = sorted({f"metadata.{field}" for item in items for field in item.metadata})
    found = {name: Counter(value for item in items if (value := _value(item, name)) is not None) for name in names}
    if project.settings.task == "classification":
        found = {LABEL: Counter(item.response.strip() for item in items), **found}
    return tuple(_field(name, items, counted) for name, counted in found.items() if _is_slice(counted))


def _names(cursor: Cursor, project: Project) -> list[str]:
    return [f"metadata.{field}" for field in slices.fields(cursor, project.id)]


def _there(cursor: Cursor, project: Project, name: str, wanted: PairFilter) -> dict[str, int]:
    meant = wanted if wanted.states != ("approved",) else wanted.model_copy(update={"states": ()})
    return {each.value: each.pairs for each in slices.values(cursor, project.id, name, meant, VALUES + 1)}


def _is_slice(found: dict[str, int]) -> bool:
    return 2 <= len(found) <= VALUES and max(found.values()) > 1


def _field(name: str, items: Sequence[BatchItem], there: dict[str, int]) -> Field:
    """The values that pairs of the project have, those of them that the plan holds counted by split."""
    held = Counter((_value(item, name), item.split) for item in items)
    shares = [
        Share(value=value, counts={split: held[value, split] for split in SPLITS}, there=number)
        for value, number in there.items()
    ]
    return Field(name=name, shares=tuple(sorted(shares, key=lambda share: (-share.total, share.value))))


def _value(item: BatchItem, name: str) -> str | None:
    if name == LABEL:
        return item.response.strip()
    return item.metadata.get(name.removeprefix("metadata."))


def _groups(items: Sequence[BatchItem]) -> Groups:
    sizes = Counter(item.group for item in items)
    splits = Counter({item.group: item.split for item in items}.values())
    largest = max(sizes, key=lambda group: (sizes[group], group), default=None)
    return Groups(
        counts={split: splits[split] for split in SPLITS}, largest=largest, pairs=sizes[largest] if largest else 0
    )


def _missing(fields: Iterable[Field], waiting: dict[str, dict[str, int]], floor: int) -> Iterable[Missing]:
    for field in fields:
        for share in sorted(field.shares, key=lambda share: (share.total, share.value)):
            if share.total < floor:
                open_ = waiting.get(field.name, {}).get(share.value, 0)
                yield Missing(field=field.name, value=share.value, held=share.total, floor=floor, waiting=open_)
