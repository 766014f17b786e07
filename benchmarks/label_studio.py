"""Label Studio under the same clients: started from another environment, on loopback, reporting home nowhere."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desk_api import Line

CONFIG = """<View><Text name="instruction" value="$instruction"/><Text name="context" value="$context"/>
<TextArea name="response" toName="instruction" value="$response"/>
<Rating name="accuracy" toName="instruction"/></View>"""
QUIET = {"SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false"}


@dataclass
class StudioDesk:
    """One client of Label Studio's API."""

    line: Line
    project: int
    last: dict[str, Any] = field(default_factory=dict[str, Any])

    def next(self) -> str | None:
        """Take the next task."""
        self.last = self.line.call("GET", f"/api/projects/{self.project}/next")
        return str(self.last["id"])

    def submit(self) -> str:
        """Rate it, and write another text."""
        text = str(self.last["data"]["response"]).replace("word", "term", 1)
        result = [
            {"from_name": "accuracy", "to_name": "instruction", "type": "rating", "value": {"rating": 4}},
            {"from_name": "response", "to_name": "instruction", "type": "textarea", "value": {"text": [text]}},
        ]
        said = {"result": result, "lead_time": 1.0}
        self.line.call("POST", f"/api/tasks/{self.last['id']}/annotations/", said)
        return str(self.last["id"])


@dataclass
class Studio:
    """A running Label Studio with one project. Seconds are of its import and export."""

    address: str
    token: str
    project: int = 0
    import_seconds: float = 0.0
    export_seconds: float = 0.0

    def line(self) -> Line:
        """A connection of the one user that there is."""
        return Line(self.address, {"Authorization": f"Token {self.token}"})

    def desks(self, count: int) -> list[StudioDesk]:
        """So many clients."""
        return [StudioDesk(self.line(), self.project) for _ in range(count)]

    def fill(self, rows: list[dict[str, str]]) -> None:
        """A project with these rows."""
        line = self.line()
        made = {"title": "bench", "label_config": CONFIG, "maximum_annotations": 1}
        self.project = int(line.call("POST", "/api/projects/", made)["id"])
        begun = time.perf_counter()
        line.call("POST", f"/api/projects/{self.project}/import", rows)
        self.import_seconds = time.perf_counter() - begun

    def export(self) -> None:
        """All tasks as JSON."""
        begun = time.perf_counter()
        self.line().call("GET", f"/api/projects/{self.project}/export?exportType=JSON&download_all_tasks=true")
        self.export_seconds = time.perf_counter() - begun


@contextmanager
def studio(python: Path, folder: Path) -> Iterator[Studio]:
    """Label Studio of the environment of this interpreter; it is stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(20)
    command = [str(python.with_name("label-studio")), "start", "-b", "--internal-host", "127.0.0.1", "-p", str(port)]
    account = ["--username", "bench@example.org", "--password", secrets.token_hex(12), "--user-token", token]
    log = folder / "label-studio.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--data-dir", str(folder), *account, "--enable-legacy-api-token"],
            env={**os.environ, **QUIET},
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        found = Studio(f"http://127.0.0.1:{port}", token)
        _ready(found, process, log)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=60)


def _ready(found: Studio, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 600  # its migrations alone take 40 seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            found.line().call("GET", "/api/projects/")
        except (OSError, RuntimeError, json.JSONDecodeError):
            time.sleep(1)
        else:
            return
    sys.exit(f"Label Studio did not start: {log.read_text(errors='replace')[-2000:]}")
