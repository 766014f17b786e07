"""`hone prefer`: what it says before, the run with a real (tiny) base, and what is tested afterwards."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from commanding import Hone, exact, hone_in
from factories import add_person
from judged import answered_batch

from hone.evaluation import judging
from hone.evaluation import matchups as making
from hone.platform.runs import iterations
from hone.platform.runs.supervisor import Supervisor
from hone.storage import batches, models, people, projects, runs
from hone.storage.matchups import MatchupSet
from hone.storage.people import Person
from hone.storage.projects import ProjectSettings
from hone.storage.store import Store
from hone.storage.workspace import Workspace
from hone.training.folder import RunFolder


@dataclass
class Idle:
    """A workspace whose supervisor is not at work: what is asked for waits."""

    store: Store
    supervisor: Supervisor


SMALL = {"max_length": 200, "max_new_tokens": 4, "samples": 0, "forgetting": 4, "threads": 1, "learning_rate": 0.05}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A workspace with 24 matchups, each judged "better" once."""
    workspace = tmp_path_factory.mktemp("judged") / "w"
    with Store(Workspace(workspace)) as store:
        lead, dora = add_person(store, "lena", "lead", "admin"), add_person(store, "dora", "reviewer")
        settings = ProjectSettings(judges=1, training=SMALL)
        project = store.write(lambda cursor: projects.create(cursor, "letters", settings, lead))
        made = making.make(store, project, lead, *answered_batch(store, project, lead, 24, base=str(tiny_base)))
        judge(store, made, lead, dora)
    return workspace


@pytest.fixture
def hone(judged: Path) -> Hone:
    return exact(hone_in(judged))


def judge(store: Store, made: MatchupSet, lead: Person, dora: Person) -> None:
    rows = judging.sheet(store, made, lead, dora)
    choices = ["left" if row.left.startswith("better") else "right" for row in rows]
    judging.record(store, lead, [{"token": row.token, "choice": one} for row, one in zip(rows, choices, strict=True)])


def test_the_price_is_said_and_nothing_begins(hone: Hone) -> None:
    told = hone("prefer", "--preview").stdout
    assert "iteration 1 learns by dpo from matchup set 1." in told
    assert "14 test items will be learnt from; they no longer test this model" in told
    assert "Rows: 11 to learn, 3 held out." in told
    found = json.loads(hone("prefer", "--preview", "--objective", "kto", "--leave", 0, "--json").stdout)
    assert (found["objective"], found["train"], found["left"]) == ("kto", 40, 0)
    assert json.loads(hone("runs", "--json").stdout)[-1]["kind"] == "generate"


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("--matchups", 9), 2, "There is no matchup set 9. There are: 1."),
        (("--batch", 1), 2, "--reviews and --batch go together"),
        (("--reviews", "--batch", 1, "--matchups", 1), 2, "Name either --matchups, or --reviews with --batch."),
        (("--reviews", "--batch", 1, "--objective", "dpo"), 2, "dpo needs a matchup set"),
        (("--reviews", "--batch", 1), 1, "gives 0 to learn from, and 8 are needed"),
        (("--leave", 20), 1, "judge more items, or leave fewer of them to test"),
        (("--parent", 7), 2, "There is no model 7"),
        (("--parent", 0, "--set", "lerning_rate=1"), 2, "the nearest is 'learning_rate'"),
        (("--parent", 0, "--objective", "kto", "--set", "micro_batch=1"), 2, "set micro_batch to 2 or more"),
        (("--parent", 0, "--set", "label_smoothing=0.1"), 2, "label_smoothing is for learning responses"),
    ],
)
def test_what_cannot_be_learnt_is_refused_in_a_line(
    hone: Hone, given: tuple[object, ...], code: int, said: str
) -> None:
    assert said in hone("prefer", *given, code=code).stderr


def test_a_classifier_learns_no_preferences_and_says_so(judged: Path, tmp_path: Path) -> None:
    shutil.copytree(judged, tmp_path / "w")
    hone = exact(hone_in(tmp_path / "w"))
    hone("project", "set", "training=" + json.dumps({**SMALL, "task": "classify"}))
    said = hone("prefer", "--parent", 0, code=2).stderr
    assert "cannot learn from matchup set 1: objective dpo is for causal models, not for task classify." in said


@pytest.mark.model
def test_a_model_learns_preferences_and_is_not_tested_on_them_again(judged: Path, tmp_path: Path) -> None:
    shutil.copytree(judged, tmp_path / "w")
    told = exact(hone_in(tmp_path / "w"))("prefer", "--parent", 0, "--set", "epochs=2")
    assert "14 test items will be learnt from" in told.stderr
    assert told.stdout.endswith(" is done.\n")
    with Store(Workspace(tmp_path / "w")) as store:
        with store.read() as cursor:
            project = projects.named(cursor, "letters")
            run, model = runs.listing(cursor, project.id)[0], models.listing(cursor, project.id)[-1]
            learnt = models.learnt_items(cursor, model)
            batch, lead = batches.listing(cursor, project.id)[0], people.named(cursor, "lena")
        folder = RunFolder(store.workspace.run_folder(run.number))
        assert (model.run_id, folder.result()["objective"], len(learnt)) == (run.id, "dpo", 14)
        assert folder.result()["preference"]["accuracy"] == 1.0
        assert folder.result()["forgetting"]["splits"][0]["items"] == 4
        asked = iterations.start_generation(Idle(store, Supervisor(store)), project, lead, batch, model)
        rows = RunFolder(store.workspace.run_folder(asked.number)).rows("test")
        assert len(rows) == 10
        assert not {row.id for row in rows} & learnt
