"""The queue: which pair is whose turn. Leases, where a pair stands, and the way back to the front.

Its state stands on the pair's row, so that the next pair is one read; the rows of reviews can rebuild it.
"""

import secrets
from datetime import datetime, timedelta
from typing import Literal

from hone.storage.errors import Conflict
from hone.storage.pairs import Pair, State
from hone.storage.records import Record, new_id, now
from hone.storage.store import Cursor, insert, one, rows, value

LEASE = timedelta(minutes=15)
LEFT = timedelta(seconds=30)  # a page that is left may be on its way back: a reload


class Lease(Record):
    """A pair or matchup promised to one person for some minutes. The token is opaque and random."""

    token: str
    subject_id: str
    person_id: str
    expires_at: datetime


def claim(cursor: Cursor, project_id: str, person_id: str) -> Lease | None:
    """Lease the next pair to this person: the one they hold already, else the first that wants another opinion.

    A pair is never with more people than it wants opinions from, and never twice with one person in a round.
    Atomic because the writer thread runs it; on PostgreSQL the inner select gains `for update skip locked`.
    """
    drop_expired(cursor)
    mine = holding(cursor, project_id, person_id)
    if mine:
        return mine
    found = one(
        cursor,
        "select p.id from pair p where p.project_id = ? and p.state = 'open' "
        "and p.done + (select count(*) from lease l where l.subject_id = p.id) < p.wanted "
        "and not exists (select 1 from current_review r "
        "                where r.pair_id = p.id and r.person_id = ? and r.round = p.round) "
        "order by p.priority desc, p.number limit 1",
        [project_id, person_id],
    )
    return lease(cursor, "pair", found["id"], person_id) if found else None


def holding(cursor: Cursor, project_id: str, person_id: str) -> Lease | None:
    """The open pair that this person holds, the one leased last first; None when there is none."""
    row = one(
        cursor,
        "select l.token, l.subject_id, l.person_id, l.expires_at from lease l join pair p on p.id = l.subject_id "
        "where l.kind = 'pair' and l.person_id = ? and l.expires_at > ? and p.project_id = ? and p.state = 'open' "
        "order by l.created_at desc, l.token limit 1",
        [person_id, now(), project_id],
    )
    return Lease.model_validate(row) if row else None


def held_by_others(cursor: Cursor, pair_id: str, person_id: str) -> int:
    """How many other people hold the pair at this moment."""
    return int(
        value(
            cursor,
            "select count(*) from lease where subject_id = ? and person_id <> ? and expires_at > ?",
            [pair_id, person_id, now()],
        )
    )


def lease(cursor: Cursor, kind: Literal["pair", "matchup"], subject_id: str, person_id: str) -> Lease:
    """Promise a subject to a person for some minutes, under a fresh token."""
    moment = now()
    made = Lease(token=secrets.token_hex(16), subject_id=subject_id, person_id=person_id, expires_at=moment + LEASE)
    insert(cursor, "lease", {**made.model_dump(), "kind": kind, "created_at": moment})
    return made


def held(cursor: Cursor, token: str, person_id: str) -> Lease:
    """The lease of this token, or Conflict when it expired, was given back or belongs to somebody else."""
    row = one(
        cursor,
        "select token, subject_id, person_id, expires_at from lease where token = ? and person_id = ?",
        [token, person_id],
    )
    if row is None:
        raise Conflict("This pair is no longer yours: the lease expired or was given back. Take the next one.")
    return Lease.model_validate(row)


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
    cursor.execute("delete from lease where subject_id = ? and person_id = ?", [subject_id, person_id])


def release(cursor: Cursor, token: str) -> None:
    """Give a lease back; nothing happens when it is gone."""
    cursor.execute("delete from lease where token = ?", [token])


def want(cursor: Cursor, project_id: str, opinions: int) -> list[str]:
    """Ask for so many opinions on each pair of a project; gives the open pairs that have some already."""
    cursor.execute("update pair set wanted = ? where project_id = ?", [opinions, project_id])
    begun = "select id from pair where project_id = ? and state = 'open' and done > 0 order by number"
    return [row["id"] for row in rows(cursor, begun, [project_id])]


def set_standing(cursor: Cursor, pair_id: str, *, state: State, done: int, approved_revision: str | None) -> None:
    """Write the queue's state of a pair, as the rows of its reviews and adjudications give it."""
    cursor.execute(
        "update pair set state = ?, done = ?, approved_revision = ? where id = ?",
        [state, done, approved_revision, pair_id],
    )


def reopen(cursor: Cursor, pair: Pair, *, why: str, priority: int, report_id: str | None, person_id: str) -> None:
    """Start a new round of reviews: everybody may be asked again, and the pair goes to the front."""
    cursor.execute(
        "update pair set state = 'open', round = round + 1, done = 0, priority = ?, why = ? where id = ?",
        [priority, why, pair.id],
    )
    _queued(cursor, pair, why, report_id, person_id)


def prioritise(cursor: Cursor, pair: Pair, *, why: str, priority: int, report_id: str | None, person_id: str) -> None:
    """Move an open pair to the front of the queue."""
    cursor.execute("update pair set priority = ?, why = ? where id = ?", [priority, why, pair.id])
    _queued(cursor, pair, why, report_id, person_id)


def _queued(cursor: Cursor, pair: Pair, why: str, report_id: str | None, person_id: str) -> None:
    insert(
        cursor,
        "queued",
        {
            "id": new_id(),
            "project_id": pair.project_id,
            "pair_id": pair.id,
            "report_id": report_id,
            "why": why,
            "person_id": person_id,
            "created_at": now(),
        },
    )


def sent_back(cursor: Cursor, project_id: str) -> int:
    """How many pairs wait because somebody sent them to the queue again."""
    return int(
        value(
            cursor, "select count(*) from pair where project_id = ? and state = 'open' and why <> 'new'", [project_id]
        )
    )
