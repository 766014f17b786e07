"""Changing what a person may do, and letting go of the pairs that waited for them alone."""

import json

from hone.storage import audit, people, seats
from hone.storage.errors import Conflict
from hone.storage.people import Person, Role
from hone.storage.store import Cursor, rows


def set_roles(cursor: Cursor, person: Person, roles: tuple[Role, ...], by: Person) -> Person:
    """Change what a person may do; the last admin stays one.

    Pairs that are kept for somebody who is no expert any more go to everybody: nobody else would get them.

    Raises:
        Forbidden: `by` is no admin.
        Conflict: The person is the only admin, and would be none.
    """
    by.must("admin")
    admins = sum("admin" in each.roles for each in people.everyone(cursor))
    if "admin" in person.roles and "admin" not in roles and admins == 1:
        raise Conflict(f"{person.name} is the only admin: make somebody else an admin first.")
    cursor.execute("update person set roles = ? where id = ?", [json.dumps(list(roles)), person.id])
    released = 0 if "expert" in roles else _release(cursor, person.id)
    audit.record(cursor, by.id, "roles changed", person.id, roles=list(roles), released=released)
    return people.get(cursor, person.id)


def _release(cursor: Cursor, person_id: str) -> int:
    """Let everybody have the pairs that are kept for one person; gives how many there were."""
    kept = rows(cursor, "select id, project_id from pair where reserved_for = ?", [person_id])
    for project_id in sorted({row["project_id"] for row in kept}):
        mine = seats.seats(cursor, [row["id"] for row in kept if row["project_id"] == project_id])
        seats.move(cursor, project_id, [(seat, seats.kept_for(seat, None)) for seat in mine.values()])
    return len(kept)
