"""What the checks found in the texts of pairs. A machine's rows: they are made anew when a text or a check changes.

Each pair keeps the kinds that were found in it (`pair.checks`), and fingerprints by which like pairs are met. Of pairs
that are alike only the first has fingerprints, and a bucket takes few pairs: so it stays small whatever comes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hone.storage.pairs import Revision
from hone.storage.records import Record
from hone.storage.reviews import Field
from hone.storage.store import Cursor, among, insert, one, rows, update, value


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


class Unchecked(NamedTuple):
    """A pair that no check has read in the text that its first round starts from."""

    pair_id: str
    number: int
    instruction: str
    context: str
    response: str


class Checked(NamedTuple):
    """What came of one pair: its findings, and the (band, bucket) of the fingerprints that are kept of it."""

    pair_id: str
    findings: Sequence[Finding]
    fingerprints: Sequence[tuple[int, int]]


class Met(NamedTuple):
    """A pair that lies in a bucket."""

    band: int
    bucket: int
    pair_id: str
    number: int


class Progress(Record):
    """How many of a project's pairs the checks have read, and how many there are."""

    checked: int
    total: int


class Count(Record):
    """How many pairs a kind was found in, and in how many of them that are still open."""

    kind: str
    pairs: int
    open: int


def of_pairs(cursor: Cursor, pair_ids: Sequence[str]) -> list[Finding]:
    """What was found in these pairs, by pair, kind and place."""
    within, values = among(pair_ids)
    found = rows(
        cursor, f"select * from finding where pair_id {within} order by pair_id, kind, field, span_start", values
    )
    return [_finding(row) for row in found]


def counts(cursor: Cursor, project_id: str) -> list[Count]:
    """How many pairs each kind was found in, the most frequent first; what was never found is left out."""
    found = rows(
        cursor,
        "select kind, count(*) as pairs, coalesce(sum(is_open), 0) as open from ("
        "select distinct f.kind, f.pair_id, case when p.state = 'open' then 1 else 0 end as is_open "
        "from finding f join pair p on p.id = f.pair_id where p.project_id = ?) each_pair "
        "group by kind order by pairs desc, kind",
        [project_id],
    )
    return [Count.model_validate(row) for row in found]


def with_kind(cursor: Cursor, project_id: str, kinds: Sequence[str], after: int = 0, limit: int = 1_000) -> list[str]:
    """The ids of the pairs in which one of these kinds was found, by number, those after number `after`."""
    within, values = among(kinds)
    found = rows(
        cursor,
        f"select p.id from pair p where p.project_id = ? and p.number > ? and exists "
        f"(select 1 from finding f where f.pair_id = p.id and f.kind {within}) order by p.number limit ?",
        [project_id, after, *values, limit],
    )
    return [row["id"] for row in found]


def progress(cursor: Cursor, project_id: str) -> Progress:
    """How far the checks are."""
    found = one(
        cursor,
        "select count(checks) as checked, count(*) as total from pair where project_id = ? and kind = 'pair'",
        [project_id],
    )
    return Progress.model_validate(found)


def waiting(cursor: Cursor) -> list[str]:
    """The ids of the projects with pairs that are not checked yet."""
    found = rows(
        cursor,
        "select project_id from pair where checks is null and kind = 'pair' group by project_id order by min(number)",
    )
    return [row["project_id"] for row in found]


def unchecked(cursor: Cursor, project_id: str, limit: int) -> list[Unchecked]:
    """The next pairs to check, by number."""
    found = rows(
        cursor,
        "select p.id, p.number, r.instruction, r.context, r.response from "
        "(select id, number, first_revision from pair where project_id = ? and checks is null and kind = 'pair' "
        "order by number limit ?) p join revision r on r.id = p.first_revision order by p.number",
        [project_id, limit],
    )
    return [Unchecked(*row.values()) for row in found]


