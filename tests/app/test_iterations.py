"""A lead goes round the loop: train on a batch, let models answer, decide. Real children on a tiny base."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from factories import add_person, new_pairs, opinion

from hone.labeling.batches import freezing as frozen
from hone.labeling.standing import settle
from hone.platform import declared
from hone.platform.runs import iterations, run_config
from hone.platform.runs.bases import base_name, checked_base
from hone.platform.runs.declared_training import price
from hone.platform.runs.finishing import answer_settings, ensure_base_model
from hone.platform.runs.material import training_material
from hone.platform.runs.run_config import train_config
from hone.platform.runs.submitting import require_space
from hone.platform.runs.supervisor import Supervisor
from hone.platform.settings import Settings, Training
from hone.storage import audit, models, pairs, projects, runs
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, Forbidden, InputError, RunError
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.runs import Run
from hone.storage.store import Cursor, Store
from hone.storage.workspace import Workspace
from hone.training.config import GenerateConfig, TrainConfig
from hone.training.folder import RunFolder

SMALL = {"epochs": 1, "max_length": 200, "max_new_tokens": 4, "samples": 0, "threads": 1, "patience": None}


@dataclass
class Team:
    """A project with a frozen batch, a lead, and a supervisor that is not at work until a test starts it."""

    store: Store
    supervisor: Supervisor
    project: Project
    lead: Person
    batch: Batch

    def models(self) -> list[Model]:
        with self.store.read() as cursor:
            return models.listing(cursor, self.project.id)


def make_team(workspace: Workspace, base: str) -> Team:
    store = Store(workspace)
    lead, ana = add_person(store, "lena", "lead"), add_person(store, "ana", "expert")
    settings = ProjectSettings(overlap=1, agree=1, training={"base": base, **SMALL})
    project = store.write(lambda cursor: projects.create(cursor, "letters", settings, lead))

    def approve_all(cursor: Cursor) -> None:
        for pair_id in pairs.add(cursor, project.id, new_pairs(20), author_id=lead.id):
            opinion(cursor, pair_id, ana)
            settle(cursor, project, pair_id)

    store.write(approve_all)
    return Team(store, Supervisor(store), project, lead, frozen.freeze(store, project, lead))


@pytest.fixture
def team(tmp_path: Path, tiny_base: Path) -> Iterator[Team]:
    made = make_team(Workspace(tmp_path / "workspace"), str(tiny_base))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def round_the_loop(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[Team]:
    """Iteration 1 was trained from the base, iteration 2 on top of it; both answered the batch."""
    team = make_team(Workspace(tmp_path_factory.mktemp("loop") / "workspace"), str(tiny_base))
    team.supervisor.start()
    first = iterations.start_training(team, team.project, team.lead, team.batch)
    assert team.supervisor.wait(first.id, timeout=120).status == "done"
    second = iterations.start_training(team, team.project, team.lead, team.batch, parent=team.models()[1])
    answers = [iterations.start_generation(team, team.project, team.lead, team.batch, team.models()[1])]
    assert team.supervisor.wait(second.id, timeout=120).status == "done"
    answers.append(iterations.start_generation(team, team.project, team.lead, team.batch, team.models()[2]))
    assert [team.supervisor.wait(run.id, timeout=120).status for run in answers] == ["done", "done"]
    yield team
    team.supervisor.stop()
    team.store.close()


def folder_of(team: Team, run: Run) -> RunFolder:
    return RunFolder(team.store.workspace.run_folder(run.number))


def test_two_iterations_stand_on_one_base(round_the_loop: Team) -> None:
    base, first, second = round_the_loop.models()
    assert [base.name, first.name, second.name] == ["tiny", "Iteration 1", "Iteration 2"]
    assert first.base_sha256 == second.base_sha256 == base.base_sha256
    assert first.batch_id == round_the_loop.batch.id


def test_the_second_iteration_continues_the_first(round_the_loop: Team) -> None:
    _, first, second = round_the_loop.models()
    facts = json.loads((round_the_loop.store.workspace.root / str(second.folder) / "hone.json").read_text())
    assert facts["parent_sha256"] == first.sha256


def test_a_model_answers_every_test_item_once(round_the_loop: Team) -> None:
    model = round_the_loop.models()[1]
    with round_the_loop.store.read() as cursor:
        candidate = models.answered(cursor, model.id, round_the_loop.batch.id)
        assert candidate is not None
        answers = models.generations(cursor, candidate.id, round_the_loop.batch.id)
    asked = frozen.rows_by_split(round_the_loop.store, round_the_loop.batch)["test"]
    assert answers.keys() == {item.pair_id for item in asked}
    with pytest.raises(Conflict, match="Iteration 1 has answered the test split of batch 1 already"):
        iterations.start_generation(
            round_the_loop, round_the_loop.project, round_the_loop.lead, round_the_loop.batch, model
        )


def test_a_workspace_may_move(round_the_loop: Team) -> None:
    with round_the_loop.store.read() as cursor:
        paths = [str(run.config.get("model") or run.config.get("parent") or "") for run in runs.listing(cursor)]
    assert sorted(paths) == ["", "runs/0001/model", "runs/0001/model", "runs/0002/model"]


def test_a_model_is_compared_with_the_newest_one_that_was_not_rejected(round_the_loop: Team) -> None:
    team, (base, first, second) = round_the_loop, round_the_loop.models()

    def before(model: Model) -> Model | None:
        with team.store.read() as cursor:
            return models.previous(cursor, model)

    assert before(second) == first
    iterations.reject(team.store, team.project, team.lead, first, "It forgot the tone.")
    assert before(second) == base
    iterations.promote(team.store, team.project, team.lead, first, "It was the better one after all.")
    assert before(second) == first
    assert before(base) is None


def test_a_decision_needs_a_reason_and_a_lead(round_the_loop: Team) -> None:
    team, model = round_the_loop, round_the_loop.models()[1]
    with pytest.raises(InputError, match="why to promote iteration 1"):
        iterations.promote(team.store, team.project, team.lead, model, "  ")
    nobody = team.lead.model_copy(update={"roles": ("reviewer",)})
    with pytest.raises(Forbidden):
        iterations.promote(team.store, team.project, nobody, model, "I like it.")


def test_a_run_holds_the_frozen_batch_and_the_projects_template(team: Team) -> None:
    run = iterations.start_training(team, team.project, team.lead, team.batch, settings=["epochs=2"])
    folder = folder_of(team, run)
    config = folder.config()

    assert isinstance(config, TrainConfig)
    assert (config.epochs, config.template) == (2, team.project.settings.template)
    assert folder.verify().batch["sha256"] == team.batch.sha256
    assert {split: len(folder.rows(split)) for split in team.batch.counts} == team.batch.counts
    assert (run.status, run.config["epochs"]) == ("waiting", 2)


def test_what_a_lead_does_with_a_run_is_in_the_audit(team: Team) -> None:
    run = iterations.start_training(team, team.project, team.lead, team.batch)
    iterations.cancel(team, team.lead, run)
    iterations.resume(team, team.lead, run)
    with team.store.read() as cursor:
        acts = [row.act for row in audit.listing(cursor, limit=3)]
    assert acts == ["run resumed", "run cancelled", "run added: train"]


def test_only_a_lead_starts_stops_and_resumes_runs(team: Team) -> None:
    expert = team.lead.model_copy(update={"roles": ("expert",)})
    run = iterations.start_training(team, team.project, team.lead, team.batch)
    with pytest.raises(Forbidden):
        iterations.start_training(team, team.project, expert, team.batch)
    with pytest.raises(Forbidden):
        iterations.cancel(team, expert, run)
    with pytest.raises(Forbidden):
        iterations.resume(team, expert, run)


def test_two_runs_get_two_numbers_and_the_folder_of_a_forgotten_run_stays(team: Team) -> None:
    forgotten = team.store.workspace.run_folder(1)
    forgotten.mkdir()
    first = iterations.start_training(team, team.project, team.lead, team.batch)
    second = iterations.start_training(team, team.project, team.lead, team.batch)
    assert (first.number, second.number) == (2, 3)
    assert forgotten.is_dir()  # after a restore its model may be all that is left of it
    assert folder_of(team, first).config().kind == "train"


@pytest.mark.parametrize(
    ("missing", "said"),
    [("tokenizer.json", "no tokenizer"), ("config.json", "no config.json"), ("model.safetensors", "no weights")],
)
def test_a_folder_that_is_no_base_is_refused_at_once(
    team: Team, tiny_base: Path, tmp_path: Path, missing: str, said: str
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in tiny_base.iterdir():
        if file.name != missing:
            (broken / file.name).write_bytes(file.read_bytes())

    with pytest.raises(InputError, match=said) as refusal:
        iterations.start_training(team, team.project, team.lead, team.batch, base=str(broken))
    assert "\n" not in str(refusal.value)
    with team.store.read() as cursor:
        assert runs.listing(cursor) == []


@pytest.mark.parametrize("base", ["./nowhere", "/no/such/folder", "", "no such", "\0", "-x"])
def test_a_base_that_cannot_be_is_refused(base: str) -> None:
    with pytest.raises(InputError):
        checked_base(base)


@pytest.mark.parametrize("base", ["toy", "gpt2", "Qwen/Qwen2.5-0.5B"])
def test_the_toy_base_and_ids_of_the_hub_are_taken_as_they_are(base: str) -> None:
    assert checked_base(base) == base


def test_a_base_is_called_by_its_last_name() -> None:
    assert base_name("Qwen/Qwen2.5-0.5B") == "Qwen2.5-0.5B"
    assert base_name("/somewhere/toy-base-0123456789ab") == base_name("toy") == "Toy base"


def test_a_project_stays_on_the_toy_base_that_it_began_with(team: Team, tiny_base: Path, tmp_path: Path) -> None:
    own = tmp_path / "toy-base-of-an-earlier-hone"
    own.symlink_to(tiny_base)
    first = iterations.start_training(team, team.project, team.lead, team.batch, base="toy")
    team.store.write(lambda cursor: ensure_base_model(cursor, team.project.id, str(own), None))
    second = iterations.start_training(team, team.project, team.lead, team.batch, base="toy")
    assert [folder_of(team, run).config().base for run in (first, second)] == ["toy", str(own)]


def test_the_toy_base_takes_the_toy_preset_and_any_other_the_standard_one(team: Team) -> None:
    plain = team.project.model_copy(update={"settings": ProjectSettings()})
    assert train_config(plain, "toy", team.batch).learning_rate == 6e-3
    assert train_config(plain, "gpt2", team.batch).learning_rate == 2e-4


def test_a_preset_can_be_named_beside_the_settings_and_the_project_s_own_still_count(team: Team) -> None:
    made = train_config(team.project, "gpt2", team.batch, ["preset=careful", "lora_alpha=8"])
    assert (made.learning_rate, made.weight_decay, made.lora_alpha) == (1e-4, 0.01, 8)
    assert made.epochs == SMALL["epochs"]


def test_what_is_said_beside_the_settings_is_none_of_them(team: Team) -> None:
    beside = {"price_per_hour": "2.40", "currency": "EUR", "preset": "quick", "base": "gpt2"}
    settings = declared.check(ProjectSettings(training=beside))
    assert train_config(team.project.model_copy(update={"settings": settings}), "gpt2", team.batch).epochs == 1
    found = price(settings)
    assert found is not None
    assert (found.of(1800), found.currency) == (1.2, "EUR")


@pytest.mark.parametrize("said", ["much", "-1", "nan", "inf"])
def test_a_price_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(InputError, match="price_per_hour is"):
        declared.check(ProjectSettings(training={"price_per_hour": said}))


def test_a_run_that_continues_an_adapter_takes_its_shape_whatever_the_preset_says(round_the_loop: Team) -> None:
    team, parent = round_the_loop, round_the_loop.models()[1]
    made = training_material(team.store, team.project, team.batch, parent=parent, settings=["preset=careful"])
    merged = ["preset=careful", "parent_use=merge"]
    fresh = training_material(team.store, team.project, team.batch, parent=parent, settings=merged)
    assert (made.config.lora_r, made.config.learning_rate) == (16, 1e-4)
    assert (fresh.config.lora_r, fresh.config.parent) == (32, parent.folder)


def test_to_continue_from_a_champion_there_has_to_be_one(team: Team) -> None:
    with pytest.raises(InputError, match="no champion to continue from"):
        iterations.start_training(team, team.project, team.lead, team.batch, settings=["preset=continue"])


@pytest.mark.parametrize(
    ("setting", "said"),
    [("learning_rat=1", "nearest is 'learning_rate'"), ("epochs=0", "epochs"), ("base=gpt2", "base is no setting")],
)
def test_a_setting_that_is_not_allowed_is_refused_by_name(team: Team, setting: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        iterations.start_training(team, team.project, team.lead, team.batch, settings=[setting])


def test_a_project_without_a_base_asks_for_one(team: Team) -> None:
    bare = team.project.model_copy(update={"settings": ProjectSettings()})
    with pytest.raises(InputError, match="No base model was named"):
        iterations.start_training(team, bare, team.lead, team.batch)


def test_an_answer_of_a_server_or_in_a_chat_is_another_candidates() -> None:
    usual = {"template", "max_new_tokens", "temperature", "top_p", "seed", "max_length", "too_long"}
    plain = GenerateConfig(base="gpt2", prompt="template")
    assert answer_settings(plain).keys() == usual  # as they were stored before there was a choice
    served = plain.model_copy(update={"server": "http://gpu:8000/v1", "prompt": "chat"})
    assert answer_settings(served).keys() - usual == {"server", "prompt"}


def test_only_a_server_that_hone_toml_names_gets_the_test_items_and_the_key(team: Team) -> None:
    base = team.store.write(lambda cursor: ensure_base_model(cursor, team.project.id, "gpt2", None))
    ask = ("server=http://gpu:8000/v1",)
    with pytest.raises(InputError, match=r"http://gpu:8000/v1 is none that may answer.*hone.toml \(it names none\)"):
        iterations.start_generation(team, team.project, team.lead, team.batch, base, settings=ask)
    named = Settings(training=Training(servers=("http://gpu:8000/v1/",)))
    allowed = replace(team, supervisor=Supervisor(team.store, named))
    run = iterations.start_generation(allowed, team.project, team.lead, team.batch, base, settings=ask)
    assert run.config["server"] == "http://gpu:8000/v1"


def test_a_full_disk_is_told_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="MB left; a run needs"):
        require_space(tmp_path, needed=10**18)


def test_what_the_project_says_of_rows_that_are_too_long_holds_for_answers_too(round_the_loop: Team) -> None:
    team, model = round_the_loop, round_the_loop.models()[1]
    declared = {**team.project.settings.training, "too_long": "truncate_prompt"}
    settings = team.project.settings.model_copy(update={"training": declared})
    shortening = team.project.model_copy(update={"settings": settings})
    found = [run_config.generate_config(team.store, each, team.batch, model, []) for each in (team.project, shortening)]
    assert [config.too_long for config in found] == ["refuse", "truncate_prompt"]
