"""How fast the store hands out pairs and takes opinions: `python benchmarks/store.py [--pairs 10000]`.

A claim or submit counts when it is committed. Each line is one run on this machine; compare ratios, not values.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from hone.labeling import desk
from hone.labeling.defaults import default_settings
from hone.labeling.importing import Mapping, import_file
from hone.storage import people, projects
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id
from hone.storage.store import Store
from hone.storage.workspace import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--submits", type=int, default=400, help="per number of experts")
    given = parser.parse_args()
    table = Table(title=f"{given.pairs} pairs", show_edge=False)
    for column in ("what", "experts", "a second", "median ms", "p95 ms"):
        table.add_column(column, justify="left" if column == "what" else "right")
    with tempfile.TemporaryDirectory() as folder, Store(Workspace(Path(folder) / "workspace")) as store:
        lead = store.write(lambda cursor: people.add(cursor, "lena", ("lead",)))
        project = store.write(
            lambda cursor: projects.create(cursor, "bench", default_settings(overlap=1, agree=1), lead)
        )
        seconds = importing(store, project, lead, Path(folder), given.pairs)
        table.add_row("import, rows", "", f"{given.pairs / seconds:,.0f}", "", "")
        for experts in (1, 8, 50):
            took, each = reviewing(store, project, experts, given.submits)
            cuts = quantiles(each, n=20)
            table.add_row(
                "next + submit",
                str(experts),
                f"{len(each) / took:,.0f}",
                f"{cuts[9] * 1000:.1f}",
                f"{cuts[18] * 1000:.1f}",
            )
    Console().print(table)


def importing(store: Store, project: Project, lead: Person, folder: Path, count: int) -> float:
    """Seconds for a JSONL file of `count` rows of about 1 kB."""
    path = folder / "pairs.jsonl"
    with path.open("w") as lines:
        for number in range(count):
            row = {"instruction": f"Answer letter {number}.", "context": "word " * 120, "response": f"{number} " * 60}
            lines.write(json.dumps(row) + "\n")
    names = {name: name for name in ("instruction", "context", "response")}
    return timed(lambda: import_file(store, project, lead, path, Mapping(fields=names)))


def reviewing(store: Store, project: Project, experts: int, submits: int) -> tuple[float, list[float]]:
    """Seconds for all, and for each cycle of next and submit, with so many experts at once."""
    names = [f"expert{experts}.{number}" for number in range(experts)]
    crowd = [store.write(lambda cursor, name=name: people.add(cursor, name, ("expert",))) for name in names]
    each: list[float] = []

    def work(expert: Person) -> None:
        each.extend(timed(lambda: cycle(store, project, expert)) for _ in range(submits // experts))

    threads = [threading.Thread(target=work, args=(expert,)) for expert in crowd]
    took = timed(lambda: [[thread.start() for thread in threads], [thread.join() for thread in threads]])
    return took, each


def cycle(store: Store, project: Project, expert: Person) -> None:
    """What the page does for one pair."""
    view = desk.next_view(store, project, expert)
    assert view.lease
    desk.submit(store, project, expert, view.lease.token, desk.Opinion(decision="approve"), new_id())


def timed(act: Callable[[], object]) -> float:
    """Seconds that `act` takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
