"""The queue: which pair is whose turn. What waits is one read of the pairs' own rows (`seats`), for many at once."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from hone.storage import second_looks
from hone.storage.errors import Conflict
from hone.storage.order import reorder as reorder
from hone.storage.records import Record, now
from hone.storage.second_looks import Wish as Wish
from hone.storage.store import Cursor, insert, marks, rows

LEASE = timedelta(minutes=15)
LEFT = timedelta(seconds=30)  # a page that is left may be on its way back: a reload
Row: TypeAlias = dict[str, Any]
Who: TypeAlias = tuple[str, str]  # project and person


class Lease(Record):
    """A pair or matchup promised to one person for some minutes. The token is opaque and random."""

    token: str
    subject_id: str
    person_id: str
    expires_at: datetime


def claim(cursor: Cursor, project_id: str, person_id: str) -> Lease | None:
    """Lease the next pair to this person; see `claim_all`."""
    return claim_all(cursor, [Wish(project_id=project_id, person_id=person_id)])[0]


def claim_all(cursor: Cursor, wishes: Sequence[Wish]) -> list[Lease | None]:
    """Lease a pair to each: the one they hold already, a second look that is due, else the first that wants them.

    A pair is never with more people than it wants opinions from, never twice with one person in a round, and one
    that was sent back goes to nobody but its expert. Atomic because the writer thread runs it; on PostgreSQL the
    windows gain `for update skip locked`.
    """
    leases = _live(cursor)
    dealt: dict[Who, Lease | None] = dict(_still_held(cursor, wishes, leases))
    waiting: defaultdict[str, list[Wish]] = defaultdict(list)
    for wish in {(wish.project_id, wish.person_id): wish for wish in wishes}.values():
        if (wish.project_id, wish.person_id) not in dealt:
            waiting[wish.project_id].append(wish)
    made: list[Lease] = []
    for project_id, takers in waiting.items():
        looks = second_looks.due(cursor, project_id, takers)
        persons = [wish.person_id for wish in takers if wish.person_id not in looks]
        given = {**looks, **_deal(cursor, project_id, persons, leases)}
        leased = {person_id: _promise(pair_id, person_id) for person_id, pair_id in given.items()}
        dealt.update({(project_id, person_id): lease for person_id, lease in leased.items()})
        made.extend(leased.values())
    _store(cursor, "pair", made)
    return [dealt.get((wish.project_id, wish.person_id)) for wish in wishes]


def _live(cursor: Cursor) -> list[Row]:
    """The leases of pairs that still run, the newest first; those whose time is over are forgotten."""
    found = rows(
        cursor,
        "select token, subject_id, person_id, expires_at from lease where kind = 'pair' "
        "order by created_at desc, token",
    )
    moment = now()
    if any(row["expires_at"] <= moment for row in found):
        drop_expired(cursor)
    return [row for row in found if row["expires_at"] > moment]


def _still_held(cursor: Cursor, wishes: Iterable[Wish], leases: Iterable[Row]) -> dict[Who, Lease]:
    """What these people hold and can still say something on, the one leased last."""
    persons = {wish.person_id for wish in wishes}
    held = [row for row in leases if row["person_id"] in persons]
    if not held:
        return {}
    ids = list({row["subject_id"] for row in held})
    found = rows(cursor, f"select id, project_id, kind, state, said_by from pair where id in ({marks(ids)})", ids)
    by_id = {row["id"]: row for row in found}
    mine: dict[Who, Lease] = {}
    for row in held:
        pair = by_id.get(row["subject_id"])
        # A decided pair is over, but for who looks at it a second time.
        if pair and (pair["state"] == "open" or row["person_id"] in pair["said_by"].split()):
            mine.setdefault((pair["project_id"], row["person_id"]), Lease.model_validate(row))
    return mine


def _deal(cursor: Cursor, project_id: str, persons: Sequence[str], leases: Sequence[Row]) -> dict[str, str]:
    """The pair that each of these people gets, if there is one."""
    if not persons:
        return {}
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for one in leases:
        holders[one["subject_id"]].add(one["person_id"])
    most = len(leases) + len(persons) + 1  # more rows than others can hold, so one of them is free
    first = _window(cursor, project_id, persons, most)
    shared = [row for row in first if _room(row, holders)]
    given: dict[str, str] = {}
    for person_id in persons:
        row = _first_for(person_id, shared, holders)
        if row is None and len(first) == most:  # they have spoken on all of these
            row = _first_for(person_id, _window(cursor, project_id, [person_id], most, person_id), holders)
        if row is None:
            continue
        given[person_id] = row["id"]
        holders[row["id"]].add(person_id)
        shared = [other for other in shared if other is not row or _room(row, holders)]
    return given


def _first_for(person_id: str, candidates: Iterable[Row], holders: dict[str, set[str]]) -> Row | None:
    """The first pair with room that this person may have."""
    for row in candidates:
        mine = row["reserved_for"] in (None, person_id) and person_id not in row["said_by"].split()
        if mine and _room(row, holders):
            return row
    return None


def _room(row: Row, holders: dict[str, set[str]]) -> bool:
    """Whether the pair wants more opinions than it has and will get; who takes a second look does not count."""
    at_work = holders.get(row["id"], set()) - set(row["said_by"].split())
    return bool(row["done"] + len(at_work) < row["wanted"])


_OPEN = (
    "select id, wanted, done, said_by, reserved_for, place, number from pair "
    "where project_id = ? and kind = 'pair' and state = 'open' and done < wanted "
)


def _window(
    cursor: Cursor, project_id: str, persons: Sequence[str], most: int, fresh_to: str | None = None
) -> list[Row]:
    """The first pairs that want an opinion of one of these people, or of one who has not spoken on them yet.

    At most so many. Pairs that were sent back to somebody come first, by their place.
    """
    sql, values = _OPEN + f"and (reserved_for is null or reserved_for in ({marks(persons)})) ", [project_id, *persons]
    if fresh_to is not None:
        sql, values = sql + "and position(? in said_by) = 0 ", [*values, f" {fresh_to} "]
    found = rows(cursor, sql + "order by place limit ?", [*values, most])
    return sorted(found, key=lambda row: (row["place"], row["number"]))


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


def held_all(cursor: Cursor, tokens: Sequence[str]) -> dict[str, Lease]:
    """The leases of these tokens that are there, also when their time is over."""
    found = rows(
        cursor,
        f"select token, subject_id, person_id, expires_at from lease where token in ({marks(tokens)})",
        list(tokens),
    )
    return {row["token"]: Lease.model_validate(row) for row in found}


def held(cursor: Cursor, token: str, person_id: str) -> Lease:
    """The lease of this token, or Conflict when it expired, was given back or belongs to somebody else."""
    found = held_all(cursor, [token]).get(token)
    if found is None or found.person_id != person_id:
        raise lost()
    return found


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
    release_all(cursor, [(subject_id, person_id)])


def release_all(cursor: Cursor, held: Collection[tuple[str, str]]) -> None:
    """Give back what these people hold: subject and person."""
    names = [f"{subject_id} {person_id}" for subject_id, person_id in held]
    cursor.execute(f"delete from lease where subject_id || ' ' || person_id in ({marks(names)})", names)


def release(cursor: Cursor, token: str) -> None:
    """Give a lease back; nothing happens when it is gone."""
    cursor.execute("delete from lease where token = ?", [token])
