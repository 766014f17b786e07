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
    """Store a batch for good.

    The texts are copied from the items' revisions inside the store: 80,000 rows hold the writer for half a second.
    """
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
    columns = {
        "position": [item.position for item in items],
        "pair_id": [item.pair_id for item in items],
        "pair_number": [item.pair_number for item in items],
        "revision_id": [item.revision_id for item in items],
        "group_key": [item.group for item in items],
        "split": [item.split for item in items],
        "metadata": [json.dumps(item.metadata, ensure_ascii=False) for item in items],
        "approvers": [json.dumps(list(item.approvers)) for item in items],
    }
    cursor.execute(
        f"insert into batch_item (batch_id, {', '.join(columns)}, instruction, context, response) "
        f"select ?, {', '.join(f'i.{name}' for name in columns)}, t.instruction, t.context, t.response "
        f"from (select {', '.join(f'unnest(?) as {name}' for name in columns)}) i "
        "join revision t on t.id = i.revision_id order by i.position",
        [batch.id, *columns.values()],
    )
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


def approvals(cursor: Cursor, batch_id: str) -> dict[int, int]:
    """How many rows of a batch were approved, by how many people each."""
    found = rows(
        cursor, "select approvers, count(*) as pairs from batch_item where batch_id = ? group by approvers", [batch_id]
    )
    counted: dict[int, int] = {}
    for row in found:
        people = len(json.loads(row["approvers"]))
        counted[people] = counted.get(people, 0) + int(row["pairs"])
    return dict(sorted(counted.items()))


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


class Side(Record):
    """The split and the text of a pair in one batch."""

    split: Split
    instruction: str
    context: str
    response: str


class Apart(Record):
    """A pair on which two batches differ: how it stands in each, None where it is not in it.

    `reason` says why the later one left it out, where it says so.
    """

    pair_id: str
    pair_number: int
    before: Side | None
    after: Side | None
    reason: str | None = None


def apart(cursor: Cursor, before: str, after: str) -> list[Apart]:
    """The pairs that only one of two batches holds, or that have another text or split in each; by number."""
    texts = ("instruction", "context", "response")
    sides = ", ".join(f"{side}.{name} as {side}_{name}" for side in ("a", "b") for name in ("split", *texts))
    differs = " or ".join(f"a.{name} <> b.{name}" for name in ("split", *texts))
    found = rows(
        cursor,
        "select coalesce(a.pair_id, b.pair_id) as pair_id, coalesce(a.pair_number, b.pair_number) as pair_number, "
        f"{sides}, (select min(e.reason || case when e.detail = '' then '' else ' ' || e.detail end) "
        "from batch_exclusion e where e.batch_id = ? and e.pair_id = a.pair_id) as reason "
        "from (select * from batch_item where batch_id = ?) a "
        "full outer join (select * from batch_item where batch_id = ?) b on a.pair_id = b.pair_id "
        f"where a.pair_id is null or b.pair_id is null or {differs} order by 2",
        [after, before, after],
    )
    return [
        Apart(
            pair_id=row["pair_id"],
            pair_number=row["pair_number"],
            before=_side(row, "a"),
            after=_side(row, "b"),
            reason=row["reason"],
        )
        for row in found
    ]


def _side(row: dict[str, Any], side: str) -> Side | None:
    if row[f"{side}_split"] is None:
        return None
    return Side.model_validate({name: row[f"{side}_{name}"] for name in Side.model_fields})


def _batch(row: dict[str, Any]) -> Batch:
    parsed = {name: json.loads(row[name]) for name in ("fractions", "counts", "left_out", "chosen")}
    return Batch.model_validate({**row, **parsed})


def _item(row: dict[str, Any]) -> BatchItem:
    del row["batch_id"]
    group = row.pop("group_key")
    parsed = {"metadata": json.loads(row["metadata"]), "approvers": tuple(json.loads(row["approvers"]))}
    return BatchItem.model_validate({**row, **parsed, "group": group})
