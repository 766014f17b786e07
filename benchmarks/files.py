"""How fast pairs come in and leave: `python benchmarks/files.py [--pairs 10000] [--others 4]`.

While the file goes in, `--others` experts go on deciding; their slowest step is the stall that an import costs them.
Memory is the peak of this process. One run on this machine; compare ratios, not values.
"""

import argparse
import json
import random
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hone.labeling import desk
from hone.labeling.files import exporting
from hone.labeling.files.exporting import Choice, Format
from hone.labeling.files.importing import import_file
from hone.labeling.projects.defaults import default_settings
from hone.storage import people, projects
from hone.storage.filters import PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id
from hone.storage.store import Cursor, Store
from hone.storage.workspace import Workspace

FORMATS: tuple[Format, ...] = ("pairs", "alpaca", "csv", "parquet")
WORDS = "letter clause party agreement notice order delivery refund customer return within days the a of and to"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--others", type=int, default=0, help="experts at work meanwhile")
    given = parser.parse_args()
    table = Table(title=f"{given.pairs:,} pairs", show_edge=False)
    for column in ("what", "seconds", "CPU seconds", "rows a second", "peak MB", "slowest step of others, ms"):
        table.add_column(column, justify="left" if column == "what" else "right")
    with tempfile.TemporaryDirectory() as name, Store(Workspace(Path(name) / "workspace")) as store:
        folder = Path(name)
        lead = store.write(lambda cursor: people.add(cursor, "lena", ("lead",)))
        project = _project(store, lead, "bench")
        busy = _project(store, lead, "busy")
        import_file(store, busy, lead, _file(folder / "busy.jsonl", 5_000))
        file = _file(folder / "pairs.jsonl", given.pairs)
        with _Others(store, busy, given.others) as others:
            _row(table, f"import, {file.stat().st_size // 2**20:,} MB", given.pairs, others,
                 lambda: import_file(store, project, lead, file))  # fmt: skip
            _row(table, "the same file again", given.pairs, others, lambda: import_file(store, project, lead, file))
        for format in FORMATS:
            choice = Choice(format=format, wanted=PairFilter())
            to = folder / f"out.{format}"
            _row(table, f"export, {format}", given.pairs, None, _exporting(store, project, lead, choice, to))
        choice = Choice(format="pairs", wanted=PairFilter(), provenance=True)
        _row(
            table, "export, with provenance", given.pairs, None, _exporting(store, project, lead, choice, folder / "p")
        )
    Console().print(table)


def _exporting(store: Store, project: Project, lead: Person, choice: Choice, to: Path) -> Callable[[], object]:
    return lambda: exporting.export(store, project, lead, choice, to, lambda instruction, _: instruction)


def _project(store: Store, lead: Person, name: str) -> Project:
    settings = default_settings(overlap=1, agree=1)
    return store.write(lambda cursor: projects.create(cursor, name, settings, lead))


def _file(path: Path, count: int) -> Path:
    """A JSONL file of `count` rows of about 1 kB."""
    draw, words = random.Random(7), WORDS.split()
    with path.open("w") as lines:
        for number in range(count):
            row = {
                "id": number,
                "instruction": f"Answer letter {number}.",
                "context": " ".join(draw.choices(words, k=90)),
                "response": " ".join(draw.choices(words, k=50)),
                "topic": words[number % 5],
            }
            lines.write(json.dumps(row) + "\n")
    return path


class _Others:
    """Experts who decide on another project's pairs, one every tenth of a second."""

    def __init__(self, store: Store, project: Project, count: int):
        self._store, self._project = store, project
        self._done = threading.Event()
        self.slowest = 0.0
        names = [f"expert{number}" for number in range(count)]
        crowd = [store.write(partial(_expert, name=name)) for name in names]
        self._threads = [threading.Thread(target=self._work, args=(person,)) for person in crowd]

    def _work(self, person: Person) -> None:
        while not self._done.wait(0.1):
            start = time.perf_counter()
            view = desk.next_view(self._store, self._project, person)
            if view.lease is None:
                return
            opinion = desk.Opinion(decision="approve")
            desk.submit(self._store, self._project, person, view.lease.token, opinion, new_id())
            self.slowest = max(self.slowest, time.perf_counter() - start)

    def __enter__(self) -> "_Others":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def _expert(cursor: Cursor, name: str) -> Person:
    return people.add(cursor, name, ("expert",))


def _row(table: Table, what: str, rows: int, others: _Others | None, act: Callable[[], object]) -> None:
    if others:
        others.slowest = 0.0
    start, cpu = time.perf_counter(), time.process_time()
    act()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    stall = f"{others.slowest * 1000:,.0f}" if others and others.slowest else ""
    table.add_row(what, f"{seconds:.2f}", f"{cpu:.2f}", f"{rows / seconds:,.0f}", f"{peak:,}", stall)


if __name__ == "__main__":
    main()
