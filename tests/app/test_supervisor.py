"""The supervisor: a run is a child process that the page, the server and a flood of output cannot stop."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from factories import add_person
from small_runs import generation_run, training_run

from hone.platform.runs.children import last_line
from hone.platform.runs.finishing import finish
from hone.platform.runs.supervisor import Supervisor
from hone.storage import audit, models, projects, runs
from hone.storage.errors import Conflict
from hone.storage.projects import ProjectSettings
from hone.storage.runs import Run, RunEvent
from hone.storage.store import Store
from hone.storage.workspace import Workspace
from hone.training.folder import RunFolder

NewRun = Callable[..., Run]
LONG = {"epochs": 1000, "checkpoint_every": 5}


def folder_of(store: Store, run: Run) -> RunFolder:
    return RunFolder(store.workspace.run_folder(run.number))


def until(happened: Callable[[], object], seconds: float = 60) -> None:
    """Ask again until it is so; fail after a while."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def in_training(supervisor: Supervisor, run: Run) -> int:
    """The process of the run's child, once it has saved a first checkpoint."""

    def saved() -> bool:
        with supervisor.store.read() as cursor:
            return bool(runs.events(cursor, run.id, kinds=["checkpoint"]))

    until(saved)
    worker = folder_of(supervisor.store, run).worker()
    assert worker is not None
    return worker.pid


@dataclass
class Finished:
    """Two training runs that were handed in together, and then a generation by the first model."""

    store: Store
    first: Run
    second: Run
    answered: Run
    told: list[RunEvent]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[Finished]:
    told: list[RunEvent] = []
    with Store(Workspace(tmp_path_factory.mktemp("finished") / "workspace")) as store:
        lead = add_person(store, "lena", "lead")
        project = store.write(lambda cursor: projects.create(cursor, "contracts", ProjectSettings(), lead))
        supervisor = Supervisor(store)
        supervisor.start()
        waiting = [training_run(store, project, lead, tiny_base) for _ in range(2)]
        supervisor.submit(waiting[1])
        first, second = [supervisor.wait(run.id, timeout=120, on_event=told.append) for run in waiting]
        with store.read() as cursor:
            made = models.of_run(cursor, first.id)
        assert made is not None
        answering = generation_run(store, project, lead, tiny_base, made)
        answered = supervisor.wait(supervisor.submit(answering).id, timeout=120)
        supervisor.stop()
        yield Finished(store, first, second, answered, told)


def test_a_training_run_ends_as_a_registered_model(finished: Finished) -> None:
    assert (finished.first.status, finished.first.message) == ("done", "Made iteration 1.")
    with finished.store.read() as cursor:
        base, made, _ = models.listing(cursor, finished.first.project_id)
    assert (base.number, base.name, base.folder) == (0, "tiny", None)
    assert (made.number, made.run_id, made.folder) == (1, finished.first.id, "runs/0001/model")
    assert finished.first.result is not None
    assert made.sha256 == finished.first.result["adapter_sha256"]


def test_every_event_of_a_run_is_told_once_and_in_order(finished: Finished) -> None:
    written = [folder_of(finished.store, run).read_events()[0] for run in (finished.first, finished.second)]
    assert [event.kind for event in finished.told] == [event.kind for event in (*written[0], *written[1])]
    assert finished.told[-1].kind == "done"


def test_runs_go_one_after_the_other(finished: Finished) -> None:
    assert finished.first.finished_at is not None
    assert finished.second.started_at is not None
    assert finished.first.finished_at <= finished.second.started_at


def test_answers_are_kept_as_those_of_the_models_candidate(finished: Finished) -> None:
    assert (finished.answered.status, finished.answered.message) == ("done", "Answered 2 items.")
    with finished.store.read() as cursor:
        candidate = models.answered(cursor, str(finished.answered.model_id), "batch")
        assert candidate is not None
        answers = models.generations(cursor, candidate.id, "batch")
    assert answers.keys() == {"row-10", "row-11"}
    assert candidate.settings["max_new_tokens"] == 4
    assert "### Instruction:" in candidate.settings["template"]


@pytest.mark.parametrize("which", ["first", "answered"])
def test_finishing_twice_changes_nothing(finished: Finished, which: str) -> None:
    run: Run = getattr(finished, which)
    before = everything_of(finished.store, run)
    finish(finished.store, run, folder_of(finished.store, run))
    assert everything_of(finished.store, run) == before


def everything_of(store: Store, run: Run) -> object:
    with store.read() as cursor:
        known = models.listing(cursor, run.project_id)
        candidates = [models.answered(cursor, model.id, run.batch_id or "") for model in known]
        answers = [models.generations(cursor, found.id, run.batch_id or "") for found in candidates if found]
        return runs.get(cursor, run.id), known, candidates, answers, audit.listing(cursor)


def test_a_run_that_fails_says_why(supervisor: Supervisor, new_run: NewRun, tmp_path: Path) -> None:
    run = supervisor.wait(supervisor.submit(new_run(base=str(tmp_path / "nowhere"))).id, timeout=60)

    assert run.status == "failed"
    assert str(tmp_path / "nowhere") in run.message


