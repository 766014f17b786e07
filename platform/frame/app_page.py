"""The HTML in which Streamlit's program runs, with our name and mark in it from the first byte on."""

import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hone.platform.access import gate

_CHANGES = (
    (r"<title>.*?</title>", "<title>Hone</title>"),
    (r'<link rel="shortcut icon"[^>]*>', '<link rel="icon" href="/assets/mark.svg" type="image/svg+xml">'),
    (r'<link\s+rel="preload"[^>]*as="font"[^>]*>', ""),  # a font that our theme does not use
    (r'<link rel="service-desc"[^>]*>', ""),  # Streamlit's interface for agents, which is off
    (r"<script>.*?</script>", ""),  # inline, so our policy refuses it; it only serves search engines
    (r"<noscript>.*?</noscript>", "<noscript>Hone needs JavaScript from here on.</noscript>"),
)


@cache
def text() -> str:
    """Streamlit's page with our changes."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    for pattern, ours in _CHANGES:
        page = re.sub(pattern, ours, page, flags=re.DOTALL)
    return page


class AppPage:
    """Answers every address of a page of the app with `text`; all else goes on to Streamlit."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "http" and re.fullmatch(r"/[\w-]*", scope["path"]) and gate.is_app_page(scope):
            await HTMLResponse(text(), headers={"Cache-Control": "no-cache"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)
