"""Iteration reports: each is stored as the JSON text that it was computed to, with its hash."""

import hashlib
from datetime import datetime

from hone.storage.errors import NotFound
from hone.storage.records import Record, new_id, now
from hone.storage.store import Cursor, insert, one, rows, value


class StoredReport(Record):
    """A report of a project; `document` is canonical JSON with its own schema version."""

    id: str
    project_id: str
    number: int
    new_model: str
    old_model: str
    set_id: str | None
    verdict: str
    document: str
    sha256: str
    made_by: str
    made_at: datetime


def add(
    cursor: Cursor,
    project_id: str,
    *,
    new_model: str,
    old_model: str,
    set_id: str | None,
    verdict: str,
    document: str,
    made_by: str,
) -> StoredReport:
    """Store a report under the project's next number."""
    number = value(cursor, "select coalesce(max(number), 0) + 1 from report where project_id = ?", [project_id])
    made = StoredReport(
        id=new_id(),
        project_id=project_id,
        number=number,
        new_model=new_model,
        old_model=old_model,
        set_id=set_id,
        verdict=verdict,
        document=document,
        sha256=hashlib.sha256(document.encode()).hexdigest(),
        made_by=made_by,
        made_at=now(),
    )
    insert(cursor, "report", made.model_dump())
    return made


def get(cursor: Cursor, report_id: str) -> StoredReport:
    """The report, or NotFound."""
    row = one(cursor, "select * from report where id = ?", [report_id])
    if row is None:
        raise NotFound(f"There is no report {report_id}.")
    return StoredReport.model_validate(row)


def numbered(cursor: Cursor, project_id: str, number: int) -> StoredReport:
    """Report `number` of the project, or NotFound with the numbers that exist."""
    row = one(cursor, "select * from report where project_id = ? and number = ?", [project_id, number])
    if row is None:
        known = ", ".join(str(made.number) for made in listing(cursor, project_id)) or "none yet"
        raise NotFound(f"There is no report {number}. There are: {known}.")
    return StoredReport.model_validate(row)


def listing(cursor: Cursor, project_id: str) -> list[StoredReport]:
    """The reports of a project, the oldest first."""
    found = rows(cursor, "select * from report where project_id = ? order by number", [project_id])
    return [StoredReport.model_validate(row) for row in found]
