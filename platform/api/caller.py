"""Who makes a request of the API: the workspace's owner by key, or a signed-in browser by cookie.

FastAPI fills these in: a route that takes `Who` needs somebody, one that takes `Of` a project that exists.
"""

from collections.abc import Callable, Hashable
from typing import Annotated, TypeAlias, TypeVar
from urllib.parse import unquote

from anyio import to_thread
from fastapi import Depends, Request

from hone.platform.access import identity
from hone.platform.access.gate import from_own_page
from hone.platform.api.problems import NotSignedIn
from hone.platform.runtime import Runtime
from hone.storage import people, projects
from hone.storage.errors import Forbidden
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Cursor

READING = ("GET", "HEAD", "OPTIONS")
T = TypeVar("T")


async def runtime(request: Request) -> Runtime:
    """The open workspace that this API serves."""
    opened: Runtime = request.app.state.runtime
    return opened


Open: TypeAlias = Annotated[Runtime, Depends(runtime)]


async def person(request: Request, opened: Open) -> Person:
    """The person who acts.

    With `Authorization: Bearer <owner key>` that is the workspace's owner, or whom `X-Hone-Person` names, percent-
    encoded; else it is the person of the session cookie, and a write must come from our own pages.

    Raises:
        NotSignedIn: Neither a right key nor a session.
        Forbidden: A write with a cookie that another site's page could have sent.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        if not identity.owner_key_matches(opened, given.strip()):
            raise NotSignedIn("This is not the owner key of the workspace. It is in the workspace's file .owner-key.")
        return await _named_or_owner(opened, unquote(request.headers.get("x-hone-person", "")))
    token = request.cookies.get(identity.COOKIE)
    found = identity.known_person_of_cookie(opened, token)
    found = found or await to_thread.run_sync(identity.person_of_cookie, opened, token)
    if found is None:
        raise NotSignedIn("Sign in, or send the owner key as `Authorization: Bearer KEY`.")
    if request.method not in READING:
        _must_be_our_page(request)
    return found


Who: TypeAlias = Annotated[Person, Depends(person)]


async def lead(who: Who) -> Person:
    """The person who acts, when that is a lead; for what experts and reviewers must not see."""
    who.must("lead")
    return who


Lead: TypeAlias = Annotated[Person, Depends(lead)]


async def project(name: str, opened: Open, _: Who) -> Project:
    """The project of the path, by name; it is looked up only for somebody who is signed in."""
    return await _recall(opened, ("project", name), lambda cursor: projects.named(cursor, name))


Of: TypeAlias = Annotated[Project, Depends(project)]


async def _named_or_owner(opened: Runtime, name: str) -> Person:
    if not name:
        return await to_thread.run_sync(lambda: opened.owner)
    return await _recall(opened, ("person", name), lambda cursor: people.named(cursor, name))


async def _recall(opened: Runtime, key: Hashable, read: Callable[[Cursor], T]) -> T:
    """What the store keeps in memory, at once; what must be read, in a thread."""
    found: T | None = opened.store.recalled(key)
    return found if found is not None else await to_thread.run_sync(opened.store.recall, key, read)


def _must_be_our_page(request: Request) -> None:
    """A form or script of another site can send neither JSON nor a header of its own without our consent."""
    simple = not request.headers.get("content-type", "").startswith("application/json")
    if not from_own_page(request) or (simple and "x-hone-request" not in request.headers):
        raise Forbidden(
            "A write with a session cookie must come from Hone's own pages: send JSON, or the header X-Hone-Request."
        )
