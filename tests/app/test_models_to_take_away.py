"""A lead takes a model away: `hone merge` and `hone export --gguf`."""

import json
from pathlib import Path

import pytest
from commanding import Hone, exact, hone_in
from factories import add_person
from small_runs import training_run

from hone.platform.runs.finishing import finish
from hone.storage import audit, projects, runs
from hone.storage.projects import ProjectSettings
from hone.storage.store import Store
from hone.storage.workspace import Workspace
from hone.training.fit import fit
from hone.training.folder import RunFolder
from hone.training.models.published import read_facts


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Workspace:
    """A project with its base and iteration 1."""
    made = Workspace(tmp_path_factory.mktemp("taking") / "workspace")
    with Store(made) as store:
        lead = add_person(store, "lena", "lead")
        add_person(store, "ana", "expert")
        project = store.write(lambda cursor: projects.create(cursor, "letters", ProjectSettings(), lead))
        run = training_run(store, project, lead, tiny_base)
        store.write(lambda cursor: runs.set_status(cursor, run.id, "running"))
        folder = RunFolder(made.run_folder(run.number))
        assert fit(folder.path) == 0
        finish(store, run, folder)
    return made


@pytest.fixture
def hone(workspace: Workspace) -> Hone:
    return exact(hone_in(workspace.root))


def test_a_merged_model_comes_with_how_it_was_checked(hone: Hone, workspace: Workspace, tmp_path: Path) -> None:
    made = json.loads(hone("merge", 1, "--to", tmp_path / "one", "--json").stdout)
    assert made["path"] == str(tmp_path / "one")
    assert made["largest_difference"] <= 1e-4
    assert (made["rows"], made["same_answers"], made["answers"]) == (2, 2, 2)
    assert read_facts(tmp_path / "one").merged_from
    assert not list(workspace.exports.glob(".merge-*"))
    with Store(workspace) as store, store.read() as cursor:
        entries = audit.listing(cursor)
    assert [entry.act for entry in entries if entry.act.startswith("model ")] == ["model merged", "model trained"]


def test_without_the_converter_it_says_what_to_install(
    hone: Hone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    said = hone("export", tmp_path / "one.gguf", "--gguf", "--model", 1, code=1).stderr
    assert "GGUF needs llama.cpp's convert_hf_to_gguf.py" in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_taken_away_is_refused_in_one_line(hone: Hone, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for arguments, said, code in (
        (["merge", 0], "is a base, so there is nothing to merge", 2),
        (["merge", 7], "There is no model 7", 2),
        (["merge", 1, "--dtype", "int3"], "There is no dtype 'int3'", 2),
        (["merge", 1, "--to", tmp_path / "there"], "is already there", 1),
        (["--as", "ana", "merge", 1], "lead", 1),
        (["export", tmp_path / "x.jsonl", "--model", 1], "--model goes with --gguf", 2),
        (["export", tmp_path / "x.gguf", "--gguf", "--batch", 1], "takes a model away, not pairs", 2),
    ):
        told = hone(*arguments, code=code).stderr.strip()
        assert said in told
        assert "\n" not in told
