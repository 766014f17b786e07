"""hone.toml says what launches a training run: the model is the same, whatever it is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tiny_model import make_rows

from hone.platform.runs.children import start_child
from hone.platform.settings import Training
from hone.training.config import TrainConfig
from hone.training.fit import fit
from hone.training.folder import RunFolder
from hone.training.prepare import prepare

Make = Callable[[str], RunFolder]


@pytest.fixture
def new_folder(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a run folder of 6 steps, of 8 or 6 rows, whose base is named by where it stands from the workspace."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").symlink_to(tiny_base)

    def make(name: str) -> RunFolder:
        config = TrainConfig(
            base="base",
            learning_rate=1e-3,
            epochs=2,
            micro_batch=2,
            effective_batch=8,
            checkpoint_every=1,
            samples=0,
            max_length=512,
            forgetting=0,  # nothing but steps: a cancel is heard after the first
            threads=1,
        )
        return prepare(tmp_path / name, config, {"train": make_rows(22), "validation": make_rows(4, 100)}, {})

    return make


def largest_difference(one: RunFolder, other: RunFolder) -> float:
    first, second = (load_file(str(folder.model / "adapter_model.safetensors")) for folder in (one, other))
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def wait_for(folder: RunFolder, training: Training, *, resume: bool = False) -> int:
    child = start_child(folder, "train", folder.path.parent, training, resume=resume)
    return child.wait(timeout=240)


@pytest.mark.model
def test_two_processes_learn_what_one_learns(new_folder: Make) -> None:
    alone, together = new_folder("alone"), new_folder("together")
    assert fit(alone.path) == 0
    assert wait_for(together, Training(launcher="torchrun", processes=2)) == 0, together.log_file.read_text()
    assert largest_difference(alone, together) <= 1e-5
    assert together.result()["processes"] == 2
    steps = [event.data["step"] for event in together.read_events()[0] if event.kind == "checkpoint"]
    assert steps == [1, 2, 3, 4, 5, 6]  # each written once


@pytest.mark.model
def test_a_run_that_was_cancelled_here_ends_on_a_ray_cluster_as_the_same_model(new_folder: Make) -> None:
    alone, carried = new_folder("alone"), new_folder("carried")
    assert fit(alone.path) == 0
    carried.request_cancel()
    assert fit(carried.path) == 3
    assert wait_for(carried, Training(launcher="ray"), resume=True) == 0, carried.log_file.read_text()
    assert largest_difference(alone, carried) <= 1e-6  # the last digit is the machine's
    assert carried.result()["resumed_from"] == "checkpoint-1"
    assert '"base": "base"' in (carried.model / "hone.json").read_text()
    metrics = [event.data["step"] for event in carried.read_events()[0] if "loss" in event.data]
    assert metrics == [1, 2, 3, 4, 5, 6]


def test_fewer_processes_than_were_asked_for_do_not_begin(
    new_folder: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = new_folder("alone")
    monkeypatch.setenv("HONE_WORLD_SIZE", "2")
    assert fit(folder.path) == 1
    assert "2 processes were asked for, but 1 came up" in capsys.readouterr().err
    assert folder.status() == "failed"
