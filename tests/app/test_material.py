"""What a training run is made of when there are earlier batches: theirs to learn again, theirs to be held against."""

import json
from pathlib import Path

import pytest
from factories import add_person, new_pairs, opinion

from hone.labeling.batches import freezing as frozen
from hone.labeling.standing import settle
from hone.platform.runs import iterations
from hone.platform.runs.generic_rows import generic_rows
from hone.platform.runs.material import kept_rows, training_material
from hone.platform.runs.run_config import generate_config
from hone.platform.runs.supervisor import Supervisor
from hone.storage import models, pairs, projects, runs
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, InputError
from hone.storage.filters import PairFilter
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.store import Cursor, Store
from hone.training.folder import RunFolder
from hone.training.models.published import FACTS, ModelFacts

ROW = {"instruction": "Name a colour.", "response": "Blue."}


class Desk:
    """A project that freezes the pairs of a wave at a time: each batch holds other pairs than the one before."""

    def __init__(self, store: Store, lead: Person, base: Path) -> None:
        self.store, self.lead, self.base = store, lead, base
        self.supervisor = Supervisor(store)  # nobody starts it
        self.ana = add_person(store, "ana", "expert")
        given = ProjectSettings(overlap=1, agree=1, training={"base": str(base), "threads": 1})
        self.project = store.write(lambda cursor: projects.create(cursor, "letters", given, lead))

    def freeze(self, wave: int) -> Batch:
        """Thirty fresh pairs, approved and frozen alone."""

        def change(cursor: Cursor) -> None:
            fresh = [
                pair.model_copy(update={"metadata": {"wave": str(wave)}, "group": f"{pair.group} of wave {wave}"})
                for pair in new_pairs(30, start=100 * wave + 1)
            ]
            for pair_id in pairs.add(cursor, self.project.id, fresh, author_id=self.lead.id):
                opinion(cursor, pair_id, self.ana)
                settle(cursor, self.project, pair_id)

        self.store.write(change)
        wanted = PairFilter(states=("approved",), metadata={"wave": str(wave)})
        return frozen.freeze(self.store, self.project, self.lead, wanted=wanted)

    def model(self, batch: Batch, folder: str = "runs/0001/model") -> Model:
        """An iteration as far as the store knows, with the facts of its folder but without weights."""
        place = self.store.workspace.root / folder
        place.mkdir(parents=True)
        facts = ModelFacts(
            run="first",
            base=str(self.base),
            base_sha256="b",
            adapter_sha256="a",
            parent_sha256=None,
            template="{instruction}",
            stop_ids=[0],
            max_new_tokens=8,
            batch={},
            data_sha256={},
            validation_loss=None,
            step=1,
        )
        (place / FACTS).write_text(facts.model_dump_json(), encoding="utf-8")
        shape = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0}
        (place / "adapter_config.json").write_text(json.dumps(shape), encoding="utf-8")

        def change(cursor: Cursor) -> Model:
            run = runs.add(
                cursor,
                number=len(runs.listing(cursor)) + 1,
                project_id=self.project.id,
                kind="train",
                batch_id=batch.id,
                config={},
                created_by=self.lead.id,
            )
            return models.add(
                cursor,
                self.project.id,
                name="Iteration",
                base=str(self.base),
                base_sha256=None,
                folder=folder,
                run_id=run.id,
                batch_id=batch.id,
            )

        return self.store.write(change)


@pytest.fixture
def team(store: Store, lead: Person, tiny_base: Path) -> Desk:
    return Desk(store, lead, tiny_base)


@pytest.fixture
def base_model(team: Desk) -> Model:
    """A model whose folder need not be read: it speaks as the base does."""

    def change(cursor: Cursor) -> Model:
        run = runs.add(
            cursor, number=1, project_id=team.project.id, kind="train", batch_id=None, config={}, created_by="nobody"
        )
        return models.add(
            cursor, team.project.id, name="Iteration 1", base=str(team.base), base_sha256=None, run_id=run.id
        )

    return team.store.write(change)


def test_a_second_batch_is_learnt_with_a_share_of_the_first_and_held_against_its_test(team: Desk) -> None:
    first, second = team.freeze(1), team.freeze(2)
    made = training_material(team.store, team.project, second)
    tests = frozen.rows_by_split(team.store, first)["test"]
    assert {number: len(rows) for number, rows in made.kept.items()} == {1: len(tests)}
    assert {row.id for row in made.kept[1]} == {item.pair_id for item in tests}
    again = made.rows["rehearsal"]
    assert len(again) == round(0.2 / 0.8 * len(made.rows["train"])) == made.rehearsed[1]
    assert {row.id for row in again} <= {item.pair_id for item in frozen.rows_by_split(team.store, first)["train"]}


def test_a_run_folder_says_how_many_rows_were_learnt_again(team: Desk) -> None:
    team.freeze(1)
    run = iterations.start_training(team, team.project, team.lead, team.freeze(2))
    manifest = RunFolder(team.store.workspace.run_folder(run.number)).verify()
    assert manifest.batch["rehearsal"] == {"batch 1": manifest.files["rehearsal"].rows}
    assert (manifest.batch["number"], list(manifest.kept)) == (2, [1])


