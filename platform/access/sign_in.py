"""Sign in, sign out, and the welcome of somebody who was invited: plain HTML forms outside the app.

They work without JavaScript and with password managers, and are there at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import TypeVar
from urllib.parse import parse_qs, quote

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from hone.platform.access import identity, sign_in_pages
from hone.platform.runtime import Runtime
from hone.storage import people
from hone.storage.errors import Conflict, InputError
from hone.storage.people import Person
from hone.storage.store import Cursor

T = TypeVar("T")

LARGEST_FORM = 8192  # bytes
NO_MATCH = "That name and password do not match. Check both and try again."


def routes(door: "Door") -> list[Route]:
    """The routes of the pages outside the app."""
    return [
        Route("/sign-in", door.sign_in_page, methods=["GET"]),
        Route("/sign-in", door.sign_in, methods=["POST"]),
        Route("/sign-out", door.sign_out_page, methods=["GET"]),
        Route("/sign-out", door.sign_out, methods=["POST"]),
        Route("/welcome", door.welcome_page, methods=["GET"]),
        Route("/welcome", door.welcome, methods=["POST"]),
    ]


@dataclass
class Door:
    """The handlers, over one runtime."""

    runtime: Runtime
    throttle: identity.Throttle = field(default_factory=identity.Throttle)
    hashing: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))  # argon2: 50 ms and 64 MB each

    async def sign_in_page(self, request: Request) -> Response:
        """The form; whoever is signed in already goes on."""
        wanted = local_path(request.query_params.get("next"))
        if await self._person(request):
            return RedirectResponse(wanted, 303)
        said = "You are signed out." if "out" in request.query_params else ""
        return await self.form_page(wanted, said=said)

    async def sign_in(self, request: Request) -> Response:
        """Compare, start a session, go on to the wanted page."""
        sent = await form(request)
        name, wanted = sent.get("name", "").strip().lower(), local_path(sent.get("next"))
        address = request.client.host if request.client else ""
        wait = self.throttle.wait(name, address)
        if wait > 0:
            answer = await self.form_page(wanted, name, f"Too many attempts. Try again in {_in_words(wait)}.", 429)
            answer.headers["Retry-After"] = str(ceil(wait))
            return answer
        self.throttle.count(name, address)
        person = await to_thread.run_sync(self._compare, name, sent.get("password", ""), limiter=self.hashing)
        if person is None:
            return await self.form_page(wanted, name, NO_MATCH, 403)
        self.throttle.right(name, address)
        return await self.signed_in(request, person, wanted)

    async def sign_out_page(self, request: Request) -> Response:
        """One button, for a link that leads here."""
        person = await self._person(request)
        return _page(sign_in_pages.sign_out(person)) if person else RedirectResponse("/sign-in", 303)

    async def sign_out(self, request: Request) -> Response:
        """End this browser's session."""
        token = request.cookies.get(identity.COOKIE)
        if token:
            await self._write(lambda cursor: people.end_session(cursor, token))
        answer = RedirectResponse("/sign-in?out=1", 303)
        answer.delete_cookie(identity.COOKIE, path="/", httponly=True, samesite="lax")
        return answer

    async def welcome_page(self, request: Request) -> Response:
        """Full name and password, for somebody with a one-time link."""
        token = request.query_params.get("token", "")
        person = await to_thread.run_sync(self._invited, token)
        if person is None:
            return _page(sign_in_pages.no_invitation(), 410)
        return _page(sign_in_pages.welcome(person, token))

    async def welcome(self, request: Request) -> Response:
        """Set both, use the link up, and sign in."""
        sent = await form(request)
        token, password = sent.get("token", ""), sent.get("password", "")
        full_name = " ".join(sent.get("full_name", "").split())[:80]
        person = await to_thread.run_sync(self._invited, token)
        if person is None:
            return _page(sign_in_pages.no_invitation(), 410)
        if password != sent.get("again", ""):
            return _page(sign_in_pages.welcome(person, token, full_name, "The two passwords differ."), 422)
        try:
            hashed = await to_thread.run_sync(people.hash_password, password, limiter=self.hashing)
            person = await self._write(lambda cursor: people.accept_invitation(cursor, token, hashed, full_name))
        except InputError as problem:
            return _page(sign_in_pages.welcome(person, token, full_name, str(problem)), 422)
        except Conflict:  # somebody used the link in the meantime
            return _page(sign_in_pages.no_invitation(), 410)
        return await self.signed_in(request, person, "/")

    async def signed_in(self, request: Request, person: Person, wanted: str) -> Response:
        """Start a session in this browser and go on."""
        token = await self._write(lambda cursor: people.start_session(cursor, person))
        answer = RedirectResponse(wanted, 303)
        answer.set_cookie(
            identity.COOKIE,
            token,
            max_age=int(people.SESSION.total_seconds()),
            path="/",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    async def form_page(
        self, wanted: str, name: str = "", wrong: str = "", status: int = 200, said: str = ""
    ) -> Response:
        """The form of sign-in with what is to be said above it."""
        oidc = self.runtime.settings.oidc
        examples = await to_thread.run_sync(self._examples)
        provider = oidc.provider if oidc else None
        return _page(sign_in_pages.sign_in(wanted, name, wrong, said, examples, provider), status)

    async def _person(self, request: Request) -> Person | None:
        token = request.cookies.get(identity.COOKIE)
        return await to_thread.run_sync(identity.person_of_cookie, self.runtime, token)

    async def _write(self, change: Callable[[Cursor], T]) -> T:
        return await to_thread.run_sync(self.runtime.store.write, change)

    def _compare(self, name: str, password: str) -> Person | None:
        with self.runtime.store.read() as cursor:
            found = people.password_hash(cursor, name)
        return people.verify(found, password)

    def _invited(self, token: str) -> Person | None:
        with self.runtime.store.read() as cursor:
            return people.invited(cursor, token)

    def _examples(self) -> list[Person]:
        with self.runtime.store.read() as cursor:
            return [person for person in people.everyone(cursor) if person.example and person.active]


def local_path(wanted: str | None) -> str:
    """A path of this server to go on to; "/" for anything that a browser could take for another site."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/sign-", "/welcome")):
        return "/"
    if "\\" in wanted or any(ord(letter) < 33 or ord(letter) == 127 for letter in wanted):
        return "/"
    return quote(wanted, safe="/?&=%#:;,+@!$'()*~[]")


async def form(request: Request) -> dict[str, str]:
    """The fields of a posted form; none when it is larger than any of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    return {name: given[0] for name, given in fields.items()}


def _page(html: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(html, status, {"Cache-Control": "no-store"})


def _in_words(seconds: float) -> str:
    whole = ceil(seconds)
    if whole > 90:
        return f"{ceil(whole / 60)} minutes"
    return f"{whole} second{'' if whole == 1 else 's'}"
