"""The queue: which pair is whose turn. What waits is one read of the pairs' own rows (`seats`), for many at once.

The front of it is remembered from one claim to the next (`line`), so that most claims read nothing.
"""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from math import inf
from typing import Any, Literal, TypeAlias

from hone.storage import pairs, second_looks, tally
from hone.storage.errors import Conflict
from hone.storage.line import Front, Line, has_room, turn
from hone.storage.line import Lease as Lease
from hone.storage.memory import Memory
from hone.storage.order import reorder as reorder
from hone.storage.pairs import Begun
from hone.storage.records import now
from hone.storage.second_looks import Wish as Wish
from hone.storage.store import Cursor, insert, marks, one, rows, run

LEASE = timedelta(minutes=15)
LEFT = timedelta(seconds=30)  # a page that is left may be on its way back: a reload
AHEAD = 64  # free pairs that are read in one go
Row: TypeAlias = dict[str, Any]
Who: TypeAlias = tuple[str, str]  # project and person
Holders: TypeAlias = defaultdict[str, set[str]]


def claim(cursor: Cursor, project_id: str, person_id: str) -> Lease | None:
    """Lease the next pair to this person; see `claim_all`."""
    return claim_all(cursor, Memory(), [Wish(project_id=project_id, person_id=person_id)])[0]


def claim_all(cursor: Cursor, memory: Memory, wishes: Sequence[Wish]) -> list[Lease | None]:
    """Lease a pair to each: the one they hold already, a second look that is due, else the first that wants them.

    A pair is never with more people than it wants opinions from, never twice with one person in a round, and one
    that was sent back goes to nobody but its expert. Atomic because the writer thread runs it; on PostgreSQL the
    reads gain `for update skip locked`.
    """
    leases = _live(cursor, memory)
    dealt: dict[Who, Lease | None] = dict(_still_held(cursor, memory, wishes, leases))
    waiting: defaultdict[str, list[Wish]] = defaultdict(list)
    for wish in {(wish.project_id, wish.person_id): wish for wish in wishes}.values():
        if (wish.project_id, wish.person_id) not in dealt:
            waiting[wish.project_id].append(wish)
    made: list[Lease] = []
    for project_id, takers in waiting.items():
        looks = second_looks.due(cursor, project_id, takers)
        persons = [wish.person_id for wish in takers if wish.person_id not in looks]
        given = {**looks, **_deal(cursor, memory, project_id, persons)}
        leased = {person_id: _promise(pair_id, person_id) for person_id, pair_id in given.items()}
        dealt.update({(project_id, person_id): lease for person_id, lease in leased.items()})
        made.extend(leased.values())
        memory.part(Line).leases = [*reversed(leased.values()), *(memory.part(Line).leases or ())]
    _store(cursor, "pair", made)
    return [dealt.get((wish.project_id, wish.person_id)) for wish in wishes]


def _live(cursor: Cursor, memory: Memory) -> list[Lease]:
    """The leases of pairs that still run, the newest first; those whose time is over are forgotten."""
    line, leases, moment = memory.part(Line), _leases(cursor, memory), now()
    if any(lease.expires_at <= moment for lease in leases):
        drop_expired(cursor)
        line.leases = leases = [lease for lease in leases if lease.expires_at > moment]
        line.fronts = {}  # what they held has room again
    return leases


def _leases(cursor: Cursor, memory: Memory) -> list[Lease]:
    """All leases of pairs, also those whose time is over, the newest first."""
    line = memory.part(Line)
    if line.leases is None:
        found = rows(
            cursor,
            "select token, subject_id, person_id, expires_at from lease where kind = 'pair' "
            "order by created_at desc, token",
        )
        line.leases = [Lease.model_validate(row) for row in found]
    return line.leases


