"""A body of JSON is read into memory, before it is known who sends it: so no more of it than any record needs."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 32 * 2**20  # bytes
STREAMED = ("/imports", "/previews")  # these go to the disk piece by piece, once it is known who sends them


class Bounded:
    """Ends requests whose body is too large, with 413."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count what is read."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST:
                raise HTTPException(413, f"The body is larger than {LARGEST // 2**20} MB. Send it in parts")
            return message

        bounded = scope["type"] == "http" and not scope["path"].endswith(STREAMED)
        await self.app(scope, counted if bounded else receive, send)
