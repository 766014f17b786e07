"""A run that was cancelled or killed goes on and ends as if nothing had happened, bit for bit."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tiny_model import start_worker

from hone.training.fit import fit
from hone.training.fitting import checkpoints
from hone.training.folder import DataFile, RunFolder, write_whole
from hone.training.models.weights import file_sha256
from hone.training.settings import with_settings

Make = Callable[..., RunFolder]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, run_at: Make) -> Path:
    """Two runs of the same settings, with dropout, so that chance must be resumed too. "whole" ran through; "broken"
    was cancelled three times: it stands at step 3 of 6, with checkpoints at 2 and 3."""
    place = tmp_path_factory.mktemp("made")
    assert fit(run_at(place / "whole", lora_dropout=0.1).path) == 0
    broken = run_at(place / "broken", lora_dropout=0.1)
    for _ in range(3):
        cancel_after_one_step(broken)
    return place


@pytest.fixture
def whole(made: Path) -> RunFolder:
    return RunFolder(made / "whole")


@pytest.fixture
def broken(made: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(shutil.copytree(made / "broken", tmp_path / "broken"))


def cancel_after_one_step(folder: RunFolder) -> None:
    folder.request_cancel()
    assert fit(folder.path, resume=folder.checkpoints.exists()) == 3


def same_weights(one: RunFolder, other: RunFolder) -> bool:
    first, second = (load_file(str(next(folder.model.glob("*.safetensors")))) for folder in (one, other))
    return first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)


def messages(folder: RunFolder, kind: str) -> list[str]:
    return [event.data["message"] for event in folder.read_events()[0] if event.kind == kind]


def test_a_cancelled_run_saves_says_so_and_publishes_nothing(new_run: Make) -> None:
    folder = new_run()
    cancel_after_one_step(folder)
    assert folder.status() == "cancelled"
    assert not folder.cancel_requested()
    assert not folder.model.exists()
    assert checkpoints.is_complete(folder.checkpoints / "checkpoint-1")


def test_cancelled_at_every_step_it_ends_as_the_uninterrupted_run(whole: RunFolder, broken: RunFolder) -> None:
    for _ in range(2):
        cancel_after_one_step(broken)
    assert fit(broken.path, resume=True) == 0
    assert same_weights(whole, broken)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "schedule": "linear"},
        {"batching": "packed", "precision": "float32"},
        {"patience": 1, "evaluate_every": 1, "learning_rate": 0.5},
        {"method": "full", "learning_rate": 1e-3},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_whatever_it_learns_with_it_goes_on_bit_for_bit(new_run: Make, settings: dict[str, Any]) -> None:
    whole, broken = new_run("whole", **settings), new_run("broken", **settings)
    assert fit(whole.path) == 0
    cancel_after_one_step(broken)
    assert fit(broken.path, resume=True) == 0
    assert same_weights(whole, broken)
    assert whole.result()["steps"] == broken.result()["steps"]


def test_a_run_that_stopped_early_and_could_not_publish_learns_no_further(new_run: Make) -> None:
    early = {"patience": 1, "evaluate_every": 1, "learning_rate": 0.5, "epochs": 4}
    whole, broken = new_run("whole", **early), new_run("broken", **early)
    assert fit(whole.path) == 0
    assert whole.result()["steps"] < 12
    broken.model.write_text("in the way")
    assert fit(broken.path) == 1
    broken.model.unlink()
    assert fit(broken.path, resume=True) == 0
    assert same_weights(whole, broken)
    assert whole.result()["steps"] == broken.result()["steps"]


def test_cancelled_inside_an_evaluation_it_makes_up_for_it(new_run: Make) -> None:
    one_step = {"epochs": 1, "effective_batch": 24, "patience": 1}
    whole, broken = new_run("whole", **one_step), new_run("broken", **one_step)
    assert fit(whole.path) == 0
    cancel_after_one_step(broken)  # the only step is made, so the evaluation after it is what hears of it
    assert not [event for event in broken.read_events()[0] if "validation_loss" in event.data]
    assert fit(broken.path, resume=True) == 0
    assert broken.result()["validation_loss"] == whole.result()["validation_loss"]
    assert same_weights(whole, broken)


def test_a_disk_that_is_full_costs_the_steps_since_the_last_checkpoint(whole: RunFolder, broken: RunFolder) -> None:
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, most))  # a checkpoint is larger, an event is not
    try:
        assert fit(broken.path, resume=True) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    assert messages(broken, "failed") == [
        "checkpoint-4 could not be written: File too large; checkpoint-3 stays. Make room, then resume."
    ]
    assert sorted(path.name for path in broken.checkpoints.glob("*check*")) == ["checkpoint-2", "checkpoint-3"]
    assert fit(broken.path, resume=True) == 0
    assert same_weights(whole, broken)


def test_killed_in_the_middle_it_ends_as_the_uninterrupted_run(new_run: Make) -> None:
    settings: dict[str, Any] = {"epochs": 8, "lora_dropout": 0.1}
    whole, killed = new_run("whole", **settings), new_run("killed", **settings)
    assert fit(whole.path) == 0
    with subprocess.Popen([sys.executable, "-m", "hone.training.fit", str(killed.path)]) as child:
        while not any(event.kind == "checkpoint" for event in killed.read_events()[0]):
            with pytest.raises(subprocess.TimeoutExpired):  # it must still be at work
                child.wait(timeout=0.02)
        child.send_signal(signal.SIGKILL)
    assert (killed.status(), killed.alive()) == ("running", False)
    assert fit(killed.path, resume=True) == 0
    assert same_weights(whole, killed)


def test_sigterm_saves_and_stops(new_run: Make) -> None:
    folder = new_run(epochs=200)
    with subprocess.Popen([sys.executable, "-m", "hone.training.fit", str(folder.path)]) as child:
        while not any(event.kind == "metric" for event in folder.read_events()[0]):
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(timeout=0.02)
        child.terminate()
        assert child.wait() == 3
    assert folder.status() == "cancelled"
    assert checkpoints.has_checkpoint(folder)


def _truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("weights.safetensors", _truncate),
        ("state.safetensors", Path.unlink),
        ("state.json", _truncate),
        ("trainer_state.json", _truncate),
        ("complete.json", Path.unlink),
        ("complete.json", _truncate),
    ],
)
def test_a_damaged_newest_checkpoint_is_passed_over(
    whole: RunFolder, broken: RunFolder, name: str, damage: Callable[[Path], None]
) -> None:
    damage(broken.checkpoints / "checkpoint-3" / name)
    assert fit(broken.path, resume=True) == 0
    assert messages(broken, "warning") == ["checkpoint-3 is damaged or unfinished; passed over."]
    assert broken.result()["resumed_from"] == "checkpoint-2"
    assert same_weights(whole, broken)


def test_killed_while_it_saves_it_leaves_no_checkpoint_to_be_seen(broken: RunFolder) -> None:
    (broken.checkpoints / "checkpoint-3").rename(broken.checkpoints / ".checkpoint-3")
    identity = json.loads((broken.checkpoints / "identity.json").read_text())
    assert checkpoints.starting_point(broken, identity, resume=True) == broken.checkpoints / "checkpoint-2"
    assert messages(broken, "warning") == []
    assert not list(broken.checkpoints.glob(".*"))


def test_without_a_checkpoint_it_starts_afresh_and_says_so(whole: RunFolder, new_run: Make) -> None:
    folder = new_run(lora_dropout=0.1)
    assert fit(folder.path, resume=True) == 0
    assert messages(folder, "warning") == ["There is no complete checkpoint; training starts afresh."]
    assert same_weights(whole, folder)


def test_a_start_never_throws_checkpoints_away(broken: RunFolder) -> None:
    assert fit(broken.path) == 1
    assert "add --resume" in messages(broken, "failed")[0]
    assert checkpoints.has_checkpoint(broken)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("learning_rate=1e-3", "learning_rate was 0.005 when this run began and is 0.001 now"),
        ("seed=5", "seed was 0"),
        ("template={instruction} {context}!", "template was"),
    ],
)
def test_a_changed_setting_is_not_resumed_with(broken: RunFolder, setting: str, named: str) -> None:
    config = with_settings(broken.config(), [setting])
    write_whole(broken.config_file, config.model_dump_json())
    assert fit(broken.path, resume=True) == 1
    assert named in messages(broken, "failed")[0]


def test_by_force_it_goes_on_and_puts_down_what_changed(broken: RunFolder) -> None:
    config = with_settings(broken.config(), ["learning_rate=1e-3", "weight_decay=0.1"])
    write_whole(broken.config_file, config.model_dump_json())
    assert fit(broken.path, resume=True, force=True) == 0
    assert messages(broken, "warning") == [
        "Went on by force: learning_rate was 0.005 when this run began and is 0.001 now; "
        "weight_decay was 0.0 when this run began and is 0.1 now."
    ]


def test_other_data_is_not_resumed_with_even_when_its_manifest_agrees(new_run: Make, broken: RunFolder) -> None:
    other = new_run("other", seed=1)
    rows = other.data_file("train").read_text().replace("The pump", "A pump")
    broken.data_file("train").write_text(rows)
    manifest = broken.manifest()
    files = manifest.files | {"train": DataFile(sha256=file_sha256(broken.data_file("train")), rows=24)}
    write_whole(broken.manifest_file, manifest.model_copy(update={"files": files}).model_dump_json())
    assert fit(broken.path, resume=True) == 1
    assert "train.jsonl was" in messages(broken, "failed")[0]


def test_settings_that_change_no_weight_may_be_changed(whole: RunFolder, broken: RunFolder) -> None:
    config = with_settings(broken.config(), ["checkpoint_every=1", "run=another name"])
    write_whole(broken.config_file, config.model_dump_json())
    assert fit(broken.path, resume=True) == 0
    assert same_weights(whole, broken)


def test_checkpoints_hold_numbers_and_json_and_no_pickle(broken: RunFolder) -> None:
    files = [path for path in broken.checkpoints.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".safetensors"}
    assert not any(path.read_bytes().startswith((b"PK", b"\x80")) for path in files)


def test_a_run_that_another_process_works_on_is_left_alone(new_run: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folder = new_run()
    with start_worker(folder) as child:
        assert fit(folder.path) == 1
        child.kill()
    assert f"process {child.pid}" in capsys.readouterr().err
    assert folder.status() == "prepared"
