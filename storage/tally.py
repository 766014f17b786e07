"""What an expert's desk says at every step, counted as it changes: at a million pairs nothing is read to count it.

Written in the transaction of the rows that it counts, by the functions that store reviews and move pairs; `recount`
and `rebuild` make it anew from the rows. The row of a project itself has no person.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hone.storage.memory import Memory
from hone.storage.records import Record
from hone.storage.store import Cursor, marks, rows, run

PROJECT = ""  # in place of a person
COUNTS = ("free", "spoken", "reserved", "done", "turns")
LAST = 10  # decisions that can be taken back
ID = 37  # letters of an id and the blank behind it
FEW = 8  # people: overlap is 9 at most


class Tally(Record):
    """One expert in one project. Opinions on gold pairs and second opinions are counted like all others here.

    `waiting`: pairs that want an opinion of theirs. `done`: opinions that stand, without skips. `turns`: decisions
    that stand, skips included. `last`: the ids of the last ten decisions that can be taken back, the newest first.
    """

    waiting: int = 0
    done: int = 0
    turns: int = 0
    last: tuple[str, ...] = ()


@dataclass
class Counts:
    """The row of one person, or of the project itself."""

    free: int = 0
    spoken: int = 0
    reserved: int = 0
    done: int = 0
    turns: int = 0
    last: str = ""
    stored: bool = False


@dataclass
class _Known:
    """Rows that the writer's thread remembers."""

    counts: dict[tuple[str, str], Counts] = field(default_factory=dict[tuple[str, str], Counts])


def counts(cursor: Cursor, memory: Memory, project_id: str, persons: Collection[str]) -> dict[str, Counts]:
    """The rows of these people; those that are not remembered are read."""
    known = memory.part(_Known).counts
    missing = [person for person in persons if (project_id, person) not in known]
    if missing:
        found = rows(
            cursor,
            "select person_id, free, spoken, reserved, done, turns, last from tally "
            f"where project_id = ? and person_id in ({marks(missing)})",
            [project_id, *missing],
        )
        known.update({(project_id, person): Counts() for person in missing})
        known.update({(project_id, row.pop("person_id")): Counts(**row, stored=True) for row in found})
    return {person: known[(project_id, person)] for person in persons}


def of(cursor: Cursor, project_id: str, person_id: str) -> Tally:
    """How far one expert is."""
    return of_all(cursor, Memory(), project_id, [person_id])[person_id]


def of_all(cursor: Cursor, memory: Memory, project_id: str, persons: Collection[str]) -> dict[str, Tally]:
    """How far some experts are."""
    found = counts(cursor, memory, project_id, [PROJECT, *persons])
    return {person: _tally(found[PROJECT].free, found[person]) for person in persons}


def _tally(free: int, mine: Counts) -> Tally:
    waiting = free - mine.spoken + mine.reserved
    return Tally(waiting=waiting, done=mine.done, turns=mine.turns, last=tuple(mine.last.split()))


def turns(cursor: Cursor, project_id: str) -> dict[str, int]:
    """The decisions that stand, of each expert who made one."""
    found = rows(cursor, "select person_id, turns from tally where project_id = ?", [project_id])
    return {row["person_id"]: row["turns"] for row in found}


@dataclass
class Counting:
    """Changes to be added: counts by person and column, and ids of new decisions by person, the newest first."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    last: dict[str, str] = field(default_factory=dict[str, str])


@contextmanager
def counting(cursor: Cursor, project_id: str, memory: Memory | None = None) -> Generator[Counting, None, None]:
    """What is noted in the block is added to the project's tally at its end."""
    noted = Counting()
    yield noted
    persons = sorted({person for (person, _), count in noted.counts.items() if count} | set(noted.last))
    if memory is not None:
        persons = _write(cursor, project_id, noted, counts(cursor, memory, project_id, persons))
    elif 0 < len(persons) <= FEW:  # an update takes a quarter of an upsert's time
        known = _update(cursor, project_id, persons, noted)
        persons = [person for person in persons if person not in known]
    if persons:
        _upsert(cursor, project_id, persons, noted)


def _write(cursor: Cursor, project_id: str, noted: Counting, known: Mapping[str, Counts]) -> list[str]:
    """Add to rows that are known, and write a few of them as they are then; gives the people who are left to write."""
    few = len(known) <= FEW
    left: list[str] = []
    for person, row in known.items():
        added: dict[str, Any] = {name: getattr(row, name) + noted.counts[(person, name)] for name in COUNTS}
        added["last"] = (noted.last.get(person, "") + row.last)[: LAST * ID]
        changed = {name: what for name, what in added.items() if what != getattr(row, name)}
        for name, what in changed.items():
            setattr(row, name, what)
        if not (few and row.stored):
            left.append(person)
            row.stored = True
        elif changed:
            written = ", ".join(f"{name} = ?" for name in changed)
            run(
                cursor,
                f"update tally set {written} where project_id = ? and person_id = ?",
                [*changed.values(), project_id, person],
            )
    return left


