"""The run folder: whole or not there, and the data that was frozen or none."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_model import start_worker

from hone.storage.errors import Conflict, InputError, NotFound, RunError
from hone.training.config import TrainConfig
from hone.training.folder import Row, RunFolder, Split
from hone.training.prepare import prepare

Make = Callable[..., RunFolder]
CONFIG = TrainConfig(base="anywhere")
ROW = Row(id="a", instruction="Say it.", response="It.", group="g")


def test_a_prepared_run_reads_back_as_it_was_given(tmp_path: Path) -> None:
    rows = [ROW, Row(id="b", instruction="Ja\u2028  so.", response="Ü\n{}")]
    folder = prepare(tmp_path / "runs" / "1", CONFIG, {"train": rows}, {"name": "batch 1", "left out": 2})
    again = RunFolder(folder.path)
    assert again.config() == CONFIG
    assert again.rows("train") == rows
    assert again.rows("test") == []
    assert again.verify().batch == {"name": "batch 1", "left out": 2}
    assert again.status() == "prepared"


def test_nothing_is_overwritten_and_nothing_half_made_is_left(tmp_path: Path) -> None:
    prepare(tmp_path / "1", CONFIG, {"train": [ROW]}, {})
    with pytest.raises(Conflict, match="already there"):
        prepare(tmp_path / "1", CONFIG, {"train": [ROW]}, {})
    with pytest.raises(ValueError, match="serialize"):
        prepare(tmp_path / "2", CONFIG, {"train": [ROW]}, {"unwritable": object})
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


@pytest.mark.parametrize("split", ["train", "rehearsal", "generic", "validation"])
def test_what_tested_an_earlier_batch_is_neither_learnt_nor_chosen_by(tmp_path: Path, split: Split) -> None:
    rows: dict[Split, list[Row]] = {"train": [Row(id="b", instruction="x")], split: [ROW]}
    with pytest.raises(InputError, match=f"'a' tests batch 1, so it cannot be a {split} row"):
        prepare(tmp_path / "1", CONFIG, rows, {}, kept={1: [ROW]})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"train": []}, "no train rows"),
        ({"train": [ROW, ROW]}, "'a' occurs twice"),
        ({"train": [ROW], "test": [Row(id="b", instruction="x", group="g")]}, "group 'g' stands in train and in test"),
    ],
)
def test_rows_that_no_run_could_use_are_refused(tmp_path: Path, rows: dict[str, list[Row]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        prepare(tmp_path / "1", CONFIG, rows, {})  # type: ignore[arg-type]


def test_changed_data_is_refused_and_the_file_is_named(new_run: Make) -> None:
    folder = new_run()
    file = folder.data_file("validation")
    file.write_text(file.read_text().replace("The", "A", 1))
    with pytest.raises(RunError, match=r"validation\.jsonl is not the data that was frozen"):
        folder.verify()


def test_data_that_the_manifest_does_not_name_is_refused(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "1", CONFIG, {"train": [ROW]}, {})
    folder.data_file("test").write_text("")
    with pytest.raises(RunError, match=r"test\.jsonl is not in the manifest"):
        folder.verify()


def test_missing_data_and_missing_manifest_are_refused(new_run: Make) -> None:
    folder = new_run()
    folder.data_file("test").unlink()
    with pytest.raises(RunError, match=r"test\.jsonl is missing"):
        folder.verify()
    folder.manifest_file.unlink()
    with pytest.raises(RunError, match=r"manifest\.json is missing"):
        folder.verify()


def test_a_group_that_spans_splits_is_refused_even_when_the_manifest_agrees(tmp_path: Path) -> None:
    other = Row(id="b", instruction="x", group="h")
    folder = prepare(tmp_path / "1", CONFIG, {"train": [ROW], "test": [other]}, {})
    file, manifest = folder.data_file("test"), json.loads(folder.manifest_file.read_text())
    file.write_text(file.read_text().replace('"h"', '"g"'))
    digest = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout.split()[0]
    manifest["files"]["test"]["sha256"] = digest
    folder.manifest_file.write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="group 'g'"):
        folder.verify()


def test_a_folder_without_configuration_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no run folder"):
        RunFolder(tmp_path).config()


def test_status_follows_the_events(new_run: Make) -> None:
    folder = new_run()
    for kind, status in (
        ("started", "running"),
        ("warning", "running"),
        ("failed", "failed"),
        ("started", "running"),
        ("done", "done"),
    ):
        folder.append_event(kind)  # type: ignore[arg-type]
        assert folder.status() == status


def test_a_cancel_request_is_seen_by_others_and_can_be_taken_back(new_run: Make) -> None:
    folder = new_run()
    folder.request_cancel()
    assert RunFolder(folder.path).cancel_requested()
    folder.clear_cancel()
    assert not folder.cancel_requested()


def test_a_dead_worker_is_known_even_when_its_number_is_used_again(new_run: Make) -> None:
    folder = new_run()
    assert not folder.alive()
    folder.write_worker()
    assert folder.alive()
    stranger = json.loads(folder.worker_file.read_text()) | {"started": "1"}
    folder.worker_file.write_text(json.dumps(stranger))
    assert not folder.alive()


def test_a_killed_worker_is_dead_before_it_is_reaped(new_run: Make) -> None:
    folder = new_run()
    with start_worker(folder) as child:
        assert folder.alive()
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not folder.alive()
