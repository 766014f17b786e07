"""What the command line says of runs and models: the same as their pages."""

import json
from typing import Any

import pytest
from commanding import Hone, exact, hone_in
from factories import add_person
from trained import add_batch, add_letters, add_run, add_trained

from hone.storage import projects
from hone.storage.projects import ProjectSettings
from hone.storage.store import Store
from hone.storage.workspace import Workspace

FALLING: list[tuple[str, dict[str, Any]]] = [
    ("metric", {"step": step, "loss": 2.0 * 0.95**step, "validation_loss": {10: 1.0, 20: 1.1, 40: 1.4}[step]})
    if step in (10, 20, 40)
    else ("metric", {"step": step, "loss": 2.0 * 0.95**step, "learning_rate": 1e-3})
    for step in range(1, 41)
]


@pytest.fixture
def hone(workspace: Workspace) -> Hone:
    """A workspace with an iteration, a failed run, one at work, and one behind it."""
    with Store(workspace) as store:
        lead = add_person(store, "lena", "lead", "admin")
        project = store.write(lambda cursor: projects.create(cursor, "letters", ProjectSettings(), lead))
        ids = add_letters(store, project, lead, 5)
        batch = add_batch(store, project, lead, ids)
        add_trained(store, project, lead, batch, epochs=2)
        why = "The loss is nan at step 41."
        failed = ("failed", {"message": why, "rows": [{"id": ids[2], "tokens": 812}]})
        add_run(store, project, lead, batch=batch, status="failed", message=why, events=[*FALLING, failed])
        add_run(store, project, lead, batch=batch, status="running")
        add_run(store, project, lead, batch=batch)
    return exact(hone_in(workspace.root))


def test_runs_are_listed_with_their_place_in_the_queue(hone: Hone) -> None:
    listed = {run["number"]: run["queue"] for run in json.loads(hone("runs", "--json").stdout)}
    assert listed[4] == {"run": 4, "place": 1, "behind": 3}
    assert listed[3] == {"run": 3, "place": 0, "behind": None}
    assert listed[2] is None
    assert "Next in the queue, behind run 3." in hone("runs", "show", 4).stdout


def test_a_run_is_told_with_its_figures_what_they_say_and_its_rows(hone: Hone) -> None:
    said = hone("runs", "show", 2).stdout
    assert "Run 2, Training on batch 1: failed. The loss is nan at step 41." in said
    assert "validation loss      1.400  best 1.000 at step 10" in said
    assert "It overfits: since step 10 the validation loss rose from 1.00 to 1.40" in said
    assert "pair 3: 812 tokens" in said


def test_models_are_told_as_a_chain(hone: Hone) -> None:
    said = hone("models").stdout.splitlines()
    assert said[0].strip() == "0  Toy base, champion"
    assert said[1].strip() == "1  Iteration 1, challenger"
    assert said[2].strip() == "learnt   batch 1 by LoRA r16, on the base, in run 1"
    assert [link["alias"] for link in json.loads(hone("models", "--json").stdout)["chain"]] == [
        "champion",
        "challenger",
    ]
