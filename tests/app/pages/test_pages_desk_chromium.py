"""The review desk in a real browser: by mouse and by key, and when the line or the server goes away."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from chromium import chromium
from playwright.sync_api import Browser, Page, expect
from serving import Served, launch, until_ready
from walking import WIDE, browser, mark

from hone.labeling.projects.defaults import default_settings
from hone.storage import pairs, people, projects, suggestions
from hone.storage.pairs import NewPair
from hone.storage.projects import Question
from hone.storage.records import new_id, now
from hone.storage.store import Store
from hone.storage.suggestions import Suggestion
from hone.storage.workspace import Workspace

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="There is no Chromium: install it, or set CHROMIUM to its path."),
]
NURSES = "Nurses 👩 are women who care. ![x](http://evil.example/x.png) They work at night."
PLAIN = [NewPair(instruction=f"Explain topic {place}.", response=f"Topic {place} is old.") for place in range(4)]
SURE = Question(key="sure", name="Are you sure?", kind="yes_no", required=True)
LABELS = {"task": "classification", "labels": ("refund", "delivery", "other"), "rubric": (), "questions": (SURE,)}
PROJECTS: dict[str, tuple[list[NewPair], dict[str, Any]]] = {
    "mouse": ([NewPair(instruction="Who are nurses?", response=NURSES)], {}),
    "keys": ([NewPair(instruction="Who are nurses?", response="Nurses care. They work at night."), *PLAIN], {}),
    "typing": (PLAIN, {}),
    "drafts": (PLAIN, {}),
    "undo": (PLAIN, {}),
    "suggested": ([NewPair(instruction="Where can I park?")], {"suggestions": "ask"}),
    "labels": ([NewPair(instruction="Where is my parcel?", response="refund"), *PLAIN], LABELS),
}


@dataclass
class House:
    """A served workspace with a project for each test, and one browser for all."""

    served: Served
    chrome: Browser
    lead: str
    ana: str

    def desk(self, project: str) -> Page:
        """The desk of a project, in a browser window of its own."""
        context = self.chrome.new_context(viewport=WIDE)
        context.add_cookies([{"name": "hone_session", "value": self.ana, "url": self.served.address}])
        return self.open(context.new_page(), project)

    def open(self, page: Page, project: str) -> Page:
        page.goto(f"{self.served.address}/review?project={project}")
        page.locator(".d-bar").wait_for()
        return page

    def said(self, project: str, number: int) -> dict[str, Any]:
        """What is stored of a pair, as its lead sees it."""
        asked = httpx.get(
            f"{self.served.address}/api/v1/projects/{project}/pairs/{number}", cookies={"hone_session": self.lead}
        )
        return dict(asked.raise_for_status().json())


def answer(pair_id: str) -> Suggestion:
    text = "Behind the hall."
    made = {"pair_id": pair_id, "model_id": "m", "run_id": "r", "response": text, "mean_logprob": -0.4}
    return Suggestion.model_validate({**made, "id": new_id(), "created_at": now()})


def fill(workspace: Workspace) -> tuple[str, str]:
    """The projects; gives the sessions of their lead and their expert."""
    with Store(workspace) as store:
        lead = store.write(lambda cursor: people.add(cursor, "lena", ("lead",)))
        ana = store.write(lambda cursor: people.add(cursor, "ana", ("expert",)))
        for name, (new, more) in PROJECTS.items():
            settings = default_settings(overlap=1, agree=1, **more)
            made = store.write(partial(projects.create, name=name, settings=settings, by=lead))
            ids = store.write(partial(pairs.add, project_id=made.id, new=new, author_id=lead.id))
            if name == "suggested":
                store.write(partial(suggestions.add, made=[answer(ids[0])]))
        return (
            store.write(lambda cursor: people.start_session(cursor, lead)),
            store.write(lambda cursor: people.start_session(cursor, ana)),
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("desk")
    workspace = Workspace(folder / "workspace")
    sessions = fill(workspace)
    served = until_ready(launch(workspace, folder / "empty"))
    with browser() as chrome:
        yield House(served, chrome, *sessions)
    served.stop()


def type_in(page: Page, text: str) -> None:
    page.keyboard.press("e")
    page.keyboard.type(text)


def at(page: Page, number: int) -> None:
    """Wait until this pair is on the desk and can be decided."""
    expect(page.locator(".h-top .h-chip", has_text=f"Pair {number}")).to_be_visible()
    expect(page.locator(".d-bar[aria-busy=false]")).to_be_visible()


def test_words_marked_by_mouse_are_stored_to_the_letter(house: House) -> None:
    elsewhere: list[str] = []
    page = house.desk("mouse")
    page.on("request", lambda request: elsewhere.append(request.url) if "evil" in request.url else None)
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Response", exact=True).fill(NURSES.replace("They work", "Many work"))
    page.get_by_role("button", name="Done").click()
    page.locator(".h-words ins", has_text="Many").wait_for()
    mark(page, "women", "care")
    page.locator(".d-float").click()
    page.get_by_role("radio", name="Stereotype").click()
    page.get_by_label("Group it is about").fill("women")
    page.get_by_role("button", name="Add flag").click()
    page.locator(".h-words mark", has_text="women who care").wait_for()
    page.get_by_role("button", name="Approve with changes").click()
    page.locator(".h-empty", has_text="All done").wait_for()

    told = house.said("mouse", 1)
    flag, text = told["flags"][0], told["revisions"][-1]["response"]
    assert elsewhere == []
    assert text == NURSES.replace("They work", "Many work")
    assert (flag["quote"], flag["protected_group"]) == ("women who care", "women")
    assert text[flag["start"] : flag["end"]] == flag["quote"]


def test_a_review_needs_no_mouse(house: House) -> None:
    page = house.desk("keys")
    at(page, 1)
    for key in ("4", "2", "ArrowUp", "3"):  # accuracy 4, tone 2, up again, tone 3
        page.keyboard.press(key)
    for key in ("f", "ArrowDown", "ArrowRight", "Shift+ArrowRight", "Enter"):  # the second sentence's second word, two
        page.keyboard.press(key)
    for key in ("ArrowRight", "3", "Tab", "Tab"):  # another kind, grave, on to the group
        page.keyboard.press(key)
    page.keyboard.type("night workers")
    page.keyboard.press("Enter")
    page.locator(".d-flag").wait_for()
    page.keyboard.press("r")
    at(page, 2)

    told = house.said("keys", 1)
    assert (told["reviews"][0]["decision"], told["reviews"][0]["ratings"]) == ("reject", {"accuracy": 4, "tone": 3})
    flag = told["flags"][0]
    assert (flag["severity"], flag["protected_group"]) == (3, "night workers")
    assert (flag["start"], flag["quote"]) == (18, "work at")


def test_no_key_acts_while_one_types_and_control_enter_decides(house: House) -> None:
    page = house.desk("typing")
    at(page, 1)
    type_in(page, " Ask for reasons: R, S, U, 1 to 5?")
    page.locator(".d-count", has_text="+9").wait_for()
    at(page, 1)
    page.keyboard.press("Control+Enter")
    at(page, 2)
    told = house.said("typing", 1)
    assert told["reviews"][0]["decision"] == "approve"
    assert told["reviews"][0]["ratings"] == {}
    page.keyboard.press("s")
    page.keyboard.press("3")
    at(page, 3)
    assert house.said("typing", 2)["reviews"][0]["note"] == "Broken text"


def test_what_is_typed_comes_back_after_a_crash_and_without_a_line(house: House) -> None:
    page = house.desk("drafts")
    at(page, 1)
    type_in(page, " Saved words.")
    page.locator(".d-saved.good", has_text="Saved").wait_for()
    page.context.set_offline(True)
    page.keyboard.type(" Words without a line.")
    page.locator(".d-saved.bad", has_text="no connection, kept in this browser").wait_for()
    context = page.context
    page.close()
    context.set_offline(False)
    again = house.open(context.new_page(), "drafts")
    words = again.locator(".h-words[data-field=response]")
    expect(words).to_have_text("Topic 0 is old. Saved words. Words without a line.")
    again.locator(".d-saved.good", has_text="Saved").wait_for()
    again.keyboard.press("o")
    expect(words).to_have_text("Topic 0 is old.")


def test_decisions_are_taken_back_one_after_another(house: House) -> None:
    page = house.desk("undo")
    for number in (1, 2, 3):
        at(page, number)
        page.keyboard.press("4")
        page.keyboard.press("a")
    at(page, 4)
    for number in (3, 2):
        page.keyboard.press("u")
        at(page, number)
        expect(page.get_by_role("radio", name="4", exact=False).first).to_have_attribute("aria-checked", "true")
    assert [house.said("undo", number)["pair"]["state"] for number in (1, 2, 3)] == ["approved", "open", "open"]


def test_a_label_is_chosen_by_its_digit_and_a_question_that_needs_an_answer_asks(house: House) -> None:
    page = house.desk("labels")
    at(page, 1)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("2")  # the label; on to the question
    page.keyboard.press("a")
    page.locator(".d-saved.bad", has_text="wants an answer first").wait_for()
    page.keyboard.press("1")
    page.keyboard.press("a")
    at(page, 2)
    review = house.said("labels", 1)["reviews"][0]
    assert review["answers"] == {"sure": True}
    assert house.said("labels", 1)["pair"]["state"] == "approved"


def test_a_models_answer_is_shown_when_it_is_asked_for_and_said_to_be_one(house: House) -> None:
    page = house.desk("suggested")
    page.locator(".d-quiet", has_text="There is no response yet").wait_for()
    assert page.get_by_text("Behind the hall.").count() == 0
    page.keyboard.press("m")
    expect(page.locator(".h-words[data-field=response]")).to_have_text("Behind the hall.")
    expect(page.locator(".d-head .h-chip", has_text="model-made")).to_be_visible()
    page.keyboard.press("a")
    page.locator(".h-empty", has_text="All done").wait_for()
    told = house.said("suggested", 1)
    assert told["reviews"][0]["suggestion_id"]
    assert told["revisions"][-1]["response"] == "Behind the hall."


def test_a_server_that_is_killed_at_a_decision_stores_it_once(house: House, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    sessions = fill(workspace)
    first = until_ready(launch(workspace, tmp_path / "empty"))
    port = int(first.address.rpartition(":")[2])
    mine = House(first, house.chrome, *sessions)
    page = mine.desk("typing")
    at(page, 1)
    type_in(page, " Typed before the end.")
    first.stop(signal.SIGKILL)
    page.keyboard.press("Control+Enter")
    mine.served = until_ready(launch(workspace, tmp_path / "empty", port=port))
    at(page, 2)
    reviews = mine.said("typing", 1)["reviews"]
    mine.served.stop()
    assert [review["decision"] for review in reviews] == ["approve"]


def test_the_pages_look_the_same_without_any_other_host(house: House) -> None:
    page = house.desk("keys")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.locator(".h-words[data-field=response]").wait_for()
    host = house.served.address
    assert not [url for url in asked if not url.startswith((host, host.replace("http", "ws"), "data:", "blob:"))]
    # The words may be there before the font is: `load` answers when it has come, and with nothing if it cannot.
    icons = page.evaluate("document.fonts.load('16px \"Material Symbols Rounded\"').then((faces) => faces.length)")
    assert icons
