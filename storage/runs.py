"""Runs and their events, as the supervisor reads them from the run folders."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from hone.storage.errors import NotFound
from hone.storage.records import Record, new_id, now
from hone.storage.store import Cursor, insert, one, rows, value

Status: TypeAlias = Literal["waiting", "running", "done", "failed", "cancelled"]
Kind: TypeAlias = Literal["train", "generate", "suggest", "search"]


class Run(Record):
    """A unit of machine work in its own folder, runs/<number>.

    `batch_id` is None for a run that suggests; `model_id` is the model that answers, None for a training, and while
    the project's base is no model of it yet.
    """

    id: str
    project_id: str
    number: int
    kind: Kind
    batch_id: str | None
    model_id: str | None
    config: dict[str, Any]
    status: Status
    message: str
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None
    events_offset: int


class RunEvent(Record):
    """One line of a run's events.jsonl."""

    seq: int
    kind: str
    body: dict[str, Any]
    at_time: datetime


def next_number(cursor: Cursor) -> int:
    """The number of the next run folder of the workspace."""
    return int(value(cursor, "select coalesce(max(number), 0) + 1 from run"))


def add(
    cursor: Cursor,
    *,
    number: int,
    project_id: str,
    kind: Kind,
    batch_id: str | None,
    config: dict[str, Any],
    created_by: str,
    model_id: str | None = None,
) -> Run:
    """A run that waits to be started."""
    made = Run(
        id=new_id(),
        project_id=project_id,
        number=number,
        kind=kind,
        batch_id=batch_id,
        model_id=model_id,
        config=config,
        status="waiting",
        message="",
        created_by=created_by,
        created_at=now(),
        started_at=None,
        finished_at=None,
        result=None,
        events_offset=0,
    )
    insert(cursor, "run", {**made.model_dump(), "config": json.dumps(config), "result": None})
    return made


def get(cursor: Cursor, run_id: str) -> Run:
    """The run, or NotFound."""
    row = one(cursor, "select * from run where id = ?", [run_id])
    if row is None:
        raise NotFound(f"There is no run {run_id}.")
    return _run(row)


def numbered(cursor: Cursor, number: int) -> Run:
    """Run `number` of the workspace, or NotFound."""
    row = one(cursor, "select * from run where number = ?", [number])
    if row is None:
        raise NotFound(f"There is no run {number}. `hone runs` lists them.")
    return _run(row)


def listing(cursor: Cursor, project_id: str | None = None) -> list[Run]:
    """The runs of a project or of the workspace, the newest first."""
    if project_id is None:
        return [_run(row) for row in rows(cursor, "select * from run order by number desc")]
    return [
        _run(row) for row in rows(cursor, "select * from run where project_id = ? order by number desc", [project_id])
    ]


def unfinished(cursor: Cursor) -> list[Run]:
    """Runs that wait or go on, in the order in which they were asked for."""
    return [
        _run(row) for row in rows(cursor, "select * from run where status in ('waiting', 'running') order by number")
    ]


def learn_from(cursor: Cursor, run_id: str, pair_ids: Sequence[str]) -> None:
    """Note the test items that a preference run learns from; see `models.learnt_items`."""
    insert(cursor, "learnt_item", *[{"run_id": run_id, "pair_id": pair_id} for pair_id in pair_ids])


def set_status(
    cursor: Cursor, run_id: str, status: Status, message: str = "", result: dict[str, Any] | None = None
) -> None:
    """Write where a run stands; the first 'running' sets its start, an end sets its end."""
    moment = now()
    started = moment if status == "running" else None
    finished = moment if status in ("done", "failed", "cancelled") else None
    cursor.execute(
        "update run set status = ?, message = ?, started_at = coalesce(started_at, ?), finished_at = ?, "
        "result = coalesce(?, result) where id = ?",
        [status, message, started, finished, json.dumps(result) if result is not None else None, run_id],
    )


def set_model(cursor: Cursor, run_id: str, model_id: str) -> None:
    """Name the model that a run turned out to ask."""
    cursor.execute("update run set model_id = ? where id = ?", [model_id, run_id])


def ingest(cursor: Cursor, run_id: str, events: Sequence[RunEvent], offset: int) -> None:
    """Store events read up to byte `offset` of events.jsonl; a line that is stored already is left as it is."""
    known = value(cursor, "select coalesce(max(seq), -1) from run_event where run_id = ?", [run_id])
    fresh = [event for event in events if event.seq > known]
    insert(
        cursor,
        "run_event",
        *[
            {"run_id": run_id, "seq": e.seq, "kind": e.kind, "body": json.dumps(e.body), "at_time": e.at_time}
            for e in fresh
        ],
    )
    cursor.execute("update run set events_offset = ? where id = ?", [offset, run_id])


def events(cursor: Cursor, run_id: str, kinds: Sequence[str] = (), after: int = -1) -> list[RunEvent]:
    """The events of a run after `after`, of some kinds or of all."""
    sql, values = (
        "select seq, kind, body, at_time from run_event where run_id = ? and seq > ?",
        list[Any]([run_id, after]),
    )
    if kinds:
        sql, values = sql + " and kind in (select unnest(?))", [*values, list(kinds)]
    found = rows(cursor, sql + " order by seq", values)
    return [RunEvent.model_validate({**row, "body": json.loads(row["body"])}) for row in found]


def newest(cursor: Cursor, run_id: str, kind: str) -> RunEvent | None:
    """The last event of a kind, or None: a long run has thousands that tell its progress."""
    sql = "select seq, kind, body, at_time from run_event where run_id = ? and kind = ? order by seq desc limit 1"
    row = one(cursor, sql, [run_id, kind])
    return RunEvent.model_validate({**row, "body": json.loads(row["body"])}) if row else None


def _run(row: dict[str, Any]) -> Run:
    result = json.loads(row["result"]) if row["result"] else None
    return Run.model_validate({**row, "config": json.loads(row["config"]), "result": result})
