"""The panel on the page Training that lets a model suggest, and what of an answer reaches an expert's browser."""

from pathlib import Path

import pytest
from browsing import Browser
from factories import add_pairs

from hone.labeling.desk import next_view
from hone.labeling.standing import change_settings
from hone.platform.frame.desk_surface import given
from hone.platform.runtime import Runtime
from hone.storage import models, pairs, runs, suggestions
from hone.storage.models import Model
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id, now
from hone.storage.runs import Run
from hone.storage.store import Store
from hone.storage.suggestions import Suggestion


@pytest.fixture
def bare(store: Store, project: Project, lead: Person) -> list[str]:
    """Three pairs without a response."""
    new = [NewPair(instruction=f"Ask {number}.") for number in range(3)]
    return store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id))


def iteration(store: Store, project: Project) -> Model:
    return store.write(
        lambda cursor: models.add(
            cursor, project.id, name="Iteration Nine", base="tiny", base_sha256="a" * 64, folder="runs/9/model"
        )
    )


def suggest(store: Store, model: Model, pair_id: str) -> None:
    made = Suggestion(
        id=new_id(),
        pair_id=pair_id,
        model_id=model.id,
        response="Because of rain.",
        mean_logprob=-0.25,
        run_id="run-nine",
        created_at=now(),
    )
    store.write(lambda cursor: suggestions.add(cursor, [made]))


def run_of(store: Store) -> Run:
    with store.read() as cursor:
        return runs.listing(cursor)[0]


def test_a_lead_lets_the_base_answer_what_has_no_response(
    runtime: Runtime, bare: list[str], lead: Person, tiny_base: Path
) -> None:
    seen = Browser(runtime.store, lead).go("training")
    assert "3 open pairs without a response" in seen.text
    seen.widget("text_input", "suggest-base").input(str(tiny_base))
    seen.press("Let the base suggest answers")
    run = run_of(runtime.store)
    assert (run.kind, run.config["base"]) == ("suggest", str(tiny_base))
    assert "Run 1 is" in seen.text
    assert "Suggestions of a model" in seen.text
    runtime.supervisor.cancel(run)
    runtime.supervisor.wait(run.id, timeout=60)
    assert "suggests answers to open pairs" in seen.press("Open").text


def test_a_project_without_open_questions_has_no_such_panel(store: Store, project: Project, lead: Person) -> None:
    add_pairs(store, project, 2, lead)
    assert "Suggestions" not in Browser(store, lead).go("training").text


def test_a_project_that_asks_the_uncertain_first_lets_the_model_read(
    store: Store, project: Project, lead: Person
) -> None:
    add_pairs(store, project, 2, lead)
    settings = project.settings.model_copy(update={"order": "uncertain"})
    store.write(lambda cursor: change_settings(cursor, project, settings, lead))
    iteration(store, project)
    seen = Browser(store, lead).go("training")
    assert "2 responses that Iteration Nine has not read" in seen.text
    assert "Let Iteration Nine read them" in seen.buttons()


def test_nothing_that_tells_the_model_reaches_an_experts_browser(
    store: Store, project: Project, bare: list[str], ana: Person
) -> None:
    model = iteration(store, project)
    suggest(store, model, bare[0])
    view = next_view(store, project, ana)
    sent = given(project, ana, view, None)
    assert sent["suggestion"]["response"] == "Because of rain."
    assert not [word for word in (model.id, model.name, "run-nine", "0.25") if word in str(sent)]
