"""Who is asking: the person of a browser's cookie, of a provider's claims, or the owner by key; and how often."""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hone.platform.access.private import write_private
from hone.storage import people
from hone.storage.errors import Forbidden
from hone.storage.people import Person
from hone.storage.records import now, sha256
from hone.storage.store import Cursor
from hone.storage.workspace import Workspace

if TYPE_CHECKING:
    from hone.platform.runtime import Runtime

COOKIE = "hone_session"
EXAMPLE_PASSWORD = "hone-demo"  # public: `hone demo` prints it, and the page of sign-in offers it


def person_of_cookie(runtime: "Runtime", token: str | None) -> Person | None:
    """Who is signed in with the cookie's value at this moment; None when nobody is."""
    if not token:
        return None
    found = runtime.store.recall(_session(token), lambda cursor: people.session(cursor, token))
    return _still(found)


def known_person_of_cookie(runtime: "Runtime", token: str | None) -> Person | None:
    """The same without reading the store; None also when that would be needed."""
    return _still(runtime.store.recalled(_session(token))) if token else None


def _still(found: tuple[Person, datetime] | None) -> Person | None:
    return found[0] if found and found[1] > now() else None


def _session(token: str) -> tuple[str, str]:
    return ("session", sha256(token))  # no secret lies about in memory


def person_of_oidc(cursor: Cursor, claims: Mapping[str, Any]) -> Person:
    """The person whose email a provider vouches for (OpenID Connect Core, 5.1).

    Raises:
        Forbidden: The provider names no email, did not verify it, or nobody here has it.
    """
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        raise Forbidden("The provider did not say your email. Ask for the scope 'email' to be allowed for Hone.")
    if claims.get("email_verified") is not True:
        raise Forbidden(f"The provider has not verified {email}. Verify it there, then sign in again.")
    person = people.by_email(cursor, email)
    if person is None or not person.active:
        raise Forbidden(f"Nobody here has the email {email}. Ask an admin to add you on the page People.")
    return person


def owner_key(workspace: Workspace) -> str:
    """The key in the workspace's .owner-key, made when there is none."""
    if not workspace.owner_key_file.exists():
        write_private(workspace.owner_key_file, secrets.token_urlsafe(32))
    return workspace.owner_key_file.read_text(encoding="utf-8").strip()


def owner_key_matches(runtime: "Runtime", presented: str) -> bool:
    """Whether this is the owner's key, in a time that tells nothing about it."""
    return hmac.compare_digest(presented.encode(), runtime.owner_key.encode())


def first_invitation(runtime: "Runtime") -> str | None:
    """A one-time secret for the owner while nobody can sign in with a password yet; else None."""

    def invite(cursor: Cursor) -> str | None:
        if any(people.password_hash(cursor, person.name) for person in people.everyone(cursor)):
            return None
        return people.invite(cursor, owner)

    owner = runtime.owner
    return runtime.store.write(invite)


# Failures that cost nothing, before each next one doubles the wait: of one name at one address, of one
# address (an office shares one), of one name (guesses from many addresses; its owner waits a minute at most).
FREE = {"pair": 4, "address": 30, "name": 100}
LONGEST = {"pair": 300.0, "address": 300.0, "name": 60.0}
FORGOTTEN_AFTER = 900.0  # seconds without a failure


@dataclass
class Throttle:
    """Counts failed sign-ins in memory; a restart forgets them. `clock` gives seconds that only grow."""

    clock: Callable[[], float] = time.monotonic
    _failures: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)

    def wait(self, name: str, address: str) -> float:
        """Seconds until the next attempt is heard; 0 for at once."""
        moment = self.clock()
        return max(0.0, *(self._until(kind, key) - moment for kind, key in _keys(name, address)))

    def count(self, name: str, address: str) -> None:
        """One attempt. Counted before the password is compared, so that many at once are many."""
        moment = self.clock()
        if len(self._failures) > 10_000:
            self._forget(moment)
        for key in _keys(name, address):
            failures, last = self._failures.get(key, (0, moment))
            self._failures[key] = (failures + 1 if moment - last < FORGOTTEN_AFTER else 1, moment)

    def right(self, name: str, address: str) -> None:
        """The attempt was no failure after all."""
        for key in _keys(name, address):
            failures, last = self._failures.get(key, (1, 0.0))
            self._failures[key] = (failures - 1, last)
        del self._failures[_keys(name, address)[0]]

    def _until(self, kind: str, key: str) -> float:
        failures, last = self._failures.get((kind, key), (0, 0.0))
        beyond = failures - FREE[kind]
        return last + min(2.0 ** min(beyond, 20), LONGEST[kind]) if beyond > 0 else 0.0

    def _forget(self, moment: float) -> None:
        self._failures = {key: seen for key, seen in self._failures.items() if moment - seen[1] < FORGOTTEN_AFTER}


def _keys(name: str, address: str) -> list[tuple[str, str]]:
    name = name[:80]
    return [("pair", f"{name} {address}"), ("address", address), ("name", name)]