def _still_held(cursor: Cursor, memory: Memory, wishes: Iterable[Wish], leases: Iterable[Lease]) -> dict[Who, Lease]:
    """What these people hold and can still say something on, the one leased last."""
    persons = {wish.person_id for wish in wishes}
    held = [lease for lease in leases if lease.person_id in persons]
    found = known(cursor, memory, [lease.subject_id for lease in held])
    mine: dict[Who, Lease] = {}
    for lease in held:
        one = found.get(lease.subject_id)
        # A decided pair is over, but for who looks at it a second time.
        if one and (one.pair.state == "open" or lease.person_id in one.said_by):
            mine.setdefault((one.pair.project_id, lease.person_id), lease)
    return mine


def known(cursor: Cursor, memory: Memory, pair_ids: Iterable[str]) -> dict[str, Begun]:
    """These pairs as they stand now; those that are not remembered are read."""
    line, ids = memory.part(Line), list(dict.fromkeys(pair_ids))
    missing = [pair_id for pair_id in ids if pair_id not in line.pairs]
    if missing:
        line.pairs.update(pairs.begun(cursor, missing))
    return {pair_id: line.pairs[pair_id] for pair_id in ids if pair_id in line.pairs}


def _deal(cursor: Cursor, memory: Memory, project_id: str, persons: Sequence[str]) -> dict[str, str]:
    """The pair that each of these people gets, if there is one."""
    if not persons:
        return {}
    holders = memory.part(Line).holders()
    kept = {person for person, has in tally.counts(cursor, memory, project_id, persons).items() if has.reserved}
    front = _front(cursor, memory, project_id, holders, len(persons))
    given: dict[str, str] = {}
    for person_id in persons:
        pair_id = None if person_id in kept else _first_for(person_id, front, holders)
        if pair_id is None and (person_id in kept or front.end < inf):  # theirs alone, or they have spoken on all
            pair_id = _searched(cursor, project_id, person_id, holders)
        if pair_id is not None:
            given[person_id] = pair_id
            holders[pair_id].add(person_id)
    front.pairs = [one for one in front.pairs if has_room(one, holders[one.pair.id])]
    return given


def _front(cursor: Cursor, memory: Memory, project_id: str, holders: Holders, takers: int) -> Front:
    """The first pairs for anybody; read anew when so many takers could use them up."""
    line = memory.part(Line)
    front = line.fronts.get(project_id)
    if front is None or (len(front.pairs) <= takers and front.end < inf):
        most = len(line.leases or ()) + takers + AHEAD  # more rows than others can hold
        found = _window(cursor, "and reserved_for is null", [project_id], most)
        free = [row for row in found if _room(row, holders)]
        taken = free[: takers + AHEAD]
        whole = len(found) < most and len(free) == len(taken)
        end = inf if whole else max((row["place"] for row in taken), default=-inf)
        front = Front(sorted(known(cursor, memory, [row["id"] for row in taken]).values(), key=turn), end)
        line.fronts[project_id] = front
    return front


def _first_for(person_id: str, front: Front, holders: Holders) -> str | None:
    """The first pair with room on which this person has not spoken."""
    return next(
        (one.pair.id for one in front.pairs if person_id not in one.said_by and has_room(one, holders[one.pair.id])),
        None,
    )


def _searched(cursor: Cursor, project_id: str, person_id: str, holders: Holders) -> str | None:
    """The same of all pairs, those that are kept for this person among them."""
    within = "and (reserved_for is null or reserved_for = ?) and position(? in said_by) = 0"
    most = sum(map(len, holders.values())) + 1  # more rows than others can hold, so one of them is free
    found = _window(cursor, within, [project_id, person_id, f" {person_id} "], most)
    return next((row["id"] for row in found if _room(row, holders)), None)


def _window(cursor: Cursor, within: str, values: Sequence[Any], most: int) -> list[Row]:
    """The first pairs of a project that want an opinion, at most so many."""
    found = rows(
        cursor,
        "select id, wanted, done, said_by, place, number from pair "
        f"where project_id = ? and kind = 'pair' and state = 'open' and done < wanted {within} order by place limit ?",
        [*values, most],
    )
    return sorted(found, key=lambda row: (row["place"], row["number"]))


