"""`hone doctor`: is this installation fit, and is the workspace whole? Each finding says what to do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from hone.platform import settings
from hone.platform.client import connect
from hone.storage import backup
from hone.storage.errors import HoneError, Locked
from hone.storage.records import Record
from hone.storage.workspace import Workspace

# What Hone was tested with (constraints.txt); another major version is worth a word.
TESTED = {
    "streamlit": "1.67",
    "fastapi": "0.163",
    "uvicorn": "0.54",
    "httpx": "0.28",
    "duckdb": "2.0",
    "pydantic": "2.14",
    "argon2-cffi": "25.1",
    "typer": "0.29",
    "rich": "15.0",
    "torch": "2.13",
    "transformers": "5.23",
    "peft": "0.21",
    "tokenizers": "0.23",
    "safetensors": "0.8",
    "numpy": "2.4",
    "scipy": "1.17",
    "statsmodels": "0.15",
    "krippendorff": "0.9",
    "rouge-score": "0.1",
}
ENOUGH = 5_000_000_000  # bytes: a run asks for a tenth of it, a real model for more
OLD = 7  # days after which a backup is old
TORCH = "import torch; print(torch.__version__, torch.get_num_threads(), torch.cuda.is_available())"


class Finding(Record):
    """One thing that was looked at. `do` is empty when all is well."""

    state: Literal["ok", "warn", "fail"]
    what: str
    says: str
    do: str = ""


def examine(workspace: Workspace) -> list[Finding]:
    """Look at everything; a workspace that is not there yet is no fault."""
    found = [_python(), *_libraries(), _torch()]
    if not workspace.exists():
        return [*found, _found("warn", "workspace", f"none at {workspace.root}", "Make one with `hone init`.")]
    parts: tuple[Callable[[Workspace], Iterator[Finding]], ...] = (_folder, _settings, _server, _store, _backups)
    return [*found, *(finding for part in parts for finding in part(workspace))]


def _found(state: Literal["ok", "warn", "fail"], what: str, says: str, do: str = "") -> Finding:
    return Finding(state=state, what=what, says=says, do=do)


def _python() -> Finding:
    said = sys.version.split()[0]
    if sys.version_info >= (3, 14):
        return _found("warn", "Python", f"{said}, tested with 3.11 to 3.13", "If something fails: use Python 3.13.")
    return _found("ok", "Python", said)


def _libraries() -> Iterator[Finding]:
    """One line when all are as tested, else a line for each that is not."""
    different = False
    for name, tested in TESTED.items():
        try:
            here = version(name)
        except PackageNotFoundError:
            different = True
            yield _found("fail", name, "not installed", "Install Hone again: `pip install --upgrade hone-llm`.")
            continue
        if not same_version(here, tested):
            different = True
            yield _found(
                "warn",
                name,
                f"{here}, tested with {tested}",
                f"If something fails: `pip install '{name}=={tested}.*'`.",
            )
    if not different:
        yield _found("ok", "libraries", f"all {len(TESTED)} as tested")


def same_version(here: str, tested: str) -> bool:
    """The same major version; under 1.0 the same minor one, too."""
    there, wanted = here.split(".")[:2], tested.split(".")[:2]
    return there == wanted if wanted[0] == "0" else there[0] == wanted[0]


def _torch() -> Finding:
    """In a process of its own: a torch that does not fit the machine may end it."""
    asked = subprocess.run(
        [sys.executable, "-P", "-c", TORCH], capture_output=True, text=True, timeout=120, check=False
    )
    if asked.returncode:
        last = (asked.stderr.strip().splitlines() or [f"ended with {asked.returncode}"])[-1]
        return _found("fail", "torch", f"cannot be imported: {last[:200]}", "Install torch for this machine.")
    said, threads, gpu = asked.stdout.split()
    where = (
        "on the GPU" if gpu == "True" else f"on {threads} threads of the CPU: enough for the toy base and small models"
    )
    return _found("ok", "torch", f"{said}, trains {where}")


def _folder(workspace: Workspace) -> Iterator[Finding]:
    if os.access(workspace.root, os.W_OK):
        yield _found("ok", "folder", f"{workspace.root} can be written")
    else:
        yield _found("fail", "folder", f"{workspace.root} cannot be written", "Change its owner or its permissions.")
    free = shutil.disk_usage(workspace.root).free
    said = f"{free / 1e9:,.1f} GB free"
    if free < ENOUGH:
        yield _found("warn", "disk", said, f"Free some space: {ENOUGH / 1e9:.0f} GB are good to have for runs.")
    else:
        yield _found("ok", "disk", said)
    if workspace.root.stat().st_mode & 0o077:
        do = f"Close it: `chmod 700 {workspace.root}`."
        yield _found("warn", "privacy", "other users of this machine can look into the workspace", do)


def _settings(workspace: Workspace) -> Iterator[Finding]:
    try:
        settings.read(workspace.settings)
    except HoneError as problem:
        yield _found("fail", "hone.toml", str(problem), "Mend that line.")
    else:
        yield _found("ok", "hone.toml", "as it should be" if workspace.settings.exists() else "not there: defaults")


def _server(workspace: Workspace) -> Iterator[Finding]:
    said = workspace.server()
    if said:
        yield _found("ok", "server", f"process {said['pid']} at {said.get('address')}")
    elif workspace.server_file.exists():
        do = f"Nothing to do: the next start replaces it. Or delete {workspace.server_file}."
        yield _found("warn", "server", "a server of this workspace ended without saying so", do)
    else:
        yield _found("ok", "server", "not running; `hone serve` starts it")


def _store(workspace: Workspace) -> Iterator[Finding]:
    try:
        with connect(workspace) as connection:
            checks = connection.call("GET", "/checks")
    except Locked as problem:
        yield _found("warn", "database", str(problem), "Run `hone doctor` again when it is free.")
        return
    except HoneError as problem:
        yield _found("fail", "database", str(problem), _way_back(workspace))
        return
    yield _found("ok", "database", "opens, and is of this version's shape")
    broken_at = checks["audit_broken_at"]
    if broken_at is None:
        yield _found("ok", "audit", "the chain of acts is whole")
    else:
        do = f"Find out who changed the database from outside. {_way_back(workspace)}"
        yield _found("fail", "audit", f"the chain of acts is broken at row {broken_at}", do)
    for said in checks["broken_batches"]:
        yield _found("fail", "batches", said, _way_back(workspace))
    if not checks["broken_batches"]:
        yield _found("ok", "batches", f"{checks['batches']} frozen, all as they were")
    for name in checks["missing_models"]:
        yield _found("fail", "models", f"the folder of {name} is gone", "Bring it back from a copy, or train again.")


def _backups(workspace: Workspace) -> Iterator[Finding]:
    copies = backup.listing(workspace)
    if not copies:
        yield _found("warn", "backups", "none", "Make one with `hone backup`.")
        return
    days = (datetime.now(UTC) - datetime.fromtimestamp(copies[0].stat().st_mtime, UTC)).days
    said = f"{len(copies)}, the newest {days} days old" if days else f"{len(copies)}, the newest of today"
    yield (
        _found("warn", "backups", said, "Make one with `hone backup`.") if days > OLD else _found("ok", "backups", said)
    )


def _way_back(workspace: Workspace) -> str:
    copies = backup.listing(workspace)
    return f"`hone restore {copies[0]}` brings back the newest backup." if copies else "There is no backup to restore."
