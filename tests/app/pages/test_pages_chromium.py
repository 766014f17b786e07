"""The review desk in a real browser: keys, marked words, and nothing fetched from anywhere else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import chromium
from playwright.sync_api import Page
from serving import Served, launch, until_ready
from walking import WIDE, browser, mark

from hone.labeling.defaults import default_settings
from hone.storage import pairs, people, projects, reviews
from hone.storage.pairs import NewPair
from hone.storage.store import Store
from hone.storage.workspace import Workspace

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="There is no Chromium: install it, or set CHROMIUM to its path."),
]
RESPONSE = "Nurses 👩 are women who care. ![x](http://evil.example/x.png) They work at night."


@pytest.fixture
def desk(workspace: Workspace, tmp_path: Path) -> Iterator[tuple[Served, str]]:
    """A served workspace with one pair, and the session of its expert."""
    with Store(workspace) as store:
        lead = store.write(lambda cursor: people.add(cursor, "lena", ("lead",)))
        ana = store.write(lambda cursor: people.add(cursor, "ana", ("expert",)))
        project = store.write(lambda cursor: projects.create(cursor, "p", default_settings(overlap=1, agree=1), lead))
        new = [NewPair(instruction="Who are nurses?", response=RESPONSE)]
        store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id))
        session = store.write(lambda cursor: people.start_session(cursor, ana))
    served = until_ready(launch(workspace, tmp_path / "empty"))
    yield served, session
    served.stop()


@pytest.fixture
def page(desk: tuple[Served, str]) -> Iterator[Page]:
    served, session = desk
    with browser() as opened:
        context = opened.new_context(viewport=WIDE)
        context.add_cookies([{"name": "hone_session", "value": session, "url": served.address}])
        page = context.new_page()
        page.goto(served.address + "/review")
        page.locator(".h-words[data-field=response]").wait_for()
        yield page


def test_words_marked_by_mouse_are_stored_to_the_letter(desk: tuple[Served, str], page: Page) -> None:
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if "evil" in request.url else None)
    editor = page.locator("textarea").first
    editor.fill(RESPONSE.replace("They work", "Many work"))
    editor.blur()
    page.locator(".h-words ins", has_text="Many").wait_for()
    mark(page, "women", "care")
    page.get_by_role("radio", name="Stereotype").wait_for()
    page.get_by_label("Group it is about").fill("women")
    page.get_by_role("button", name="Add flag").click()
    page.locator(".h-words mark", has_text="women who care").wait_for()
    page.locator(".h-title").click()  # out of any field: keys count again
    page.keyboard.press("a")
    page.locator(".h-empty", has_text="All done").wait_for()

    desk[0].stop()
    with Store(desk[0].workspace) as store, store.read() as cursor:
        pair = pairs.listing(cursor, projects.named(cursor, "p").id)[0]
        flag = reviews.flags(cursor, [pair.id])[0]
        text = pairs.revision(cursor, pair.approved_revision or "").response
    assert text == RESPONSE.replace("They work", "Many work")
    assert flag.quote == text[flag.start : flag.end] == "women who care"
    assert flag.protected_group == "women"
    assert elsewhere == []


def test_the_pages_look_the_same_without_any_other_host(page: Page, desk: tuple[Served, str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.locator(".h-words[data-field=response]").wait_for()
    host = desk[0].address
    assert not [url for url in asked if not url.startswith((host, host.replace("http", "ws"), "data:", "blob:"))]
    # The words may be there before the font is: `load` answers when it has come, and with nothing if it cannot.
    icons = page.evaluate("document.fonts.load('16px \"Material Symbols Rounded\"').then((faces) => faces.length)")
    assert icons