def _room(row: Row, holders: Mapping[str, set[str]]) -> bool:
    return bool(row["done"] + len(holders.get(row["id"], set()) - set(row["said_by"].split())) < row["wanted"])


def held_by(cursor: Cursor, pair_ids: Sequence[str]) -> dict[str, set[str]]:
    """Who holds each of these pairs at this moment."""
    if not pair_ids:
        return {}
    found = rows(
        cursor,
        f"select subject_id, person_id from lease where subject_id in ({marks(pair_ids)}) and expires_at > ?",
        [*pair_ids, now()],
    )
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for row in found:
        holders[row["subject_id"]].add(row["person_id"])
    return holders


def lease(cursor: Cursor, kind: Literal["pair", "matchup"], subject_id: str, person_id: str) -> Lease:
    """Promise a subject to a person for some minutes, under a fresh token."""
    made = _promise(subject_id, person_id)
    _store(cursor, kind, [made])
    return made


def _promise(subject_id: str, person_id: str) -> Lease:
    return Lease(token=secrets.token_hex(16), subject_id=subject_id, person_id=person_id, expires_at=now() + LEASE)


def _store(cursor: Cursor, kind: Literal["pair", "matchup"], made: Sequence[Lease]) -> None:
    moment = now()
    insert(cursor, "lease", *[{**one.model_dump(), "kind": kind, "created_at": moment} for one in made])


def held_all(cursor: Cursor, memory: Memory, tokens: Sequence[str]) -> dict[str, Lease]:
    """The leases of pairs with these tokens that are there, also when their time is over."""
    asked = set(tokens)
    return {lease.token: lease for lease in _leases(cursor, memory) if lease.token in asked}


def held(cursor: Cursor, token: str, person_id: str) -> Lease:
    """The lease of this token, or Conflict when it expired, was given back or belongs to somebody else."""
    found = one(cursor, "select token, subject_id, person_id, expires_at from lease where token = ?", [token])
    if found is None or found["person_id"] != person_id:
        raise lost()
    return Lease.model_validate(found)


def lost() -> Conflict:
    """What to say to somebody whose lease is gone."""
    return Conflict("This pair is no longer yours: the lease expired or was given back. Take the next one.")


def renew(cursor: Cursor, token: str, person_id: str, lasts: timedelta = LEASE) -> Lease:
    """Keep a lease that is still there for another while."""
    found = held(cursor, token, person_id)
    later = now() + lasts
    cursor.execute("update lease set expires_at = ? where token = ?", [later, token])
    return found.model_copy(update={"expires_at": later})


def drop_expired(cursor: Cursor) -> None:
    """Forget the leases whose time is over."""
    cursor.execute("delete from lease where expires_at <= ?", [now()])


def leases_of(cursor: Cursor, kind: Literal["pair", "matchup"], person_id: str) -> set[str]:
    """Ids of what this person holds."""
    found = rows(cursor, "select subject_id from lease where kind = ? and person_id = ?", [kind, person_id])
    return {row["subject_id"] for row in found}


def release_subject(cursor: Cursor, subject_id: str, person_id: str) -> None:
    """Give back whatever this person holds of a pair or matchup."""
    release_all(cursor, Memory(), [(subject_id, person_id)])


def release_all(cursor: Cursor, memory: Memory, held: Collection[tuple[str, str]]) -> None:
    """Give back what these people hold: subject and person."""
    line = memory.part(Line)
    if line.leases is not None:
        tokens = line.released(set(held))
        if tokens:
            run(cursor, f"delete from lease where token in ({marks(tokens)})", tokens)
        return
    names = [f"{subject_id} {person_id}" for subject_id, person_id in held]
    cursor.execute(f"delete from lease where subject_id || ' ' || person_id in ({marks(names)})", names)


def release(cursor: Cursor, token: str) -> None:
    """Give a lease back; nothing happens when it is gone."""
    cursor.execute("delete from lease where token = ?", [token])
