"""People, their roles, their passwords and their signed-in browsers."""

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Literal, TypeAlias

import argon2

from hone.storage import audit
from hone.storage.errors import Conflict, Forbidden, InputError, NotFound
from hone.storage.records import Record, new_id, now
from hone.storage.store import Cursor, insert, one, rows

Role: TypeAlias = Literal["expert", "reviewer", "lead", "admin"]
ROLES: tuple[Role, ...] = ("expert", "reviewer", "lead", "admin")
SESSION = timedelta(days=14)
INVITATION = timedelta(days=7)
_hasher = argon2.PasswordHasher()


class Person(Record):
    """Somebody who acts. An admin may do what a lead may; opinions need the role that gives them."""

    id: str
    name: str
    full_name: str
    roles: tuple[Role, ...]
    email: str | None = None
    active: bool = True
    example: bool = False
    created_at: datetime

    def has(self, role: Role) -> bool:
        """Whether the person has this role; an admin also has the lead's."""
        return role in self.roles or (role == "lead" and "admin" in self.roles)

    def must(self, *allowed: Role) -> None:
        """Raise Forbidden unless the person has one of these roles."""
        if not self.active or not any(self.has(role) for role in allowed):
            raise Forbidden(
                f"{self.name} has the role {' and '.join(self.roles) or 'of a guest'}; this needs "
                f"{' or '.join(allowed)}. An admin can change roles on the page People."
            )


def add(
    cursor: Cursor,
    name: str,
    roles: tuple[Role, ...],
    *,
    full_name: str = "",
    password: str | None = None,
    email: str | None = None,
    example: bool = False,
    by: str = "",
) -> Person:
    """A new account. Without a password it is used through an invitation first.

    Raises:
        InputError: The name is empty or not lower-case letters, digits, dots and dashes; a role is unknown;
            the password is shorter than 8 characters.
        Conflict: The name is taken.
    """
    if not name or not all(part.isalnum() for part in name.replace("-", ".").split(".")) or name != name.lower():
        raise InputError(
            f"'{name}' cannot be a name: use lower-case letters, digits, dots and dashes, as in ana.meyer."
        )
    for role in roles:
        if role not in ROLES:
            raise InputError(f"'{role}' is no role: use {', '.join(ROLES)}.")
    if by_name(cursor, name):
        raise Conflict(f"There is already a person called {name}. Choose another name.")
    person = Person(
        id=new_id(),
        name=name,
        full_name=full_name or name,
        roles=tuple(role for role in ROLES if role in roles),
        email=email,
        example=example,
        created_at=now(),
    )
    hashed = hash_password(password) if password is not None else None
    insert(cursor, "person", {**_columns(person), "password_hash": hashed})
    audit.record(cursor, by or person.id, "person added", person.id, roles=list(person.roles))
    return person


def hash_password(password: str) -> str:
    """Argon2id of a password of 8 characters or more."""
    if len(password) < 8:
        raise InputError("The password has fewer than 8 characters. Choose a longer one.")
    return _hasher.hash(password)


def set_password_hash(cursor: Cursor, person_id: str, hashed: str) -> None:
    """Set a hash made by `hash_password` (outside the transaction: it takes 50 ms by design)."""
    cursor.execute("update person set password_hash = ? where id = ?", [hashed, person_id])
    audit.record(cursor, person_id, "password set", person_id)


def get(cursor: Cursor, person_id: str) -> Person:
    """The person with this id, or NotFound."""
    row = one(cursor, "select * from person where id = ?", [person_id])
    if row is None:
        raise NotFound(f"There is no person with the id {person_id}.")
    return _person(row)


def by_name(cursor: Cursor, name: str) -> Person | None:
    """The person of this name, or None."""
    row = one(cursor, "select * from person where name = ?", [name])
    return _person(row) if row else None


def named(cursor: Cursor, name: str) -> Person:
    """The person of this name, or NotFound with the names that exist."""
    person = by_name(cursor, name)
    if person is None:
        known = ", ".join(person.name for person in everyone(cursor)) or "nobody yet"
        raise NotFound(f"There is no person called '{name}'. There are: {known}.")
    return person


