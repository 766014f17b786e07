"""Frozen batches: the text of every pair as it was approved, its split, and what was left out and why."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from hone.storage.errors import NotFound
from hone.storage.filters import PairFilter
from hone.storage.records import Record
from hone.storage.store import Cursor, insert, one, rows, value

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class BatchItem(Record):
    """One row of a batch: the approved text itself, not a pointer to it."""

    position: int
    pair_id: str
    pair_number: int
    revision_id: str
    group: str
    split: Split
    instruction: str
    context: str
    response: str
    metadata: dict[str, str]
    approvers: tuple[str, ...]  # names


class Exclusion(Record):
    """A pair that did not get in, and the reason."""

    pair_id: str
    pair_number: int
    reason: str
    detail: str = ""


class Batch(Record):
    """A frozen set of approved pairs. `sha256` is of the canonical JSON lines of its items."""

    id: str
    project_id: str
    number: int
    name: str
    sha256: str
    seed: int
    fractions: tuple[float, float, float]
    counts: dict[Split, int]
    left_out: dict[str, int]
    chosen: PairFilter = PairFilter()
    frozen_by: str
    frozen_at: datetime


def next_number(cursor: Cursor, project_id: str) -> int:
    """The number that the next batch of the project gets."""
    return int(value(cursor, "select coalesce(max(number), 0) + 1 from batch where project_id = ?", [project_id]))


def add(cursor: Cursor, batch: Batch, items: Sequence[BatchItem], exclusions: Sequence[Exclusion]) -> None:
    """Store a batch for good."""
    insert(
        cursor,
        "batch",
        {
            **batch.model_dump(),
            "fractions": json.dumps(batch.fractions),
            "counts": json.dumps(batch.counts),
            "left_out": json.dumps(batch.left_out),
            "chosen": batch.chosen.model_dump_json(exclude_defaults=True),
        },
    )
    insert(cursor, "batch_item", *[_item_columns(batch.id, item) for item in items])
    insert(cursor, "batch_exclusion", *[{"batch_id": batch.id, **left.model_dump()} for left in exclusions])


def get(cursor: Cursor, batch_id: str) -> Batch:
    """The batch, or NotFound."""
    row = one(cursor, "select * from batch where id = ?", [batch_id])
    if row is None:
        raise NotFound(f"There is no batch {batch_id}.")
    return _batch(row)


def numbered(cursor: Cursor, project_id: str, number: int) -> Batch:
    """Batch `number` of the project, or NotFound with the numbers that exist."""
    row = one(cursor, "select * from batch where project_id = ? and number = ?", [project_id, number])
    if row is None:
        known = ", ".join(str(batch.number) for batch in listing(cursor, project_id)) or "none yet"
        raise NotFound(f"There is no batch {number}. There are: {known}.")
    return _batch(row)


def listing(cursor: Cursor, project_id: str) -> list[Batch]:
    """The batches of a project, the oldest first."""
    found = rows(cursor, "select * from batch where project_id = ? order by number", [project_id])
    return [_batch(row) for row in found]


def items(cursor: Cursor, batch_id: str, split: Split | None = None) -> list[BatchItem]:
    """The rows of a batch in their order, of one split or of all."""
    sql, values = "select * from batch_item where batch_id = ?", [batch_id]
    if split:
        sql, values = sql + " and split = ?", [*values, split]
    return [_item(row) for row in rows(cursor, sql + " order by position", values)]


def exclusions(cursor: Cursor, batch_id: str) -> list[Exclusion]:
    """What was left out of a batch."""
    found = rows(
        cursor,
        "select pair_id, pair_number, reason, detail from batch_exclusion where batch_id = ? order by pair_number",
        [batch_id],
    )
    return [Exclusion.model_validate(row) for row in found]


def splits_of_groups(cursor: Cursor, project_id: str) -> dict[str, Split]:
    """The split that each group got in the project's earlier batches: it keeps it."""
    found = rows(
        cursor,
        "select distinct i.group_key, i.split from batch_item i join batch b on b.id = i.batch_id "
        "where b.project_id = ? order by i.group_key",
        [project_id],
    )
    return {row["group_key"]: row["split"] for row in found}


def holding(cursor: Cursor, pair_id: str, since: datetime) -> int | None:
    """The number of the first batch frozen at `since` or later that holds this pair; None when there is none."""
    found = value(
        cursor,
        "select min(b.number) from batch b join batch_item i on i.batch_id = b.id "
        "where i.pair_id = ? and b.frozen_at >= ?",
        [pair_id, since],
    )
    return None if found is None else int(found)


def _batch(row: dict[str, Any]) -> Batch:
    parsed = {name: json.loads(row[name]) for name in ("fractions", "counts", "left_out", "chosen")}
    return Batch.model_validate({**row, **parsed})


def _item(row: dict[str, Any]) -> BatchItem:
    del row["batch_id"]
    group = row.pop("group_key")
    parsed = {"metadata": json.loads(row["metadata"]), "approvers": tuple(json.loads(row["approvers"]))}
    return BatchItem.model_validate({**row, **parsed, "group": group})


def _item_columns(batch_id: str, item: BatchItem) -> dict[str, Any]:
    return {
        **item.model_dump(exclude={"group"}),
        "batch_id": batch_id,
        "group_key": item.group,
        "metadata": json.dumps(item.metadata, ensure_ascii=False),
        "approvers": json.dumps(list(item.approvers)),
    }
