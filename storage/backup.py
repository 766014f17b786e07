"""Online copies of a workspace's database, each opened again before it counts; and the way back."""

import shutil
from pathlib import Path

import duckdb

from hone.storage.database import Connection, connect, first_line, migrations, pending, set_aside
from hone.storage.errors import InputError, NotFound, WorkspaceError
from hone.storage.records import Record, now
from hone.storage.store import Store
from hone.storage.workspace import Workspace


class Backup(Record):
    """A verified copy: where it lies, its size in bytes, and the rows of each table."""

    path: str
    size: int
    rows: dict[str, int]


def backup(store: Store) -> Backup:
    """Copy the database while it is in use, then open the copy and count its rows against the original's.

    Raises:
        WorkspaceError: The disk is full, or the copy does not hold what the original does.
    """
    name = f"hone-{now():%Y%m%d-%H%M%S-%f}"
    path = store.workspace.backups / f"{name}.duckdb"
    quoted = str(path).replace("'", "''")
    try:
        with store.cursor() as cursor:
            cursor.execute(f"attach '{quoted}' as backup_copy")
            cursor.begin()  # one transaction: the copy is of one moment
            expected = _counts(cursor)
            source = cursor.execute("select current_database()").fetchone()
            cursor.execute(f'copy from database "{source[0] if source else "hone"}" to backup_copy')
            cursor.commit()
            cursor.execute("detach backup_copy")
    except duckdb.Error as problem:
        path.unlink(missing_ok=True)
        raise WorkspaceError(f"The backup was not made: {first_line(str(problem))} Nothing else changed.") from problem
    path.chmod(0o600)
    found = verified_counts(path)
    if found != expected:
        path.unlink()
        raise WorkspaceError("The copy does not hold the same rows as the workspace and was removed. Try again.")
    return Backup(path=str(path), size=path.stat().st_size, rows=found)


def verified_counts(path: Path) -> dict[str, int]:
    """Open a copy read-only and count the rows of each table; InputError when it is no database of Hone."""
    if not path.is_file():
        raise NotFound(f"There is no file {path}.")
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as problem:
        raise InputError(f"{path} is not a backup that can be opened: {first_line(str(problem))}") from problem
    try:
        if "migration" not in _tables(connection):
            raise InputError(f"{path} is a database, but not one of Hone.")
        pending(connection, migrations())
        return _counts(connection)
    finally:
        connection.close()


def restore(workspace: Workspace, path: Path) -> tuple[Backup, Path | None]:
    """Put a backup in the place of the database, which is kept beside it under a name with the time.

    Returns:
        The backup as it was verified, and where the former database lies (None when there was none).

    Raises:
        NotFound, InputError: `path` is no backup of Hone.
        Locked: The workspace is open in another process.
    """
    rows = verified_counts(path)
    workspace.make_folders()
    _must_be_closed(workspace)
    incoming = workspace.root / ".incoming.duckdb"
    shutil.copy2(path, incoming)
    aside = set_aside(workspace)
    incoming.rename(workspace.database)
    connection = connect(workspace)
    try:
        _counts(connection)
    finally:
        connection.close()
    return Backup(path=str(path), size=path.stat().st_size, rows=rows), aside


def listing(workspace: Workspace) -> list[Path]:
    """The backups of a workspace, the newest first."""
    return sorted(workspace.backups.glob("*.duckdb"), key=lambda path: path.stat().st_mtime, reverse=True)


def _must_be_closed(workspace: Workspace) -> None:
    """Locked when a process holds the database; a damaged one may be replaced."""
    if not workspace.exists():
        return
    try:
        connect(workspace).close()
    except WorkspaceError as problem:
        if type(problem) is not WorkspaceError:
            raise


def _tables(cursor: Connection) -> list[str]:
    found = cursor.execute("select table_name from duckdb_tables() where database_name = current_database()").fetchall()
    return sorted(name for (name,) in found)


def _counts(cursor: Connection) -> dict[str, int]:
    counts = {}
    for table in _tables(cursor):
        row = cursor.execute(f'select count(*) from "{table}"').fetchone()
        counts[table] = int(row[0]) if row else 0
    return counts
