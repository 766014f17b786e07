"""Who did what to what, each row bound to the one before it by a hash."""

import json
from datetime import datetime
from typing import Any

from hone.storage.records import Record, canonical, now, sha256
from hone.storage.store import Cursor, insert, one, rows


class AuditRow(Record):
    """One act. `detail` never holds a text of a pair."""

    seq: int
    happened_at: datetime
    person_id: str
    act: str
    subject: str
    detail: str
    previous_sha256: str
    sha256: str


def record(cursor: Cursor, person_id: str, act: str, subject: str, **detail: Any) -> None:
    """Append one act inside the caller's transaction."""
    last = one(cursor, "select seq, sha256 from audit order by seq desc limit 1")
    seq, previous = (last["seq"] + 1, last["sha256"]) if last else (1, "")
    moment, text = now(), canonical(detail)
    digest = _digest(seq, moment, person_id, act, subject, text, previous)
    insert(
        cursor,
        "audit",
        {
            "seq": seq,
            "happened_at": moment,
            "person_id": person_id,
            "act": act,
            "subject": subject,
            "detail": text,
            "previous_sha256": previous,
            "sha256": digest,
        },
    )


def listing(cursor: Cursor, limit: int = 200) -> list[AuditRow]:
    """The newest acts first."""
    return [
        AuditRow.model_validate(row) for row in rows(cursor, "select * from audit order by seq desc limit ?", [limit])
    ]


def first_broken(cursor: Cursor) -> int | None:
    """The seq of the first row that was altered, removed or slipped in; None when the chain is whole."""
    previous, expected = "", 1
    for row in rows(cursor, "select * from audit order by seq"):
        whole = (
            row["seq"] == expected
            and row["previous_sha256"] == previous
            and row["sha256"]
            == _digest(
                row["seq"],
                row["happened_at"],
                row["person_id"],
                row["act"],
                row["subject"],
                row["detail"],
                previous,
            )
        )
        if not whole:
            return int(row["seq"])
        previous, expected = row["sha256"], expected + 1
    return None


def _digest(seq: int, moment: datetime, person: str, act: str, subject: str, detail: str, previous: str) -> str:
    return sha256(str(seq), moment.isoformat(), person, act, subject, json.dumps(detail), previous)
