"""Opening a workspace: migrations, refusals, and what SQL cannot reach."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from factories import add_person

from hone.storage import database, models, people, runs
from hone.storage.database import Migration, apply, connect, migrations, open_database, pending
from hone.storage.errors import Locked, WorkspaceError
from hone.storage.store import Store
from hone.storage.workspace import Workspace


def test_a_fresh_workspace_has_every_migration_with_its_record(store: Store) -> None:
    with store.read() as cursor:
        rows = cursor.execute("select number, name, sha256 from migration order by number").fetchall()
    assert rows == [(m.number, m.name, m.sha256) for m in migrations()]


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_migration_that_fails_leaves_nothing_of_itself(workspace: Workspace) -> None:
    workspace.make_folders()
    connection = connect(workspace)
    apply(connection, migrations())
    broken = Migration(
        number=len(migrations()) + 1, name="broken", sql="create table half (n integer); select * from nowhere;"
    )
    with pytest.raises(duckdb.Error):
        apply(connection, [broken])
    tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert "half" not in tables
    assert pending(connection, [*migrations(), broken]) == [broken]
    connection.close()


def test_a_newer_hone_migrates_after_a_backup(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(workspace) as store:
        add_person(store, "ana", "expert")
    next_one = Migration(number=9, name="colour", sql="alter table project add column colour text")
    both = [*migrations(), next_one]
    monkeypatch.setattr(database, "migrations", lambda: both)
    with Store(workspace) as store, store.read() as cursor:
        assert cursor.execute("select colour from project").fetchall() == []
        assert people.by_name(cursor, "ana")
    copies = list(workspace.backups.glob("before-0009-*.duckdb"))
    assert len(copies) == 1
    with duckdb.connect(str(copies[0]), read_only=True) as copy:
        assert copy.execute("select name from person").fetchall() == [("ana",)]


def test_a_workspace_of_the_first_release_keeps_its_runs_and_models(workspace: Workspace) -> None:
    workspace.make_folders()
    connection = connect(workspace)
    apply(connection, migrations()[:1])
    known = "'lena', now()::timestamp, null, null, null, 3"
    connection.execute(f"insert into run values ('r', 'p', 7, 'train', 'b', null, '{{}}', 'done', '', {known})")
    known = "'toy', null, 'x', null, 'r', 'b', now()::timestamp"
    connection.execute(f"insert into model values ('m', 'p', 1, 'one', {known})")
    connection.close()
    with Store(workspace) as store, store.read() as cursor:
        run = runs.numbered(cursor, 7)
        assert (run.kind, run.status, run.events_offset) == ("train", "done", 3)
        assert models.get(cursor, "m").parent_id is None


def test_an_older_hone_refuses_with_a_clear_word(workspace: Workspace) -> None:
    with Store(workspace) as store:
        store.write(
            lambda cursor: cursor.execute("insert into migration values (9, 'later', 'x', '9.0', now()::timestamp)")
        )
    with pytest.raises(WorkspaceError, match=r"Hone 9\.0, which is newer than this one"):
        open_database(workspace)


def test_a_database_of_something_else_is_refused(workspace: Workspace) -> None:
    workspace.make_folders()
    with duckdb.connect(str(workspace.database)) as other:
        other.execute("create table invoices (n integer)")
    with pytest.raises(WorkspaceError, match="no workspace of Hone"):
        Store(workspace)


def test_a_damaged_file_is_refused_and_left_as_it_is(workspace: Workspace) -> None:
    workspace.make_folders()
    workspace.database.write_bytes(b"this is no database" * 1000)
    with pytest.raises(WorkspaceError, match="hone restore"):
        Store(workspace)
    assert workspace.database.read_bytes().startswith(b"this is no database")


def test_a_second_process_is_told_which_one_holds_it(store: Store, workspace: Workspace) -> None:
    script = (
        "import sys, pathlib; from hone.storage.store import Store; from hone.storage.workspace import Workspace\n"
        "from hone.storage.errors import Locked\n"
        "try: Store(Workspace(pathlib.Path(sys.argv[1])))\n"
        "except Locked as problem: print(problem.pid, problem)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(workspace.root)], capture_output=True, text=True, check=True
    ).stdout

    assert told.startswith(f"{os.getpid()} ")
    assert "is open in process" in told


def test_the_same_process_cannot_open_it_twice(store: Store, workspace: Workspace) -> None:
    with pytest.raises(Locked, match="in this process"):
        Store(workspace)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/hostname')",
        "attach '/tmp/elsewhere.duckdb' as elsewhere",
        "copy person to '/tmp/people.csv'",
        "install httpfs",
        "set enable_external_access = true",
        "set memory_limit = '1GB'",
    ],
)
def test_sql_reaches_nothing_outside(store: Store, statement: str) -> None:
    with store.cursor() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(statement)


def test_the_workspace_is_closed_to_other_users(store: Store, workspace: Workspace) -> None:
    for folder in (workspace.root, workspace.runs, workspace.backups, workspace.exports):
        assert folder.stat().st_mode & 0o077 == 0
    assert workspace.database.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="Cannot make the folder"):
        Store(Workspace(tmp_path / "file" / "workspace"))