def test_a_killed_child_fails_with_its_last_words_and_goes_on_from_its_checkpoint(
    supervisor: Supervisor, new_run: NewRun
) -> None:
    run = supervisor.submit(new_run(epochs=150, checkpoint_every=5))
    child = in_training(supervisor, run)
    log = folder_of(supervisor.store, run).log_file
    log.write_text(log.read_text() + "the last thing it said\n\n")
    os.killpg(child, signal.SIGKILL)

    run = supervisor.wait(run.id, timeout=30)
    assert (run.status, run.message) == ("failed", "The process ended before the run did: the last thing it said")
    run = supervisor.wait(supervisor.resume(run).id, timeout=120)
    assert run.status == "done"
    assert run.result is not None
    assert run.result["resumed_from"] is not None


def test_a_cancelled_run_saves_and_stops(store: Store, new_run: NewRun) -> None:
    supervisor = Supervisor(store)
    supervisor.start()
    run = supervisor.submit(new_run(**LONG))
    child = in_training(supervisor, run)
    asked = time.monotonic()
    run = supervisor.wait(supervisor.cancel(run).id, timeout=30)

    assert run.status == "cancelled"
    assert time.monotonic() - asked < 10
    assert not Path(f"/proc/{child}").exists()
    supervisor.stop()


def test_a_child_that_does_not_listen_is_stopped_by_force(supervisor: Supervisor, new_run: NewRun) -> None:
    run = supervisor.submit(new_run(**LONG))
    child = in_training(supervisor, run)
    os.kill(child, signal.SIGSTOP)

    run = supervisor.wait(supervisor.cancel(run).id, timeout=30)
    assert (run.status, run.message[:17]) == ("cancelled", "Stopped by force;")
    assert not Path(f"/proc/{child}").exists()


def test_a_waiting_run_is_cancelled_at_once(store: Store, new_run: NewRun) -> None:
    nobody_at_work = Supervisor(store)
    run = nobody_at_work.cancel(new_run())
    assert (run.status, run.message) == ("cancelled", "Cancelled before it began.")
    with pytest.raises(Conflict, match="cancelled already"):
        nobody_at_work.cancel(run)


def test_a_run_that_goes_on_cannot_be_resumed(store: Store, new_run: NewRun) -> None:
    with pytest.raises(Conflict, match="only a failed or cancelled run"):
        Supervisor(store).resume(new_run())


def test_a_child_outlives_the_server_and_is_followed_by_the_next(store: Store, new_run: NewRun) -> None:
    first = Supervisor(store)
    first.start()
    run = first.submit(new_run(epochs=150, checkpoint_every=5))
    child = in_training(first, run)
    first.stop()
    assert folder_of(store, run).alive()

    second = Supervisor(store)
    second.start()
    done = second.wait(run.id, timeout=120)
    second.stop()
    assert done.status == "done"
    written, _ = folder_of(store, run).read_events()
    with store.read() as cursor:
        kept = runs.events(cursor, run.id)
    assert [event.seq for event in kept] == [event.seq for event in written]
    assert [event.body["pid"] for event in kept if event.kind == "started"] == [child]


def test_a_run_that_ended_without_a_server_is_finished_by_the_next(store: Store, new_run: NewRun) -> None:
    first = Supervisor(store)
    first.start()
    run = first.submit(new_run())
    until(lambda: folder_of(store, run).worker())
    first.stop()
    until(lambda: not folder_of(store, run).alive(), 120)

    second = Supervisor(store)
    second.start()
    assert second.wait(run.id, timeout=30).status == "done"
    second.stop()
    with store.read() as cursor:
        assert models.of_run(cursor, run.id) is not None


def test_a_run_whose_server_died_before_its_child_began_is_started_again(store: Store, new_run: NewRun) -> None:
    run = new_run()
    store.write(lambda cursor: runs.set_status(cursor, run.id, "running"))
    supervisor = Supervisor(store)
    supervisor.start()
    assert supervisor.wait(run.id, timeout=120).status == "done"
    supervisor.stop()


def test_sixty_four_megabytes_of_output_do_not_stall_a_run(
    supervisor: Supervisor, new_run: NewRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = tmp_path / "flood"
    flood.mkdir()
    (flood / "sitecustomize.py").write_text("for _ in range(64): print('x' * 1_000_000)\n")
    monkeypatch.setenv("PYTHONPATH", str(flood))

    run = supervisor.wait(supervisor.submit(new_run()).id, timeout=120)
    assert run.status == "done"
    assert folder_of(supervisor.store, run).log_file.stat().st_size > 64_000_000


def test_the_last_line_of_a_huge_log_is_found_without_reading_it(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("y" * 1_000_000 + "\nhone: The pump is broken.\n\n")
    assert last_line(log) == "The pump is broken."
    assert last_line(tmp_path / "none") == ""


def test_the_process_of_the_pages_loads_no_torch() -> None:
    code = "import sys; from hone.platform.runs import supervisor; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0
