"""The same training once more: settings, batch, base and parent of an earlier run."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from factories import new_pairs, opinion
from trained import add_trained

from hone.labeling.batches import freezing
from hone.labeling.standing import settle
from hone.platform.runs import iterations
from hone.platform.runs.again import train_again
from hone.platform.runs.supervisor import Supervisor
from hone.storage import pairs, projects, runs
from hone.storage.batches import Batch
from hone.storage.errors import InputError
from hone.storage.people import Person
from hone.storage.projects import Project, ProjectSettings
from hone.storage.store import Cursor, Store


@dataclass
class Machine:
    """A store with a supervisor that is not at work."""

    store: Store
    supervisor: Supervisor


@pytest.fixture
def machine(store: Store) -> Machine:
    return Machine(store, Supervisor(store))


@pytest.fixture
def letters(store: Store, lead: Person, ana: Person) -> Project:
    settings = ProjectSettings(overlap=1, agree=1)
    return store.write(lambda cursor: projects.create(cursor, "letters", settings, lead))


@pytest.fixture
def batch(store: Store, letters: Project, lead: Person, ana: Person) -> Batch:
    def approve_all(cursor: Cursor) -> None:
        for pair_id in pairs.add(cursor, letters.id, new_pairs(20), author_id=lead.id):
            opinion(cursor, pair_id, ana)
            settle(cursor, letters, pair_id)

    store.write(approve_all)
    return freezing.freeze(store, letters, lead)


def test_the_new_run_has_the_settings_of_the_old_one(
    machine: Machine, letters: Project, lead: Person, batch: Batch, tiny_base: Path
) -> None:
    wishes = ["epochs=7", "method=dora", "learning_rate=0.003", "patience=none", "recompute=true", "evaluate_every=5"]
    first = iterations.start_training(machine, letters, lead, batch, base=str(tiny_base), settings=wishes)
    second = train_again(machine, lead, first)
    assert (second.number, second.batch_id, second.status) == (2, batch.id, "waiting")
    assert second.config == first.config


def test_a_parent_that_is_gone_is_named(machine: Machine, letters: Project, lead: Person, batch: Batch) -> None:
    add_trained(machine.store, letters, lead, batch)
    with machine.store.read() as cursor:
        run = runs.numbered(cursor, 1)
    gone = run.model_copy(update={"config": {**run.config, "parent": "runs/0099/model"}})
    with pytest.raises(InputError, match="went on from runs/0099/model, which is no model of this project any more"):
        train_again(machine, lead, gone)


def test_what_is_no_training_on_responses_is_started_where_it_was_started(
    machine: Machine, letters: Project, lead: Person, batch: Batch
) -> None:
    add_trained(machine.store, letters, lead, batch, objective="dpo")
    with machine.store.read() as cursor:
        run = runs.numbered(cursor, 1)
    with pytest.raises(InputError, match="Run 1 is no training on a batch's responses"):
        train_again(machine, lead, run)
