"""Which pairs of earlier batches are learnt again beside a new one, so that a model keeps what it knew.

Pure: the same batches, share and seed give the same pairs, in whatever order they come.
"""

from collections.abc import Iterable, Mapping, Sequence

from hone.labeling.batches.duplicates import compared
from hone.labeling.batches.leaks import Shingled
from hone.storage.batches import BatchItem
from hone.storage.records import sha256


def rehearsed(
    own: Sequence[BatchItem], others: Mapping[int, Sequence[BatchItem]], number: int, share: float, seed: int
) -> dict[int, list[BatchItem]]:
    """The training pairs of earlier batches that are learnt beside batch `number`, by the batch they came with.

    Each batch gives its part in proportion to its pairs; a larger share takes the same pairs and more. Never taken are
    pairs of this batch, pairs and groups that any batch tests or validates, and what is nearly the same as these. The
    text is that of the newest earlier batch that holds the pair.

    Args:
        own: The items of the batch.
        others: The items of the project's other batches, by their number.
        number: Of the batch.
        share: Of all pairs that are learnt, 0 to below 1. There may be fewer pairs than that.
        seed: Another seed, another choice.
    """
    wanted = how_many(sum(item.split == "train" for item in own), share)
    if not wanted:
        return {}
    came_with, newest = _candidates(own, others, number)
    held = [item for items in (own, *others.values()) for item in items if item.split != "train"]
    free = set(_unlike(list(newest.values()), held))
    ranked: list[tuple[float, str]] = []
    for pair_ids in _by_batch({pair_id: came_with[pair_id] for pair_id in newest if pair_id in free}).values():
        order = sorted(pair_ids, key=lambda pair_id: sha256(str(seed), pair_id))
        # The places of a batch spread evenly from 0 to 1: the first ones of all hold each batch in its proportion.
        ranked += [((place + 0.5) / len(order), pair_id) for place, pair_id in enumerate(order)]
    chosen = [pair_id for _, pair_id in sorted(ranked)[:wanted]]
    return {
        batch: [newest[pair_id] for pair_id in pair_ids]
        for batch, pair_ids in sorted(_by_batch({pair_id: came_with[pair_id] for pair_id in chosen}).items())
    }


def how_many(fresh: int, share: float) -> int:
    """How many pairs beside so many new ones make up the share of all."""
    return round(share / (1 - share) * fresh)


def _candidates(
    own: Sequence[BatchItem], others: Mapping[int, Sequence[BatchItem]], number: int
) -> tuple[dict[str, int], dict[str, BatchItem]]:
    """The pairs that may be taken: the batch that each came with, and its newest text."""
    held = [item for items in (own, *others.values()) for item in items if item.split != "train"]
    taken = {item.pair_id for item in (*own, *held)}
    held_groups = {item.group for item in held}
    came_with: dict[str, int] = {}
    newest: dict[str, BatchItem] = {}
    for batch in sorted(each for each in others if each < number):
        for item in others[batch]:
            if item.pair_id not in taken and item.group not in held_groups:
                came_with.setdefault(item.pair_id, batch)
                newest[item.pair_id] = item
    return came_with, newest


def _unlike(items: Sequence[BatchItem], held: Sequence[BatchItem]) -> Iterable[str]:
    """The ids of the items that are not nearly the same as one that is held out."""
    texts = Shingled([compared(item.instruction, item.context, item.response) for item in (*items, *held)])
    alike = texts.nearest(range(len(items)), range(len(items), len(items) + len(held)))
    return (item.pair_id for place, item in enumerate(items) if place not in alike)


def _by_batch(came_with: Mapping[str, int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for pair_id in came_with:
        found.setdefault(came_with[pair_id], []).append(pair_id)
    return found
