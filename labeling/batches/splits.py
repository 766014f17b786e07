"""Train, validation and test: each group of pairs goes to one of them, and stays there."""

from collections import Counter
from collections.abc import Mapping, Sequence

from hone.storage.batches import SPLITS, Split
from hone.storage.errors import InputError
from hone.storage.records import sha256

Labels = Mapping[str, int]  # how many pairs of a group have each label


def assign(
    groups: Mapping[str, int],
    fractions: Sequence[float],
    seed: int,
    earlier: Mapping[str, Split],
    labels: Mapping[str, Labels] | None = None,
) -> dict[str, Split]:
    """Which split each group belongs to. The same input gives the same split, in whatever order it comes.

    Groups keep the split of earlier batches: what a model was tested on is never trained on later. The others
    follow in the order of sha256(seed, group), each to the split that is furthest below its share of the labels that
    the group has, a rare label counting as much as a common one (the idea of Sechidis, Tsoumakas & Vlahavas 2011,
    "On the stratification of multi-label data", for groups); the last ones fill a split that would stay empty.

    Args:
        groups: How many pairs each group has.
        fractions: The shares of train, validation and test; they add up to 1.
        seed: Another seed, another draw.
        earlier: The split of groups that were in a batch before; others than these may be named.
        labels: How many pairs of each group have each label; without them all pairs count alike.

    Raises:
        InputError: There are too few groups for three splits.
    """
    if len(groups) < len(SPLITS):
        raise InputError(
            f"{len(SPLITS)} splits need at least {len(SPLITS)} groups of approved pairs (documents or authors; "
            f"a pair without a group is its own), and there are {len(groups)}. Approve pairs of other groups."
        )
    held = {group: _labels(labels, group, size) for group, size in groups.items()}
    room = _Room(held, fractions)
    chosen: dict[str, Split] = {group: earlier[group] for group in sorted(groups) if group in earlier}
    fresh = sorted((group for group in groups if group not in earlier), key=lambda group: sha256(str(seed), group))
    for group, split in chosen.items():
        room.fill(split, held[group])
    for place, group in enumerate(fresh):
        empty = room.empty()
        candidates: Sequence[Split] = empty if len(empty) >= len(fresh) - place else SPLITS
        chosen[group] = max(candidates, key=lambda split: room.need(split, held[group]))
        room.fill(chosen[group], held[group])
    _must_be_filled(room.empty(), len(fresh))
    return chosen


class _Room:
    """How many pairs of each label a split should still get."""

    def __init__(self, held: Mapping[str, Labels], fractions: Sequence[float]):
        total: Counter[str] = Counter()
        for labels in held.values():
            total.update(labels)
        self.weight = {label: 1 / count if len(total) > 1 else 1.0 for label, count in total.items()}
        self.wanted = {
            split: {label: share * count for label, count in total.items()}
            for split, share in zip(SPLITS, fractions, strict=True)
        }
        self.size: dict[Split, Counter[str]] = {split: Counter() for split in SPLITS}

    def need(self, split: Split, labels: Labels) -> float:
        """How far the split is below its share of these labels."""
        wanted, size = self.wanted[split], self.size[split]
        return sum(count * self.weight[label] * (wanted[label] - size[label]) for label, count in labels.items())

    def fill(self, split: Split, labels: Labels) -> None:
        """Put a group into a split."""
        self.size[split].update(labels)

    def empty(self) -> list[Split]:
        """The splits without any pair."""
        return [split for split in SPLITS if not self.size[split].total()]


def _labels(labels: Mapping[str, Labels] | None, group: str, size: int) -> Labels:
    return {"": size} if labels is None else labels[group]


def _must_be_filled(empty: Sequence[Split], fresh: int) -> None:
    if empty:
        raise InputError(
            f"No group is left for {' and '.join(empty)}: the others keep the split of an earlier batch, and "
            f"{fresh} new {'group is' if fresh == 1 else 'groups are'} too few. Approve pairs of {len(empty)} more."
        )
