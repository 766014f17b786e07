"""A run is seen in the tracker that it asks for: its numbers, none of its texts."""

from collections.abc import Callable
from importlib.util import find_spec

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from hone.training.fit import fit
from hone.training.folder import RunFolder

Make = Callable[..., RunFolder]


def test_tensorboard_gets_the_numbers_of_a_run_and_no_texts(new_run: Make) -> None:
    folder = new_run(tracker="tensorboard", epochs=1, samples=0)
    assert fit(folder.path) == 0
    seen = EventAccumulator(str(folder.path / "tensorboard"))
    seen.Reload()
    losses = [event.data["loss"] for event in folder.read_events()[0] if "loss" in event.data]
    assert [scalar.value for scalar in seen.Scalars("train/loss")] == pytest.approx(losses)
    assert {"eval/loss", "train/learning_rate", "train/grad_norm"} <= {str(tag) for tag in seen.scalars.Keys()}
    written = b"".join(file.read_bytes() for file in (folder.path / "tensorboard").iterdir())
    assert not any(row.instruction.encode() in written for row in folder.rows("train"))


@pytest.mark.skipif(find_spec("mlflow") is not None, reason="mlflow is installed here")
def test_a_tracker_that_is_not_installed_is_refused_in_one_line_before_anything_is_loaded(new_run: Make) -> None:
    folder = new_run(tracker="mlflow", base="nowhere/to/be/found")
    assert fit(folder.path) == 1
    failed = folder.read_events()[0][-1]
    assert failed.data["message"] == (
        "tracker is mlflow, which is not installed; `pip install mlflow`, or set tracker=none."
    )
