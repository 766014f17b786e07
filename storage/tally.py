"""What an expert's desk says at every step, counted as it changes: at a million pairs nothing is read to count it.

Written in the transaction of the rows that it counts, by `reviews.add` and by the queue; `recount` and `rebuild`
make it anew from them. The row of a project itself has no person.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from hone.storage.records import Record
from hone.storage.store import Cursor, rows

PROJECT = ""  # in place of a person
COUNTS = ("free", "spoken", "reserved", "done", "turns")
LAST = 10  # decisions that can be taken back
ID = 37  # letters of an id and the blank behind it

Counts: TypeAlias = Counter[tuple[str, str]]  # person and column


class Tally(Record):
    """One expert in one project. Opinions on gold pairs and second opinions are counted like all others here.

    `waiting`: pairs that want an opinion of theirs. `done`: opinions that stand, without skips. `turns`: decisions
    that stand, skips included. `last`: the ids of the last ten decisions that can be taken back, the newest first.
    """

    waiting: int = 0
    done: int = 0
    turns: int = 0
    last: tuple[str, ...] = ()


def of(cursor: Cursor, project_id: str, person_id: str) -> Tally:
    """How far one expert is."""
    found = rows(
        cursor,
        "select person_id, free, spoken, reserved, done, turns, last from tally "
        "where project_id = ? and person_id in (?, ?)",
        [project_id, PROJECT, person_id],
    )
    by = {row["person_id"]: row for row in found}
    free = by[PROJECT]["free"] if PROJECT in by else 0
    mine = by.get(person_id)
    if mine is None:
        return Tally(waiting=free)
    waiting = free - mine["spoken"] + mine["reserved"]
    return Tally(waiting=waiting, done=mine["done"], turns=mine["turns"], last=tuple(mine["last"].split()))


def turns(cursor: Cursor, project_id: str) -> dict[str, int]:
    """The decisions that stand, of each expert who made one."""
    found = rows(cursor, "select person_id, turns from tally where project_id = ?", [project_id])
    return {row["person_id"]: row["turns"] for row in found}


def add(cursor: Cursor, project_id: str, counts: Counts, last: Mapping[str, str] | None = None) -> None:
    """Add to the counts; `last` are ids of new decisions by person, the newest first, a blank behind each."""
    last = last or {}
    persons = sorted({person for (person, _), count in counts.items() if count} | set(last))
    if not persons:
        return
    values: list[Any] = [project_id, persons, *([counts[(person, name)] for person in persons] for name in COUNTS)]
    summed = ", ".join(f"{name} = tally.{name} + excluded.{name}" for name in COUNTS)
    cursor.execute(
        f"insert into tally (project_id, person_id, {', '.join(COUNTS)}, last) "
        f"select ?, {', '.join(['unnest(?)'] * (len(COUNTS) + 2))} on conflict (project_id, person_id) "
        f"do update set {summed}, last = left(excluded.last || tally.last, {LAST * ID})",
        [*values, [last.get(person, "") for person in persons]],
    )


def take_back(cursor: Cursor, project_id: str, person_id: str, review_id: str, *, opinion: bool) -> None:
    """One decision stands no more; `opinion`: it was no skip."""
    cursor.execute(
        "update tally set turns = turns - 1, done = done - ?, last = replace(last, ?, '') "
        "where project_id = ? and person_id = ?",
        [int(opinion), f"{review_id} ", project_id, person_id],
    )


def recount(cursor: Cursor, project_id: str) -> None:
    """Count anew which pairs wait, after a change of many at once."""
    cursor.execute("update tally set free = 0, spoken = 0, reserved = 0 where project_id = ?", [project_id])
    wanting = "from pair where project_id = ? and kind = 'pair' and state = 'open' and done < wanted"
    counts: Counts = Counter()
    for row in rows(cursor, f"select reserved_for, said_by, count(*) as n {wanting} group by 1, 2", [project_id]):
        for place in seats(row["reserved_for"], row["said_by"].split()):
            counts[place] += row["n"]
    add(cursor, project_id, counts)


def seats(reserved_for: str | None, said_by: Collection[str]) -> list[tuple[str, str]]:
    """Where a pair that wants an opinion is counted: for whom it is reserved, or for all but those who have spoken."""
    if reserved_for is not None:
        return [] if reserved_for in said_by else [(reserved_for, "reserved")]
    return [(PROJECT, "free"), *((person, "spoken") for person in said_by)]


def rebuild(cursor: Cursor, project_id: str) -> None:
    """Make all of a project's tally anew from its pairs and reviews."""
    cursor.execute("delete from tally where project_id = ?", [project_id])
    recount(cursor, project_id)
    found = rows(
        cursor,
        "select r.id, r.person_id, r.decision, r.undoes, s.review_id is not null as sent_back "
        "from review r join pair p on p.id = r.pair_id left join sent_back s on s.review_id = r.id "
        "where p.project_id = ? order by r.created_at, r.id",
        [project_id],
    )
    undone = {row["undoes"] for row in found}
    counts: Counts = Counter()
    last: defaultdict[str, list[str]] = defaultdict(list)
    for row in found:
        person = row["person_id"]
        if row["decision"] == "undo":
            last[person] = [one for one in last[person] if one != row["undoes"]]
            continue
        last[person] = [*last[person], row["id"]][-LAST:]
        if row["sent_back"]:
            last[person].pop()
        elif row["id"] not in undone:
            counts[(person, "turns")] += 1
            counts[(person, "done")] += row["decision"] != "skip"
    add(
        cursor,
        project_id,
        counts,
        {person: "".join(f"{one} " for one in reversed(ids)) for person, ids in last.items()},
    )
