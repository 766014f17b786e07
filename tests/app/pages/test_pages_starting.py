"""The page that starts a run: what is offered, what a look before the start tells, what stands in the way."""

import dataclasses
from pathlib import Path

import pytest
from browsing import Browser
from factories import add_person, new_pairs, opinion

from hone.labeling.batches import freezing as frozen
from hone.labeling.standing import settle
from hone.platform.runs import preflight
from hone.platform.runs.preflight import PREFIX, Look
from hone.platform.runtime import Runtime
from hone.platform.views import start_settings
from hone.platform.views.start_look import tokens
from hone.storage import pairs, projects, runs
from hone.storage.batches import Batch
from hone.storage.errors import Forbidden, NotFound
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import new_id
from hone.storage.runs import Run
from hone.storage.store import Cursor, Store
from hone.training import preflight as training_preflight
from hone.training.config import TrainConfig
from hone.training.folder import RunFolder
from hone.training.preflight import TokenView

SMALL = {"epochs": 1, "max_length": 130, "max_new_tokens": 4, "samples": 0, "threads": 1, "price_per_hour": "3600"}


@dataclasses.dataclass
class Ready:
    """A lead before a frozen batch of a project with a tiny base."""

    runtime: Runtime
    project: Project
    lead: Person
    batch: Batch

    def browser(self) -> Browser:
        return Browser(self.runtime.store, self.lead).go("training").press("Train a model")

    def look_here(self, look_id: str) -> None:
        """Look in this process instead of the child, which would load its libraries again."""
        child = preflight.at_work[look_id]
        child.kill()
        child.wait()
        folder = RunFolder(self.runtime.workspace.runs / f"{PREFIX}{look_id}")
        folder.worker_file.unlink(missing_ok=True)
        assert training_preflight.preflight(folder.path) == 0
        folder.worker_file.unlink()  # it names this process, which lives on

    def looked(self, *settings: str) -> Look:
        """A look that has ended."""
        look = preflight.start_preflight(self.runtime, self.project, self.lead, self.batch, settings=settings)
        self.look_here(look.id)
        return preflight.preflight(self.runtime, self.project, look.id)

    def runs(self) -> list[Run]:
        with self.runtime.store.read() as cursor:
            return runs.listing(cursor)


@pytest.fixture
def ready(runtime: Runtime, store: Store, lead: Person, tiny_base: Path) -> Ready:
    settings = ProjectSettings(overlap=1, agree=1, training={"base": str(tiny_base), "currency": "EUR", **SMALL})
    ana = add_person(store, "anne", "expert")
    things = ("pump", "kettle", "window", "bicycle", "garden", "letter")
    long_pairs = [NewPair(instruction=f"About a {it}.", context=f"My {it} is odd. " * 6, response=it) for it in things]

    def approve_all(cursor: Cursor) -> Project:
        project = projects.create(cursor, "letters", settings, lead)
        for pair_id in pairs.add(cursor, project.id, [*new_pairs(20), *long_pairs], author_id=lead.id):
            opinion(cursor, pair_id, ana)
            settle(cursor, project, pair_id)
        return project

    project = store.write(approve_all)
    return Ready(runtime, project, lead, frozen.freeze(store, project, lead))


def test_every_setting_of_a_run_stands_on_the_page_once_or_is_chosen_elsewhere() -> None:
    shown = [name for names in start_settings.GROUPS.values() for name in names]
    assert len(shown) == len(set(shown))
    assert set(shown) | start_settings.ELSEWHERE == set(TrainConfig.model_fields)
    assert not set(shown) & start_settings.ELSEWHERE


def test_a_preset_is_chosen_by_its_advice_and_what_is_blank_stays(ready: Ready) -> None:
    seen = ready.browser()
    method = seen.widget("radio", "start-preset")
    assert method.options[:2] == ["Standard LoRA", "Quick look"]
    assert "Continue from the champion" not in method.options
    assert seen.widget("text_input", "start-epochs").placeholder == "1"
    assert seen.widget("text_input", "start-patience").placeholder == "2"


