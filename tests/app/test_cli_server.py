"""Every command works the same whether a server of the workspace runs or not: through it, or by opening it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Served, until_ready
from typer.testing import CliRunner, Result

from hone.platform.cli import app
from hone.platform.client import connect
from hone.storage.errors import Locked
from hone.storage.workspace import Workspace


def hone(workspace: Workspace, *arguments: object) -> Result:
    """`hone --workspace W ARGUMENTS` in this process."""
    return CliRunner().invoke(app, ["--workspace", str(workspace.root), *(str(each) for each in arguments)])


def serve(workspace: Workspace) -> Served:
    """`hone serve` in a process of its own, ready."""
    command = [sys.executable, "-m", "hone.platform.cli", "-w", str(workspace.root), "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--no-browser"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=workspace.root.parent
    )
    return until_ready(Served(workspace, process))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A workspace with a project, made without a server and then served."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "pairs.csv").write_text("instruction,response\nSay hello.,Hello.\nSay bye.,Bye.\n")
    workspace = Workspace(folder / "w")
    assert hone(workspace, "import", folder / "pairs.csv", "--project", "letters").exit_code == 0
    served = serve(workspace)
    yield served
    served.stop()


def test_status_says_where_it_is_served(running: Served) -> None:
    found = json.loads(hone(running.workspace, "status", "--json").stdout)
    assert found["server"] == running.address
    assert found["projects"][0]["pairs"]["open"] == 2


def test_the_line_of_the_issue_works_through_the_server(running: Served, tmp_path: Path) -> None:
    clauses = {f"c{n}": {"original_text": f"Clause {n}.", "reference_summary": f"{n}.", "doc": n % 2} for n in range(5)}
    (tmp_path / "all.json").write_text(json.dumps(clauses))
    told = hone(running.workspace, "import", tmp_path / "all.json", "--project", "contracts",
                "--map", "context=original_text", "--map", "response=reference_summary", "--map", "group=doc",
                "--set", "instruction=Say in plain English what this clause means.")  # fmt: skip
    assert told.stdout == ("5 rows read from all.json: 5 added to contracts, 0 known already, 0 refused.\n")
    assert "Made the project 'contracts'" in told.stderr


def test_what_is_wrong_reads_the_same_through_the_server(running: Served, tmp_path: Path) -> None:
    told = hone(running.workspace, "batch", "show", 7, "--project", "letters")
    assert (told.exit_code, told.stderr) == (2, "hone: There is no batch 7. There are: none yet.\n")
    forbidden = hone(running.workspace, "user", "add", "ana", "--role", "expert", "--as", "nobody")
    assert (forbidden.exit_code, forbidden.stdout) == (2, "")


def test_links_of_people_name_the_servers_address(running: Served) -> None:
    told = hone(running.workspace, "user", "add", "ben", "--role", "expert")
    assert f"{running.address}/welcome?token=" in told.stdout


def test_backup_export_and_doctor_go_through_the_server(running: Served, tmp_path: Path) -> None:
    assert "verified" in hone(running.workspace, "backup").stdout
    assert "0 pairs" in hone(running.workspace, "export", tmp_path / "x.jsonl", "-p", "letters").stdout
    told = hone(running.workspace, "doctor", "--json").stdout
    states = {finding["what"]: finding["state"] for finding in json.loads(told)}
    assert (states["database"], states["server"], states["audit"]) == ("ok", "ok", "ok")


def test_restore_waits_for_the_server_to_stop(running: Served) -> None:
    copy = json.loads(hone(running.workspace, "backup", "--json").stdout)["path"]
    told = hone(running.workspace, "restore", copy)
    assert told.exit_code == 1
    assert f"process {running.process.pid}" in told.stderr


def test_a_second_serve_is_sent_to_the_first(running: Served) -> None:
    command = [sys.executable, "-m", "hone.platform.cli", "serve", "--no-browser", "-w", str(running.workspace.root)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 1
    assert running.address in told.stderr
    assert "Traceback" not in told.stderr


def test_serve_prints_its_address_and_stops_cleanly_on_sigterm(tmp_path: Path) -> None:
    served = serve(Workspace(tmp_path / "w"))
    address = served.address
    code, out, err = served.stop(signal.SIGTERM)
    assert (code, err) == (0, "")
    assert address in out
    assert not served.workspace.server_file.exists()


def test_a_server_that_was_killed_is_no_obstacle(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    assert hone(workspace, "init", "--project", "letters").exit_code == 0
    workspace.server_file.write_text(json.dumps({"pid": 2**22 + 1, "address": "http://127.0.0.1:1"}))
    assert hone(workspace, "status").exit_code == 0


def test_a_server_that_was_killed_is_no_obstacle_when_its_number_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path / "w")
    assert hone(workspace, "init", "--project", "letters").exit_code == 0
    workspace.server_file.write_text(json.dumps({"pid": os.getpid(), "address": "http://127.0.0.1:1"}))
    monkeypatch.setattr("hone.platform.client.STARTING", 0.1)
    assert hone(workspace, "status").exit_code == 0
    assert not workspace.server_file.exists()


def test_a_server_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(tmp_path / "w")
    assert hone(workspace, "init").exit_code == 0
    with socket.create_server(("127.0.0.1", 0)) as silent, monkeypatch.context() as patch:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        workspace.server_file.write_text(json.dumps({"pid": os.getpid(), "address": address}))
        patch.setattr("hone.platform.client.STARTING", 0.1)
        patch.setattr("hone.platform.client.ANSWER", 0.1)
        with pytest.raises(Locked, match=f"Process {os.getpid()} serves"):
            connect(workspace)


def test_init_makes_a_workspace_its_settings_and_a_link(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    told = hone(workspace, "init", "--project", "letters")
    assert "http://127.0.0.1:8501/welcome?token=" in told.stdout
    assert workspace.settings.read_text().startswith("# Settings")
    assert (workspace.root.stat().st_mode & 0o777, workspace.settings.stat().st_mode & 0o777) == (0o700, 0o600)
    again = hone(workspace, "init", "--project", "letters")
    assert "is there already" in again.stderr
    assert again.exit_code == 0
