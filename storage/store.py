"""The store: one open workspace, read by many threads, written by one."""

from collections.abc import Callable, Collection, Generator, Hashable, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeAlias, TypeVar

import duckdb

from hone.storage.database import open_database
from hone.storage.workspace import Workspace
from hone.storage.writer import ONE_PROCESS, Change, Work, Writer

Cursor: TypeAlias = duckdb.DuckDBPyConnection

PARSED, LONG = 2_000, 4_000  # statements that are kept parsed, and letters of the longest of them
RECALLED = 10_000  # things that `recall` keeps at most

R = TypeVar("R")
T = TypeVar("T")


class Store:
    """An open workspace. Close it, or use it as a context manager."""

    def __init__(self, workspace: Workspace):
        workspace.make_folders()
        self.workspace = workspace
        self._connection = open_database(workspace)
        self._writer = Writer(self._connection)
        self._recalled: dict[Hashable, tuple[int, Any]] = {}

    def write(self, change: Change[T]) -> T:
        """Run `change(cursor)` in the writer's transaction; what it returns comes back after the commit."""
        return self._writer.call(change)

    def write_each(self, work: Work[R, T], wish: R) -> T:
        """The same for one of a kind: `work(cursor, memory, wishes)` gets all that wait together, and answers each."""
        return self._writer.call_each(work, wish)

    def recall(self, key: Hashable, read: Callable[[Cursor], T]) -> T:
        """What `read` gives; read once and kept in memory until something is committed by `write`.

        For people, projects and sessions, which every request asks for and which no claim and no submit changes
        (`write_each`). Raises what `read` raises, and keeps nothing of that.
        """
        moment = self._writer.changes  # before reading: what is committed meanwhile makes it old
        found = self.recalled(key)
        if found is None:
            with self.read() as cursor:
                found = read(cursor)
            if len(self._recalled) >= RECALLED:
                self._recalled.clear()
            self._recalled[key] = (moment, found)
        kept: T = found
        return kept

    def recalled(self, key: Hashable) -> Any | None:
        """What `recall` keeps under this key, without reading anything; None when it keeps nothing."""
        moment, found = self._recalled.get(key, (-1, None))
        return found if ONE_PROCESS and moment == self._writer.changes else None

    @contextmanager
    def read(self) -> Generator[Cursor, None, None]:
        """A cursor of one's own that sees one consistent state until the block ends."""
        with self.cursor() as cursor:
            cursor.begin()
            yield cursor
            cursor.rollback()

    @contextmanager
    def cursor(self) -> Generator[Cursor, None, None]:
        """A cursor of one's own without a transaction, for what cannot run in one."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        """Finish the writes that wait, and let go of the file."""
        self._writer.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_parsed: dict[str, duckdb.Statement] = {}


def run(cursor: Cursor, sql: str, values: Sequence[Any] = ()) -> Cursor:
    """Run one statement with what is bound to its marks. It is parsed once: a fifth of the time of a short one."""
    statement = _parsed.get(sql)
    if statement is None:
        [statement] = cursor.extract_statements(sql)
        if len(_parsed) >= PARSED:
            _parsed.clear()
        if len(sql) <= LONG:
            _parsed[sql] = statement
    return cursor.execute(statement, list(values))


def rows(cursor: Cursor, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """What a query gives, a dict for each row."""
    run(cursor, sql, values)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def one(cursor: Cursor, sql: str, values: Sequence[Any] = ()) -> dict[str, Any] | None:
    """The first row of a query, or None."""
    found = rows(cursor, sql, values)
    return found[0] if found else None


def value(cursor: Cursor, sql: str, values: Sequence[Any] = ()) -> Any:
    """The first column of the first row, or None."""
    row = run(cursor, sql, values).fetchone()
    return row[0] if row else None


def insert(cursor: Cursor, table: str, *records: dict[str, Any]) -> None:
    """Insert rows that share their columns.

    Table and column names come from our own code, values are bound. Many rows go in as one list a
    column: 70 times as fast in DuckDB as a statement for each row.
    """
    if not records:
        return
    names = list(records[0])
    columns = [[record[name] for record in records] for name in names]
    each = ", ".join(["unnest(?)"] * len(names)) if len(records) > 1 else marks(names)
    values = columns if len(records) > 1 else [column[0] for column in columns]
    run(cursor, f"insert into {table} ({', '.join(names)}) select {each}", values)


def update(cursor: Cursor, table: str, *records: dict[str, Any]) -> None:
    """Write the columns of rows that share them; the first column names the row. Values are bound, names are ours."""
    if not records:
        return
    key, *names = list(records[0])
    if len(records) == 1:
        changes = ", ".join(f"{name} = ?" for name in names)
        values = list(records[0].values())
        run(cursor, f"update {table} set {changes} where {key} = ?", [*values[1:], values[0]])
        return
    columns = [[record[name] for record in records] for name in (key, *names)]
    lists = ", ".join(f"unnest(?) as {name}" for name in (key, *names))
    written = ", ".join(f"{name} = new.{name}" for name in names)
    # The keys a second time: they are looked up in the index, where a join alone would read the whole table.
    within, keys = among(columns[0])
    run(
        cursor,
        f"update {table} set {written} from (select {lists}) new where {table}.{key} = new.{key} "
        f"and {table}.{key} {within}",
        [*columns, *keys],
    )


def marks(values: Collection[object]) -> str:
    """A mark for each value, for `in (?, ?, ?)`: they are looked up in an index, a subselect is not."""
    return ", ".join("?" * len(values))


def among(values: Collection[Any]) -> tuple[str, list[Any]]:
    """The condition `in (...)` for these values, and what is bound to it: marks, or one list of very many."""
    if len(values) > 1_000:
        return "in (select unnest(?))", [list(values)]
    return f"in ({marks(values) or 'null'})", list(values)
