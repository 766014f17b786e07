"""Train, validation and test: each group of pairs goes to one of them, and stays there."""

from collections.abc import Mapping, Sequence

from hone.storage.batches import SPLITS, Split
from hone.storage.errors import InputError
from hone.storage.records import sha256


def assign(
    groups: Mapping[str, int], fractions: Sequence[float], seed: int, earlier: Mapping[str, Split]
) -> dict[str, Split]:
    """Which split each group belongs to. The same input gives the same split, in whatever order it comes.

    Groups keep the split of earlier batches: what a model was tested on is never trained on later. The others
    follow in the order of sha256(seed, group), each to the split that is furthest below its share; the last
    ones fill a split that would stay empty.

    Args:
        groups: How many pairs each group has.
        fractions: The shares of train, validation and test; they add up to 1.
        seed: Another seed, another draw.
        earlier: The split of groups that were in a batch before; others than these may be named.

    Raises:
        InputError: There are too few groups for three splits.
    """
    if len(groups) < len(SPLITS):
        raise InputError(
            f"{len(SPLITS)} splits need at least {len(SPLITS)} groups of approved pairs (documents or authors; "
            f"a pair without a group is its own), and there are {len(groups)}. Approve pairs of other groups."
        )
    chosen: dict[str, Split] = {group: earlier[group] for group in sorted(groups) if group in earlier}
    fresh = sorted((group for group in groups if group not in earlier), key=lambda group: sha256(str(seed), group))
    target = dict(zip(SPLITS, (share * sum(groups.values()) for share in fractions), strict=True))
    size: dict[Split, int] = dict.fromkeys(SPLITS, 0)
    for group, split in chosen.items():
        size[split] += groups[group]
    for place, group in enumerate(fresh):
        empty: list[Split] = [split for split in SPLITS if size[split] == 0]
        candidates: Sequence[Split] = empty if len(empty) >= len(fresh) - place else SPLITS
        neediest = max(candidates, key=lambda split: target[split] - size[split])
        chosen[group] = neediest
        size[neediest] += groups[group]
    _must_be_filled(size, len(fresh))
    return chosen


def _must_be_filled(size: Mapping[Split, int], fresh: int) -> None:
    empty = [split for split in SPLITS if size[split] == 0]
    if empty:
        raise InputError(
            f"No group is left for {' and '.join(empty)}: the others keep the split of an earlier batch, and "
            f"{fresh} new {'group is' if fresh == 1 else 'groups are'} too few. Approve pairs of {len(empty)} more."
        )
