"""Two batches side by side: which pairs came, which went, and what became of the texts that both hold."""

from collections import Counter

from hone.labeling.diff import Piece, word_diff
from hone.storage import batches
from hone.storage.batches import Apart, Batch, Side, Split
from hone.storage.errors import InputError
from hone.storage.records import Record
from hone.storage.reviews import Field
from hone.storage.store import Store

FIELDS: tuple[Field, ...] = ("instruction", "context", "response")
SHOWN = 50


class OneSided(Record):
    """A pair that one of the batches holds. `reason` says why the later one left it out, where it says so."""

    pair_id: str
    pair_number: int
    split: Split
    instruction: str
    context: str
    response: str
    reason: str | None


class Changed(Record):
    """A pair whose text changed: for each field that did, the pieces that lead from the old to the new one."""

    pair_id: str
    pair_number: int
    split: Split
    pieces: dict[Field, tuple[Piece, ...]]


class Moved(Record):
    """A pair that went to another split: what a model was tested on may have been learnt. There must be none."""

    pair_id: str
    pair_number: int
    before: Split
    after: Split


class Difference(Record):
    """What differs between two batches. `counts` tells how many there are; the lists hold the first of each."""

    before: int
    after: int
    same: int
    counts: dict[str, int]  # added, removed, changed, moved
    added: tuple[OneSided, ...]
    removed: tuple[OneSided, ...]
    changed: tuple[Changed, ...]
    moved: tuple[Moved, ...]


def difference(store: Store, before: Batch, after: Batch, limit: int = SHOWN) -> Difference:
    """What led from one batch to the other, with up to `limit` pairs of each kind.

    Raises:
        InputError: They are of two projects, or the same batch.
    """
    if before.project_id != after.project_id:
        raise InputError("Only batches of one project can be compared.")
    if before.id == after.id:
        raise InputError(f"Batch {before.number} is compared with itself. Name two batches.")
    with store.read() as cursor:
        found = batches.apart(cursor, before.id, after.id)
    added = [each for each in found if not each.before]
    removed = [each for each in found if not each.after]
    both = [each for each in found if each.before and each.after]
    changed = [each for each in both if _texts(each.before) != _texts(each.after)]
    moved = [each for each in both if each.before and each.after and each.before.split != each.after.split]
    counts = Counter(added=len(added), removed=len(removed), changed=len(changed), moved=len(moved))
    gone = len(removed) + len({each.pair_id for each in (*changed, *moved)})
    return Difference(
        before=before.number,
        after=after.number,
        same=sum(before.counts.values()) - gone,
        counts=dict(counts),
        added=tuple(_one_sided(each, each.after) for each in added[:limit]),
        removed=tuple(_one_sided(each, each.before) for each in removed[:limit]),
        changed=tuple(_changed(each) for each in changed[:limit]),
        moved=tuple(_moved(each) for each in moved[:limit]),
    )


def _texts(side: Side | None) -> tuple[str, ...]:
    return tuple(str(getattr(side, field)) for field in FIELDS)


def _one_sided(each: Apart, side: Side | None) -> OneSided:
    assert side is not None
    return OneSided(pair_id=each.pair_id, pair_number=each.pair_number, reason=each.reason, **side.model_dump())


def _changed(each: Apart) -> Changed:
    assert each.before is not None
    assert each.after is not None
    pieces: dict[Field, tuple[Piece, ...]] = {
        field: tuple(word_diff(old, new))
        for field, old, new in zip(FIELDS, _texts(each.before), _texts(each.after), strict=True)
        if old != new
    }
    return Changed(pair_id=each.pair_id, pair_number=each.pair_number, split=each.after.split, pieces=pieces)


def _moved(each: Apart) -> Moved:
    assert each.before is not None
    assert each.after is not None
    return Moved(pair_id=each.pair_id, pair_number=each.pair_number, before=each.before.split, after=each.after.split)
