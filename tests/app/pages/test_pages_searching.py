"""The pages of a search: the form, and what is drawn of trials that have ended."""

from pathlib import Path

import pytest
from browsing import Browser
from factories import new_pairs, opinion

from hone.labeling.batches import freezing
from hone.labeling.standing import settle
from hone.platform.frame.trial_charts import settings_svg, trials_svg
from hone.platform.runs.submitting import submit
from hone.platform.runtime import Runtime
from hone.storage import pairs, runs
from hone.storage.batches import Batch
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.runs import Run
from hone.storage.store import Cursor, Store
from hone.training.config import Range, SearchConfig, TrainConfig
from hone.training.folder import Row, RunFolder
from hone.training.prepare import prepare
from hone.training.search import Trial

SPACE = {"learning_rate": Range(low=1e-5, high=1e-2, log=True), "lora_r": Range(values=(4, 8))}
GOOD: dict[str, float | int | str] = {"learning_rate": 1e-3, "lora_r": 4}
BAD: dict[str, float | int | str] = {"learning_rate": 2e-4, "lora_r": 8}
TRIALS = [
    Trial(number=1, settings=BAD, state="done", losses=(1.5, 1.7), loss=1.6, spread=0.14, seconds=9),
    Trial(number=2, settings=GOOD, state="done", losses=(1.1, 1.2), loss=1.15, spread=0.07, seconds=8),
    Trial(number=3, settings={**BAD, "learning_rate": 5e-5}, state="pruned", losses=(2.5,), seconds=4),
    Trial(number=4, settings=GOOD, state="failed", losses=(), reason="The loss is nan.", seconds=2),
]


@pytest.fixture
def batch(store: Store, project: Project, lead: Person, ana: Person) -> Batch:
    def approve_all(cursor: Cursor) -> None:
        for pair_id in pairs.add(cursor, project.id, new_pairs(12), author_id=lead.id):
            opinion(cursor, pair_id, ana)
            settle(cursor, project, pair_id)

    store.write(approve_all)
    return freezing.freeze(store, project, lead)


@pytest.fixture
def searched(store: Store, project: Project, lead: Person) -> Run:
    """A search that is done, as its child leaves it."""
    config = SearchConfig(train=TrainConfig(base="base", lora_r=8), space=SPACE, trials=4, folds=2)
    folder = prepare(store.workspace.run_folder(1), config, {"train": [Row(id="a", instruction="?")]}, {})
    folder.trials_file.write_text("".join(trial.model_dump_json() + "\n" for trial in TRIALS))
    result = {"best": TRIALS[1].model_dump(mode="json"), "importance": {"learning_rate": 0.8, "lora_r": 0.2}}

    def change(cursor: Cursor) -> Run:
        told = config.model_dump(mode="json")
        about = {"number": 1, "project_id": project.id, "kind": "search", "batch_id": None, "created_by": lead.id}
        made = runs.add(cursor, config=told, **about)  # type: ignore[arg-type]
        runs.set_status(cursor, made.id, "running")
        runs.set_status(
            cursor, made.id, "done", "Best of 4 trials: learning_rate=0.001, lora_r=4 (loss 1.150).", result
        )
        return made

    return store.write(change)


def test_a_lead_searches_over_the_ranges_that_stand_in_the_form(
    runtime: Runtime, batch: Batch, lead: Person, tiny_base: Path
) -> None:
    seen = Browser(runtime.store, lead).go("training").press("Search settings")
    assert "Validation and test stay unseen" in seen.text
    assert f"36 short trainings on {batch.counts['train'] - batch.counts['train'] // 3}" in seen.text
    seen.widget("text_input", "search-base").input(str(tiny_base))
    ranges = seen.widget("text_area", "search-space-")
    assert ranges.value == "learning_rate=1e-5..1e-3 log"
    ranges.input("learning=1..2")
    assert "the nearest is 'learning_rate'" in seen.press("Start the search").text
    seen.widget("text_area", "search-space-").input("learning_rate=1e-4,1e-3\n\nlora_r=4,8")
    seen.press("Start the search")
    with runtime.store.read() as cursor:
        (run,) = runs.listing(cursor)
    assert (run.kind, list(run.config["space"])) == ("search", ["learning_rate", "lora_r"])
    runtime.supervisor.cancel(run)
    runtime.supervisor.wait(run.id, timeout=60)


def test_the_page_of_a_search_shows_the_best_settings_and_what_they_gain(
    store: Store, searched: Run, lead: Person
) -> None:
    seen = Browser(store, lead).go("training").press("Open")
    assert "Trial 2: 0.450 lower than the settings as they stood." in seen.text
    assert "1 stopped early, 1 failed" in seen.text
    assert "learning_rate 80%, lora_r 20%" in seen.text
    assert "The loss is nan." in seen.text
    assert "Train with these settings" in seen.buttons()


def test_a_winner_that_cannot_be_trained_says_why(store: Store, searched: Run, lead: Person) -> None:
    seen = Browser(store, lead).go("training").press("Open").press("Train with these settings")
    assert "Run 1 has no winner" in seen.text


def test_a_search_that_goes_on_shows_what_it_has_so_far(
    runtime: Runtime, project: Project, lead: Person, batch: Batch, tiny_base: Path
) -> None:
    config = SearchConfig(train=TrainConfig(base=str(tiny_base)), space=SPACE, trials=9, folds=2)
    runtime.supervisor.stop()
    run = submit(
        runtime, project, lead, "search", batch, config, {"train": [Row(id="a", instruction="?", response="!")]}
    )
    runtime.store.write(lambda cursor: runs.set_status(cursor, run.id, "running"))
    folder = RunFolder(runtime.store.workspace.run_folder(run.number))
    browser = Browser(runtime.store, lead).go("training").press("Open")
    assert "All trials" not in browser.text
    folder.trials_file.write_text(TRIALS[0].model_dump_json() + "\n")
    browser.page.run()
    assert "1 of 9" in browser.text
    assert "Train with these settings" not in browser.buttons()


def test_the_chart_of_trials_marks_each_by_how_it_ended() -> None:
    drawn = trials_svg(TRIALS, planned=6)
    assert drawn.count("<circle") == 3  # two done, one stopped
    assert "trial 4, failed" in drawn
    assert "best 1.150" in drawn
    assert trials_svg([], 6) == ""


def test_losses_far_above_the_others_do_not_press_them_together() -> None:
    wild = Trial(number=5, settings=TRIALS[0].settings, state="done", losses=(90.0, 90.0), loss=90.0, seconds=1)
    near = [TRIALS[0], TRIALS[1], TRIALS[0].model_copy(update={"number": 3, "loss": 1.3})]
    drawn = trials_svg([*near, wild], planned=4)
    assert " Z" in drawn  # an arrow at the upper edge
    assert ">90.00<" not in drawn


def test_each_setting_has_a_panel_with_its_ends_or_values() -> None:
    drawn = settings_svg(TRIALS, SPACE)
    for words in ("learning_rate", "lora_r", ">1e-05<", ">0.01<", ">4<", ">8<"):
        assert words in drawn
    assert settings_svg(TRIALS[:2], SPACE) == ""
