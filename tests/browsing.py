"""The pages as one person's browser has them: the real app script over a real store, without a server."""

import html
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import hone.platform.runtime as somewhere
from hone.storage import people
from hone.storage.people import Person
from hone.storage.store import Store

APP = Path(somewhere.__file__).with_name("app.py")


class Browser:
    """One signed-in person (or nobody) with the app open."""

    def __init__(self, store: Store, person: Person | None):
        self.page = AppTest.from_file(str(APP), default_timeout=30)
        token = store.write(lambda cursor: people.start_session(cursor, person)) if person else "a cookie of nobody"
        self.page.session_state["hone_session_token"] = token
        self.page.run()
        self.whole()

    def whole(self) -> None:
        """No traceback was drawn."""
        assert not self.page.exception, self.page.exception

    def go(self, name: str) -> "Browser":
        """Open a page by its address."""
        setattr(self.page, "_page_hash", calc_hash("" if name == "home" else name))  # noqa: B010
        self.page.run()
        self.whole()
        return self

    def buttons(self) -> list[str]:
        return [each.label for each in self.page.button]

    def press(self, label: str) -> "Browser":
        """Press the first button with this label (or whose key starts with it)."""
        found = [each for each in self.page.button if each.label == label or (each.key or "").startswith(label)]
        assert found, f"no button {label!r} among {self.buttons()}"
        found[0].click().run()
        self.whole()
        return self

    def widget(self, kind: str, start: str) -> Any:
        """The first widget of a kind whose key starts so."""
        return next(each for each in getattr(self.page, kind) if (each.key or "").startswith(start))

    @property
    def source(self) -> str:
        """All HTML of ours on the page, as it goes to the browser."""
        return "\n".join(each.body for each in self.page.html)

    @property
    def text(self) -> str:
        """The same with entities resolved."""
        return html.unescape(self.source)

    @property
    def keys(self) -> list[str]:
        """The keys of all widgets on the page: they reach the browser."""
        kinds = ("button", "text_area", "text_input", "button_group", "selectbox", "radio", "checkbox")
        return [str(each.key) for kind in kinds for each in getattr(self.page, kind) if each.key]
