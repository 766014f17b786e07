"""What the `hone` commands print: results on stdout, notices and progress on stderr, untrusted text as plain text."""

import json
import re
import signal
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

Step: TypeAlias = Callable[[float, float | None, str], None]
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(value: object) -> str:
    """Text that cannot move the cursor, change colours or turn its own direction."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))


def say(text: str) -> None:
    """A result, on stdout; long lines are left whole for scripts."""
    print(plain(text))


def notice(text: str) -> None:
    """Something that is good to know, on stderr."""
    print(plain(text), file=sys.stderr)


def moment(stored: str) -> str:
    """A stored time (UTC) to the minute, for people."""
    return stored[:16].replace("T", " ")


def as_json(value: Any) -> None:
    """A result for a script: one JSON document on stdout."""
    print(json.dumps(value, ensure_ascii=sys.stdout.isatty(), indent=2))  # a terminal would act on what is in texts


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """A table on stdout, or "None yet."; columns whose name starts with `>` are set to the right."""
    found = list(rows)
    if not found:
        say("None yet.")
        return
    made = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name in columns:
        made.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left", overflow="fold")
    for row in found:
        made.add_row(*(Text("" if cell is None else plain(cell)) for cell in row))
    Console().print(made)


@contextmanager
def interrupts() -> Generator[list[int], None, None]:
    """The Ctrl-C so far, as a list that fills: raised in the middle of a request, the first one could be lost in its
    event loop. The second one ends the command as usual."""
    asked: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, _frame: object) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress(what: str, lines: bool = True) -> Generator[Step, None, None]:
    """A bar on stderr, fed by (done, total or None, words); in a log file plain lines at each tenth, if wanted."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(what) if lines else _nothing
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(what, total=None, words="")

        def step(done: float, total: float | None, words: str = "") -> None:
            shown.update(task, completed=int(done), total=int(total) if total else None, words=plain(words))

        yield step


def _lines(what: str) -> Step:
    told = -1

    def step(done: float, total: float | None, words: str = "") -> None:
        nonlocal told
        tenth = int(10 * done / total) if total else told + 1 if words else told
        if tenth > told:
            told = tenth
            share = f" {int(done):,} of {int(total):,}" if total else ""
            notice(f"{what}:{share}{' ' + words if words else ''}")

    return step


def _nothing(done: float, total: float | None, words: str = "") -> None:
    """Nobody looks at a bar."""