def test_a_look_tells_before_the_start_and_the_start_follows(ready: Ready) -> None:
    seen = ready.browser()
    seen.widget("text_input", "start-max_length").input("256")
    seen.press("Look before starting")
    assert "Stop looking" in seen.buttons()
    ready.look_here(seen.page.session_state["start-looked"][1])
    seen.page.run()
    for said in ("Rows to learn", "Learnt tokens", "What it will take", "EUR", "What is learnt", "The longest rows"):
        assert said in seen.text
    assert '<mark class="t">' in seen.source
    seen.press("Start the run")
    (run,) = ready.runs()
    assert run.config["max_length"] == 256


def test_rows_that_do_not_fit_stand_against_the_start_with_the_choices_beside_them(ready: Ready) -> None:
    seen = ready.browser().press("Look before starting")
    ready.look_here(seen.page.session_state["start-looked"][1])
    seen.page.run()
    assert "would stop the run" in seen.text
    assert next(each for each in seen.page.button if each.label == "Start the run").disabled
    seen.press("Shorten the context")
    assert seen.widget("selectbox", "start-too_long").value == "truncate_prompt"
    assert "Stop looking" in seen.buttons()


def test_a_wrong_setting_starts_neither_a_look_nor_a_run(ready: Ready) -> None:
    seen = ready.browser()
    seen.widget("text_input", "start-learning_rate").input("fast")
    assert "learning_rate (given 'fast')" in seen.press("Look before starting").text
    assert "learning_rate (given 'fast')" in seen.press("Start at once").text
    assert ready.runs() == []


def test_text_in_a_token_is_text() -> None:
    drawn = tokens(TokenView(id="a", tokens=(("<b>\n", False), ("<i>", True)), label="<u>"))
    assert '<span class="t">&lt;b&gt;<i class="nl">↵</i>\n</span>' in drawn
    assert '<mark class="t">&lt;i&gt;</mark><mark class="t">&lt;u&gt;</mark>' in drawn


def test_a_look_has_what_the_run_would_have_and_names_pairs_by_their_numbers(ready: Ready) -> None:
    look = ready.looked("max_length=256")
    assert look.state == "done"
    assert look.result is not None
    assert look.result.estimate is not None
    assert look.cost == pytest.approx(look.result.estimate.total_seconds)
    assert set(look.numbers.values()) <= set(range(1, 27))
    assert ready.runs() == []


def test_what_a_look_left_behind_goes_and_no_other_project_sees_it(ready: Ready, project: Project) -> None:
    first = ready.looked("lora_targets=nowhere", "max_length=256")
    assert first.result is not None
    assert "nowhere" in first.result.refusals[0]
    with pytest.raises(NotFound, match="There is no look"):
        preflight.preflight(ready.runtime, project, first.id)
    with pytest.raises(NotFound, match="There is no look"):
        preflight.preflight(ready.runtime, ready.project, "../0001")
    for _ in range(3):
        (ready.runtime.workspace.runs / f"{PREFIX}{new_id()}").mkdir()
    ready.looked("max_length=256")
    assert len(list(ready.runtime.workspace.runs.glob(f"{PREFIX}*"))) == 3
    preflight.clear(ready.runtime.workspace.runs)  # as when the workspace is opened again
    assert not list(ready.runtime.workspace.runs.glob(f"{PREFIX}*"))


def test_a_look_is_a_process_of_its_own_that_a_lead_can_stop(ready: Ready, ana: Person) -> None:
    look = preflight.start_preflight(ready.runtime, ready.project, ready.lead, ready.batch)
    assert look.state == "running"
    with pytest.raises(Forbidden):
        preflight.cancel_preflight(ready.runtime, ready.project, ana, look.id)
    preflight.cancel_preflight(ready.runtime, ready.project, ready.lead, look.id)
    preflight.at_work[look.id].wait(timeout=120)
    assert preflight.preflight(ready.runtime, ready.project, look.id).state == "cancelled"


def test_a_look_whose_process_was_killed_says_so(ready: Ready) -> None:
    look = preflight.start_preflight(ready.runtime, ready.project, ready.lead, ready.batch)
    preflight.at_work[look.id].kill()
    preflight.at_work[look.id].wait()
    found = preflight.preflight(ready.runtime, ready.project, look.id)
    assert (found.state, found.message.split(":")[0]) == ("failed", "The look ended before it had looked")


def test_only_a_lead_looks(ready: Ready, ana: Person) -> None:
    with pytest.raises(Forbidden):
        preflight.start_preflight(ready.runtime, ready.project, ana, ready.batch)
