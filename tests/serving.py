"""A real server in a process of its own, started from an empty folder, on a free port of this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from websockets import Subprotocol
from websockets.sync.client import ClientConnection, connect

from hone.storage.workspace import Workspace

START = """
import sys
from pathlib import Path
from hone.platform.server import serve
from hone.storage.errors import HoneError
from hone.storage.workspace import Workspace
{before}
try:
    serve(Workspace(Path(sys.argv[1])), port=int(sys.argv[2]), browser=False, announce={announce})
except HoneError as problem:
    sys.exit(str(problem))
"""
PRINT = "lambda line: print(line, flush=True)"
DEADLINE = 60  # seconds; a start takes 3


@dataclass
class Served:
    """A process that serves a workspace."""

    workspace: Workspace
    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)
    _ended: tuple[int, str, str] | None = None

    @property
    def address(self) -> str:
        return str(json.loads(self.workspace.server_file.read_text())["address"])

    def client(self) -> httpx.Client:
        """A browser without cookies that follows no redirect by itself."""
        return httpx.Client(base_url=self.address, timeout=30)

    def welcomed(self, password: str) -> str:
        """Use the one-time link that a new workspace prints; the session of its owner."""
        assert self.process.stdout
        self.said += [self.process.stdout.readline(), self.process.stdout.readline()]
        token = self.said[-1].strip().partition("token=")[2]
        fields = {"token": token, "full_name": "Olga Owner", "password": password, "again": password}
        with self.client() as browser:
            return str(browser.post("/welcome", data=fields).cookies["hone_session"])

    def connected(self, session: str | None, **headers: str) -> ClientConnection:
        """The socket of a browser that shows the app."""
        cookie = {"Cookie": f"hone_session={session}"} if session else {}
        where = self.address.replace("http:", "ws:") + "/_stcore/stream"
        return connect(where, additional_headers={**cookie, **headers}, subprotocols=[Subprotocol("streamlit")])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """End it and give its exit code and what it wrote to stdout and stderr."""
        self.process.send_signal(how)
        return self.ended()

    def ended(self) -> tuple[int, str, str]:
        """Wait until it has ended by itself; exit code, stdout, stderr."""
        if not self._ended:
            out, err = self.process.communicate(timeout=DEADLINE)
            self._ended = (self.process.returncode, "".join(self.said) + out, err)
        return self._ended


def launch(
    workspace: Workspace,
    folder: Path,
    port: int = 0,
    announce: str = PRINT,
    before: str = "",
    environment: Mapping[str, str] | None = None,
) -> Served:
    """Start a server in `folder` and return at once."""
    folder.mkdir(exist_ok=True)
    code = START.format(announce=announce, before=before)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(workspace.root), str(port)],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    return Served(workspace, process)


def until_ready(served: Served) -> Served:
    """Ask /readyz until it says 200; fail when the process ends or the deadline passes."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if _says_ready(served):
            return served
        with suppress(subprocess.TimeoutExpired):
            served.process.wait(timeout=0.05)
            raise AssertionError(f"the server ended: {served.process.communicate()}")
    served.process.kill()
    raise AssertionError(f"not ready within {DEADLINE} seconds: {served.process.communicate()}")


def _says_ready(served: Served) -> bool:
    try:
        said = json.loads(served.workspace.server_file.read_text())
        if said["pid"] != served.process.pid:  # left behind by a server that was killed
            return False
        return httpx.get(f"{said['address']}/readyz", timeout=DEADLINE).status_code == 200
    except (OSError, ValueError, httpx.HTTPError):
        return False
