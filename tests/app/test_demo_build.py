"""The example workspace: built once by the product's own functions, with a real model."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hone.evaluation import assemble, judging
from hone.evaluation import matchups as blind
from hone.evaluation.agreement import Agreement
from hone.evaluation.intervals import Estimate
from hone.evaluation.keeping import share
from hone.evaluation.report import Report
from hone.labeling import desk
from hone.labeling.batches import freezing as frozen
from hone.platform import demo, example_project
from hone.platform.access.identity import EXAMPLE_PASSWORD
from hone.storage import audit, batches, matchups, models, pairs, people, projects, reports, reviews, runs
from hone.storage.errors import Conflict, Locked, WorkspaceError
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Undefined
from hone.storage.store import Store
from hone.storage.workspace import Workspace
from hone.training.folder import RunFolder


@dataclass
class Example:
    """An open copy of the example workspace."""

    store: Store
    project: Project

    def person(self, name: str) -> Person:
        with self.store.read() as cursor:
            return people.named(cursor, name)

    def reports(self) -> list[Report]:
        with self.store.read() as cursor:
            return [assemble.parsed(stored) for stored in reports.listing(cursor, self.project.id)]


@pytest.fixture(scope="module")
def example(demo_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    copy = tmp_path_factory.mktemp("copy") / "workspace"
    shutil.copytree(demo_workspace.root, copy)
    with Store(Workspace(copy)) as store:
        with store.read() as cursor:
            project = projects.named(cursor, example_project.NAME)
        yield Example(store, project)


def test_two_iterations_were_trained_on_two_frozen_batches(example: Example) -> None:
    with example.store.read() as cursor:
        base, first, second = models.listing(cursor, example.project.id)
        both = batches.listing(cursor, example.project.id)
        ended = {run.status for run in runs.listing(cursor)}
    assert (base.number, base.name) == (0, "Toy base")
    assert [first.batch_id, second.batch_id] == [batch.id for batch in both]
    assert base.base_sha256 == first.base_sha256 == second.base_sha256
    assert ended == {"done"}
    for batch in both:
        frozen.verify(example.store, batch)


def test_the_first_iteration_learnt_its_task(example: Example) -> None:
    first = example.reports()[0]
    rouge = next(line for line in first.metrics if line.metric == "rougeL")
    assert rouge.paired.difference >= 0.4
    assert first.verdict.value == "better"


def test_the_second_iteration_goes_on_from_the_first_and_its_report_says_what_was_kept(example: Example) -> None:
    with example.store.read() as cursor:
        _, first, second = models.listing(cursor, example.project.id)
    assert (first.parent_id, second.parent_id) == (None, first.id)
    kept = [report.keeping for report in example.reports()]
    assert [[batch.batch for batch in each.batches] for each in kept if each] == [[1], [1, 2]]
    assert kept[1] is not None
    assert kept[1].batches[0].learnt_by == "Iteration 1"
    left = share(kept[1].batches[0])
    assert not isinstance(left, Undefined)
    assert left >= 0.9  # the second batch holds the pairs of the first


def test_every_report_has_a_verdict_and_an_agreement(example: Example) -> None:
    made = example.reports()
    assert len(made) == 2
    for report in made:
        assert report.verdict.value in ("better", "worse", "cannot tell")
        assert isinstance(report.reviewers, Agreement)
        assert isinstance(report.reviewers.alpha, Estimate)


def test_the_lead_followed_the_first_report(example: Example) -> None:
    with example.store.read() as cursor:
        (decision,) = models.decisions(cursor, example.project.id)
        champion = models.champion(cursor, example.project.id)
    assert decision.decision == "promote"
    assert "Report 1" in decision.reason
    assert champion is not None
    assert champion.number == 1


def test_what_people_said_is_marked_as_example(example: Example) -> None:
    with example.store.read() as cursor:
        said = {review.source for review in reviews.of_project(cursor, example.project.id)}
        judged = {
            one.source
            for made in matchups.sets(cursor, example.project.id)
            for one in matchups.current(cursor, made.id)
        }
        decided = {one.source for one in reviews.adjudications(cursor, example.project.id)}
        everyone = people.everyone(cursor)
    assert said == judged == decided == {"example"}
    assert all(person.example for person in everyone)


def test_experts_agree_often_but_not_always(example: Example) -> None:
    with example.store.read() as cursor:
        states = pairs.counts(cursor, example.project.id)
        decided = reviews.adjudications(cursor, example.project.id)
    assert states["approved"] > 200
    assert len(decided) >= 10


def test_a_visitor_finds_pairs_disputes_and_matchups_to_work_on(example: Example) -> None:
    lena = example.person("lena")
    with example.store.read() as cursor:
        states = pairs.counts(cursor, example.project.id)
        newest = matchups.sets(cursor, example.project.id)[-1]
    assert states["open"] >= 5
    assert states["disputed"] >= 2
    assert desk.next_view(example.store, example.project, lena).pair is not None
    progress = blind.progress(example.store, newest)
    assert progress.wanted * 0.6 < progress.judged < progress.wanted
    assert judging.next_view(example.store, newest, lena).token is not None


def test_everybody_signs_in_with_the_public_password(example: Example) -> None:
    with example.store.read() as cursor:
        found = people.password_hash(cursor, "lena")
    lena = people.verify(found, EXAMPLE_PASSWORD)
    assert lena is not None
    assert set(lena.roles) == {"expert", "reviewer", "lead", "admin"}
    assert "dora" in demo.accounts_text()


def test_the_audit_of_the_example_is_whole(example: Example) -> None:
    with example.store.read() as cursor:
        assert audit.first_broken(cursor) is None


def test_nothing_in_the_workspace_names_the_place_where_it_was_built(example: Example) -> None:
    with example.store.read() as cursor:
        folders = [model.folder for model in models.listing(cursor, example.project.id)]
        configs = [run.config for run in runs.listing(cursor)]
    assert folders == [None, "runs/0001/model", "runs/0004/model"]
    assert "building" not in str(configs)


def test_a_second_build_is_immediate(demo_workspace: Workspace) -> None:
    began = time.monotonic()
    demo.build(demo_workspace, lambda says, share: pytest.fail(f"it began again: {says}, {share}"))
    assert time.monotonic() - began < 1


class Broken(KeyboardInterrupt):
    """Somebody presses ctrl-C."""


def test_a_build_that_is_broken_off_leaves_nothing_and_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONE_CACHE", str(tmp_path / "cache"))
    workers: list[int] = []

    def break_off(says: str, share: float) -> None:
        if "toy base" in says:
            worker = RunFolder(tmp_path / ".hone-demo.building" / "runs" / "0001").worker()
            assert worker is not None
            workers.append(worker.pid)
            raise Broken

    with pytest.raises(Broken):
        demo.build(Workspace(tmp_path / "hone-demo"), break_off)
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == []
    end = time.monotonic() + 10
    while Path(f"/proc/{workers[0]}").exists() and "State:\tZ" not in Path(f"/proc/{workers[0]}/status").read_text():
        assert time.monotonic() < end, "the child goes on"
        time.sleep(0.05)


def test_what_a_killed_build_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / ".hone-demo.building" / "runs" / "0001" / "half-a-model"
    left.mkdir(parents=True)

    def look(says: str, share: float) -> None:
        assert not left.exists()
        raise Broken

    with pytest.raises(Broken):
        demo.build(Workspace(tmp_path / "hone-demo"), look)


def test_two_builds_do_not_meet(tmp_path: Path) -> None:
    with (
        Store(Workspace(tmp_path / ".hone-demo.building")),
        pytest.raises(Locked, match="open in this process"),
    ):
        demo.build(Workspace(tmp_path / "hone-demo"), lambda says, share: None)


def test_a_workspace_of_ones_own_is_never_taken_for_the_example(workspace: Workspace, store: Store) -> None:
    with pytest.raises(Conflict, match="a workspace of your own"):
        demo.build(workspace, lambda says, share: None)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not delete")
    with pytest.raises(WorkspaceError, match="holds other files"):
        demo.build(Workspace(tmp_path), lambda says, share: None)
    assert (tmp_path / "thesis.txt").exists()
