"""`hone serve`: one process with the pages, the API, sign-in and health checks over one open workspace."""

import errno
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import streamlit as st
import uvicorn
from anyio import to_thread
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from hone.platform import runtime
from hone.platform.access import identity, sign_in
from hone.platform.access.gate import Gate, Headers
from hone.platform.access.sign_in import Door
from hone.platform.api.application import api
from hone.platform.frame import desk_surface, streamlit_options
from hone.platform.frame.app_page import AppPage
from hone.platform.runtime import Runtime
from hone.storage import people
from hone.storage.errors import HoneError, InputError
from hone.storage.workspace import Workspace

HERE = Path(__file__).parent
ANSWER_WITHIN = 5  # seconds that open requests have to finish when the server stops

Announce = Callable[[str], None]


def serve(
    workspace: Workspace,
    host: str | None = None,
    port: int | None = None,
    browser: bool = True,
    announce: Announce = print,
) -> None:
    """Serve the workspace until SIGTERM or Ctrl-C, then finish the waiting writes and close it.

    Args:
        workspace: Its folder; the database is made when there is none.
        host: Where to listen; None takes hone.toml's, else 127.0.0.1.
        port: None takes hone.toml's, else 8501; 0 takes any free port.
        browser: Open the address in a browser once it can be used.
        announce: Is given the lines to print, the address first.

    Raises:
        InputError: The port is in use, the host is not one of this machine, or hone.toml is wrong.
        Locked: Another process has the workspace open; its address is named.
    """
    signal.signal(signal.SIGTERM, _as_interrupt)
    with suppress(KeyboardInterrupt), runtime.start(workspace) as opened:
        host = host or opened.settings.server.host
        listening = listen(host, opened.settings.server.port if port is None else port)
        with listening:
            ip, taken = listening.getsockname()[:2]
            address = _address(host, taken)
            opened.serving(address)
            opened.checker.start()

            def ready() -> None:
                first = _say_where(opened, address, announce)
                if not ip_address(ip).is_loopback:
                    announce("Other machines can reach it, and passwords travel in the clear: put HTTPS in front.")
                if browser and _has_screen():
                    threading.Thread(target=webbrowser.open, args=[first], daemon=True).start()

            _run(asgi(opened, host, taken, ready), listening)


def _say_where(opened: Runtime, address: str, announce: Announce) -> str:
    """Announce the address, and the owner's one-time link while nobody can sign in; what a browser opens first."""
    announce(f"Hone is at {address}")
    invitation = identity.first_invitation(opened)
    if invitation is None:
        return address
    link = f"{address}/welcome?token={invitation}"
    announce(f"Choose the owner's password at {link}")
    return link


def _has_screen() -> bool:
    """Without one, Python would open a text browser in the terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def asgi(opened: Runtime, host: str, port: int, ready: Callable[[], None]) -> Any:
    """The whole application; `ready` is called once it can be used."""
    streamlit_options.apply(host, port, opened.owner_key)  # before `st.App`, which reads some of them
    state = {"ready": False}

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncGenerator[None]:
        state["ready"] = True
        await to_thread.run_sync(ready)
        yield
        state["ready"] = False

    async def readyz(_: Request) -> JSONResponse:
        usable = state["ready"] and await to_thread.run_sync(_store_answers, opened)
        return JSONResponse({"ready": usable}, 200 if usable else 503, {"Cache-Control": "no-store"})

    return st.App(
        HERE / "app.py",
        lifespan=lifespan,
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/favicon.png", favicon),
            Route("/favicon.ico", favicon),
            *_sign_in_routes(opened),
            Mount("/api/v1", api(opened)),
            Route("/assets/desk.js", desk_script),
            Mount("/assets", StaticFiles(directory=HERE / "assets")),
        ],
        middleware=[Middleware(Headers), Middleware(Gate, runtime=opened), Middleware(AppPage)],
    )


async def healthz(_: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"alive": True}, headers={"Cache-Control": "no-store"})


async def favicon(_: Request) -> Response:
    """Our mark from the first byte on, in place of Streamlit's."""
    return FileResponse(HERE / "assets" / "mark.svg", media_type="image/svg+xml")


async def desk_script(_: Request) -> Response:
    """The script of the review desk. Its address names the version, so that a browser may keep it for good."""
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(desk_surface.script(), media_type="text/javascript", headers=kept)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, or InputError in one line."""
    if not 0 <= port <= 65535:
        raise InputError(f"{port} is no port. Choose one from 1024 to 65535 with --port, or 0 for any free one.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: asyncio sets TCP_NODELAY only then, without which every small answer takes 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as problem:
        listening.close()
        if problem.errno == errno.EADDRINUSE:
            raise InputError(
                f"Port {port} of {host} is in use by another program. Choose another with --port, or --port 0."
            ) from problem
        if problem.errno == errno.EACCES:
            raise InputError(f"Port {port} is for the system only. Choose one above 1023 with --port.") from problem
        raise InputError(f"Cannot listen at {host}: {problem.strerror}. Choose another with --host.") from problem
    return listening


def _run(app: Any, listening: socket.socket) -> None:
    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_ping_interval=30,
        ws_ping_timeout=30,
        ws_per_message_deflate=False,
        lifespan="on",
        timeout_graceful_shutdown=ANSWER_WITHIN,
    )
    server = uvicorn.Server(settings)
    server.run(sockets=[listening])
    if not server.started:
        raise HoneError("The app did not start; the lines above say why. `hone doctor` checks the installation.")


def _as_interrupt(_: int, __: FrameType | None) -> NoReturn:
    """SIGTERM ends the server as Ctrl-C does. uvicorn raises either again when it has shut down."""
    raise KeyboardInterrupt


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _store_answers(opened: Runtime) -> bool:
    try:
        with opened.store.read() as cursor:
            people.everyone(cursor)
    except Exception:  # whatever it is, the answer is no
        return False
    return True


def _sign_in_routes(opened: Runtime) -> list[Route]:
    door = Door(opened)
    if opened.settings.oidc is None:
        return sign_in.routes(door)
    from hone.platform.access.sign_in_oidc import Provider  # only now: few workspaces need it at each start

    return [*sign_in.routes(door), *Provider(door, opened.settings.oidc).routes()]
