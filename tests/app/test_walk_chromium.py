"""The whole loop as people walk it: five people, five browsers, from an empty workspace to the second round."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest
from chromium import chromium
from playwright.sync_api import Page, WebSocket
from serving import Served, launch, until_ready
from tiny_model import make_tiny_base
from walking import Walker, browser

from hone.storage import batches, matchups, models, people, projects, runs
from hone.storage.people import Role
from hone.storage.store import Store
from hone.storage.workspace import Workspace

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.skipif(chromium() is None, reason="There is no Chromium: install it, or set CHROMIUM to its path."),
]

PASSWORD = "four quiet words here"
TEAM: dict[str, tuple[Role, ...]] = {
    "lena": ("lead",), "ana": ("expert",), "ben": ("expert",), "dora": ("reviewer",), "emil": ("reviewer",),
}  # fmt: skip

# The rules of an allotment garden: the rule, what it comes to, its chapter.
GARDEN = [
    ("Hedges at the outer path shall not exceed one metre twenty.", "Keep outer hedges under 1.20 m.", "hedges"),
    ("Between hedge and shed a strip of half a metre stays free.", "Leave half a metre beside the shed.", "hedges"),
    ("Walnut trees and other large trees may not be planted.", "Plant no walnuts, nothing tall.", "trees"),
    ("Fruit trees are cut each February, and branches are taken home.", "Prune in February.", "trees"),
    ("The tap at the gate is open from April until October.", "Water: April to October.", "water"),
    ("Hoses are rolled up after use, as others stumble over them.", "Old folk stumble: roll the hose up.", "water"),
    ("Power tools rest between one and three in the afternoon.", "No noise from one to three.", "quiet"),
    ("On Sundays the mower stays in the shed for the whole day.", "Do not mow on Sundays.", "quiet"),
    ("Compost is kept in closed boxes because of the rats.", "Close the compost box: rats.", "waste"),
    ("Glass and metal go back to town with whoever brought them.", "Take glass and metal home.", "waste"),
    ("Every member works six hours a year for the common paths.", "You owe the paths six hours a year.", "duties"),
    ("Whoever misses the work pays twelve for each hour.", "Each missed hour costs twelve.", "duties"),
    ("Dogs are led on a short leash inside the gates.", "Dogs: short leash.", "animals"),
    ("Two hives of bees are allowed on the northern meadow.", "Bees may live in the north, two hives.", "animals"),
    ("Keys that are lost are to be reported to the board within a day.", "Lost key? Tell the board today.", "keys"),
    ("The gate is locked at ten at night, by whoever leaves last.", "The last one out locks the gate at ten.", "keys"),
]  # fmt: skip
SEASONS = ("spring", "autumn")
EDITED = "Somebody could stumble: roll the hose up."


@dataclass
class House:
    """A served workspace in which only the accounts were made, its people at their browsers, and a base model."""

    served: Served
    base: Path
    folder: Path
    people: dict[str, Walker]
    wire: list[str] = field(default_factory=list)  # what reviewers were sent, and what their pages held


@pytest.fixture
def house(workspace: Workspace, tmp_path: Path) -> Iterator[House]:
    with Store(workspace) as store:
        for name, roles in TEAM.items():
            account = partial(people.add, name=name, roles=roles, full_name=name.title(), password=PASSWORD)
            store.write(account)
    base = make_tiny_base(tmp_path / "walnut-9b")
    served = until_ready(launch(workspace, tmp_path / "empty"))
    with browser() as chrome:
        yield House(served, base, tmp_path, {name: Walker(chrome, served.address, name, PASSWORD) for name in TEAM})
    served.stop()


def test_five_people_walk_the_loop_once_round_by_its_pages(house: House) -> None:
    the_lead_makes_a_project(house.people["lena"])
    and_imports_a_file(house.people["lena"], house.folder)
    ana_edits_flags_rejects_skips_and_takes_back(house.people["ana"])
    ben_approves_all(house.people["ben"])
    the_lead_decides_where_they_differ(house.people["lena"])
    and_freezes_a_batch(house.people["lena"])
    trains_stops_and_goes_on(house.people["lena"], house.base)
    lets_both_models_answer(house.people["lena"])
    two_reviewers_judge_blind(house)
    the_report_is_made_and_taken_away(house.people["lena"], house.folder)
    what_it_shows_goes_back_to_the_experts(house.people["lena"], house.people["ana"])
    nothing_on_a_reviewers_wire_told_of_a_model(house)


def the_lead_makes_a_project(lena: Walker) -> None:
    lena.sees(".h-empty", "No project yet")
    lena.press("Make a project").write("Name", "garden").write("What the answers are for", "Rules, said plainly.")
    lena.press("Make the project").sees(".h-saved", "garden is there")
    lena.page.get_by_role("tab", name="Rules").click()
    for name, share in (("Train", "50"), ("Validation", "20"), ("Test", "30")):
        lena.write(f"{name}, % of pairs", share)
    lena.page.get_by_text("Task, prompt and training").click()
    lena.write("Training settings, one key=value in a line", "max_length=384\nmax_new_tokens=16")
    lena.page.get_by_role("tabpanel", name="Rules").get_by_role("button", name="Save").click()
    lena.sees(".h-saved", "Saved as version 2")


def and_imports_a_file(lena: Walker, folder: Path) -> None:
    file = folder / "garden.jsonl"
    names = ("rule", "plain", "chapter", "season")
    rows = [json.dumps(dict(zip(names, (*row, SEASONS[n % 2]), strict=True))) for n, row in enumerate(GARDEN)]
    file.write_text("\n".join([*rows, '{"rule": "A line that breaks off']) + "\n", encoding="utf-8")
    lena.go("Pairs").press("Import a file").upload(file)
    lena.choose("context", "rule").choose("response", "plain").choose("group", "chapter")
    lena.write("instruction text", "Say in plain words what this rule asks.")
    lena.press("Import 16 pairs").sees("button", "Import another file")
    lena.sees(".h-table", "line 17")


def ana_edits_flags_rejects_skips_and_takes_back(ana: Walker) -> None:
    ana.go("Review")
    for done in range(16):
        at_pair(ana, done)
        text = ana.response()
        if text.startswith("Old folk"):
            ana.mark("Old", "folk").page.get_by_label("Group it is about").fill("older people")
            ana.press("Add flag").sees(".h-words mark", "Old folk")
            ana.edit(EDITED).sees(".h-words ins", "Somebody")
            ana.page.get_by_role("radiogroup", name="Accuracy").get_by_text("4", exact=True).click()
            ana.press("Approve with changes")
        elif text.startswith("Dogs"):
            ana.key("r")
        elif text.startswith("Bees"):
            ana.key("s").sees("button", "Not my field")
            ana.key("1").sees(".h-saved", "skipped")
            ana.key("u").sees(".h-saved", "Taken back")
            ana.key("a")
        else:
            ana.key("a")
    ana.sees(".h-empty", "All done")


def ben_approves_all(ben: Walker) -> None:
    ben.go("Review")
    for done in range(16):
        at_pair(ben, done).key("a")
    ben.sees(".h-empty", "All done")


def at_pair(expert: Walker, done: int) -> Walker:
    expert.sees(".h-top", f"{done} done, {16 - done} to go")
    expert.sees("button", "Approve")
    return expert.rest()


def the_lead_decides_where_they_differ(lena: Walker) -> None:
    lena.go("Home").sees(".h-todo", "Experts differ on 2 pairs")
    lena.press("Decide between experts").sees(".h-top", "1 of 2 disputes")
    for left in (1, 0):
        lena.rest()
        edited = lena.page.locator(".h-side", has_text="approves with changes")
        if edited.count():
            letter = edited.locator(".h-eyebrow").text_content() or ""
            lena.press(letter).rest().write("Reason", "Names nobody.").press("Approve this text")
        else:
            lena.key("x")
        lena.loses(".h-top", f"{left + 1} dispute")
    lena.sees(".h-empty", "Nobody differs")


def and_freezes_a_batch(lena: Walker) -> None:
    lena.go("Batches").sees(".h-stats", "15")
    lena.write("Name", "first rules").press("Freeze this batch").sees(".h-saved", "Batch 1 is frozen: 15 pairs")
    lena.press("Verify").sees(".h-saved", "is what was frozen")


def trains_stops_and_goes_on(lena: Walker, base: Path) -> None:
    lena.go("Training").press("Train a model")
    lena.page.get_by_text("A folder or an id on the hub").click()
    lena.rest().write("Folder or id", str(base))
    lena.page.get_by_text("Every setting").click()
    lena.write("Passes over the rows", "100").write("Learning rate", "0.02").write("Patience", "100")
    lena.press("Look before starting").sees(".h-tokens mark", seconds=120)
    lena.press("Start the run")
    lena.press("Stop the run").press("Resume")
    lena.sees(".h-progress", "Step")
    lena.sees(".h-chip", "done")
    lena.sees(".h-stats", "Validation loss")


def lets_both_models_answer(lena: Walker) -> None:
    lena.press("All runs").sees(".h-section", "Compare")
    for model in ("walnut-9b", "Iteration 1"):
        lena.press(f"Let {model} answer").sees(".h-chip", f"{model} is answering")
    lena.sees("button", "Make matchups", seconds=120)  # it comes when both have
    lena.press("Make matchups").sees(".h-saved", "waits for the reviewers")


def two_reviewers_judge_blind(house: House) -> None:
    for name in ("dora", "emil"):
        reviewer = house.people[name]
        reviewer.go("Judge").sees(".h-sides")
        listen(reviewer.page, house.wire)
        reviewer.page.reload()  # a new wire, with nothing on it but this page
        reviewer.sees(".h-sides")
        house.wire.append(reviewer.page.content())
        reviewer.page.get_by_role("radio", name="clearly").click()
        reviewer.page.get_by_role("button", name="accurate", exact=True).click()
        keys = cycle(("1", "t", "2", "b"))
        while reviewer.judge(next(keys)):
            house.wire.append(reviewer.page.content())
        reviewer.sees(".h-empty", "You judged")


def listen(page: Page, wire: list[str]) -> None:
    """Keep all that goes over the page's sockets from now on, either way."""

    def heard(said: str | bytes) -> None:
        wire.append(said if isinstance(said, str) else said.decode("utf-8", "replace"))

    def opened(socket: WebSocket) -> None:
        socket.on("framereceived", heard)
        socket.on("framesent", heard)

    page.on("websocket", opened)