def by_email(cursor: Cursor, email: str) -> Person | None:
    """The person with this address (letter case does not matter), or None."""
    row = one(cursor, "select * from person where lower(email) = lower(?)", [email])
    return _person(row) if row else None


def everyone(cursor: Cursor) -> list[Person]:
    """All people, by name."""
    return [_person(row) for row in rows(cursor, "select * from person order by name")]


def password_hash(cursor: Cursor, name: str) -> tuple[Person, str] | None:
    """The active person of this name and their hash; None when there is none to compare."""
    row = one(cursor, "select * from person where name = ? and active and password_hash is not null", [name])
    return (_person(row), row["password_hash"]) if row else None


@cache
def _nobody() -> str:
    return _hasher.hash("nobody signs in with this")


def verify(found: tuple[Person, str] | None, password: str) -> Person | None:
    """The person, when the password is theirs. Takes as long for a name that does not exist."""
    nobody = _nobody()  # made at the first sign-in of the process, whoever it is
    try:
        _hasher.verify(found[1] if found else nobody, password)
    except argon2.exceptions.VerificationError:
        return None
    return found[0] if found else None


def start_session(cursor: Cursor, person: Person) -> str:
    """A secret for the browser's cookie; the store keeps only its hash."""
    token = secrets.token_urlsafe(32)
    moment = now()
    insert(
        cursor,
        "sign_in",
        {
            "token_sha256": _hash(token),
            "person_id": person.id,
            "created_at": moment,
            "expires_at": moment + SESSION,
            "ended_at": None,
        },
    )
    audit.record(cursor, person.id, "signed in", person.id)
    return token


def session(cursor: Cursor, token: str) -> tuple[Person, datetime] | None:
    """Who is signed in with this secret, and until when; None when it is unknown, ended or expired."""
    row = one(
        cursor,
        "select p.*, s.expires_at from sign_in s join person p on p.id = s.person_id "
        "where s.token_sha256 = ? and s.ended_at is null and s.expires_at > ? and p.active",
        [_hash(token), now()],
    )
    return (_person(row), row["expires_at"]) if row else None


def end_session(cursor: Cursor, token: str) -> None:
    """Sign this browser out."""
    cursor.execute("update sign_in set ended_at = ? where token_sha256 = ? and ended_at is null", [now(), _hash(token)])


def invite(cursor: Cursor, person: Person) -> str:
    """A one-time secret with which the person chooses a password, valid for a week."""
    token = secrets.token_urlsafe(24)
    moment = now()
    insert(
        cursor,
        "invitation",
        {
            "token_sha256": _hash(token),
            "person_id": person.id,
            "created_at": moment,
            "expires_at": moment + INVITATION,
            "used_at": None,
        },
    )
    return token


def invited(cursor: Cursor, token: str) -> Person | None:
    """Who may use this invitation; None when it is unknown, used or expired."""
    row = one(
        cursor,
        "select p.* from invitation i join person p on p.id = i.person_id "
        "where i.token_sha256 = ? and i.used_at is null and i.expires_at > ? and p.active",
        [_hash(token), now()],
    )
    return _person(row) if row else None


def accept_invitation(cursor: Cursor, token: str, hashed: str, full_name: str) -> Person:
    """Use the invitation: set the password's hash and the name shown.

    Other links of the person and browsers that are signed in as them end with it: whoever had the old password
    is out.
    """
    person = invited(cursor, token)
    if person is None:
        raise Conflict("This link was used already or has expired. Ask an admin for a new one.")
    moment = now()
    cursor.execute("update invitation set used_at = ? where person_id = ? and used_at is null", [moment, person.id])
    cursor.execute("update sign_in set ended_at = ? where person_id = ? and ended_at is null", [moment, person.id])
    cursor.execute("update person set full_name = ? where id = ?", [full_name or person.name, person.id])
    set_password_hash(cursor, person.id, hashed)
    return get(cursor, person.id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _person(row: dict[str, object]) -> Person:
    fields = {name: row[name] for name in Person.model_fields}
    return Person.model_validate({**fields, "roles": tuple(json.loads(str(row["roles"])))})


def _columns(person: Person) -> dict[str, object]:
    return {**person.model_dump(), "roles": json.dumps(list(person.roles))}
