"""The way of every `hone` command to the workspace: through its running server, else by opening it here.

Both ways speak to the same API, over HTTP or within this process, so a command is written once.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from hone.platform.api import problems
from hone.storage.errors import Locked, WorkspaceError
from hone.storage.workspace import Workspace

T = TypeVar("T")
Progress = Callable[[int], None]

CHUNK = 1 << 20  # bytes of a file that are sent or received at once
ANSWER = 5.0  # seconds that a server may take to say whether it is ready
STARTING = 15.0  # seconds that a server which has begun to start may need until it answers


class Connection:
    """A way to the API of one workspace. Close it, or use it as a context manager.

    `address` is the server's, or None when the workspace is open in this process.
    """

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient, close: ExitStack, address: str | None):
        self.address = address
        self._portal = portal
        self._client = client
        self._close = close

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: dict[str, Any] | None = None,
        file: Path | None = None,
        sent: Progress | None = None,
    ) -> Any:
        """The answer's JSON (None when it is empty, text when it is no JSON).

        Args:
            method: GET, POST, PUT or PATCH.
            path: Below /api/v1, as /projects.
            json: The body, as JSON.
            params: The query; a list gives a parameter several times, None leaves it out.
            file: A file to send as the body instead.
            sent: Called with the bytes sent so far.

        Raises:
            HoneError: What the server said is wrong, as the same error that it met.
        """
        given = {name: value for name, value in (params or {}).items() if value is not None}

        async def ask() -> httpx.Response:
            content = _chunks(file, sent) if file else None
            return await self._client.request(method, _url(path), json=json, params=given, content=content)

        answer = self._run(ask)
        _must_be_fine(answer)
        if not answer.content:
            return None
        return answer.json() if "json" in _media(answer) and "jsonl" not in _media(answer) else answer.text

    def download(self, path: str, to: Path, params: dict[str, Any] | None = None) -> int:
        """Write the answer to a file, whole or not at all; the number of its lines comes back."""

        async def receive() -> int:
            lines = 0
            async with self._client.stream("GET", _url(path), params=params) as answer:
                if answer.is_error:
                    await answer.aread()
                    _must_be_fine(answer)
                with draft.open("wb") as out:
                    async for chunk in answer.aiter_bytes(CHUNK):
                        out.write(chunk)
                        lines += chunk.count(b"\n")
            return lines

        draft = to.with_name(f".{to.name}.part")
        try:
            lines = self._run(receive)
            draft.replace(to)
        except OSError as problem:
            raise WorkspaceError(f"Cannot write {to}: {problem.strerror}. Choose another place.") from problem
        finally:
            draft.unlink(missing_ok=True)
        return lines

    def close(self) -> None:
        """Let go of the server, or close the workspace."""
        self._close.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            return self._portal.call(ask)
        except httpx.TransportError as problem:
            raise WorkspaceError(
                f"The server at {self.address} does not answer any more ({problem or type(problem).__name__}). "
                "Look at its window, then repeat."
            ) from problem


def connect(workspace: Workspace, *, person: str | None = None, make: bool = False) -> Connection:
    """Reach the workspace through its server, or open it.

    Args:
        workspace: Its folder.
        person: The name of somebody to act as; None is the workspace's owner.
        make: Make the workspace when there is none.

    Raises:
        NotFound: There is no workspace here.
        Locked: A process that is no server, or one that does not answer, holds it.
        WorkspaceError: It cannot be opened as it is.
    """
    if not make:
        workspace.require()
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        address = server_address(workspace)
        if address:
            key = workspace.owner_key_file.read_text(encoding="utf-8").strip()
            transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport()
        else:
            key, transport = _open_here(workspace, stack)
        client = httpx.AsyncClient(
            transport=transport,
            base_url=f"{address or 'http://hone'}/api/v1",
            headers={"Authorization": f"Bearer {key}", **({"X-Hone-Person": quote(person)} if person else {})},
            trust_env=False,
            timeout=httpx.Timeout(10, read=None, write=None),  # an import or a report may take its time
        )
        stack.callback(lambda: portal.call(client.aclose))
        return Connection(portal, client, stack.pop_all(), address)


def server_address(workspace: Workspace) -> str | None:
    """Where the workspace's server answers; None when there is none. One that is starting is waited for.

    After a crash the server's process number may be another program's: where nobody listens there is no server.

    Raises:
        Locked: The server's process lives but does not answer.
    """
    said = workspace.server()
    if said is None:
        return None
    address = str(said.get("address"))
    end = time.monotonic() + STARTING
    while True:
        listens = True
        try:
            if httpx.get(f"{address}/readyz", timeout=ANSWER, trust_env=False).status_code == 200:
                return address
        except httpx.ConnectError:
            listens = False
        except httpx.TransportError:
            pass
        late = time.monotonic() > end
        if workspace.server() is None or (late and not listens):
            return None
        if late:
            pid = int(said["pid"])
            raise Locked(f"Process {pid} serves {workspace.root} at {address} but does not answer: stop it.", pid)
        time.sleep(0.2)


def _open_here(workspace: Workspace, stack: ExitStack) -> tuple[str, httpx.AsyncBaseTransport]:
    """The workspace opened in this process, with its API behind a transport that needs no network."""
    from starlette.applications import Starlette  # half a second of imports that a running server saves us
    from starlette.routing import Mount

    from hone.platform import runtime
    from hone.platform.api.application import api

    opened = runtime.start(workspace)
    stack.callback(opened.close)
    return opened.owner_key, httpx.ASGITransport(Starlette(routes=[Mount("/api/v1", api(opened))]))


async def _chunks(file: Path, sent: Progress | None) -> AsyncIterator[bytes]:
    done = 0
    with file.open("rb") as content:
        while chunk := content.read(CHUNK):
            yield chunk
            done += len(chunk)
            if sent:
                sent(done)


def _url(path: str) -> str:
    return path.lstrip("/")


def _media(answer: httpx.Response) -> str:
    return str(answer.headers.get("content-type", ""))


def _must_be_fine(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    if problems.MEDIA_TYPE in _media(answer):
        raise problems.error(answer.json())
    raise WorkspaceError(f"The server answered {answer.status_code} to {answer.request.url.path}: {answer.text[:200]}")
