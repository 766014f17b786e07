"""People at their browsers: each signs in, goes from page to page by the sidebar, presses what is written on a button.

Nobody sleeps: every step waits for what a person would wait for, with a deadline.
"""

import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from chromium import ARGUMENTS, chromium
from playwright.sync_api import Browser, Locator, Page, TimeoutError, ViewportSize, expect, sync_playwright

PATIENCE = 30_000  # milliseconds; on an idle machine a step takes a fraction of a second
WIDE: ViewportSize = {"width": 1440, "height": 900}


@contextmanager
def browser() -> Generator[Browser]:
    """A headless Chromium."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield opened
        opened.close()


class Walker:
    """One person, signed in by the form at /sign-in, at a browser of their own."""

    def __init__(self, browser: Browser, address: str, name: str, password: str, dark: bool = False):
        scheme: Literal["dark", "light"] = "dark" if dark else "light"
        self.page: Page = browser.new_context(viewport=WIDE, color_scheme=scheme).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(address + "/sign-in")
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.sees(".h-person")

    def go(self, title: str) -> "Walker":
        """Choose a page in the sidebar."""
        self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        return self.rest()

    def press(self, label: str) -> "Walker":
        """Press a button by the words on it; a key that stands beside them is no part of them."""
        self.page.get_by_role("button", name=re.compile(rf"^{re.escape(label)}( Shortcut .+)?$")).first.click()
        return self

    def row(self, text: str) -> "Walker":
        """Open the first row of a list that has this text."""
        rows = self.page.locator("[class*=st-key-row-]", has_text=text)
        rows.first.get_by_role("button", name="Open").click()
        return self

    def judge(self, key: str) -> bool:
        """Judge the matchup on the page Judge by a key, and wait until it is gone; False when all are judged."""
        self.sees(".h-sides, .h-empty")
        if self.rest().page.locator(".h-empty").count():
            return False
        self.sees("button", "Left better")
        done = self.sees(".h-progress", "to go").inner_text().split(",")[0]
        self.key(key).loses(".h-progress", done.splitlines()[-1])
        return True

    def key(self, key: str) -> "Walker":
        """Press a key, outside of any field."""
        self.rest().page.keyboard.press(key)
        return self

    def write(self, label: str, text: str, place: int = 0) -> "Walker":
        """Write into the field with this label, and leave it."""
        field = self.page.get_by_label(label, exact=True).nth(place)
        field.fill(text)
        field.blur()
        return self.rest()

    def choose(self, label: str, option: str) -> "Walker":
        """Choose an option of a list; a list that closes because the page is drawn anew is opened again."""
        found = self.page.get_by_role("option", name=option, exact=True)
        for _ in range(8):
            self.rest().page.get_by_role("combobox", name=label).click()
            with suppress(TimeoutError):
                found.click(timeout=PATIENCE // 8)
                return self.rest()
            self.page.keyboard.press("Escape")
        raise AssertionError(f"{label} offers no {option}")

    def upload(self, path: Path) -> "Walker":
        """Give a file to the page."""
        self.page.locator("input[type=file]").set_input_files(path)
        return self.rest()

    def sees(self, what: str, text: str | re.Pattern[str] | None = None, seconds: int | None = None) -> Locator:
        """Wait until this part of the page is there, with this text in it; some things take more `seconds`."""
        found = self.page.locator(what, has_text=text) if text else self.page.locator(what)
        expect(found.first).to_be_visible(timeout=seconds * 1000 if seconds else None)
        return found.first

    def loses(self, what: str, text: str) -> None:
        """Wait until no such part of the page has this text."""
        expect(self.page.locator(what, has_text=re.compile(rf"\b{re.escape(text)}"))).to_have_count(0)

    def rest(self) -> "Walker":
        """Wait until the page has been drawn to its end and listens to keys: the browser has nothing left to do."""
        self.sees("[data-testid=stApp][data-test-script-state=notRunning]")
        self.page.evaluate("() => new Promise(idle => requestIdleCallback(idle, {timeout: 2000}))")
        return self

    def mark(self, first: str, last: str) -> "Walker":
        """Select words of the response with the mouse, from one word to the end of another, to flag them."""
        self.sees(".h-words[data-field=response]", first)
        mark(self.page, first, last)
        self.page.locator(".d-float").click()
        return self

    def response(self) -> str:
        """The response on the desk, as it is shown."""
        return self.sees(".h-words[data-field=response]").inner_text()

    def edit(self, text: str) -> "Walker":
        """Write another response at the desk, and leave its field."""
        self.key("e").page.get_by_label("Response", exact=True).fill(text)
        return self.key("Escape")


def mark(page: Page, first: str, last: str) -> None:
    """Select from one word to another in the response at the desk, with the mouse."""
    start, end = page.evaluate(_EDGES, [first, last])
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=6)
    page.mouse.up()


_EDGES = """([first, last]) => {
    const body = document.querySelector(".h-words[data-field=response]");
    const at = (word, end) => {
        const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const index = walker.currentNode.data.indexOf(word);
            if (index < 0) continue;
            const range = document.createRange();
            range.setStart(walker.currentNode, index);
            range.setEnd(walker.currentNode, index + word.length);
            const box = range.getBoundingClientRect();
            return [end ? box.right - 1 : box.left + 1, (box.top + box.bottom) / 2];
        }
    };
    return [at(first, false), at(last, true)];
}"""
