"""Run folders on a tiny random base."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_model import make_rows, make_tiny_base

from hone.training import toy
from hone.training.config import GenerateConfig, TrainConfig
from hone.training.fit import fit
from hone.training.folder import Row, RunFolder, Split
from hone.training.prepare import prepare

Make = Callable[..., RunFolder]


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="session")
def learnable_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy base, made once for all tests, where the example of tests/app keeps it too; others wait meanwhile."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    with (shared / "toy-base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return toy.toy_base(shared / "cache")


@pytest.fixture(scope="session")
def run_at(tiny_base: Path) -> Make:
    """Makes a run folder at a path, as `new_run` does."""
    return lambda path, **settings: _prepare(path, tiny_base, **settings)


@pytest.fixture
def new_run(tmp_path: Path, tiny_base: Path) -> Make:
    """Makes a run folder of 24 train, 6 validation and 6 test rows: 6 steps of 8 rows, settings as given."""
    return lambda name="run", **settings: _prepare(tmp_path / name, tiny_base, **settings)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> RunFolder:
    """A finished run that learnt to answer briefly and to stop."""
    folder = _prepare(tmp_path_factory.mktemp("runs") / "trained", tiny_base, epochs=20, learning_rate=2e-2)
    assert fit(folder.path) == 0
    return folder


@pytest.fixture
def new_generation(tmp_path: Path, tiny_base: Path, trained: RunFolder) -> Make:
    """Makes a run folder that answers 10 test rows with the trained model, settings as given."""

    def make(name: str = "generation", **settings: Any) -> RunFolder:
        given: dict[str, Any] = {
            "base": str(tiny_base),
            "model": str(trained.model),
            "max_new_tokens": 12,
            "max_length": 512,
            "batch_size": 4,
            "threads": 1,
        }
        return prepare(tmp_path / name, GenerateConfig(**given | settings), {"test": make_rows(10, 300)}, {})

    return make


def _prepare(path: Path, tiny_base: Path, **settings: Any) -> RunFolder:
    given: dict[str, Any] = {
        "base": str(tiny_base),
        "learning_rate": 5e-3,
        "epochs": 2,
        "micro_batch": 4,
        "effective_batch": 8,
        "checkpoint_every": 2,
        "samples": 1,
        "max_new_tokens": 8,
        "max_length": 512,
        "forgetting": 0,
        "threads": 1,
    }
    counts: dict[Split, tuple[int, int]] = {"train": (24, 0), "validation": (6, 100), "test": (6, 200)}
    rows: dict[Split, list[Row]] = {split: make_rows(*count) for split, count in counts.items()}
    return prepare(path, TrainConfig(**given | settings), rows, {"name": "first batch", "sha256": "ab"})
