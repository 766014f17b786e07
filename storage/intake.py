"""Pairs arrive in bulk: as columns, so that a million rows take seconds and not minutes.

A list of records costs 100 times as much: the columns of a chunk go to DuckDB as one Arrow table, which SQL reads
under a name that exists for the length of the statement. No file is read, so the lock-down of the store stands.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from hone.storage import order
from hone.storage.records import new_ids, now
from hone.storage.store import Cursor, insert, one, rows, value

if TYPE_CHECKING:
    import pyarrow as pa

Columns: TypeAlias = dict[str, Sequence[Any]]


@dataclass
class Arrivals:
    """Checked rows of one project, a list for each column; `metadata` are JSON texts, `digests` of the three texts."""

    instructions: list[str] = field(default_factory=list)
    contexts: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.digests)


def known(cursor: Cursor, project_id: str, digests: Sequence[str]) -> set[str]:
    """Which of these content hashes the project holds already."""
    with _readable(cursor, {"digest": digests}) as name:
        found = cursor.execute(
            f"select digest from {name} i where exists "
            "(select 1 from pair p where p.project_id = ? and p.content_sha256 = i.digest)",
            [project_id],
        ).fetchall()
    return {digest for (digest,) in found}


def fresh(cursor: Cursor, project_id: str, digests: Sequence[str]) -> list[int]:
    """The places of the rows that are new to the project; of equal ones the first."""
    seen = known(cursor, project_id, digests)
    places: list[int] = []
    for place, digest in enumerate(digests):
        if digest not in seen:
            seen.add(digest)
            places.append(place)
    return places


def add(
    cursor: Cursor, project_id: str, arrived: Arrivals, *, author_id: str, import_id: str | None, wanted: int
) -> list[str]:
    """Store the rows that the project does not hold yet; gives their ids in the order of the rows."""
    places = fresh(cursor, project_id, arrived.digests)
    if not places:
        return []

    def kept(column: list[Any]) -> list[Any]:
        return column if len(places) == len(column) else [column[place] for place in places]

    first = 1 + int(value(cursor, "select coalesce(max(number), 0) from pair where project_id = ?", [project_id]))
    ids = new_ids(len(places))
    columns: Columns = {
        "id": ids,
        "first_revision": new_ids(len(places)),
        "number": range(first, first + len(places)),
        "group_key": kept(arrived.groups),
        "source": kept(arrived.sources),
        "metadata": kept(arrived.metadata),
        "content_sha256": kept(arrived.digests),
        "instruction": kept(arrived.instructions),
        "context": kept(arrived.contexts),
        "response": kept(arrived.responses),
    }
    moment = now()
    with _readable(cursor, columns) as name:
        cursor.execute(
            "insert into pair (id, project_id, number, kind, group_key, source, metadata, content_sha256, import_id, "
            "created_at, first_revision, state, round, priority, place, why, wanted, done, said_by, reserved_for, "
            "approved_revision, checks) "
            "select id, $project, number, 'pair', group_key, source, metadata, content_sha256, $import, $moment, "
            f"first_revision, 'open', 1, 0, number, 'new', $wanted, 0, '', null, null, null from {name}",
            {"project": project_id, "import": import_id, "moment": moment, "wanted": wanted},
        ).fetchall()
        cursor.execute(
            "insert into revision (id, pair_id, parent_id, instruction, context, response, author_id, reason, "
            "words_added, words_removed, created_at) select first_revision, id, null, instruction, context, response, "
            f"$author, 'import', 0, 0, $moment from {name}",
            {"author": author_id, "moment": moment},
        ).fetchall()
    order.arrived(cursor, project_id, first, len(ids))
    return ids


def numbers(cursor: Cursor, project_id: str, digests: Sequence[str]) -> dict[str, int]:
    """The number of the pair with each of these content hashes."""
    with _readable(cursor, {"digest": digests}) as name:
        found = cursor.execute(
            f"select p.content_sha256, p.number from pair p join {name} i on i.digest = p.content_sha256 "
            "where p.project_id = ?",
            [project_id],
        ).fetchall()
    return dict(found)


def record_import(cursor: Cursor, *, id: str, read: int, added: int, known: int, refused: int, **first: Any) -> None:
    """How far the import of a file has come: its row with the first chunk (`first`), its counts with each one."""
    if one(cursor, "select id from import_file where id = ?", [id]) is None:
        counts = {"rows_read": read, "added": added, "known": known, "refused": refused}
        insert(cursor, "import_file", {"id": id, **first, **counts, "made_at": now()})
        return
    cursor.execute(
        "update import_file set rows_read = ?, added = ?, known = ?, refused = ? where id = ?",
        [read, added, known, refused, id],
    )


def imports(cursor: Cursor, project_id: str) -> list[dict[str, Any]]:
    """The files that were imported into the project, the newest first."""
    return rows(cursor, "select * from import_file where project_id = ? order by made_at desc", [project_id])


def get_import(cursor: Cursor, import_id: str) -> dict[str, Any] | None:
    """One imported file, or None."""
    return one(cursor, "select * from import_file where id = ?", [import_id])


@contextmanager
def _readable(cursor: Cursor, columns: Columns) -> Generator[str, None, None]:
    """A name under which SQL of this cursor reads the columns."""
    if cursor.description:
        cursor.fetchall()  # what an earlier statement has left: DuckDB registers nothing beside it
    cursor.register("arrived", _table(columns))
    try:
        yield "arrived"
    finally:
        cursor.unregister("arrived")


def _table(columns: Columns) -> "pa.Table":
    import pyarrow as pa  # a third of a second, which a command that imports nothing is spared

    return pa.table({name: pa.array(given) for name, given in columns.items()})