def _update(cursor: Cursor, project_id: str, persons: list[str], noted: Counting) -> set[str]:
    """Add to the rows of a few people in one statement; gives those who have one."""
    summed: list[str] = []
    values: list[Any] = []
    for name in COUNTS:
        added = {person: count for person in persons if (count := noted.counts[(person, name)])}
        if added:
            summed.append(f"{name} = {name} + case person_id {'when ? then ? ' * len(added)}else 0 end")
            values.extend(part for pair in added.items() for part in pair)
    last = {person: noted.last[person] for person in persons if person in noted.last}
    if last:
        summed.append(f"last = left(case person_id {'when ? then ? ' * len(last)}else '' end || last, {LAST * ID})")
        values.extend(part for pair in last.items() for part in pair)
    found = rows(
        cursor,
        f"update tally set {', '.join(summed)} where project_id = ? and person_id in ({marks(persons)}) "
        "returning person_id",
        [*values, project_id, *persons],
    )
    return {row["person_id"] for row in found}


def _upsert(cursor: Cursor, project_id: str, persons: list[str], noted: Counting) -> None:
    columns = [[noted.counts[(person, name)] for person in persons] for name in COUNTS]
    summed = ", ".join(f"{name} = tally.{name} + excluded.{name}" for name in COUNTS)
    cursor.execute(
        f"insert into tally (project_id, person_id, {', '.join(COUNTS)}, last) "
        f"select ?, {', '.join(['unnest(?)'] * (len(COUNTS) + 2))} on conflict (project_id, person_id) "
        f"do update set {summed}, last = left(excluded.last || tally.last, {LAST * ID})",
        [project_id, persons, *columns, [noted.last.get(person, "") for person in persons]],
    )


def take_back(cursor: Cursor, project_id: str, person_id: str, review_id: str, *, opinion: bool) -> None:
    """One decision stands no more; `opinion`: it was no skip."""
    cursor.execute(
        "update tally set turns = turns - 1, done = done - ?, last = replace(last, ?, '') "
        "where project_id = ? and person_id = ?",
        [int(opinion), f"{review_id} ", project_id, person_id],
    )


def seats(reserved_for: str | None, said_by: Collection[str]) -> list[tuple[str, str]]:
    """Where a pair that wants an opinion is counted: for whom it is reserved, or for all but those who have spoken."""
    if reserved_for is not None:
        return [] if reserved_for in said_by else [(reserved_for, "reserved")]
    return [(PROJECT, "free"), *((person, "spoken") for person in said_by)]


def recount(cursor: Cursor, project_id: str) -> None:
    """Count anew which pairs wait, after a change of many at once."""
    cursor.execute("update tally set free = 0, spoken = 0, reserved = 0 where project_id = ?", [project_id])
    wanting = "from pair where project_id = ? and kind = 'pair' and state = 'open' and done < wanted"
    found = rows(cursor, f"select reserved_for, said_by, count(*) as n {wanting} group by 1, 2", [project_id])
    with counting(cursor, project_id) as noted:
        for row in found:
            for place in seats(row["reserved_for"], row["said_by"].split()):
                noted.counts[place] += row["n"]


def rebuild(cursor: Cursor, project_id: str) -> None:
    """Make all of a project's tally anew from its pairs and reviews."""
    cursor.execute("delete from tally where project_id = ?", [project_id])
    recount(cursor, project_id)
    acts = rows(
        cursor,
        "select r.created_at as moment, r.id, r.person_id, r.decision, r.undoes as taken_back "
        "from review r join pair p on p.id = r.pair_id where p.project_id = ? "
        "union all select s.created_at, s.id, s.expert_id, 'sent back', s.review_id "
        "from sent_back s join pair p on p.id = s.pair_id where p.project_id = ? order by 1, 2",
        [project_id, project_id],
    )
    gone = {act["taken_back"] for act in acts}
    last: defaultdict[str, list[str]] = defaultdict(list)
    with counting(cursor, project_id) as noted:
        for act in acts:
            person = act["person_id"]
            if act["taken_back"] is not None:
                last[person] = [one for one in last[person] if one != act["taken_back"]]
                continue
            last[person] = [*last[person], act["id"]][-LAST:]
            if act["id"] not in gone:
                noted.counts[(person, "turns")] += 1
                noted.counts[(person, "done")] += act["decision"] != "skip"
        noted.last = {person: "".join(f"{one} " for one in reversed(ids)) for person, ids in last.items()}
