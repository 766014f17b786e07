"""Where each pair stands in the queue, written on its row, so that the next pair is one read.

The rows of reviews, adjudications and sent_back can rebuild it. All that moves a pair comes through here, and
keeps the count of what waits for whom.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from hone.storage import order, tally
from hone.storage.line import Line
from hone.storage.memory import Memory
from hone.storage.pairs import Pair, State
from hone.storage.records import Record, new_id, now
from hone.storage.store import Cursor, among, insert, rows, update, value


class Seat(Record):
    """Where a pair stands in its round: who has spoken, how many opinions count, for whom it is kept."""

    id: str
    state: State
    wanted: int
    done: int
    said_by: frozenset[str] = frozenset()
    reserved_for: str | None = None
    approved_revision: str | None = None
    place: float


def want(cursor: Cursor, project_id: str, opinions: int, pair_ids: Sequence[str] | None = None) -> list[str]:
    """Ask for so many opinions on each pair of a project, or on some; gives the open ones that have some already."""
    within, values = ("", list[Any]()) if pair_ids is None else _among(pair_ids)
    cursor.execute(f"update pair set wanted = ? where project_id = ?{within}", [opinions, project_id, *values])
    tally.recount(cursor, project_id)
    begun = f"select id from pair where project_id = ?{within} and state = 'open' and done > 0 order by number"
    return [row["id"] for row in rows(cursor, begun, [project_id, *values])]


def _among(pair_ids: Sequence[str]) -> tuple[str, list[Any]]:
    within, values = among(pair_ids)
    return f" and id {within}", values


def agreed(cursor: Cursor, project_id: str) -> list[str]:
    """The pairs that wait for a lead's word."""
    found = rows(cursor, "select id from pair where project_id = ? and state = 'agreed' order by number", [project_id])
    return [row["id"] for row in found]


def of_project(cursor: Cursor, project_id: str) -> list[str]:
    """All pairs but the gold ones."""
    found = rows(cursor, "select id from pair where project_id = ? and kind = 'pair' order by number", [project_id])
    return [row["id"] for row in found]


def seats(cursor: Cursor, pair_ids: Sequence[str]) -> dict[str, Seat]:
    """Where these pairs stand."""
    within, values = among(pair_ids)
    found = rows(
        cursor,
        f"select id, state, wanted, done, said_by, reserved_for, approved_revision, place from pair where id {within}",
        values,
    )
    return {row["id"]: Seat.model_validate({**row, "said_by": frozenset(row["said_by"].split())}) for row in found}


def move(cursor: Cursor, project_id: str, moves: Sequence[tuple[Seat, Seat]]) -> None:
    """Write where pairs of a project stand now (before, after), and count what that changes for who waits for them."""
    with tally.counting(cursor, project_id) as noted:
        move_noting(cursor, moves, noted)


def move_noting(
    cursor: Cursor, moves: Sequence[tuple[Seat, Seat]], noted: tally.Counting, memory: Memory | None = None
) -> None:
    """The same for a caller that counts more in one go."""
    for before, after in moves:
        noted.counts.subtract(_wanting(before))
        noted.counts.update(_wanting(after))
    changed = [(_columns(before), _columns(after)) for before, after in moves if before != after]
    names = ["id", *(name for name in Seat.model_fields if any(old[name] != new[name] for old, new in changed))]
    update(cursor, "pair", *[{name: new[name] for name in names} for _, new in changed])
    if memory is not None:
        _remember(memory.part(Line), [after for _, after in moves])


def _remember(line: Line, seats: Iterable[Seat]) -> None:
    for seat in seats:
        one = line.pairs.get(seat.id)
        if one is None:  # nothing of the front may be left that nobody keeps in step
            line.fronts = {}
            continue
        pair = one.pair.model_copy(update=seat.model_dump(exclude={"id", "said_by"}))
        line.moved(one.model_copy(update={"pair": pair, "said_by": seat.said_by}))


def _wanting(seat: Seat) -> list[tuple[str, str]]:
    if seat.state != "open" or seat.done >= seat.wanted:
        return []
    return tally.seats(seat.reserved_for, seat.said_by)


def _columns(seat: Seat) -> dict[str, Any]:
    """The columns of a pair's row. The ids of who has spoken have a blank around each."""
    said_by = f" {' '.join(sorted(seat.said_by))} " if seat.said_by else ""
    return {**seat.model_dump(), "said_by": said_by}


def kept_for(seat: Seat, person_id: str | None) -> Seat:
    """The same seat, kept for this person before all others, or for nobody."""
    step = order.KEPT * ((seat.reserved_for is not None) - (person_id is not None))
    return seat.model_copy(update={"reserved_for": person_id, "place": seat.place + step})


def reserve(cursor: Cursor, project_id: str, pair_id: str, person_id: str | None) -> None:
    """Keep a pair for one person, before all others; for None let everybody have it again."""
    before = seats(cursor, [pair_id])[pair_id]
    move(cursor, project_id, [(before, kept_for(before, person_id))])


def reopen(
    cursor: Cursor, pairs: Sequence[Pair], *, why: str, priority: int, report_id: str | None, person_id: str
) -> None:
    """Start a new round of reviews: everybody may be asked again, and the pairs go to the front."""
    for project_id, ids in _by_project(pairs).items():
        fresh = {"state": "open", "done": 0, "said_by": frozenset[str]()}
        moves = [(seat, kept_for(seat, None).model_copy(update=fresh)) for seat in seats(cursor, ids).values()]
        move(cursor, project_id, moves)
        within, values = among(ids)
        cursor.execute(f"update pair set round = round + 1 where id {within}", values)
    prioritise(cursor, pairs, why=why, priority=priority, report_id=report_id, person_id=person_id)


def prioritise(
    cursor: Cursor, pairs: Sequence[Pair], *, why: str, priority: int, report_id: str | None, person_id: str
) -> None:
    """Move open pairs to the front of the queue."""
    if not pairs:
        return
    within, values = among([pair.id for pair in pairs])
    cursor.execute(
        f"update pair set priority = ?, place = place - (? - priority) * {order.FRONT}, why = ? where id {within}",
        [priority, priority, why, *values],
    )
    said = {"report_id": report_id, "why": why, "person_id": person_id, "created_at": now()}
    insert(
        cursor,
        "queued",
        *[{"id": new_id(), "project_id": pair.project_id, "pair_id": pair.id, **said} for pair in pairs],
    )


class Queued(Record):
    """That a pair was sent to the experts, before all others: why, by whom, when."""

    why: str
    person_id: str
    created_at: datetime


def queued(cursor: Cursor, pair_id: str) -> list[Queued]:
    """When and why a pair was sent to the experts, the oldest first."""
    found = rows(
        cursor, "select why, person_id, created_at from queued where pair_id = ? order by created_at, id", [pair_id]
    )
    return [Queued.model_validate(row) for row in found]


def _by_project(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        found[pair.project_id].append(pair.id)
    return found


def sent_back(cursor: Cursor, project_id: str) -> int:
    """How many pairs wait because somebody sent them to the queue again."""
    return int(
        value(
            cursor, "select count(*) from pair where project_id = ? and state = 'open' and why <> 'new'", [project_id]
        )
    )
