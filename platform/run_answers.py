"""What a run says of single pairs: its answers to a few of them at each evaluation, and rows that it warns of."""

from collections.abc import Iterator, Mapping, Sequence

from hone.storage import batches
from hone.storage.pairs import Pair
from hone.storage.records import Record
from hone.storage.runs import Run, RunEvent
from hone.storage.store import Cursor


class Sampled(Record):
    """A held-out pair and the answers to it, by the step at which they were given; it is not learnt from.

    `number` is None for a pair that is not in the store any more; `expected` is the approved response.
    """

    pair_id: str
    number: int | None
    instruction: str
    expected: str
    answers: tuple[tuple[int, str], ...]


class RowTold(Record):
    """A row that a run has something to say of."""

    pair_id: str
    number: int | None
    says: str


class Told(Record):
    """A warning or the reason of a failure, and the rows that it is about."""

    says: str
    rows: tuple[RowTold, ...]


def sampled(cursor: Cursor, run: Run, events: Sequence[RunEvent]) -> tuple[Sampled, ...]:
    """The answers of a run that trains, by pair; after a resume the newer answer of a step counts."""
    said: dict[str, dict[int, str]] = {}
    for event in events:
        if event.kind == "sample" and "id" in event.body:
            step = int(event.body.get("step", 0))
            said.setdefault(str(event.body["id"]), {})[step] = str(event.body.get("text", ""))
    items = batches.items(cursor, run.batch_id) if said and run.batch_id else []
    known = {item.pair_id: item for item in items if item.pair_id in said}
    return tuple(
        Sampled(
            pair_id=pair_id,
            number=known[pair_id].pair_number if pair_id in known else None,
            instruction=known[pair_id].instruction if pair_id in known else "",
            expected=known[pair_id].response if pair_id in known else "",
            answers=tuple(sorted(answers.items())),
        )
        for pair_id, answers in said.items()
    )


def ids_told(events: Sequence[RunEvent]) -> list[str]:
    """The ids of all rows that warnings and failures are about."""
    return list(dict.fromkeys(pair_id for event in events for pair_id, _ in _rows(event)))


def told(event: RunEvent, known: Mapping[str, Pair]) -> Told:
    """A warning or failure in words, its rows with their numbers."""
    rows = tuple(
        RowTold(pair_id=pair_id, number=known[pair_id].number if pair_id in known else None, says=says)
        for pair_id, says in _rows(event)
    )
    return Told(says=str(event.body.get("message", "")), rows=rows)


def _rows(event: RunEvent) -> Iterator[tuple[str, str]]:
    """(id, words) of an event's rows: each is an id, or an object with its id and what is to say of it."""
    for row in event.body.get("rows") or ():
        if isinstance(row, dict):
            more = {str(name): value for name, value in row.items() if name != "id"}  # pyright: ignore
            yield str(row.get("id", "")), ", ".join(_fact(name, value) for name, value in more.items())
        else:
            yield str(row), ""


def _fact(name: str, value: object) -> str:
    return f"{value:,} {name}" if isinstance(value, int) else f"{name} {value}"
