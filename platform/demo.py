"""The example workspace, built by the very functions that a team uses: twice round the loop, with real models.

What is shipped are the pairs and what people said about them. Every number of a model or a metric is computed here.
"""

import shutil
import signal
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hone.evaluation import assemble, judging
from hone.evaluation import matchups as blind
from hone.labeling import opinions
from hone.labeling.batches import freezing as frozen
from hone.labeling.files import importing
from hone.platform import example_opinions, example_project
from hone.platform.access.identity import EXAMPLE_PASSWORD
from hone.platform.runs import iterations
from hone.platform.runs.children import signal_group
from hone.platform.runs.supervisor import Supervisor
from hone.storage import models, people, projects
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, Locked, RunError, WorkspaceError
from hone.storage.matchups import MatchupSet
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.reports import StoredReport
from hone.storage.runs import Run, RunEvent
from hone.storage.store import Cursor, Store
from hone.storage.workspace import Workspace
from hone.training.folder import RunFolder

Progress = Callable[[str, float], None]
MARK = "EXAMPLE.txt"
LEFT_TO_JUDGE = 0.15  # of the second set's matchups, for a visitor; each reviewer leaves others

GOES_ON = ("epochs=5", "learning_rate=3e-3")  # a model that learnt the task already needs half of both

TOY_SHARE = 0.65  # of the first training run, which makes the toy base

# Seconds that a step takes on two idle cores, for the share that is told.
SECONDS = {
    "people": 1, "import 1": 1, "reviews 1": 4, "batch 1": 1, "train 1": 60, "answer 0": 5, "answer 1": 5,
    "judge 1": 1, "report 1": 1, "import 2": 1, "reviews 2": 3, "batch 2": 1, "train 2": 25, "answer 1 again": 6,
    "answer 2": 6, "judge 2": 1, "report 2": 1,
}  # fmt: skip


def build(workspace: Workspace, progress: Progress) -> None:
    """Make the example workspace; nothing happens when it is there.

    It is built beside its place and moved there when it is whole: broken off, it starts afresh the next time.

    Args:
        workspace: Where; the folder must not hold anything else.
        progress: Called with what is being done and the share of the whole that is done, 0 to 1.

    Raises:
        Conflict: There is a workspace that is not the example.
        Locked: It is being built by another process.
        WorkspaceError: The folder holds other files, or cannot be made.
        RunError: A run failed; its last word is told.
    """
    if not _is_to_be_built(workspace):
        return
    draft = Workspace(workspace.root.with_name(f".{workspace.root.name}.building"))
    _clear(draft)
    try:
        with Store(draft) as store:
            supervisor = Supervisor(store)
            supervisor.start()
            try:
                _Loop(store, supervisor, Steps(progress)).walk()
            finally:
                supervisor.stop()
        (draft.root / MARK).write_text(accounts_text() + "\n", encoding="utf-8")
        draft.root.rename(workspace.root)
    except BaseException:
        _clear(draft)
        raise


def accounts_text() -> str:
    """Who can sign in to the example, and how."""
    lines = [f"  {name:6} {', '.join(roles)}" for name, (_, roles) in example_project.people().items()]
    return "\n".join([f"Sign in as one of these, with the password {EXAMPLE_PASSWORD}:", *lines])


class Steps:
    """Tells what is being done, how far the whole is, and at the end how long each step took."""

    def __init__(self, progress: Progress):
        self._progress = progress
        self._done = 0.0
        self._whole = sum(SECONDS.values())

    @contextmanager
    def step(self, key: str, says: str) -> Generator[Callable[[str, float], None]]:
        """A step of SECONDS; the block may tell a detail and its own share, 0 to 1."""

        def tell(detail: str, share: float) -> None:
            self._progress(f"{says}{detail}", (self._done + SECONDS[key] * share) / self._whole)

        tell(" ...", 0.0)
        began = time.monotonic()
        yield tell
        self._done += SECONDS[key]
        self._progress(f"{says}: {time.monotonic() - began:.1f} s", self._done / self._whole)


