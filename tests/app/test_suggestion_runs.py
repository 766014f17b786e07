"""A lead lets a model suggest: real children on a tiny base, and what is stored once they are done."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from factories import add_person, new_pairs

from hone.platform import loop
from hone.platform.runs.finishing import finish
from hone.platform.runs.run_config import suggest_config
from hone.platform.runs.suggestion import start_suggestion
from hone.platform.runs.supervisor import Supervisor
from hone.storage import models, pairs, projects, queue, runs, suggestions
from hone.storage.errors import Conflict, Forbidden, InputError
from hone.storage.models import Model, ModelDecision
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.records import new_id, now
from hone.storage.runs import Run
from hone.storage.store import Store
from hone.storage.workspace import Workspace
from hone.training.folder import RunFolder

QUICK = {"max_new_tokens": 4, "threads": 1}
BARE = [NewPair(instruction=f"Ask {n}.") for n in range(3)]


@dataclass
class Room:
    """A project with three pairs that have no response and two that have, on a tiny base."""

    store: Store
    supervisor: Supervisor
    project: Project
    lead: Person

    def suggest(self, model: Model | None = None, **how: bool | int | str) -> Run:
        return start_suggestion(self, self.project, self.lead, model, **how)  # type: ignore[arg-type]

    def done(self, run: Run) -> Run:
        return self.supervisor.wait(run.id, timeout=120)

    def said(self, run: Run) -> dict[str, suggestions.Suggestion]:
        with self.store.read() as cursor:
            return {each.pair_id: each for each in suggestions.of_run(cursor, run.id)}

    def folder(self, run: Run) -> RunFolder:
        return RunFolder(self.store.workspace.run_folder(run.number))


def make_room(workspace: Workspace, base: Path, **settings: object) -> Room:
    store = Store(workspace)
    lead = add_person(store, "lena", "lead")
    rules = ProjectSettings.model_validate(
        {"overlap": 1, "agree": 1, "training": {"base": str(base), **QUICK}, **settings}
    )
    project = store.write(lambda cursor: projects.create(cursor, "letters", rules, lead))
    store.write(lambda cursor: pairs.add(cursor, project.id, [*new_pairs(2), *BARE], author_id=lead.id))
    return Room(store, Supervisor(store), project, lead)


@pytest.fixture
def room(tmp_path: Path, tiny_base: Path) -> Iterator[Room]:
    """The supervisor is not at work."""
    made = make_room(Workspace(tmp_path / "workspace"), tiny_base)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[tuple[Room, Run]]:
    """The base has suggested to a project whose queue puts uncertain pairs first."""
    room = make_room(Workspace(tmp_path_factory.mktemp("asked") / "workspace"), tiny_base, order="uncertain")
    room.supervisor.start()
    yield room, room.done(room.suggest())
    room.supervisor.stop()
    room.store.close()


def a_model(room: Room, name: str, folder: str | None = "runs/0009/model") -> Model:
    return room.store.write(
        lambda cursor: models.add(
            cursor, room.project.id, name=name, base="tiny", base_sha256="a" * 64, folder=folder, run_id=None
        )
    )


def decide(room: Room, model: Model, decision: str) -> None:
    said = {"project_id": room.project.id, "model_id": model.id, "report_id": None, "decision": decision}
    made = ModelDecision.model_validate(
        {**said, "id": new_id(), "reason": "So.", "person_id": room.lead.id, "created_at": now()}
    )
    room.store.write(lambda cursor: models.decide(cursor, made, room.lead))


def current(room: Room) -> str | None:
    with room.store.read() as cursor:
        found = models.current(cursor, room.project.id)
    return found.name if found else None


def test_answers_and_readings_are_stored_with_the_base_that_gave_them(asked: tuple[Room, Run]) -> None:
    room, run = asked
    assert (run.status, run.message) == ("done", "Answered 3, read 2 open pairs.")
    assert (run.kind, run.batch_id) == ("suggest", None)
    said = room.said(run)
    with room.store.read() as cursor:
        found = pairs.many(cursor, list(said))
        (base,) = models.listing(cursor, room.project.id)
    assert {pair.number for pair in found.values()} == {1, 2, 3, 4, 5}
    assert {each.model_id for each in said.values()} == {base.id} == {run.model_id}
    assert all((said[key].response is None) == bool(pair.response) for key, pair in found.items())
    assert all(each.mean_logprob is not None and each.mean_logprob < 0 for each in said.values())


def test_a_run_that_is_finished_again_stores_nothing_more(asked: tuple[Room, Run]) -> None:
    room, run = asked
    before = room.said(run)
    finish(room.store, run, room.folder(run))
    assert room.said(run) == before


def test_the_queue_puts_first_what_the_model_finds_least_likely(asked: tuple[Room, Run]) -> None:
    room, run = asked
    ana = add_person(room.store, "ana", "expert")
    lease = room.store.write(lambda cursor: queue.claim(cursor, room.project.id, ana.id))
    said = room.said(run)
    assert lease is not None
    assert lease.subject_id == min(said, key=lambda key: said[key].mean_logprob or 0)


def test_what_was_asked_is_not_asked_again(asked: tuple[Room, Run]) -> None:
    room, run = asked
    assert run.model_id is not None
    with pytest.raises(Conflict, match="no open pair to which tiny has said nothing"):
        room.suggest()


def test_a_model_answers_with_the_projects_prompt_and_only_what_fits_the_limit(room: Room) -> None:
    run = room.suggest(limit=2)
    folder = room.folder(run)
    assert [row.instruction for row in folder.rows("open")] == ["Ask 0.", "Ask 1."]
    assert (run.config["template"], run.config["max_new_tokens"]) == (room.project.settings.template, 4)
    assert run.status == "waiting"


def test_responses_are_read_where_the_queue_needs_it_or_somebody_asks(room: Room) -> None:
    assert len(room.folder(room.suggest()).rows("open")) == 3
    room.supervisor.cancel(first_of(room))
    assert len(room.folder(room.suggest(read=True)).rows("open")) == 5


def first_of(room: Room) -> Run:
    with room.store.read() as cursor:
        return runs.unfinished(cursor)[0]


def test_a_model_is_asked_by_one_run_at_a_time(room: Room) -> None:
    run = room.suggest()
    with pytest.raises(Conflict, match=f"Run {run.number} lets the model suggest already"):
        room.suggest()


def test_a_project_may_keep_answers_away(tmp_path: Path, tiny_base: Path) -> None:
    room = make_room(Workspace(tmp_path / "w"), tiny_base, suggestions="off")
    with pytest.raises(Conflict, match="keeps suggestions off"):
        room.suggest()
    assert [row.response for row in room.folder(room.suggest(read=True)).rows("open")] != []
    room.store.close()


def test_only_a_lead_lets_a_model_suggest(room: Room) -> None:
    nobody = room.lead.model_copy(update={"roles": ("expert",)})
    with pytest.raises(Forbidden):
        start_suggestion(room, room.project, nobody)


@pytest.mark.parametrize(("how", "said"), [({"limit": 0}, "1 to 1,000,000"), ({"base": "./nowhere"}, "nowhere")])
def test_what_cannot_be_asked_is_refused_in_words(room: Room, how: dict[str, int | str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        room.suggest(None, **how)


def test_a_project_with_models_asks_none_of_another_base(room: Room) -> None:
    model = a_model(room, "Base", folder=None)
    with pytest.raises(InputError, match="leave the base out"):
        room.suggest(model, base="toy")
    assert suggest_config(room.store, room.project, model, model.base, []).base_sha256 == "a" * 64


def test_the_promoted_model_suggests_else_the_newest_that_nobody_rejected(room: Room) -> None:
    assert current(room) is None
    a_model(room, "Base", folder=None)
    assert current(room) == "Base"
    first, second = a_model(room, "First"), a_model(room, "Second")
    assert current(room) == "Second"
    decide(room, second, "reject")
    assert current(room) == "First"
    third = a_model(room, "Third")
    decide(room, first, "promote")
    assert (current(room), third.number) == ("First", 3)


def test_the_loop_does_not_wait_for_suggestions(room: Room) -> None:
    room.suggest()
    with room.store.read() as cursor:
        found = loop.standing(cursor, room.project)
    assert found.next is not None
    assert "page Review" in found.next.says
