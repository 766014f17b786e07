"""Copies are made while people work, opened before they count, and put back without losing what was there."""

import shutil
import subprocess
import sys
import threading
from functools import partial
from itertools import count
from pathlib import Path

import duckdb
import pytest
from factories import add_pairs, add_person

from hone.storage import backup, pairs
from hone.storage.database import set_aside
from hone.storage.errors import InputError, Locked, NotFound
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store
from hone.storage.workspace import Workspace


def test_a_backup_holds_every_row_and_comes_back(
    workspace: Workspace, store: Store, project: Project, lead: Person
) -> None:
    add_pairs(store, project, 12, lead)
    made = backup.backup(store)
    assert made.rows["pair"] == 12
    add_pairs(store, project, 30, lead)
    store.close()
    restored, aside = backup.restore(workspace, Path(made.path))
    assert restored.rows == made.rows
    assert aside is not None
    assert aside.exists()
    with Store(workspace) as again, again.read() as cursor:
        assert pairs.counts(cursor, project.id)["open"] == 12


def test_a_backup_beside_a_writer_is_of_one_moment(store: Store, project: Project, lead: Person) -> None:
    stop = threading.Event()

    def write_on() -> None:
        for number in count():
            if stop.is_set():
                return
            store.write(partial(pairs.add, project_id=project.id, new=[_pair(number)], author_id=lead.id))

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for _ in range(3):
            made = backup.backup(store)
            assert made.rows["pair"] == made.rows["revision"]
    finally:
        stop.set()
        writer.join()


def test_restore_refuses_what_is_no_backup(workspace: Workspace, tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("not a database")
    with pytest.raises(InputError, match="not a backup"):
        backup.restore(workspace, text)
    with pytest.raises(NotFound):
        backup.restore(workspace, tmp_path / "nowhere.duckdb")


def test_restore_refuses_while_the_workspace_is_open(workspace: Workspace, store: Store) -> None:
    made = backup.backup(store)
    with pytest.raises(Locked):
        backup.restore(workspace, Path(made.path))


def test_restore_replaces_a_damaged_file_and_keeps_it_beside(workspace: Workspace, store: Store) -> None:
    add_person(store, "ana", "expert")
    made = backup.backup(store)
    store.close()
    workspace.database.write_bytes(b"damaged" * 5000)
    _, aside = backup.restore(workspace, Path(made.path))
    assert aside is not None
    assert aside.read_bytes().startswith(b"damaged")
    with Store(workspace) as again, again.read() as cursor:
        assert cursor.execute("select name from person").fetchall() == [("ana",)]


def test_restore_keeps_the_last_changes_of_what_it_replaces(workspace: Workspace, store: Store) -> None:
    made = backup.backup(store)
    script = (
        "import os, sys, pathlib; from factories import add_person; from hone.storage.store import Store\n"
        "from hone.storage.workspace import Workspace\n"
        "add_person(Store(Workspace(pathlib.Path(sys.argv[1]))), 'ana', 'expert'); os._exit(9)"
    )
    store.close()
    here = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", script, str(workspace.root)], cwd=here, check=False)
    assert workspace.database.with_name("hone.duckdb.wal").exists()
    copy = shutil.copytree(workspace.root, workspace.root.with_name("copy"))
    aside = set_aside(Workspace(copy))
    assert aside is not None
    aside.with_name(aside.name + ".wal").rename(copy / "hone.duckdb.wal")
    aside.rename(copy / "hone.duckdb")
    with Store(Workspace(copy)) as again, again.read() as cursor:
        assert cursor.execute("select name from person").fetchall() == [("ana",)]
    _, aside = backup.restore(workspace, Path(made.path))
    assert aside is not None
    with duckdb.connect(str(aside), read_only=True) as replaced:
        assert replaced.execute("select name from person").fetchall() == [("ana",)]


def _pair(number: int) -> pairs.NewPair:
    return pairs.NewPair(instruction=f"While the copy is made, {number}.")
