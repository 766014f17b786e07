"""People, their roles, and the one-time links by which they choose a password."""

from fastapi import APIRouter

from hone.platform.api.caller import Open, Who
from hone.storage import people, roles
from hone.storage.people import Person, Role
from hone.storage.records import Record
from hone.storage.store import Cursor

router = APIRouter(tags=["people"])


class NewPerson(Record):
    """An account to make."""

    name: str
    roles: tuple[Role, ...]
    full_name: str = ""
    email: str | None = None


class Roles(Record):
    """All roles that a person shall have."""

    roles: tuple[Role, ...]


class Invited(Record):
    """A person and the one-time link, as a path below the server's address."""

    person: Person
    link: str


@router.get("/people")
def list_people(opened: Open, who: Who) -> list[Person]:
    """Everybody with an account, by name."""
    who.must("lead")
    with opened.store.read() as cursor:
        return people.everyone(cursor)


@router.post("/people")
def add(opened: Open, who: Who, new: NewPerson) -> Invited:
    """Make an account and a link by which its owner chooses a password."""
    who.must("admin")

    def change(cursor: Cursor) -> Invited:
        person = people.add(cursor, new.name, new.roles, full_name=new.full_name, email=new.email, by=who.id)
        return _invited(cursor, person)

    return opened.store.write(change)


@router.put("/people/{name}/roles")
def set_roles(opened: Open, who: Who, name: str, body: Roles) -> Person:
    """Change what a person may do."""
    who.must("admin")  # before the name is looked up: an unknown one is answered by those that there are
    return opened.store.write(lambda cursor: roles.set_roles(cursor, people.named(cursor, name), body.roles, who))


@router.post("/people/{name}/invitations")
def invite(opened: Open, who: Who, name: str) -> Invited:
    """A new one-time link, valid for a week; also for somebody who forgot their password."""
    who.must("admin")
    return opened.store.write(lambda cursor: _invited(cursor, people.named(cursor, name)))


def _invited(cursor: Cursor, person: Person) -> Invited:
    return Invited(person=person, link=f"/welcome?token={people.invite(cursor, person)}")
