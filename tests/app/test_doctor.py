"""`hone doctor`: what it looks at, and that each finding says what to do."""

import os
import re
from pathlib import Path

import pytest

from hone.platform import doctor
from hone.platform.doctor import Finding, examine
from hone.storage import audit
from hone.storage.backup import backup
from hone.storage.people import Person
from hone.storage.store import Store
from hone.storage.workspace import Workspace

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing torch takes seconds; one test below looks at it."""
    monkeypatch.setattr(doctor, "TORCH", "print('2.13.0', 2, False)")


def by_name(workspace: Workspace) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(workspace)}


@pytest.fixture
def closed(store: Store, lead: Person, workspace: Workspace) -> Workspace:
    """A workspace with a person and a backup, closed."""
    backup(store)
    store.close()
    return workspace


def test_a_sound_workspace_has_nothing_to_mend(closed: Workspace) -> None:
    found = by_name(closed)
    assert {finding.state for finding in found.values()} == {"ok"}
    assert not any(finding.do for finding in found.values())
    assert {"Python", "torch", "folder", "disk", "hone.toml", "server", "database", "audit", "backups"} <= found.keys()


def test_no_workspace_is_no_fault_and_nothing_is_made(workspace: Workspace) -> None:
    found = by_name(workspace)["workspace"]
    assert (found.state, "hone init" in found.do) == ("warn", True)
    assert not workspace.root.exists()


def test_everything_that_is_not_ok_says_what_to_do(closed: Workspace) -> None:
    closed.database.write_bytes(b"damaged" * 5000)
    closed.settings.write_text("[sever]\nport = 1\n")
    closed.server_file.write_text('{"pid": 99999999, "address": "http://127.0.0.1:1"}')
    os.chmod(closed.root, 0o755)
    found = by_name(closed)
    assert (found["database"].state, found["hone.toml"].state) == ("fail", "fail")
    assert "hone restore" in found["database"].do
    assert (found["server"].state, found["privacy"].state) == ("warn", "warn")
    assert all(finding.do for finding in found.values() if finding.state != "ok")


def test_a_tampered_audit_is_found(store: Store, lead: Person, workspace: Workspace) -> None:
    store.write(lambda cursor: audit.record(cursor, lead.id, "looked", "at it"))
    store.write(lambda cursor: cursor.execute("update audit set act = 'nothing' where seq = 2").fetchall())
    store.close()
    found = by_name(workspace)["audit"]
    assert (found.state, "row 2" in found.says) == ("fail", True)


def test_a_workspace_in_use_is_no_fault(store: Store, lead: Person, workspace: Workspace) -> None:
    found = by_name(workspace)["database"]
    assert (found.state, "open in this process" in found.says) == ("warn", True)


def test_an_old_or_missing_backup_is_named(closed: Workspace) -> None:
    copy = next(closed.backups.iterdir())
    os.utime(copy, (0, 0))
    assert "days old" in by_name(closed)["backups"].says
    copy.unlink()
    assert by_name(closed)["backups"].says == "none"


def test_a_torch_that_does_not_load_is_one_line(closed: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "TORCH", "raise ImportError('no libgomp here')")
    found = by_name(closed)["torch"]
    assert (found.state, "no libgomp here" in found.says) == ("fail", True)


@pytest.mark.parametrize(
    ("here", "tested", "same"),
    [("2.13.0", "2.6", True), ("3.0", "2.13", False), ("0.28.1", "0.28", True), ("0.29", "0.28", False)],
)
def test_a_library_is_as_tested_when_its_major_version_is(here: str, tested: str, same: bool) -> None:
    assert doctor.same_version(here, tested) is same


def test_what_was_tested_is_what_constraints_say() -> None:
    pinned = dict(re.findall(r"^([\w.-]+)==([\d.]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    pinned = {name.lower().replace("_", "-"): version for name, version in pinned.items()}
    for name, tested in doctor.TESTED.items():
        assert pinned[name].split(".")[:2] == tested.split("."), name
