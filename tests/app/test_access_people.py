"""Who is asking, without a server: claims of a provider, the owner's key, the first link, the throttle."""

import stat
from collections.abc import Iterator
from itertools import pairwise

import pytest
from factories import add_person

from hone.platform import runtime
from hone.platform.access import identity
from hone.platform.access.identity import Throttle
from hone.platform.runtime import Runtime
from hone.storage import people
from hone.storage.errors import Forbidden, Locked, WorkspaceError
from hone.storage.store import Store
from hone.storage.workspace import Workspace


@pytest.fixture
def opened(workspace: Workspace) -> Iterator[Runtime]:
    with Runtime(workspace) as opened:
        yield opened


def test_a_verified_email_is_the_person_who_has_it(store: Store) -> None:
    ana = store.write(lambda cursor: people.add(cursor, "ana", ("expert",), email="Ana@example.org"))
    with store.read() as cursor:
        found = identity.person_of_oidc(cursor, {"email": "ana@Example.org", "email_verified": True})
    assert found == ana


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({}, "did not say your email"),
        ({"email": "ana@example.org"}, "has not verified ana@example.org"),
        ({"email": "ana@example.org", "email_verified": "true"}, "has not verified"),
        ({"email": "bob@example.org", "email_verified": True}, "Nobody here has the email bob@example.org"),
    ],
)
def test_other_claims_are_refused_with_the_way_on(store: Store, claims: dict[str, object], said: str) -> None:
    store.write(lambda cursor: people.add(cursor, "ana", ("expert",), email="ana@example.org"))
    with store.read() as cursor, pytest.raises(Forbidden, match=said):
        identity.person_of_oidc(cursor, claims)


def test_the_owner_key_stays_the_same_and_is_the_owners_only(workspace: Workspace) -> None:
    with Runtime(workspace) as opened:
        first = opened.owner_key
    with Runtime(workspace) as opened:
        assert opened.owner_key == first
        assert identity.owner_key_matches(opened, first)
        assert not identity.owner_key_matches(opened, first[:-1])
        assert not identity.owner_key_matches(opened, "kéy")
    assert stat.S_IMODE(workspace.owner_key_file.stat().st_mode) == 0o600


def test_the_owner_is_the_admin_who_came_first(opened: Runtime) -> None:
    add_person(opened.store, "zoe", "admin")
    add_person(opened.store, "abe", "admin")
    assert opened.owner.name == "zoe"


def test_a_new_workspace_gets_an_owner_who_may_walk_the_whole_loop(opened: Runtime) -> None:
    assert opened.owner == opened.owner
    assert (opened.owner.name, opened.owner.roles) == ("owner", people.ROLES)


def test_the_first_link_is_made_only_while_nobody_has_a_password(opened: Runtime) -> None:
    token = identity.first_invitation(opened)
    assert token
    opened.store.write(lambda cursor: people.accept_invitation(cursor, token, people.hash_password("long enough"), ""))
    assert identity.first_invitation(opened) is None


def test_a_cookie_is_looked_up_anew_each_time(opened: Runtime) -> None:
    ana = add_person(opened.store, "ana", "expert")
    token = opened.store.write(lambda cursor: people.start_session(cursor, ana))
    assert identity.person_of_cookie(opened, token) == ana
    opened.store.write(lambda cursor: people.end_session(cursor, token))
    assert identity.person_of_cookie(opened, token) is None
    assert identity.person_of_cookie(opened, None) is None


def test_a_process_has_one_workspace_that_pages_ask_for(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="No workspace is open"):
        runtime.current()
    with runtime.start(workspace) as opened:
        assert runtime.current() is opened
        with pytest.raises(Locked, match="open in this process"):
            runtime.start(workspace)
        assert runtime.current() is opened
    with pytest.raises(WorkspaceError):
        runtime.current()


def test_a_stale_server_file_is_replaced_and_taken_away(workspace: Workspace) -> None:
    workspace.make_folders()
    workspace.server_file.write_text('{"pid": 1, "address": "http://127.0.0.1:1"}')
    with Runtime(workspace) as opened:
        opened.serving("http://127.0.0.1:2")
        assert (workspace.server() or {})["address"] == "http://127.0.0.1:2"
    assert not workspace.server_file.exists()


class Clock:
    """Seconds that the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(throttle: Throttle, times: int, name: str = "ana", address: str = "10.0.0.1") -> None:
    for _ in range(times):
        throttle.count(name, address)


def test_the_wait_doubles_with_each_failure_up_to_five_minutes() -> None:
    throttle, waits = Throttle(Clock()), []
    for _ in range(20):
        fail(throttle, 1)
        waits.append(throttle.wait("ana", "10.0.0.1"))
    assert waits[:4] == [0, 0, 0, 0]
    assert waits[4:8] == [2, 4, 8, 16]
    assert all(earlier <= later <= 300 for earlier, later in pairwise(waits))
    assert waits[-1] == 300


def test_waiting_helps_and_a_quarter_of_an_hour_forgets() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    fail(throttle, 6)
    clock.now += 4
    assert throttle.wait("ana", "10.0.0.1") == 0
    clock.now += identity.FORGOTTEN_AFTER
    fail(throttle, 1)
    assert throttle.wait("ana", "10.0.0.1") == 0


def test_a_guesser_does_not_lock_the_person_out() -> None:
    throttle = Throttle(Clock())
    fail(throttle, 20, address="10.6.6.6")
    assert throttle.wait("ana", "10.6.6.6") > 0
    assert throttle.wait("ana", "10.0.0.1") == 0


def test_many_names_from_one_address_and_one_name_from_many_are_slowed_too() -> None:
    throttle = Throttle(Clock())
    for number in range(identity.FREE["address"] + 1):
        fail(throttle, 1, name=f"name{number}")
    assert throttle.wait("somebody", "10.0.0.1") > 0
    for number in range(identity.FREE["name"] + 30):
        fail(throttle, 1, name="bea", address=f"10.1.1.{number}")
    assert 0 < throttle.wait("bea", "10.2.2.2") <= 60


def test_the_right_password_clears_the_count() -> None:
    throttle = Throttle(Clock())
    for _ in range(200):
        fail(throttle, 1)
        throttle.right("ana", "10.0.0.1")
    assert throttle.wait("ana", "10.0.0.1") == 0