def test_without_rehearsal_earlier_batches_are_only_asked(team: Desk) -> None:
    team.freeze(1)
    made = training_material(team.store, team.project, team.freeze(2), settings=["rehearsal=0"])
    assert "rehearsal" not in made.rows
    assert list(made.kept) == [1]


def test_a_first_batch_has_nothing_to_rehearse(team: Desk) -> None:
    made = training_material(team.store, team.project, team.freeze(1))
    assert (list(made.rows), made.kept, made.rehearsed, made.facts) == (["train", "validation", "test"], {}, {}, {})


def test_a_model_that_learns_on_knows_its_parent_and_has_its_shape(team: Desk, tiny_base: Path) -> None:
    parent = team.model(team.freeze(1))
    run = iterations.start_training(team, team.project, team.lead, team.freeze(2), parent=parent)
    assert run.model_id == parent.id
    assert (run.config["parent"], run.config["lora_r"]) == ("runs/0001/model", 4)


def test_a_model_answers_on_the_base_that_it_learnt_on(team: Desk) -> None:
    batch = team.freeze(1)
    model = team.model(batch)
    place = team.store.workspace.root / "runs/0001/model" / FACTS
    facts = ModelFacts.model_validate_json(place.read_text(encoding="utf-8"))
    place.write_text(facts.model_copy(update={"quantize": "4bit"}).model_dump_json(), encoding="utf-8")
    assert generate_config(team.store, team.project, batch, model, ()).quantize == "4bit"


def test_items_that_a_model_learnt_from_by_preference_no_longer_test_it(team: Desk) -> None:
    first, second = team.freeze(1), team.freeze(2)
    parent = team.model(first)
    burnt = [item.pair_id for item in frozen.rows_by_split(team.store, first)["test"]][:2]
    team.store.write(lambda cursor: runs.learn_from(cursor, str(parent.run_id), burnt))
    left = {row.id for row in kept_rows(team.store, team.project, second, parent)[1]}
    assert left == {item.pair_id for item in frozen.rows_by_split(team.store, first)["test"]} - set(burnt)


def test_a_model_that_learnt_from_nearly_all_test_items_cannot_be_tested_on_them(team: Desk, base_model: Model) -> None:
    first = team.freeze(1)
    items = frozen.rows_by_split(team.store, first)["test"]
    team.store.write(
        lambda cursor: runs.learn_from(cursor, str(base_model.run_id), [item.pair_id for item in items[3:]])
    )
    with pytest.raises(Conflict, match="fewer than 5 are left to test it: freeze a batch with fresh test items"):
        iterations.start_generation(team, team.project, team.lead, first, base_model)


def with_generic(team: Desk, named: str) -> Project:
    declared = {**team.project.settings.training, "generic": named}
    settings = team.project.settings.model_copy(update={"training": declared})
    return team.project.model_copy(update={"settings": settings})


def test_generic_rows_are_learnt_to_the_same_share(team: Desk) -> None:
    file = team.store.workspace.root / "general.jsonl"
    file.write_text("".join(json.dumps({**ROW, "instruction": f"Name colour {n}."}) + "\n" for n in range(40)))
    made = training_material(team.store, with_generic(team, "general.jsonl"), team.freeze(1))
    assert len(made.rows["generic"]) == round(0.25 * len(made.rows["train"])) == made.facts["generic"]


def test_a_lead_reads_no_file_outside_the_workspace_as_generic_rows(team: Desk, tmp_path: Path) -> None:
    (tmp_path / "private.jsonl").write_text(json.dumps(ROW) + "\n")
    batch = team.freeze(1)
    for named in (str(tmp_path / "private.jsonl"), "../private.jsonl", "runs/../../private.jsonl"):
        with pytest.raises(InputError, match="do not lie in the workspace"):
            training_material(team.store, with_generic(team, named), batch)


def test_generic_rows_are_drawn_by_seed_and_a_text_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "general.jsonl"
    file.write_text("".join(json.dumps({**ROW, "context": f"Case {n % 20}."}) + "\n" for n in range(40)))
    assert len(generic_rows(file, 100, 0)) == 20
    assert generic_rows(file, 5, 0) == generic_rows(file, 5, 0) != generic_rows(file, 5, 1)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{oops", "line 2 is no JSON"),
        ("[1]", "line 2 is no row"),
        ('{"instruction": "Name a colour."}', "line 2 is no row"),
        ('{"instruction": "Name one.", "response": 7}', "line 2 is no row"),
    ],
)
def test_a_damaged_line_of_generic_rows_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "general.jsonl"
    file.write_text(json.dumps(ROW) + "\n" + line + "\n")
    with pytest.raises(InputError, match=said):
        generic_rows(file, 5, 0)


def test_a_file_of_generic_rows_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory"):
        generic_rows(tmp_path / "nowhere.jsonl", 5, 0)
