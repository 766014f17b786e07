"""How long an expert waits between two pairs: from the decision key to the next pair painted, in Chromium.

    python benchmarks/desk_page.py [--decisions 60] [--edits]

A workspace of its own, one signed-in expert, nothing prefetched. Painted means: two animation frames after the text
of the next response stands in the page. Chromium is found on the PATH, or named by $CHROMIUM.
"""

import argparse
import sys
import tempfile
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from chromium import chromium
from serving import Served, launch, until_ready

from hone.labeling.projects.defaults import default_settings
from hone.storage import pairs, people, projects
from hone.storage.pairs import NewPair
from hone.storage.store import Store
from hone.storage.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Page

GOAL = (80.0, 120.0)  # milliseconds: median and 95th percentile
WARM = 5  # decisions before the clock counts
SENTENCE = "The tenant may end this agreement in writing by the third working day of a month, and must say so early. "

WATCH = """() => {
    window.waited = [];
    let pressed = null;
    document.addEventListener("keydown", (event) => {
        if (event.key === "a") pressed = performance.now();
    }, true);
    const shown = () => document.querySelector(".h-words[data-field=response]")?.textContent;
    let before = shown();
    new MutationObserver(() => {
        const now = shown();
        if (!now || now === before) return;
        before = now;
        if (pressed === null) return;
        const since = pressed;
        pressed = null;
        const painted = () => window.waited.push(performance.now() - since);
        requestAnimationFrame(() => requestAnimationFrame(painted));
    }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def main() -> None:
    """Read the arguments, measure, print the table."""
    parser = argparse.ArgumentParser(description="Time from the decision key to the next pair painted.")
    parser.add_argument("--decisions", type=int, default=60)
    parser.add_argument("--edits", action="store_true", help="rate, edit and wait for the draft before each decision")
    given = parser.parse_args()
    if chromium() is None or find_spec("playwright") is None:
        print("Not measured: it needs Chromium (on the PATH, or $CHROMIUM) and the package playwright.")
        return
    with tempfile.TemporaryDirectory(prefix="hone-bench-") as folder:
        workspace = Workspace(Path(folder) / "workspace")
        session = fill(workspace, given.decisions + WARM + 1)
        served = until_ready(launch(workspace, Path(folder) / "empty"))
        try:
            times = measure(served, session, given.decisions + WARM, given.edits)[WARM:]
        finally:
            served.stop()
    report(times)


def fill(workspace: Workspace, number: int) -> str:
    """A project with so many pairs; gives the session of its expert."""
    with closing(Store(workspace)) as store:
        lead = store.write(lambda cursor: people.add(cursor, "lena", ("lead",)))
        ana = store.write(lambda cursor: people.add(cursor, "ana", ("expert",)))
        project = store.write(lambda cursor: projects.create(cursor, "p", default_settings(overlap=1, agree=1), lead))
        new = [
            NewPair(
                instruction=f"Say in plain English what clause {place} means.",
                context=SENTENCE * 8,
                response=f"Clause {place}: " + SENTENCE * 2,
                group=f"contract {place % 7}",
            )
            for place in range(number)
        ]
        store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id, wanted=1))
        return store.write(lambda cursor: people.start_session(cursor, ana))


def measure(served: Served, session: str, number: int, edits: bool) -> list[float]:
    """Milliseconds of so many decisions."""
    from walking import WIDE, browser

    with browser() as chrome:
        context = chrome.new_context(viewport=WIDE)
        context.add_cookies([{"name": "hone_session", "value": session, "url": served.address}])
        page = context.new_page()
        page.goto(served.address + "/review")
        page.locator(".h-words[data-field=response]").wait_for()
        page.evaluate(WATCH)
        for done in range(number):
            if edits:
                work(page)
            page.keyboard.press("a")
            page.wait_for_function("number => window.waited.length > number", arg=done)
            page.evaluate("() => new Promise(idle => requestIdleCallback(idle, {timeout: 1000}))")
        times: list[float] = page.evaluate("window.waited")
        return times


def work(page: "Page") -> None:
    """What an expert does before deciding."""
    for key in ("4", "5", "3", "e"):
        page.keyboard.press(key)
    page.keyboard.type(" Ask us.")
    page.locator(".d-saved.good").wait_for()
    page.keyboard.press("Escape")


def report(times: list[float]) -> None:
    """The table."""
    ordered = sorted(times)
    slow = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    table = Table("", "ms", "goal", title=f"Decision key to next pair painted, {len(times)} decisions")
    table.add_row("median", f"{median(times):.0f}", f"{GOAL[0]:.0f}")
    table.add_row("95th percentile", f"{slow:.0f}", f"{GOAL[1]:.0f}")
    table.add_row("slowest", f"{ordered[-1]:.0f}", "")
    Console().print(table)


if __name__ == "__main__":
    main()
