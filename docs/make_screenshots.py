"""The screenshots of the guide, made in Chromium: every page of the example workspace, and a walk with real data.

    python docs/make_screenshots.py [--workspace DIR] [--legal FILE]

Without --workspace the example is built first (two minutes). --legal walks the loop on legal clauses in plain
English (Manor and Li 2019, all_v1.json of github.com/lauramanor/legal_summarization): about five minutes more.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from serving import Served, launch, until_ready
from walking import WIDE, Walker, browser

from hone.labeling import opinions
from hone.platform import demo
from hone.platform.access.identity import EXAMPLE_PASSWORD
from hone.storage import pairs, people, projects
from hone.storage.filters import PairFilter
from hone.storage.people import Role
from hone.storage.store import Store
from hone.storage.workspace import Workspace

FOLDER = Path(__file__).parent / "screenshots"
HIGHEST = 2000  # pixels
say = Console(stderr=True).print


def main() -> None:
    """Read the arguments, make the pictures."""
    parser = argparse.ArgumentParser(description="Make the screenshots of the guide.")
    parser.add_argument("--workspace", type=Path, help="a finished example workspace; it is copied, not touched")
    parser.add_argument("--no-pages", action="store_true", help="only the walk of --legal")
    parser.add_argument("--legal", type=Path, metavar="FILE", help="all_v1.json: walk the loop on real data as well")
    given = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hone-docs-") as folder, browser() as chrome:
        if not given.no_pages:
            with served(example(Path(folder) / "hone-demo", given.workspace)) as server:
                pages_of_the_example(chrome, server.address)
        if given.legal:
            workspace = Workspace(Path(folder) / "legal")
            team(workspace)
            Legal(chrome, workspace, given.legal).walk()


@contextmanager
def served(workspace: Workspace) -> Generator[Served]:
    """The workspace behind a server of its own."""
    server = until_ready(launch(workspace, workspace.root.with_name("empty")))
    try:
        yield server
    finally:
        server.stop()


def example(root: Path, finished: Path | None) -> Workspace:
    """The example workspace: a copy of a finished one, or a new one."""
    workspace = Workspace(root)
    if finished:
        shutil.copytree(finished, root, ignore=shutil.ignore_patterns("*.lock", "server.json"))
    else:
        demo.build(workspace, lambda says, share: say(f"{share:4.0%} {says}") if says.endswith(" s") else None)
    return workspace


def shot(walker: Walker, path: Path, *, high: bool = True) -> None:
    """A picture of the page as it stands; as high as the page is, where that tells more."""
    page = walker.rest().page
    page.mouse.move(0, 0)
    for _ in range(2 if high else 0):  # what sticks to the foot moves when the page grows
        inside = "Math.max(...[...document.querySelectorAll('[data-testid=stMain], body')].map(e => e.scrollHeight))"
        page.set_viewport_size({**WIDE, "height": min(max(WIDE["height"], page.evaluate(inside)), HIGHEST)})
        walker.rest()
    page.wait_for_load_state("networkidle")
    walker.rest()
    page.screenshot(path=path, animations="disabled")
    lighten(path)
    page.set_viewport_size(WIDE)
    say(f"  {path.relative_to(FOLDER)}, {path.stat().st_size // 1024} kB")


def lighten(path: Path) -> None:
    """The same picture in a smaller file; scaled down it would be a larger one, with all the shades of its edges."""
    Image.open(path).convert("RGB").save(path, optimize=True)


def pages_of_the_example(chrome: Browser, address: str) -> None:
    """One picture of each page, as somebody whose page it is."""
    visitor = chrome.new_context(viewport=WIDE).new_page()
    visitor.goto(address + "/sign-in")
    visitor.screenshot(path=FOLDER / "sign-in.png")
    lighten(FOLDER / "sign-in.png")
    lena = Walker(chrome, address, "lena", EXAMPLE_PASSWORD)
    ready = {
        "Home": ".h-loop", "Pairs": ".h-row", "Adjudicate": ".h-sides", "Batches": ".h-stats", "Training": ".h-link",
        "Reports": ".h-row", "Project": "[data-testid=stForm]", "People": ".h-section",
    }  # fmt: skip
    for title, part in ready.items():
        lena.go(title).sees(part)
        shot(lena, FOLDER / f"{title.lower()}.png", high=title != "Pairs")
    lena.go("Team").sees(".h-range")
    shot(lena, FOLDER / "team.png")
    lena.go("Reports").press("Open").sees(".hone-report .verdict")
    shot(lena, FOLDER / "report.png")
    lena.go("Training").row("Training, batch 2").sees(".h-chart")
    shot(lena, FOLDER / "run.png")
    lena.press("All runs").press("Train a model").press("Look before starting").sees(".h-tokens mark", seconds=120)
    shot(lena, FOLDER / "start.png")
    with tempfile.TemporaryDirectory(prefix="hone-docs-") as folder:
        lena.go("Pairs").press("Import a file").upload(_more_letters(Path(folder)))
        lena.sees("button", re.compile(r"Import \d+ pairs"))
        shot(lena, FOLDER / "import.png")
    review(chrome, address, FOLDER / "review.png")
    ana = Walker(chrome, address, "ana", EXAMPLE_PASSWORD)
    ana.go("My work").sees(".h-range")
    shot(ana, FOLDER / "my-work.png")
    dora = Walker(chrome, address, "dora", EXAMPLE_PASSWORD)
    dora.go("Judge").sees(".h-sides")
    shot(dora, FOLDER / "judge.png")
    lena = Walker(chrome, address, "lena", EXAMPLE_PASSWORD, dark=True)
    lena.sees(".h-loop")
    shot(lena, FOLDER / "home-dark.png")
    review(chrome, address, FOLDER / "review-dark.png", dark=True)


def _more_letters(folder: Path) -> Path:
    """The second file of the example with other answers, and a line that breaks off."""
    known = (FOLDER.parents[1] / "platform" / "example" / "pairs-2.jsonl").read_text(encoding="utf-8")
    rows = known.replace('"response": "', '"response": "Noted. ').splitlines()
    rows[6] = rows[6][:90]
    file = folder / "letters-3.jsonl"
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


def review(chrome: Browser, address: str, path: Path, dark: bool = False) -> None:
    """The desk with an edit and a flag on it."""
    expert = Walker(chrome, address, "lena", EXAMPLE_PASSWORD, dark=dark)
    expert.go("Review").sees("button", "Approve")
    text = expert.response()
    words = [word for word in text.split() if word.isalpha()]
    expert.edit(text.replace("Dear Pia, sorry", "Dear Pia, we are sorry"))
    for key in ("4", "3"):
        expert.key(key)
    word = "stronger" if "stronger" in words else max(words, key=len)
    expert.rest().mark(word, word).sees("button", "Add flag")
    expert.page.get_by_role("radio", name="Unsafe advice").click()
    shot(expert, path)


TEAM: dict[str, tuple[Role, ...]] = {
    "lena": ("lead",), "ana": ("expert",), "ben": ("expert",), "dora": ("reviewer",), "emil": ("reviewer",),
}  # fmt: skip
BY_HAND = 20  # pairs that each expert says something of on the page
APPROVED = 80  # pairs that both said something of, by hand or in a file of opinions


def team(workspace: Workspace) -> None:
    """Accounts in a new workspace."""
    with Store(workspace) as store:
        for name, roles in TEAM.items():
            store.write(partial(people.add, name=name, roles=roles, full_name=name.title(), password=EXAMPLE_PASSWORD))


class Legal:
    """Once round the loop on clauses of licences and terms, with a picture of each step."""

    def __init__(self, chrome: Browser, workspace: Workspace, file: Path):
        self.chrome, self.workspace, self.file = chrome, workspace, file
        self.folder = FOLDER / "legal"
        self.folder.mkdir(exist_ok=True)
        for old in self.folder.glob("*.png"):
            old.unlink()
        self.number = 0

    def walk(self) -> None:
        """The pages, then opinions from a file, then the pages again."""
        with served(self.workspace) as server:
            self.begin(Walker(self.chrome, server.address, "lena", EXAMPLE_PASSWORD))
            for name in ("ana", "ben"):
                self.review(Walker(self.chrome, server.address, name, EXAMPLE_PASSWORD), name)
            self.decide(Walker(self.chrome, server.address, "lena", EXAMPLE_PASSWORD))
        self.opinions()
        with served(self.workspace) as server:
            lena = Walker(self.chrome, server.address, "lena", EXAMPLE_PASSWORD)
            self.train(lena)
            for name in ("dora", "emil"):
                self.judge(Walker(self.chrome, server.address, name, EXAMPLE_PASSWORD), name)
            self.report(lena)

    def shot(self, walker: Walker, name: str) -> None:
        """The next picture."""
        self.number += 1
        shot(walker, self.folder / f"{self.number:02}-{name}.png", high=name != "pairs")

    def begin(self, lena: Walker) -> None:
        """A project, its training settings, and the file with its columns."""
        lena.press("Make a project").write("Name", "plain-english")
        lena.write("What the answers are for", "Says in plain English what a clause means.")
        self.shot(lena, "project")
        lena.press("Make the project").sees(".h-saved")
        lena.page.get_by_role("tab", name="Rules").click()
        for name, share in (("Train", "55"), ("Validation", "15"), ("Test", "30")):
            lena.write(f"{name}, % of pairs", share)
        lena.page.get_by_text("Task, prompt and training").click()
        lena.write("Training settings, one key=value in a line", "epochs=4\ntoo_long=truncate_prompt")
        lena.page.get_by_role("tabpanel", name="Rules").get_by_role("button", name="Save").click()
        lena.sees(".h-saved", "version 2")
        self.shot(lena, "rules")
        lena.go("Pairs").press("Import a file").upload(self.file)
        lena.choose("context", "original_text").choose("response", "reference_summary").choose("group", "doc")
        lena.write("instruction text", "Say in plain English what this clause means.")
        self.shot(lena, "import")
        lena.press("Import 446 pairs").sees("button", "Import another file")
        self.shot(lena, "imported")
        lena.press("All pairs").sees(".h-row")
        self.shot(lena, "pairs")

    def review(self, expert: Walker, name: str) -> None:
        """Some pairs by keys alone: rated, some flagged, some rejected; where ana edits, the two will differ."""
        expert.go("Review")
        for done in range(BY_HAND):
            expert.sees(".h-top", re.compile(rf"(?<!\d){done} done, "))
            expert.sees("button", "Approve")
            for score in ("4", "5", "3"):
                expert.key(score)
            if done % 5 == 0:
                self.flag(expert)
            if name == "ana" and done % 4 == 0:
                expert.edit(f"In short: {expert.response()}").sees(".h-words ins")
            if name == "ana" and done == 0:
                self.shot(expert, "review")
            expert.key("r" if done % 7 == 3 else "a")
        expert.sees(".h-top", f"{BY_HAND} done, ")

    def flag(self, expert: Walker) -> None:
        """The first words of the response, as clearly of another place or time: the last kind of the list."""
        expert.key("f").key("Shift+ArrowRight").key("Enter").sees("form.d-flagging")
        for key in ("ArrowUp", "3"):
            expert.page.keyboard.press(key)
        expert.page.keyboard.press("Enter")
        expert.sees(".d-flag-open")

    def decide(self, lena: Walker) -> None:
        """The disputes, by keys; the reason is typed for the first."""
        lena.press("Decide between experts").sees(".h-sides")
        for number in range(BY_HAND // 4, 0, -1):
            lena.sees(".h-progress", re.compile(rf"of {number} dispute"))
            lena.key("1").rest()
            if number == BY_HAND // 4:
                lena.write("Reason", "The short form is what we teach.")
                self.shot(lena, "adjudicate")
            lena.sees("button:not([disabled])", "Approve this text")
            lena.key("a")
        lena.sees(".h-empty", "Nobody differs")

    def opinions(self) -> None:
        """What both experts said of further pairs elsewhere, as `hone reviews` records it."""
        with Store(self.workspace) as store:
            with store.read() as cursor:
                project = projects.named(cursor, "plain-english")
                lena = people.named(cursor, "lena")
                waiting = pairs.listing(cursor, project.id, PairFilter(states=("open",)), limit=1000)
            step = max(1, len(waiting) // (APPROVED - BY_HAND))  # from all documents
            rows = [
                {"key": f"#{pair.number}", "annotator": name, "decision": "approve"}
                for pair in waiting[::step][: APPROVED - BY_HAND]
                for name in ("ana", "ben")
            ]
            opinions.record_reviews(store, project, lena, rows)

    def train(self, lena: Walker) -> None:
        """Freeze, train on the toy base, let both models answer, make matchups."""
        lena.go("Batches").sees("button", "Freeze this batch")
        self.shot(lena, "batch")
        lena.press("Freeze this batch").sees(".h-saved", "is frozen")
        self.shot(lena, "frozen")
        lena.go("Training").press("Train a model").sees("button", "Look before starting")
        self.shot(lena, "start")
        lena.press("Start at once").sees(".h-progress", "Step", seconds=400)
        self.shot(lena, "running")
        lena.sees(".h-chip", "done", seconds=400)
        self.shot(lena, "trained")
        lena.press("All runs")
        for model in ("Toy base", "Iteration 1"):
            lena.press(f"Let {model} answer").sees(".h-chip", f"{model} is answering")
        self.shot(lena, "answering")
        lena.sees("button", "Make matchups", seconds=200)
        lena.press("Make matchups").sees(".h-saved", "waits for the reviewers")
        self.shot(lena, "matchups")

    def judge(self, reviewer: Walker, name: str) -> None:
        """All matchups, blind. A script has no opinion: its choices go round, and the report finds just that."""
        reviewer.go("Judge").sees(".h-sides")
        if name == "dora":
            self.shot(reviewer, "judge")
        keys = cycle(("1", "2", "t", "b", "1"))
        while reviewer.judge(next(keys)):
            pass

    def report(self, lena: Walker) -> None:
        """The report, and home."""
        lena.go("Reports").press("Make the report").sees(".hone-report .verdict")
        self.shot(lena, "report")
        lena.press("Send to the queue").sees(".h-saved")
        lena.go("Home").sees(".h-loop")
        self.shot(lena, "home")


if __name__ == "__main__":
    main()