def sample(cursor: Cursor, project_id: str, size: int) -> list[Unchecked]:
    """About so many pairs of a project, evenly over its numbers: the same ones each time."""
    total = progress(cursor, project_id).total
    found = rows(
        cursor,
        "select p.id, p.number, r.instruction, r.context, r.response from pair p "
        "join revision r on r.id = p.first_revision "
        "where p.project_id = ? and p.kind = 'pair' and p.number % ? = 0 order by p.number",
        [project_id, max(1, total // size)],
    )
    return [Unchecked(*row.values()) for row in found]


def texts(cursor: Cursor, pair_ids: Sequence[str]) -> dict[str, Unchecked]:
    """The texts that these pairs begin with."""
    within, values = among(pair_ids)
    found = rows(
        cursor,
        "select p.id, p.number, r.instruction, r.context, r.response from pair p "
        f"join revision r on r.id = p.first_revision where p.id {within}",
        values,
    )
    return {row["id"]: Unchecked(*row.values()) for row in found}


def met(cursor: Cursor, project_id: str, buckets: Sequence[tuple[int, int]]) -> list[Met]:
    """The pairs of a project that lie in one of these (band, bucket)."""
    if not buckets:
        return []
    found = rows(
        cursor,
        "select f.band, f.bucket, f.pair_id, p.number from fingerprint f "
        "join (select unnest(?) as band, unnest(?) as bucket) k on k.band = f.band and k.bucket = f.bucket "
        "join pair p on p.id = f.pair_id where f.project_id = ?",
        [[band for band, _ in buckets], [bucket for _, bucket in buckets], project_id],
    )
    return [Met(*row.values()) for row in found]


def keep(cursor: Cursor, project_id: str, checked: Sequence[Checked]) -> None:
    """Store what came of pairs that were not checked yet."""
    insert(cursor, "finding", *[_columns(finding) for one in checked for finding in one.findings])
    insert(
        cursor,
        "fingerprint",
        *[
            {"pair_id": one.pair_id, "project_id": project_id, "band": band, "bucket": bucket}
            for one in checked
            for band, bucket in one.fingerprints
        ],
    )
    update(cursor, "pair", *[{"id": one.pair_id, "checks": _kinds(one.findings)} for one in checked])


def last_number(cursor: Cursor, project_id: str) -> int:
    """The number of the last pair that the checks know of; 0 when there is none."""
    return int(value(cursor, "select coalesce(max(number), 0) from pair where project_id = ?", [project_id]))


_NUMBERED = "select id from pair where project_id = ? and number > ? and number <= ?"


def forget_likeness(cursor: Cursor, project_id: str, after: int, last: int) -> None:
    """Have no pair meet those with these numbers as like ones."""
    cursor.execute(f"delete from fingerprint where pair_id in ({_NUMBERED})", [project_id, after, last])


def forget(cursor: Cursor, project_id: str, after: int, last: int) -> None:
    """Have the pairs with these numbers checked anew."""
    forget_likeness(cursor, project_id, after, last)
    cursor.execute(f"delete from finding where pair_id in ({_NUMBERED})", [project_id, after, last])
    cursor.execute(
        "update pair set checks = null where project_id = ? and number > ? and number <= ?", [project_id, after, last]
    )


def begin_with(cursor: Cursor, revisions: Sequence[Revision]) -> None:
    """Let pairs begin with mended texts, which are checked anew; what they were imported with stays as their parent."""
    insert(cursor, "revision", *[revision.model_dump() for revision in revisions])
    update(
        cursor,
        "pair",
        *[{"id": one.pair_id, "first_revision": one.id, "checks": None} for one in revisions],
    )
    within, values = among([one.pair_id for one in revisions])
    cursor.execute(f"delete from finding where pair_id {within}", values)
    cursor.execute(f"delete from fingerprint where pair_id {within}", values)


def _kinds(found: Sequence[Finding]) -> str:
    """The kinds with a blank around each, "" for none."""
    kinds = sorted({finding.kind for finding in found})
    return f" {' '.join(kinds)} " if kinds else ""


def _finding(row: dict[str, Any]) -> Finding:
    start, end = row.pop("span_start"), row.pop("span_end")
    return Finding(**row, start=start, end=end)


def _columns(finding: Finding) -> dict[str, Any]:
    columns = finding.model_dump(exclude={"start", "end"})
    return {**columns, "span_start": finding.start, "span_end": finding.end}
