"""Many experts at one server: `python benchmarks/sessions.py [--sessions 200] [--every 5] [--seconds 60]`.

A fresh workspace, a real `hone serve` in a process of its own, and as many signed-in experts, each of whom decides on
a pair every few seconds over Streamlit's own websocket. An action is from the decision sent to the next pair drawn.
The pairs are checked already: the checks of new ones run at low priority beside the server, and would be measured too.
With --ceiling the same experts act faster and faster until the server falls behind: what it did then is the ceiling.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import httpx
from browser import Browser, Refused
from desk_store import fill
from rich.console import Console
from rich.table import Table
from websockets.exceptions import ConnectionClosed

from hone.labeling.projects.defaults import default_settings
from hone.storage import people, projects
from hone.storage.store import Cursor, Store
from hone.storage.workspace import Workspace

PROJECT = "bench"
BEHIND = 0.9  # of the actions that are due: below it the server cannot follow
START = "import sys; from hone.platform.cli import main; main()"


@dataclass
class Stage:
    """What happened while everybody acted at one pace. Latencies are milliseconds."""

    due: float
    actions: list[float] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    server_cpu: float = 0.0
    received: int = 0

    @property
    def rate(self) -> float:
        """Actions a second that were done."""
        return len(self.actions) / self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two actions of an expert")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each stage")
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--ceiling", action="store_true", help="then act faster and faster, until it falls behind")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace")
        tokens = prepare(workspace, given.sessions, given.pairs)
        with served(workspace) as (address, server):
            stages = asyncio.run(play(address, server, tokens, given.every, given.seconds, given.ceiling))
    Console(width=100).print(told(stages, given.sessions))
    for problem, count in sum((stage.problems for stage in stages), Counter[str]()).most_common():
        print(f"{count} x {problem}")


def prepare(workspace: Workspace, experts: int, count: int) -> list[str]:
    """A workspace with a project of `count` pairs, overlap 1, and a signed-in session for each expert."""
    with Store(workspace) as store:
        lead = store.write(lambda cursor: people.add(cursor, "lena", ("lead", "admin"), password="benchmark lena"))
        project = store.write(
            lambda cursor: projects.create(cursor, PROJECT, default_settings(overlap=1, agree=1), lead)
        )
        fill(store, project, lead, count)

        def sign_in(cursor: Cursor) -> list[str]:
            made = [people.add(cursor, f"expert{number}", ("expert",)) for number in range(experts)]
            return [people.start_session(cursor, person) for person in made]

        return store.write(sign_in)


@contextmanager
def served(workspace: Workspace) -> Iterator[tuple[str, int]]:
    """The address and the process id of `hone serve` on a free port; it is stopped at the end."""
    command = [sys.executable, "-c", START, "--workspace", str(workspace.root), "serve", "--port", "0", "--no-browser"]
    log = workspace.root / "served.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=workspace.root)
    try:
        yield _ready(workspace, process), process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def _ready(workspace: Workspace, process: "subprocess.Popen[bytes]") -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            address = str(json.loads(workspace.server_file.read_text())["address"])
            if httpx.get(f"{address}/readyz", timeout=10).status_code == 200:
                return address
        except (OSError, ValueError, httpx.HTTPError):
            time.sleep(0.1)
    sys.exit(f"The server did not start: {(workspace.root / 'served.txt').read_text()[-2000:]}")


async def play(
    address: str, server: int, tokens: list[str], every: float, seconds: float, ceiling: bool
) -> list[Stage]:
    """Open a page for every session, then act at one pace, and with `ceiling` at ever higher ones."""
    browsers = [Browser(address, token, PROJECT) for token in tokens]
    opened: list[float] = []
    for start in range(0, len(browsers), 5):  # five at a time: people do not arrive in one instant
        opened += await asyncio.gather(*(browser.open() for browser in browsers[start : start + 5]))
    print(f"{len(opened)} pages open, median {sorted(opened)[len(opened) // 2] * 1000:.0f} ms")
    stages = [await stage(browsers, server, every, seconds)]
    while ceiling and stages[-1].rate >= BEHIND * stages[-1].due and not stages[-1].problems:
        every /= 1.4
        stages.append(await stage(browsers, server, every, seconds))
    await asyncio.gather(*(browser.close() for browser in browsers))
    return stages


async def stage(browsers: list[Browser], server: int, every: float, seconds: float) -> Stage:
    """Everybody acts once in `every` seconds, each from a moment of their own."""
    found = Stage(due=len(browsers) / every)
    before, received = cpu_seconds(server), sum(browser.received for browser in browsers)
    began = time.perf_counter()
    await asyncio.gather(*(_act(browser, found, began, every, seconds) for browser in browsers))
    found.seconds = time.perf_counter() - began
    found.server_cpu = (cpu_seconds(server) - before) / found.seconds
    found.received = sum(browser.received for browser in browsers) - received
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, on Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _act(browser: Browser, found: Stage, began: float, every: float, seconds: float) -> None:
    due = began + random.random() * every
    while due < began + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        try:
            found.actions.append(1000 * await browser.decide("approve", round(min(every, 60.0), 1)))
        except (Refused, ConnectionClosed) as problem:
            found.problems[str(problem)[:120]] += 1
            return
        due = max(due + every, time.perf_counter())


def told(stages: list[Stage], sessions: int) -> Table:
    """One line for each pace. `CPU ms` is what the server spends on an action, on a busy machine the steadiest figure;
    `server` its share of one core, `kB` what an action brings to a browser."""
    table = Table(title=f"{sessions} signed-in experts at the review desk", show_edge=False)
    for head in ("every", "due/s", "done/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms", "server", "kB", "problems"):
        table.add_column(head, justify="right")
    for each in stages:
        cuts = quantiles(each.actions, n=100) if len(each.actions) > 1 else [float("nan")] * 99
        table.add_row(
            f"{sessions / each.due:.2f} s",
            f"{each.due:,.1f}",
            f"{each.rate:,.1f}",
            *(f"{cuts[cut - 1]:,.1f}" for cut in (50, 95, 99)),
            f"{1000 * each.server_cpu / max(each.rate, 1e-9):,.1f}",
            f"{each.server_cpu:.0%}",
            f"{each.received / max(1, len(each.actions)) / 1024:,.1f}",
            f"{sum(each.problems.values())}",
        )
    return table


if __name__ == "__main__":
    main()
