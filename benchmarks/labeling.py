"""How fast the desk is: `python benchmarks/labeling.py [--pairs 10000] [--million] [--label-studio PYTHON]`.

Claims and whole submits in the store from 1, 8 and 50 threads; the API over real HTTP with 1 and 8 clients; a soak of
32 clients over 500 pairs. `--label-studio` names the interpreter of another environment with label-studio 1.23.2: the
same cycles are run against it, and ratios printed. Import and export are in `files.py`, sessions in `sessions.py`.
One run on this machine; compare ratios, not values.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import desk_store
import million
from desk_api import HoneDesk, Soak, cycles, hone_desk, soak
from desk_store import Timed
from label_studio import studio
from rich.console import Console
from rich.table import Table
from sessions import served

from hone.labeling.projects.defaults import default_settings
from hone.platform import team
from hone.storage import people, projects, reviews, tally
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Cursor, Store
from hone.storage.workspace import Workspace

THREADS = (1, 8, 50)
CLIENTS = (1, 8)
SOAKING = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--acts", type=int, default=1_500, help="claims or submits of each row")
    parser.add_argument("--cycles", type=int, default=400, help="over HTTP, for each number of clients")
    parser.add_argument("--million", action="store_true", help="a million pairs and three million reviews")
    parser.add_argument("--label-studio", type=Path, metavar="PYTHON", help="interpreter with label-studio 1.23.2")
    given = parser.parse_args()
    out = Console()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        out.print(in_the_store(root / "store", given.pairs, given.acts))
        rates, table = over_http(root / "http", given.pairs, given.cycles)
        out.print(table)
        out.print(soaked(root))
        if given.label_studio:
            out.print(beside_label_studio(root, given.label_studio, given.pairs, given.cycles, rates))
        if given.million:
            out.print(at_a_million(root / "million"))


def in_the_store(root: Path, count: int, acts: int) -> Table:
    """Claims, whole submits, and one expert alone."""
    found = table(f"In the store, {count:,} pairs", "threads", "a second", "median ms", "p95 ms", "doubled")
    with Store(Workspace(root)) as store:
        project, lead = begin(store, overlap=1)
        desk_store.fill(store, project, lead, count)
        for threads in THREADS:
            done = desk_store.claims(store, project, threads, acts)
            found.add_row("claims", str(threads), *done.cells(), str(done.doubled))
        for threads in THREADS:
            experts = desk_store.hire(store, threads, f"of{threads}x")
            done = desk_store.submits(store, project, experts, acts)
            found.add_row("whole submits", str(threads), *done.cells(), str(done.doubled))
        [alone] = desk_store.hire(store, 1, "alone")
        for name, timed in zip(("next", "submit"), desk_store.cycles(store, project, alone, 200), strict=True):
            found.add_row(name, "1", *timed.cells(), "")
    return found


def over_http(root: Path, count: int, turns: int) -> tuple[dict[int, float], Table]:
    """Next and submit through the API; also the cycles a second for each number of clients."""
    found = table(f"Over HTTP, {count:,} pairs", "clients", "a second", "median ms", "p95 ms", "doubled")
    rates: dict[int, float] = {}
    workspace = Workspace(root)
    with Store(workspace) as store:
        project, lead = begin(store, overlap=1)
        desk_store.fill(store, project, lead, count)
        desk_store.hire(store, max(CLIENTS))
    with served(workspace) as (address, _):
        desks = desks_of(workspace, address, max(CLIENTS))
        cycles(desks[:1], 20)  # the first requests of a process load what it needs
        for clients in CLIENTS:
            done, taken, said = cycles(desks[:clients], turns)
            rates[clients] = len(done.each) / done.seconds
            rows: list[tuple[str, Timed]] = [("next + submit", done), ("next", taken), ("submit", said)]
            for name, timed in rows:
                found.add_row(name, str(clients), *timed.cells(), str(done.doubled) if timed is done else "")
    return rates, found


def soaked(root: Path) -> Table:
    """Many clients over a short queue until it is empty: what must not happen is counted."""
    found = table(f"{SOAKING} clients, 500 pairs", "overlap", "answered", "served beyond", "lost", "no success")
    for overlap in (1, 2):
        done = _soak(Workspace(root / f"soak{overlap}"), overlap)
        cells = (done.answered, done.beyond, done.lost, done.problems)
        found.add_row("until it is empty", str(overlap), *(str(cell) for cell in cells))
    return found


def _soak(workspace: Workspace, overlap: int) -> Soak:
    with Store(workspace) as store:
        project, lead = begin(store, overlap=overlap)
        desk_store.fill(store, project, lead, 500)
        desk_store.hire(store, SOAKING)
    with served(workspace) as (address, _):
        done, answered = soak(desks_of(workspace, address, SOAKING), overlap)
    with Store(workspace) as store, store.read() as cursor:
        stored = [review.pair_id for review in reviews.of_project(cursor, project.id)]
    done.lost = sum((answered - Counter(stored)).values())
    done.beyond += sum(count > overlap for count in Counter(stored).values())
    return done


def beside_label_studio(root: Path, python: Path, count: int, turns: int, rates: dict[int, float]) -> Table:
    """The same cycles against Label Studio, and how many times as many Hone did."""
    found = table("Beside Label Studio", "clients", "Hone a second", "Label Studio a second", "ratio", "doubled there")
    folder = root / "studio"
    folder.mkdir()
    rows = [
        {"instruction": f"Answer letter {number}.", "context": "c " * 100, "response": desk_store.TEXT}
        for number in range(count)
    ]
    with studio(python, folder) as other:
        other.fill(rows)
        for clients in CLIENTS:
            done, _, _ = cycles(other.desks(clients), max(40, turns // 8))
            rate = len(done.each) / done.seconds
            cells = (f"{rates[clients]:,.1f}", f"{rate:,.1f}", f"{rates[clients] / rate:,.1f}", str(done.doubled))
            found.add_row("next + submit", str(clients), *cells)
        other.export()
    found.add_row(f"import of {count:,}, s", "1", "see files.py", f"{other.import_seconds:.1f}", "", "")
    found.add_row(f"export of {count:,}, s", "1", "see files.py", f"{other.export_seconds:.1f}", "", "")
    return found


def at_a_million(root: Path) -> Table:
    """The desk and the team page when the store is full."""
    found = table("A million pairs, three million reviews", "threads", "a second", "median ms", "p95 ms", "doubled")
    with Store(Workspace(root)) as store:
        project, lead = begin(store, overlap=4)
        experts = desk_store.hire(store, 50)
        million.fill(store, project, lead, experts, 1_000_000)
        store.write(lambda cursor: tally.rebuild(cursor, project.id))
        for name, timed in zip(("next", "submit"), desk_store.cycles(store, project, experts[0], 100), strict=True):
            found.add_row(name, "1", *timed.cells(), "")
        begun = time.perf_counter()
        team.team_figures(store, project, lead)
        found.add_row("team page, seconds", "1", f"{time.perf_counter() - begun:.2f}", "", "", "")
    return found


def begin(store: Store, overlap: int) -> tuple[Project, Person]:
    """A project whose pairs want so many opinions, all of which must agree, and its lead."""

    def change(cursor: Cursor) -> tuple[Project, Person]:
        lead = people.add(cursor, "lena", ("lead", "admin"))
        return projects.create(cursor, "bench", default_settings(overlap=overlap, agree=overlap), lead), lead

    return store.write(change)


def desks_of(workspace: Workspace, address: str, count: int) -> list[HoneDesk]:
    """The first so many experts at the API."""
    key = workspace.owner_key_file.read_text(encoding="utf-8").strip()
    return [hone_desk(address, key, "bench", f"expert{number}") for number in range(count)]


def table(title: str, *columns: str) -> Table:
    """An empty table; the first column says what was done."""
    made = Table(title=title, show_edge=False)
    made.add_column("what")
    for column in columns:
        made.add_column(column, justify="right")
    return made


if __name__ == "__main__":
    main()
