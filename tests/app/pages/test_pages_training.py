"""The Training page and the page of a run in every state, on stored events: nothing is trained here."""

import json
from typing import Any

import pytest
from browsing import Browser
from trained import add_batch, add_letters, add_run, add_trained

from hone.platform import runtime as processes
from hone.platform.runtime import Runtime
from hone.platform.views import run_parts
from hone.storage import runs
from hone.storage.batches import Batch
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.runs import Run
from hone.storage.store import Store
from hone.storage.workspace import Workspace
from hone.training.folder import RunFolder

Event = tuple[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def nobody_starts_runs(runtime: Runtime) -> None:
    runtime.supervisor.stop()


@pytest.fixture
def ids(store: Store, project: Project, lead: Person) -> list[str]:
    return add_letters(store, project, lead, 10)


@pytest.fixture
def batch(store: Store, project: Project, lead: Person, ids: list[str]) -> Batch:
    return add_batch(store, project, lead, ids)


def losses(training: list[float], validation: dict[int, float]) -> list[Event]:
    """A run's word on each step and evaluation, and where it stands after the last."""
    told: list[Event] = []
    for step, loss in enumerate(training, 1):
        more = {"grad_norm": 0.5, "memory_mb": 2048, "tokens_per_second": 900.0}
        told.append(("metric", {"step": step, "loss": loss, "learning_rate": 1e-3 / step, **more}))
        if step in validation:
            told.append(("metric", {"step": step, "validation_loss": validation[step]}))
    at = {"step": len(training), "total_steps": 2 * len(training), "epoch": 1.0}
    return [*told, ("progress", {**at, "tokens_per_second": 950.0, "eta_seconds": 100.0})]


def opened(store: Store, lead: Person, run: Run) -> Browser:
    seen = Browser(store, lead)
    for name, value in (("hone_opened", ("training", run.number)), ("hone_page", "training")):
        seen.page.session_state[name] = value
    return seen.go("training")


FALLING = [2.0 * 0.95**step for step in range(40)]


def test_a_run_that_waits_says_its_place_and_behind_whom(
    store: Store, project: Project, lead: Person, batch: Batch
) -> None:
    add_run(store, project, lead, batch=batch, status="running", events=losses(FALLING, {}))
    second, third = (add_run(store, project, lead, batch=batch) for _ in range(2))
    assert "2nd in the queue, behind run 2." in opened(store, lead, third).text
    seen = opened(store, lead, second)
    assert "Next in the queue, behind run 1. Run 1: Step 40 of 80, about 1 min 40 s left." in seen.text
    assert "Cancelled before it began." in seen.press("Leave the queue").text


def test_a_run_at_work_shows_all_its_figures(store: Store, project: Project, lead: Person, batch: Batch) -> None:
    run = add_run(store, project, lead, batch=batch, status="running", events=losses(FALLING, {20: 0.9, 40: 0.5}))
    seen = opened(store, lead, run)
    told = ("Step 40 of 80, about 1 min 40 s left", "best 0.500 at step 40", "0.229", "2.5e-05", "2.0 GB", "950")
    assert not [figure for figure in told if figure not in seen.text]
    assert "Loss over 80 steps" in seen.source
    assert "Learning rate over 80 steps" in seen.source
    assert "Stop the run" in seen.buttons()
    assert 'class="h-message' not in seen.source


def test_a_run_that_overfits_says_so_and_what_to_do(store: Store, project: Project, lead: Person, batch: Batch) -> None:
    told = losses(FALLING, {10: 1.0, 20: 1.1, 40: 1.4})
    seen = opened(store, lead, add_run(store, project, lead, batch=batch, status="running", events=told))
    assert "It overfits: since step 10 the validation loss rose from 1.00 to 1.40" in seen.text
    assert "Set patience=2" in seen.text


def test_a_run_that_does_not_learn_says_so(store: Store, project: Project, lead: Person, batch: Batch) -> None:
    told = losses([3.0] * 40, {20: 3.0, 40: 3.0})
    seen = opened(store, lead, add_run(store, project, lead, batch=batch, status="done", result={}, events=told))
    assert "It does not learn: the training loss is flat" in seen.text


def test_answers_to_the_same_pairs_stand_under_each_other(
    store: Store, project: Project, lead: Person, batch: Batch, ids: list[str]
) -> None:
    said = ("Letter.", "Letter 3 is.", "Letter 3 is answered.")
    told: list[Event] = [("sample", {"step": step, "id": ids[3], "text": text}) for step, text in enumerate(said, 1)]
    seen = opened(store, lead, add_run(store, project, lead, batch=batch, status="running", events=told))
    places = [seen.text.index(f">{words}<") for words in (*said, "Letter 3 is answered.")]
    assert places[:3] == sorted(places[:3])
    assert "<b>Pair 4</b>" in seen.text
    assert "Answer letter 3." in seen.press(f"to-sample-{ids[3]}").text


def test_of_many_evaluations_the_first_the_last_and_some_between_are_shown(
    store: Store, project: Project, lead: Person, batch: Batch, ids: list[str]
) -> None:
    told: list[Event] = [("sample", {"step": step, "id": ids[3], "text": f"try {step}."}) for step in range(1, 13)]
    seen = opened(store, lead, add_run(store, project, lead, batch=batch, status="running", events=told))
    assert seen.source.count(">try ") == run_parts.STEPS_SHOWN
    assert ">try 1.<" in seen.source
    assert ">try 12.<" in seen.source
    seen.page.toggle[0].set_value(True).run()
    assert seen.source.count(">try ") == 12


def test_what_the_run_decided_is_one_sentence(store: Store, project: Project, lead: Person, batch: Batch) -> None:
    plan = {"precision": "bfloat16", "batching": "packed", "micro_batch": 4, "tokens_per_second": 1234.5}
    run = add_run(store, project, lead, batch=batch, status="running", events=[("plan", plan)])
    said = "bfloat16, rows packed end to end, 4 rows in memory at once, 1,234 tokens a second in a probe of three steps"
    assert said in opened(store, lead, run).text


def test_a_finished_run_shows_what_it_kept_and_where_its_model_lies(
    store: Store, project: Project, lead: Person, batch: Batch, workspace: Workspace
) -> None:
    first = {"batch": 1, "items": 20, "rouge_before": 0.2, "rouge_after": 0.9, "loss_before": 2, "loss_after": 0.3}
    plain = {"tokens": 900, "loss_before": 3.21, "loss_after": 3.6}
    looked = {"measure": "rouge", "splits": [first], "generic": plain}
    add_trained(store, project, lead, batch, result={"forgetting": looked})
    later = {**first, "rouge_after": 0.45}
    own = {**first, "batch": 2, "rouge_after": 0.8}
    result = {"forgetting": {**looked, "splits": [later, own]}}
    second = add_batch(store, project, lead, add_letters(store, project, lead, 5))
    add_trained(store, project, lead, second, result=result)
    folder = RunFolder(workspace.run_folder(2))
    folder.model.mkdir(parents=True)
    (folder.model / "README.md").write_text("# A model\nIt answers letters.\n")
    folder.result_file.write_text(json.dumps(result))
    with store.read() as cursor:
        run = runs.numbered(cursor, 2)
    seen = opened(store, lead, run)
    assert "It forgets: of what was learnt from batch 1 it kept 50%" in seen.text
    assert "Loss on plain English: 3.21 before, 3.60 after" in seen.text
    assert [each.value for each in seen.page.code[:2]] == [str(folder.model), "# A model\nIt answers letters."]
    assert len(seen.page.get("download_button")) == 2


def test_a_failed_run_names_its_rows(
    store: Store, project: Project, lead: Person, batch: Batch, ids: list[str]
) -> None:
    why = "The loss is nan at step 7."
    told: list[Event] = [("failed", {"message": why, "rows": [{"id": ids[0], "tokens": 812}, {"id": ids[4]}]})]
    run = add_run(store, project, lead, batch=batch, status="failed", message=why, events=told)
    seen = opened(store, lead, run)
    assert why in seen.text
    assert "Pair 1" in seen.text
    assert "812 tokens" in seen.text
    assert {"Resume", "Train again with these settings", "Start another one"} <= set(seen.buttons())


def test_rows_that_were_left_out_are_listed_with_the_warning(
    store: Store, project: Project, lead: Person, batch: Batch, ids: list[str]
) -> None:
    rows = [{"id": ids[0], "tokens": 3000}]
    told: list[Event] = [("warning", {"message": "1 row was too long and dropped.", "rows": rows})]
    seen = opened(store, lead, add_run(store, project, lead, batch=batch, status="running", events=told))
    assert "1 row was too long and dropped." in seen.text
    assert "3,000 tokens" in seen.text


def test_the_page_of_a_run_is_the_same_after_the_server_was_restarted(
    workspace: Workspace, store: Store, project: Project, lead: Person, batch: Batch, ids: list[str]
) -> None:
    told = [*losses(FALLING, {20: 0.9, 40: 0.5}), ("sample", {"step": 40, "id": ids[3], "text": "Letter 3."})]
    run = add_run(store, project, lead, batch=batch, status="cancelled", message="Stopped as asked.", events=told)
    before = opened(store, lead, run).text
    processes.current().close()
    with processes.start(workspace) as again:
        again.supervisor.stop()
        assert opened(again.store, lead, run).text == before


def test_the_queue_cancels_what_waits(store: Store, project: Project, lead: Person, batch: Batch) -> None:
    add_run(store, project, lead, batch=batch, status="running", events=losses(FALLING, {}))
    waiting = add_run(store, project, lead, batch=batch)
    seen = Browser(store, lead).go("training")
    assert "Step 40 of 80" in seen.text
    assert "Next in the queue, behind run 1." in seen.text
    assert "Run 2 is cancelled." in seen.press(f"bad-{waiting.id}").text
    with store.read() as cursor:
        assert runs.get(cursor, waiting.id).status == "cancelled"


def test_a_search_is_a_run_among_the_others(store: Store, project: Project, lead: Person, batch: Batch) -> None:
    space = {"epochs": {"values": [1, 2]}}
    run = add_run(store, project, lead, "search", batch, "cancelled", train={"base": "toy"}, space=space)
    seen = Browser(store, lead).go("training")
    assert "Search, batch 1" in seen.text
    assert "Search on batch 1" in seen.press(f"open-{run.id}").text


def test_a_run_of_preferences_says_how_often_the_better_answer_is_likelier(
    store: Store, project: Project, lead: Person, batch: Batch
) -> None:
    told: list[Event] = [
        ("metric", {"step": 1, "loss": 0.6, "accuracy": 0.75, "margin": 0.4}),
        ("metric", {"step": 1, "validation_loss": 0.65, "validation_accuracy": 0.5}),
    ]
    run = add_run(store, project, lead, batch=batch, status="running", events=told, objective="dpo")
    seen = opened(store, lead, run)
    assert "Learning preferences from batch 1" in seen.text
    assert "better answer likelier <b>75%</b>" in seen.text
    assert "in validation <b>50%</b>" in seen.text


@pytest.mark.parametrize("count", [1, 12])
def test_the_chain_is_drawn_for_one_and_for_twelve_iterations(
    store: Store, project: Project, lead: Person, batch: Batch, count: int
) -> None:
    for number in range(1, count + 1):
        add_trained(store, project, lead, batch, epochs=number)
    seen = Browser(store, lead).go("training")
    assert seen.source.count('class="h-link ') == count + 1
    assert seen.source.index(f"<b>Iteration {count}</b>") < seen.source.index("<b>Toy base</b>")
    assert '<div class="h-link challenger">' in seen.source
    assert ("Since iteration 11: the same batch; epochs 11 → 12" in seen.text) == (count == 12)
    assert "on the base" in seen.press("of-model-1").text


def test_a_batch_without_a_model_is_asked_to_be_trained_on(
    store: Store, project: Project, lead: Person, batch: Batch
) -> None:
    seen = Browser(store, lead).go("training")
    assert "No model yet" in seen.text
    assert "Train a model" in seen.buttons()
