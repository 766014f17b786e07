"""What every request passes: strict headers on each answer, no foreign page's writes, no page without a session.

Plain ASGI, so that a socket passes the same door as a page.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hone.platform.access import identity

if TYPE_CHECKING:
    from hone.platform.runtime import Runtime

CSP = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' blob:",  # blob: Streamlit's inline components
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
    )
)

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # no-referrer would make the browser send `Origin: null` with our own forms
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# Without a session: our own forms, the health checks, Streamlit's program files (no data), the API (it asks itself).
OPEN = ("/sign-in", "/sign-out", "/welcome", "/healthz", "/readyz", "/favicon.png", "/favicon.ico")
OPEN_BELOW = ("/sign-in/", "/static/", "/assets/", "/api/v1/")
CALLBACK = "/oauth2callback"  # Streamlit's own until [oidc] makes it ours
NO_PAGE = ("/_stcore/", "/media/", "/component/", "/auth/", CALLBACK)


class Headers:
    """Puts the security headers on every answer, also on errors."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add the headers to what comes back."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, text in HEADERS.items():
                    headers[name] = text
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class Gate:
    """Refuses what another site's page sends, and leads people without a session to /sign-in."""

    def __init__(self, app: ASGIApp, runtime: "Runtime"):
        self.app = app
        self.runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, refuse, or redirect."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        if _writes(scope) and not from_own_page(asked):
            await _refuse(scope, receive, send, "This request came from another site's page and was refused.")
        elif await self._may_pass(asked):
            await self.app(scope, receive, send)
        elif is_app_page(scope):
            await RedirectResponse(f"/sign-in?next={_here(scope)}", 303)(scope, receive, send)
        else:
            await _refuse(scope, receive, send, "Sign in first.")

    async def _may_pass(self, asked: HTTPConnection) -> bool:
        path = asked.scope["path"]
        if _is_open(path):
            return True
        if path == CALLBACK:
            return self.runtime.settings.oidc is not None
        token = asked.cookies.get(identity.COOKIE)
        return await to_thread.run_sync(identity.person_of_cookie, self.runtime, token) is not None


def from_own_page(asked: HTTPConnection) -> bool:
    """Whether the page that sent this is ours. A caller that is no browser names no origin and passes."""
    origin = asked.headers.get("origin")
    if origin is None:
        return asked.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    return urlsplit(origin).netloc == asked.headers.get("host")


def _writes(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")


def is_app_page(scope: Scope) -> bool:
    """Whether somebody wants to see a page of the app, in distinction to a form of ours, a file or a socket."""
    path = scope["path"]
    reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
    return reads and not _is_open(path) and not path.startswith(NO_PAGE)


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_BELOW)


def _here(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return quote(scope["path"] + (f"?{query}" if query else ""), safe="/")


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "http":
        await PlainTextResponse(why, 403)(scope, receive, send)
        return
    refusal: dict[str, Any] = {"type": "websocket.close", "code": 1008, "reason": why}
    await receive()  # the connect, which has to be read before it can be refused
    await send(refusal)
