"""A lead searches for good settings: a real child on a tiny base, what is stored of it, and the winner as a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commanding import exact, hone_in
from factories import add_person, opinion

from hone.labeling.batches import freezing as frozen
from hone.labeling.standing import settle
from hone.platform import run_words
from hone.platform.run_view import numbers
from hone.platform.runs import searching
from hone.platform.runs.alike import together
from hone.platform.runs.finishing import finish
from hone.platform.runs.searched import at_an_end, trials_of
from hone.platform.runs.supervisor import Supervisor
from hone.storage import batches, pairs, projects, runs
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, Forbidden, InputError
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.runs import Run
from hone.storage.store import Cursor, Store
from hone.storage.workspace import Workspace
from hone.training.config import SearchConfig, TrainConfig
from hone.training.folder import Row, RunFolder
from hone.training.searching.space import PRESETS, parse_space

SMALL = {"epochs": 1, "max_length": 200, "max_new_tokens": 4, "samples": 0, "threads": 1, "patience": None}
SPACE = parse_space(["learning_rate=1e-3,1e-2"])


@dataclass
class Room:
    """A project with a frozen batch of thirty pairs in ten groups, on a tiny base."""

    store: Store
    supervisor: Supervisor
    project: Project
    lead: Person
    batch: Batch

    def search(self, **how: Any) -> Run:
        asked: dict[str, Any] = {"space": SPACE, "folds": 2, "trials": 2, **how}
        return searching.start_search(self, self.project, self.lead, self.batch, **asked)

    def folder(self, run: Run) -> RunFolder:
        return RunFolder(self.store.workspace.run_folder(run.number))


def make_room(workspace: Workspace, base: Path) -> Room:
    store = Store(workspace)
    lead, ana = add_person(store, "lena", "lead"), add_person(store, "ana", "expert")
    settings = ProjectSettings(overlap=1, agree=1, training={"base": str(base), **SMALL})
    project = store.write(lambda cursor: projects.create(cursor, "letters", settings, lead))

    def approve_all(cursor: Cursor) -> None:
        new = [NewPair(instruction=f"Say {n}.", response=f"It is {n}.", group=f"group {n % 10}") for n in range(30)]
        for pair_id in pairs.add(cursor, project.id, new, author_id=lead.id):
            opinion(cursor, pair_id, ana)
            settle(cursor, project, pair_id)

    store.write(approve_all)
    return Room(store, Supervisor(store), project, lead, frozen.freeze(store, project, lead))


@pytest.fixture
def room(tmp_path: Path, tiny_base: Path) -> Iterator[Room]:
    """The supervisor is not at work."""
    made = make_room(Workspace(tmp_path / "workspace"), tiny_base)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[tuple[Room, Run, str]]:
    """A search by command, what it left, and what it printed."""
    workspace = Workspace(tmp_path_factory.mktemp("searched") / "workspace")
    room = make_room(workspace, tiny_base)
    room.store.close()
    asked = ("search", "--batch", 1, "--space", "learning_rate=1e-3,1e-2", "--folds", 2, "--grid")
    told = exact(hone_in(workspace.root))(*asked).stdout
    room.store = Store(workspace)
    room.supervisor = Supervisor(room.store)
    with room.store.read() as cursor:
        run = runs.numbered(cursor, 1)
    yield room, run, told
    room.store.close()


def test_a_search_by_command_ends_with_a_table_of_its_trials_and_the_best(searched: tuple[Room, Run, str]) -> None:
    told = searched[2]
    assert told.index("spread") < told.index("Run 1 is done. Best of 2 trials: learning_rate=0.01 (loss ")
    assert [line.split()[0] for line in told.splitlines() if "learning_rate=" in line and "Run" not in line] == [
        "1",
        "2",
    ]


def test_the_best_of_the_trials_is_kept_with_the_run(searched: tuple[Room, Run, str]) -> None:
    room, run, _ = searched
    best = min(trials_of(room.store, run), key=lambda trial: trial.loss or 9.0)
    assert run.status == "done"
    assert run.message == f"Best of 2 trials: learning_rate={best.settings['learning_rate']} (loss {best.loss:.3f})."
    assert run.result is not None
    assert run.result["best"]["settings"] == best.settings


def test_a_search_that_is_finished_again_stays_as_it_is(searched: tuple[Room, Run, str]) -> None:
    room, run, _ = searched
    finish(room.store, run, room.folder(run))
    with room.store.read() as cursor:
        assert runs.get(cursor, run.id) == run


def test_it_never_sees_a_row_of_validation_or_test(searched: tuple[Room, Run, str]) -> None:
    room, run, _ = searched
    assert {file.name for file in room.folder(run).data.iterdir()} == {"train.jsonl", "manifest.json"}
    with room.store.read() as cursor:
        known = {item.pair_id for item in batches.items(cursor, room.batch.id, "train")}
    assert {row.id for row in room.folder(run).rows("train")} == known


def test_the_winner_is_trained_as_an_ordinary_run_with_what_was_the_same_in_all(
    searched: tuple[Room, Run, str],
) -> None:
    room, run, _ = searched
    assert run.result is not None
    made = searching.train_winner(room, room.project, room.lead, run)
    config = SearchConfig.model_validate(run.config)
    assert made.kind == "train"
    assert made.config["learning_rate"] == run.result["best"]["settings"]["learning_rate"]
    same = ("epochs", "lora_r", "max_length", "seed", "rehearsal", "schedule")
    assert {name: made.config[name] for name in same} == {name: getattr(config.train, name) for name in same}
    assert {row.id for row in room.folder(made).rows("validation")} != set()


def test_where_a_search_stands_is_told_in_trials_and_folds(searched: tuple[Room, Run, str]) -> None:
    room, run, _ = searched
    found = numbers(room.store, run.number)
    assert run_words.where(found).startswith("Trial 2 of 2, fold 2 of 2")
    assert run_words.where(found.model_copy(update={"step": 1})).startswith("Trial 1 of 2, fold 2 of 2")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"space": {}}, "needs a range"),
        ({"space": parse_space(["seed=1..4"])}, "seed is not for searching"),
        ({"folds": 12}, "12 folds need at least 12 groups"),
        ({"trials": 0}, "1 to 10,000 trials"),
        ({"folds": 1}, "2 to 20 folds"),
        ({"base": "./nowhere"}, "nowhere"),
        ({"settings": ["epocs=2"]}, "nearest is 'epochs'"),
        ({"settings": ["template={instruction}"]}, "template is no setting"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_a_run_is_made(room: Room, how: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        room.search(**how)
    with room.store.read() as cursor:
        assert runs.listing(cursor) == []


def test_only_a_lead_searches(room: Room) -> None:
    room.lead = room.lead.model_copy(update={"roles": ("expert",)})
    with pytest.raises(Forbidden):
        room.search()


def test_a_search_without_an_end_has_no_winner(room: Room) -> None:
    run = room.search()
    with pytest.raises(Conflict, match="has no winner"):
        searching.train_winner(room, room.project, room.lead, run)


def test_the_machines_threads_hold_for_the_training_of_a_search(room: Room) -> None:
    config = room.folder(room.search(settings=["threads=3"])).config()
    assert isinstance(config, SearchConfig)
    assert config.train.threads == 3


def test_ranges_of_ones_own_take_the_place_of_a_presets() -> None:
    found = searching.chosen_space("usual", ["lora_r=2,3"])
    assert list(found) == [text.partition("=")[0] for text in PRESETS["usual"].space]
    assert found["lora_r"].values == (2, 3)
    with pytest.raises(InputError, match="there are rate, usual, all, toy"):
        searching.chosen_space("fast", [])


@pytest.mark.parametrize(
    ("ranges", "settings", "said"),
    [
        (["learning_rate=1e-5..1e-3"], {"learning_rate": 9e-4}, "learning_rate=0.0009 (highest)"),
        (["learning_rate=1e-5..1e-3"], {"learning_rate": 1.1e-5}, "learning_rate=1.1e-05 (lowest)"),
        (["learning_rate=1e-5..1e-3"], {"learning_rate": 2e-4}, ""),
        (["lora_r=4,16,8"], {"lora_r": 16}, "lora_r=16 (highest)"),
        (["lora_r=4,8"], {"lora_r": 8}, ""),  # of two values each is an end
        (["lora_dropout=0..0.2", "epochs=1..6"], {"lora_dropout": 0.0, "epochs": 1}, ""),  # there is nothing beyond
        (["schedule=linear,cosine,constant"], {"schedule": "linear"}, ""),
    ],
)
def test_a_best_value_at_the_end_of_its_range_is_told(ranges: list[str], settings: dict[str, Any], said: str) -> None:
    config = SearchConfig(train=TrainConfig(base="toy"), space=parse_space(ranges))
    told = at_an_end(config, settings)
    assert said in told
    assert bool(told) == bool(said)


def test_rows_that_are_nearly_the_same_stand_in_one_group() -> None:
    long = "the tenant shall give notice of one month in writing before the end of the term of this contract"
    texts = [long, f"{long} today", "something else altogether that has nothing in common with any of it", f"so {long}"]
    groups = ["a", "", "c", "d"]
    rows = [
        Row(id=str(n), instruction="Shorten.", context=text, response="Short.", group=group)
        for n, (text, group) in enumerate(zip(texts, groups, strict=True))
    ]
    first, second, other, last = (row.group for row in together(rows))
    assert first == second == last
    assert other == "c"
    assert [row.id for row in together(rows)] == ["0", "1", "2", "3"]
