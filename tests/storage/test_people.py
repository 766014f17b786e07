"""Accounts: roles, passwords, sessions, and one-time links."""

import pytest
from factories import add_person

from hone.storage import people, roles
from hone.storage.errors import Conflict, Forbidden, InputError, NotFound
from hone.storage.people import Person
from hone.storage.store import Store


def test_an_admin_may_what_a_lead_may_but_gives_no_opinions(store: Store) -> None:
    admin = add_person(store, "ada", "admin")
    admin.must("lead")
    for role in ("expert", "reviewer"):
        with pytest.raises(Forbidden, match=f"ada has the role admin; this needs {role}"):
            admin.must(role)


def test_a_password_is_kept_as_argon2_and_compared(store: Store) -> None:
    add_person(store, "ana", "expert", password="correct horse")
    with store.read() as cursor:
        found = people.password_hash(cursor, "ana")
        nobody = people.password_hash(cursor, "nobody")
    assert found is not None
    assert found[1].startswith("$argon2id$")
    assert people.verify(found, "correct horse") == found[0]
    assert people.verify(found, "wrong") is None
    assert people.verify(nobody, "correct horse") is None


@pytest.mark.parametrize("name", ["", "Ana", "ana meyer", "a/b", "ana\n", "../x", "<b>"])
def test_a_name_that_could_be_mistaken_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InputError, match="cannot be a name"):
        add_person(store, name, "expert")


def test_a_short_password_and_a_taken_name_are_refused(store: Store, ana: Person) -> None:
    with pytest.raises(InputError, match="8 characters"):
        add_person(store, "zoe", "expert", password="short")
    with pytest.raises(Conflict, match="already a person called ana"):
        add_person(store, "ana", "expert")


def test_a_session_lasts_until_it_is_ended_and_only_its_hash_is_stored(store: Store, ana: Person) -> None:
    token = store.write(lambda cursor: people.start_session(cursor, ana))
    with store.read() as cursor:
        signed_in = people.session(cursor, token)
        assert signed_in is not None
        assert signed_in[0] == ana
        assert people.session(cursor, token + "x") is None
        assert token not in str(cursor.execute("select * from sign_in").fetchall())
    store.write(lambda cursor: people.end_session(cursor, token))
    with store.read() as cursor:
        assert people.session(cursor, token) is None


def test_an_invitation_works_once(store: Store, ana: Person) -> None:
    link = store.write(lambda cursor: people.invite(cursor, ana))
    hashed = people.hash_password("correct horse")
    accepted = store.write(lambda cursor: people.accept_invitation(cursor, link, hashed, "Ana Meyer"))
    assert accepted.full_name == "Ana Meyer"
    with pytest.raises(Conflict, match="used already or has expired"):
        store.write(lambda cursor: people.accept_invitation(cursor, link, hashed, "Someone Else"))


def test_a_new_password_ends_other_links_and_signed_in_browsers(store: Store, ana: Person) -> None:
    session = store.write(lambda cursor: people.start_session(cursor, ana))
    first, second = (store.write(lambda cursor: people.invite(cursor, ana)) for _ in range(2))
    hashed = people.hash_password("correct horse")
    store.write(lambda cursor: people.accept_invitation(cursor, second, hashed, "Ana"))
    with store.read() as cursor:
        assert people.invited(cursor, first) is None
        assert people.session(cursor, session) is None


def test_the_last_admin_stays_one(store: Store) -> None:
    ada = add_person(store, "ada", "admin")
    with pytest.raises(Conflict, match="only admin"):
        store.write(lambda cursor: roles.set_roles(cursor, ada, ("expert",), ada))
    eva = add_person(store, "eva", "admin")
    changed = store.write(lambda cursor: roles.set_roles(cursor, ada, ("expert",), eva))
    assert changed.roles == ("expert",)


def test_an_unknown_name_is_answered_with_the_known_ones(store: Store, ana: Person, ben: Person) -> None:
    with store.read() as cursor, pytest.raises(NotFound, match="There are: ana, ben"):
        people.named(cursor, "anna")