def the_report_is_made_and_taken_away(lena: Walker, folder: Path) -> None:
    lena.go("Reports").press("Make the report")
    lena.sees(".hone-report .verdict", re.compile("cannot tell yet", re.IGNORECASE))  # too few votes for more
    with lena.page.expect_download() as waiting:
        lena.press("Download HTML")
    waiting.value.save_as(folder / "report.html")
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "<html" in text
    assert "Krippendorff" in text
    lena.press("All reports").sees(".h-row", "decisive vote")


def what_it_shows_goes_back_to_the_experts(lena: Walker, ana: Walker) -> None:
    lena.press("Open").sees(".hone-report .verdict")
    lena.choose("What", "All pairs whose season is spring").press("Send to the queue")
    sent = lena.sees(".h-saved", "opened again").inner_text()
    count = int(re.search(r"\d+", sent)[0])  # type: ignore[index]
    lena.go("Home").sees(".h-stop.queue", str(count))
    ana.go("Review").sees(".h-top", f"16 done, {count} to go")
    ana.sees(".h-chip", "why now: report 1: season is spring")


def nothing_on_a_reviewers_wire_told_of_a_model(house: House) -> None:
    house.served.stop()
    secrets = {"walnut-9b", "hone.duckdb"}
    with Store(house.served.workspace) as store, store.read() as cursor:
        project = projects.named(cursor, "garden").id
        for model in models.listing(cursor, project):
            secrets |= {model.name, model.id, *filter(None, (model.sha256, model.base_sha256, model.folder))}
        for run in runs.listing(cursor, project):
            secrets.add(run.id)
        for batch in batches.listing(cursor, project):
            secrets |= {batch.id, batch.sha256}
        for made in matchups.sets(cursor, project):
            secrets |= {made.new_candidate, made.old_candidate}
    assert "Left better" in "".join(house.wire)  # it did listen
    told = "".join(house.wire).lower()
    assert [secret for secret in secrets if secret.lower() in told or secret[:10].lower() in told] == []
