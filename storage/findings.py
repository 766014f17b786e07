"""What the checks found in the texts of pairs. A machine's rows: they are made anew when a check changes."""

from collections.abc import Sequence
from typing import Any

from hone.storage.records import Record
from hone.storage.reviews import Field
from hone.storage.store import Cursor, rows


class Finding(Record):
    """One thing that a check found: [start, end) in code points of a field; 0 to 0 when it is about the whole.

    `fix` is the text that would stand there, "" to take it out; None when only a person can mend it.
    """

    pair_id: str
    kind: str
    field: Field
    start: int
    end: int
    says: str
    fix: str | None = None


def of_pairs(cursor: Cursor, pair_ids: Sequence[str]) -> list[Finding]:
    """What was found in these pairs, by pair, kind and place."""
    found = rows(
        cursor,
        "select * from finding where pair_id in (select unnest(?)) order by pair_id, kind, field, span_start",
        [list(pair_ids)],
    )
    return [_finding(row) for row in found]


def _finding(row: dict[str, Any]) -> Finding:
    start, end = row.pop("span_start"), row.pop("span_end")
    return Finding(**row, start=start, end=end)
