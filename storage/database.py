"""Open a DuckDB file so that SQL reaches nothing but it, and bring it to this version's shape."""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import duckdb

from hone.storage.errors import Locked, WorkspaceError
from hone.storage.records import now
from hone.storage.workspace import Workspace

Connection: TypeAlias = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Migration:
    """One numbered change of the store's shape."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Of its text: a migration that was applied is never edited."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All that this version knows, in order."""
    found = []
    for entry in Path(__file__).with_name("migrations").iterdir():
        matched = re.fullmatch(r"(\d{4})_(\w+)\.sql", entry.name)
        if matched:
            found.append(Migration(int(matched[1]), matched[2], entry.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def open_database(workspace: Workspace) -> Connection:
    """A migrated, locked-down connection to the workspace's database.

    Raises:
        Locked: Another process holds the file; its number and address are named.
        WorkspaceError: The file is damaged, or made by a newer Hone.
    """
    connection = connect(workspace)
    try:
        waiting = pending(connection, migrations())
        if waiting and waiting[0].number > 1:
            connection.close()
            copy = workspace.backups / f"before-{waiting[0].number:04d}-{now():%Y%m%d-%H%M%S}.duckdb"
            shutil.copy2(workspace.database, copy)  # closed, so everything is in this one file
            connection = connect(workspace)
        apply(connection, waiting)
    except BaseException:
        connection.close()
        raise
    return connection


def connect(workspace: Workspace) -> Connection:
    """A connection on which SQL can reach no file outside the backups, no network, and no setting."""
    try:
        connection = duckdb.connect(
            str(workspace.database),
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "python_enable_replacements": False,
                "checkpoint_threshold": "64MB",  # at the default of 16 MB an import checkpoints after every chunk
            },
        )
    except duckdb.Error as problem:
        raise _cannot_open(workspace, problem) from problem
    locked = connection.execute("select current_setting('lock_configuration')").fetchone()
    if locked and locked[0]:  # DuckDB shares a file within a process: this one has it open already
        connection.close()
        raise Locked(f"The workspace {workspace.root} is open in this process already.", os.getpid())
    workspace.database.chmod(0o600)
    backups = str(workspace.backups).replace("'", "''")
    connection.execute(f"set allowed_directories=['{backups}/']")
    connection.execute("set enable_external_access=false")
    connection.execute("set lock_configuration=true")
    return connection


def pending(connection: Connection, known: list[Migration]) -> list[Migration]:
    """The migrations that this database has not had, after checking the ones that it had.

    Raises:
        WorkspaceError: The database is newer than this Hone, was made by something else, or one of its
            migrations has another text here.
    """
    tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    if tables and "migration" not in tables:
        raise WorkspaceError(
            f"The database holds other tables ({', '.join(sorted(tables)[:3])}) and is no workspace of Hone. "
            "Choose another folder with --workspace."
        )
    rows = connection.execute("select number, sha256, hone from migration order by number").fetchall() if tables else []
    applied = {number: (digest, hone) for number, digest, hone in rows}
    newest = known[-1].number
    for number, (digest, hone) in applied.items():
        if number > newest:
            raise WorkspaceError(
                f"This workspace was last opened by Hone {hone}, which is newer than this one "
                f"({version('hone-llm')}). Upgrade with `pip install --upgrade hone-llm`."
            )
        if digest != known[number - 1].sha256:
            raise WorkspaceError(
                f"Migration {number} of this workspace has another text than in Hone {version('hone-llm')}. "
                f"Use the Hone that made it ({hone}), or restore a backup."
            )
    return [migration for migration in known if migration.number not in applied]


def apply(connection: Connection, waiting: list[Migration]) -> None:
    """Each migration and its record in one transaction; then a checkpoint: no change of shape stays in the log."""
    for migration in waiting:
        connection.begin()
        try:
            connection.execute(
                "create table if not exists migration (number integer primary key, name text not null, "
                "sha256 text not null, hone text not null, applied_at timestamp not null)"
            )
            connection.execute(migration.sql)
            connection.execute(
                "insert into migration values (?, ?, ?, ?, ?)",
                [migration.number, migration.name, migration.sha256, version("hone-llm"), now()],
            )
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
    if waiting:
        connection.execute("checkpoint")


def _cannot_open(workspace: Workspace, problem: duckdb.Error) -> WorkspaceError:
    text = str(problem)
    if "Conflicting lock" in text or "different configuration" in text:
        pid = re.search(r"PID (\d+)", text)
        said = workspace.server() or {}
        number = int(pid[1]) if pid else said.get("pid")
        address = said.get("address")
        use = f"use its address {address} or stop it" if address else "wait for it or stop it"
        return Locked(
            f"The workspace {workspace.root} is open in process {number or 'unknown'}: {use}.",
            number,
            address,
        )
    if "No space left" in text:
        return WorkspaceError(f"The disk of {workspace.root} is full. Free some space and start again.")
    if "newer version of DuckDB" in text or "version number" in text:
        return WorkspaceError(
            f"{workspace.database.name} was written by another DuckDB than {duckdb.__version__}: {first_line(text)}"
        )
    return WorkspaceError(
        f"Cannot open {workspace.database}: {first_line(text)} "
        "If the file is damaged, `hone restore` brings back a backup and keeps the damaged file beside it."
    )


def first_line(text: str) -> str:
    """The first line of a library's message, without its trailing dots."""
    return text.strip().splitlines()[0].rstrip(".") + "."


def set_aside(workspace: Workspace) -> Path | None:
    """Move the database out of the way under a name with the time; None when there was none.

    Its log of the last changes goes with it, under the name that DuckDB looks for beside it.
    """
    if not workspace.exists():
        return None
    aside = workspace.database.with_name(f"hone-replaced-{now():%Y%m%d-%H%M%S-%f}.duckdb")
    log = workspace.database.with_name(workspace.database.name + ".wal")
    workspace.database.rename(aside)
    if log.exists():
        log.rename(aside.with_name(aside.name + ".wal"))
    return aside
