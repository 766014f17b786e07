"""A real base learns a real task, and then another one: what it gains, that it stops, what it forgets, what helps.

The tasks are those of the example: to triage a message, and to say in one line who wrote and why. Customers whose
messages are asked were never learnt from.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hone.evaluation.inputs import Keeping
from hone.evaluation.keeping import keeping, share
from hone.evaluation.keeping_words import in_words
from hone.platform import example_project
from hone.storage.records import Undefined, sha256
from hone.training.config import GenerateConfig, TrainConfig
from hone.training.fit import fit
from hone.training.folder import Row, RunFolder
from hone.training.forgetting.measuring import sample
from hone.training.forgetting.scoring import rouge_l
from hone.training.generate import generate, read_generations
from hone.training.prepare import prepare
from hone.training.presets import preset

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]
HELD = 0.25  # of the customers
ASKED = 40


class Task:
    """The rows of one task with their right answers."""

    def __init__(self, family: str) -> None:
        right = {row["key"]: row["right"] for row in _lines("truth.jsonl")}
        pairs = [*_lines("pairs-1.jsonl"), *_lines("pairs-2.jsonl")]
        rows = [
            Row(
                id=row["key"],
                instruction=row["instruction"],
                context=row["context"],
                response=right[row["key"]],
                group=row["group"],
            )
            for row in pairs
            if row["family"] == family
        ]
        self.train = [row for row in rows if not _is_held(row)]
        self.test = [row for row in rows if _is_held(row)]


def _lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (example_project.FILES / name).read_text(encoding="utf-8").splitlines()]


def _is_held(row: Row) -> bool:
    return int(sha256(row.group)[:4], 16) < HELD * 65536


@pytest.fixture(scope="module")
def tasks() -> tuple[Task, Task]:
    return Task("triage"), Task("who-why")


def _run(path: Path, base: Path, rows: dict[Any, Sequence[Row]], number: int, **changes: Any) -> RunFolder:
    kept = changes.pop("kept", None)
    usual = {**preset("toy"), "base": str(base), "threads": 1, "samples": 0, "forgetting": ASKED, "max_new_tokens": 64}
    folder = prepare(path, TrainConfig.model_validate({**usual, **changes}), rows, {"number": number}, kept)
    assert fit(folder.path) == 0
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, learnable_base: Path, tasks: tuple[Task, Task]) -> RunFolder:
    """Iteration 1 learnt the first task."""
    rows: dict[Any, Sequence[Row]] = {"train": tasks[0].train, "test": tasks[0].test}
    return _run(tmp_path_factory.mktemp("real") / "first", learnable_base, rows, 1, epochs=6)


def _second(first: RunFolder, base: Path, tasks: tuple[Task, Task], again: Sequence[Row], epochs: int) -> RunFolder:
    """Iteration 2 goes on with iteration 1's adapter, on the second task."""
    rows: dict[Any, Sequence[Row]] = {"train": tasks[1].train, "test": tasks[1].test, "rehearsal": again}
    path, kept = first.path.with_name(f"second with {len(again)}"), {1: tasks[0].test}
    return _run(path, base, rows, 2, kept=kept, parent=str(first.model), epochs=epochs, learning_rate=3e-3)


@pytest.fixture(scope="module")
def with_rehearsal(first: RunFolder, learnable_base: Path, tasks: tuple[Task, Task]) -> RunFolder:
    """A quarter of what it learns is of the first task."""
    return _second(first, learnable_base, tasks, sample(tasks[0].train, len(tasks[1].train) // 3), epochs=4)


@pytest.fixture(scope="module")
def without_rehearsal(first: RunFolder, learnable_base: Path, tasks: tuple[Task, Task]) -> RunFolder:
    return _second(first, learnable_base, tasks, [], epochs=2)


def told(first: RunFolder, second: RunFolder) -> Keeping:
    """What the report says of iteration 2."""
    found = keeping(second.result(), 2, {1: ("Iteration 1", first.result())})
    assert found is not None
    return found


def split(folder: RunFolder, number: int) -> dict[str, Any]:
    return next(each for each in folder.result()["forgetting"]["splits"] if each["batch"] == number)


def test_it_answers_unseen_customers_far_better_than_the_base_and_than_the_best_constant(
    first: RunFolder, tasks: tuple[Task, Task]
) -> None:
    asked = sample(tasks[0].test, ASKED)
    learnt = {row.response for row in tasks[0].train}
    constant = max(sum(rouge_l(answer, row.response) for row in asked) / len(asked) for answer in learnt)
    found = split(first, 1)
    assert found["items"] == len(asked)
    assert found["rouge_after"] >= found["rouge_before"] + 0.4
    assert found["rouge_after"] >= constant + 0.2


def test_nearly_all_answers_end_by_themselves(first: RunFolder, tasks: tuple[Task, Task], tmp_path: Path) -> None:
    config = GenerateConfig(base=first.config().base, model=str(first.model), max_new_tokens=96, threads=1)
    folder = prepare(tmp_path / "answers", config, {"test": tasks[0].test}, {})
    assert generate(folder.path) == 0
    ended = [answer.finish == "stop" for answer in read_generations(folder)]
    assert sum(ended) >= 0.98 * len(ended)


def test_with_rehearsal_a_second_task_leaves_nine_tenths_of_the_first(
    first: RunFolder, with_rehearsal: RunFolder
) -> None:
    found = told(first, with_rehearsal)
    left = share(found.batches[0])
    assert not isinstance(left, Undefined)
    assert left >= 0.9
    assert in_words(found).startswith("Nothing was forgotten")
    assert split(with_rehearsal, 2)["rouge_after"] >= split(with_rehearsal, 2)["rouge_before"] + 0.4


def test_without_rehearsal_it_visibly_does_not(first: RunFolder, without_rehearsal: RunFolder) -> None:
    found = told(first, without_rehearsal)
    left = share(found.batches[0])
    assert not isinstance(left, Undefined)
    assert left < 0.6
    assert in_words(found).startswith("Something was forgotten")
