"""Pairs in and out by command: what would happen, what was refused, and nothing half made."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from commanding import Hone, hone_in

from hone.storage.workspace import Workspace

TALK = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}]


@pytest.fixture
def hone(workspace: Workspace) -> Hone:
    """Runs `hone --workspace W ARGUMENTS` in this process."""
    return hone_in(workspace.root)


def rows(folder: Path, *given: Any, name: str = "rows.jsonl") -> Path:
    (folder / name).write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in given))
    return folder / name


def test_a_dry_run_needs_no_workspace_and_makes_none(hone: Hone, workspace: Workspace, tmp_path: Path) -> None:
    told = hone("import", rows(tmp_path, {"messages": TALK}, "{broken"), "--dry-run")
    assert told.exit_code == 0, told.output
    assert "conversations" in told.stdout
    assert "2 rows: 1 would be added, 0 known already, 1 refused. Nothing was stored." in told.stdout
    assert "line 2: broken JSON" in told.stderr
    assert not workspace.root.exists()


def test_a_dry_run_beside_a_project_counts_what_is_known(hone: Hone, tmp_path: Path) -> None:
    hone("import", rows(tmp_path, {"prompt": "a", "completion": "b"}), "-p", "one")
    found = json.loads(
        hone(
            "import", rows(tmp_path, {"prompt": "a", "completion": "b"}, {"prompt": "c"}), "--dry-run", "--json"
        ).stdout
    )
    assert (found["check"]["new"], found["check"]["known"], found["check"]["without_response"]) == (1, 1, 1)
    assert found["mapping"]["fields"] == {"instruction": "prompt", "response": "completion"}


@pytest.mark.parametrize("options", [("--strict",), ("--map", "instruction=nothing"), ("--map", "response=prompt")])
def test_an_import_that_fails_leaves_no_empty_project(hone: Hone, tmp_path: Path, options: tuple[str, ...]) -> None:
    hone("import", rows(tmp_path, {"prompt": "a"}), "-p", "one")
    told = hone("import", rows(tmp_path, {"prompt": "a"}, {"prompt": ""}), "-p", "second", *options)
    assert told.exit_code == 2
    assert [each["project"] for each in json.loads(hone("status", "--json").stdout)["projects"]] == ["one"]


def test_a_file_without_a_good_row_leaves_no_empty_project(hone: Hone, tmp_path: Path) -> None:
    hone("import", rows(tmp_path, {"prompt": "a"}), "-p", "one")
    told = hone("import", rows(tmp_path, {"prompt": ""}, {"prompt": 5 * [1]}), "-p", "second")
    assert "2 of 2 rows of rows.jsonl are bad: nothing went in, and the project 'second' was not made" in told.stderr
    assert "second" not in hone("status").stdout


def test_an_import_says_what_came_of_each_row_and_where_the_refused_ones_are(
    hone: Hone, workspace: Workspace, tmp_path: Path
) -> None:
    bad = [{"prompt": "", "n": n} for n in range(15)]
    told = hone("import", rows(tmp_path, {"prompt": "a"}, *bad), "-p", "one")
    assert "16 rows read from rows.jsonl: 1 added to one, 0 known already, 15 refused." in told.stdout
    assert "1 have no response: an expert writes it, or a model suggests one." in told.stdout
    assert "... and 5 more" in told.stderr
    [refused] = workspace.exports.glob("refused-*.csv")
    assert str(refused) in told.stderr
    assert len(refused.read_text().splitlines()) == 16


def test_a_folder_goes_in_and_leaves_as_a_data_set(hone: Hone, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    rows(tmp_path / "set", {"prompt": "a", "completion": "b"}, name="train.jsonl")
    rows(tmp_path / "set", {"prompt": "c", "completion": "d"}, name="test.jsonl")
    assert "2 added" in hone("import", tmp_path / "set", "-p", "one").stdout
    told = hone("export", tmp_path / "out", "--format", "hf", "--where", "metadata.split=test")
    assert "1 pairs in" in told.stdout, told.output
    assert pq.read_table(tmp_path / "out" / "data")["instruction"].to_pylist() == ["c"]
    assert hone("export", tmp_path / "out.csv", "--where", "state=open").exit_code == 0
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").startswith("instruction,context,response")


def test_an_unknown_format_or_filter_is_one_line(hone: Hone, tmp_path: Path) -> None:
    hone("import", rows(tmp_path, {"prompt": "a"}), "-p", "one")
    assert "There is no format 'xml'" in hone("export", tmp_path / "x", "--format", "xml").stderr
    assert hone("export", tmp_path / "x", "--where", "colour=red").exit_code == 2
    assert not (tmp_path / "x").exists()
