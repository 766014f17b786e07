"""Requests to the API of a workspace that is open in this process: the real application, no network."""

from typing import Any

import anyio
import httpx

from hone.platform.access import identity
from hone.platform.api.application import api
from hone.platform.runtime import Runtime
from hone.storage import people
from hone.storage.people import Person


class Asking:
    """Asks as the owner, as somebody by the owner's key, by a session's cookie, or as nobody."""

    def __init__(self, opened: Runtime):
        self.opened = opened
        self.application = api(opened)

    def __call__(
        self,
        method: str,
        path: str,
        *,
        person: Person | None = None,
        headers: dict[str, str] | None = None,
        **given: Any,
    ) -> httpx.Response:
        """The answer to a request with the owner's key, acting as `person` if one is given."""
        acting = {"X-Hone-Person": person.name} if person else {}
        return self.bare(
            method,
            path,
            headers={"Authorization": f"Bearer {self.opened.owner_key}", **acting, **(headers or {})},
            **given,
        )

    def by_cookie(
        self, person: Person, method: str, path: str, headers: dict[str, str] | None = None, **given: Any
    ) -> httpx.Response:
        """The answer to a request of a signed-in browser."""
        token = self.opened.store.write(lambda cursor: people.start_session(cursor, person))
        return self.bare(method, path, headers={"Cookie": f"{identity.COOKIE}={token}", **(headers or {})}, **given)

    def bare(self, method: str, path: str, **given: Any) -> httpx.Response:
        """The answer to a request as it stands."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://hone") as client:
                return await client.request(method, path, **given)

        return anyio.run(ask)


def problem(answer: httpx.Response, status: int) -> str:
    """The detail of a problem document, after a look at its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said.keys() == {"type", "title", "status", "detail"}
    assert said["status"] == status
    assert "Traceback" not in answer.text
    assert "\n" not in said["detail"]
    return str(said["detail"])