@dataclass
class _Loop:
    """The example team at work."""

    store: Store
    supervisor: Supervisor
    steps: Steps

    def walk(self) -> None:
        """Twice round the loop."""
        with self.steps.step("people", "People and project"):
            self.project = self._begin()
        self._label(1)
        batch = self._freeze(1)
        first = self._train(1, batch)
        with self.store.read() as cursor:
            base = models.numbered(cursor, self.project.id, 0)
        self._answer("answer 0", base, batch)
        self._answer("answer 1", first, batch)
        self._conclude(1, self._judge(1, batch, first, base, left=0.0), first)
        self._label(2)
        batch = self._freeze(2)
        second = self._train(2, batch, parent=first, settings=GOES_ON)
        self._answer("answer 1 again", first, batch)
        self._answer("answer 2", second, batch)
        made = self._judge(2, batch, second, first, left=LEFT_TO_JUDGE)
        with self.steps.step("report 2", "Report 2"):
            assemble.make(self.store, self.project, self.lead, made=made)

    @property
    def lead(self) -> Person:
        """Who leads the example project."""
        with self.store.read() as cursor:
            return people.named(cursor, example_project.LEAD[0])

    def _begin(self) -> Project:
        def change(cursor: Cursor) -> Project:
            for name, (full, roles) in example_project.people().items():
                people.add(cursor, name, roles, full_name=full, password=EXAMPLE_PASSWORD, example=True)
            lead = people.named(cursor, example_project.LEAD[0])
            return projects.create(cursor, example_project.NAME, example_project.settings(), lead)

        return self.store.write(change)

    def _label(self, wave: int) -> None:
        """Import the pairs of a wave, record what the experts said, and what the lead decided."""
        file = example_project.FILES / f"pairs-{wave}.jsonl"
        with self.steps.step(f"import {wave}", f"Importing {file.name}"):
            mapping = importing.guess(importing.columns(file).columns)
            importing.import_file(self.store, self.project, self.lead, file, mapping, strict=True)
        with self.steps.step(f"reviews {wave}", f"Reviews of {file.name}"):
            given = example_opinions.reviews(wave)
            _whole(opinions.record_reviews(self.store, self.project, self.lead, given, source="example"))
            decided = example_opinions.adjudications(wave)
            _whole(opinions.record_adjudications(self.store, self.project, self.lead, decided, source="example"))

    def _freeze(self, number: int) -> Batch:
        with self.steps.step(f"batch {number}", f"Freezing batch {number}"):
            return frozen.freeze(self.store, self.project, self.lead)

    def _train(self, number: int, batch: Batch, parent: Model | None = None, settings: Sequence[str] = ()) -> Model:
        says = f"Training iteration {number}"
        with self.steps.step(f"train {number}", says) as tell:
            run = iterations.start_training(self, self.project, self.lead, batch, parent=parent, settings=settings)
            self._wait(run, says, tell)
            with self.store.read() as cursor:
                return models.numbered(cursor, self.project.id, number)

    def _answer(self, key: str, model: Model, batch: Batch) -> None:
        says = f"{model.name} answers the test items of batch {batch.number}"
        with self.steps.step(key, says) as tell:
            run = iterations.start_generation(self, self.project, self.lead, batch, model)
            self._wait(run, says, tell)

    def _wait(self, run: Run, says: str, tell: Callable[[str, float], None]) -> None:
        before = now = 0.0  # shares of the step: what went into the toy base, and all that is done

        def on_event(event: RunEvent) -> None:
            nonlocal before, now
            body = event.body
            if event.kind == "progress" and "stage" in body:
                if "pretraining" in body["stage"]:
                    before = now = TOY_SHARE * float(body["share"])
                tell(f": {body['stage']}", now)
            elif event.kind == "progress" and body.get("total_steps"):
                share = float(body["step"]) / float(body["total_steps"])
                now = before + (1 - before) * share
                tell(f": {body['step']} of {body['total_steps']}", now)

        ended = self.supervisor.wait(run.id, on_event=on_event)
        if ended.status != "done":
            raise RunError(f"{says} ended as {ended.status}: {ended.message} Run the command again.")

    def _judge(self, number: int, batch: Batch, new: Model, old: Model, left: float) -> MatchupSet:
        """Make the matchups; each reviewer judges them blind, and leaves this share to visitors."""
        with self.steps.step(f"judge {number}", f"Blind judgements of {new.name.lower()}"):
            made = blind.make(self.store, self.project, self.lead, batch, new, old)
            with self.store.read() as cursor:
                reviewers = [people.named(cursor, name) for name in example_project.REVIEWERS]
            for reviewer in reviewers:
                sheet = judging.sheet(self.store, made, self.lead, reviewer)
                shown = sheet[: len(sheet) - round(len(sheet) * left)]
                filled = [{"token": row.token, **_recorded(reviewer, row)} for row in shown]
                _whole(judging.record(self.store, self.lead, filled, source="example"))
            return made

    def _conclude(self, number: int, made: MatchupSet, new: Model) -> StoredReport:
        """Make the report; the lead follows its verdict."""
        with self.steps.step(f"report {number}", f"Report {number}"):
            report = assemble.make(self.store, self.project, self.lead, made=made)
            if report.verdict == "better":
                reason = f"Report {report.number} says better, by blind judgements and by metrics."
                iterations.promote(self.store, self.project, self.lead, new, reason, report)
            return report


def _recorded(reviewer: Person, row: judging.SheetRow) -> example_opinions.Choice:
    return example_opinions.recorded_choice(reviewer.name, row.instruction, row.context, row.left, row.right)


def _whole(recorded: opinions.Recorded | judging.Recorded) -> None:
    """The example's own files must fit: a row that is refused is a fault of this installation."""
    if recorded.refused:
        raise WorkspaceError(f"The example of this installation is damaged: {recorded.refused[0]}. Install Hone again.")


def _is_to_be_built(workspace: Workspace) -> bool:
    if (workspace.root / MARK).exists() and workspace.exists():
        return False
    if workspace.exists():
        raise Conflict(
            f"{workspace.root} is a workspace of your own. Name another folder for the example: --workspace."
        )
    if workspace.root.exists() and any(workspace.root.iterdir()):
        raise WorkspaceError(f"{workspace.root} holds other files. Name another folder for the example: --workspace.")
    return True


def _clear(draft: Workspace) -> None:
    """Remove what a build that was broken off left behind, its children first."""
    if draft.exists():
        _must_be_abandoned(draft)
    for path in sorted(draft.runs.glob("[0-9]*")):
        folder = RunFolder(path)
        worker = folder.worker()
        if worker is not None and folder.alive():
            signal_group(worker.pid, signal.SIGKILL)
    shutil.rmtree(draft.root, ignore_errors=True)


def _must_be_abandoned(draft: Workspace) -> None:
    try:
        Store(draft).close()
    except Locked:
        raise
    except WorkspaceError:
        return  # damaged in the middle of its making: it goes anyway
