"""A search on the tiny base: scored by folds, goes on where it was broken off, leaves nothing but its trials."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_families import make_t5
from tiny_model import make_rows

from hone.storage.errors import RunError
from hone.training.config import Range, SearchConfig, TrainConfig
from hone.training.fitting.plan import plain
from hone.training.folder import RunFolder
from hone.training.models.weights import require_weights
from hone.training.prepare import prepare
from hone.training.search import Trial, best_of, read_trials, search
from hone.training.searching.folds import folds_of
from hone.training.searching.running import material_of
from hone.training.searching.scoring import Material, fold_loss
from hone.training.session import Cancelled
from hone.training.settings import with_settings

Make = Callable[..., RunFolder]
RATES = {"learning_rate": Range(low=1e-4, high=1e-1, log=True)}


def prepared(path: Path, base: Path, **how: Any) -> RunFolder:
    """12 rows in two folds, two steps a fold; settings of the training and of the search as given."""
    small = {"epochs": 1, "micro_batch": 4, "effective_batch": 4, "max_length": 512, "threads": 1}
    train = TrainConfig.model_validate({"base": str(base), **small, **how.pop("train", {})})
    config = SearchConfig.model_validate({"train": train, "space": RATES, "trials": 3, "folds": 2, **how})
    return prepare(path, config, {"train": make_rows(12)}, {"name": "first batch"})


@pytest.fixture
def new_search(tmp_path: Path, tiny_base: Path) -> Make:
    return lambda name="search", **how: prepared(tmp_path / name, tiny_base, **how)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> RunFolder:
    folder = prepared(tmp_path_factory.mktemp("searches") / "searched", tiny_base)
    assert search(folder.path) == 0
    return folder


@pytest.fixture
def material(new_search: Make) -> tuple[RunFolder, TrainConfig, Material]:
    folder = new_search()
    config = folder.config()
    assert isinstance(config, SearchConfig)
    return folder, config.train, material_of(folder, config)


def without_time(folder: RunFolder) -> list[dict[str, Any]]:
    return [trial.model_dump(exclude={"seconds"}) for trial in read_trials(folder)]


def test_the_result_is_the_trial_of_the_lowest_mean_over_its_folds(searched: RunFolder) -> None:
    trials, result = read_trials(searched), searched.result()
    assert [trial.number for trial in trials] == [1, 2, 3]
    assert all(trial.loss == pytest.approx(sum(trial.losses) / 2) for trial in trials)
    best = best_of(trials)
    assert best is not None
    assert best.loss == min(trial.loss or 9.0 for trial in trials)
    assert result["best"] == best.model_dump(mode="json", exclude={"state", "reason"})
    assert (result["trials"], result["rows"], sorted(result["folds"])) == ({"done": 3}, 12, [6, 6])


def test_nothing_of_the_trials_is_kept_but_what_they_told(searched: RunFolder) -> None:
    left = {path.name for path in searched.path.iterdir() if path.name not in ("heartbeat", "worker.json")}
    assert left == {"config.json", "data", "events.jsonl", "result.json", "trials.jsonl"}


def test_it_tells_how_far_it_is_and_what_was_best_so_far(searched: RunFolder) -> None:
    told = [event.data for event in searched.read_events()[0] if event.kind == "progress"]
    assert [each["step"] for each in told] == sorted(each["step"] for each in told)
    assert (told[-1]["step"], told[-1]["total_steps"]) == (6, 6)
    assert told[-1]["best"] == searched.result()["best"]["loss"]


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_broken_off_anywhere_it_ends_with_the_same_trials(new_search: Make, searched: RunFolder, cut: float) -> None:
    broken = new_search()
    broken.request_cancel()
    assert search(broken.path) == 3
    lines = searched.trials_file.read_bytes()
    broken.trials_file.write_bytes(lines[: int(len(lines) * cut)])  # as a kill would leave it
    assert search(broken.path) == 0
    assert without_time(broken) == without_time(searched)


def test_a_fold_has_the_same_loss_whatever_was_trained_before(
    material: tuple[RunFolder, TrainConfig, Material],
) -> None:
    folder, config, given = material
    before = require_weights(given.base, None, "The base")
    both = [{fold: loss(folder, config, given, fold) for fold in order} for order in ((0, 1), (1, 0))]
    assert both[0] == both[1]
    assert require_weights(given.base, None, "The base") == before


def loss(folder: RunFolder, config: TrainConfig, given: Material, fold: int, **how: Any) -> float:
    return fold_loss(folder, config, given, plain(config), fold, how.get("tell", lambda share: None))


def test_a_fold_is_held_out_with_its_groups(material: tuple[RunFolder, TrainConfig, Material]) -> None:
    folder, _, given = material
    assert given.folds == folds_of(folder.rows("train"), 2, 0)


def test_a_patience_scores_the_best_evaluation_as_a_run_would_keep_it(
    material: tuple[RunFolder, TrainConfig, Material],
) -> None:
    """At a ruinous rate the model gets worse, so that the last evaluation is not the best."""
    folder, config, given = material
    ruinous = config.model_copy(update={"method": "full", "learning_rate": 1.0, "epochs": 4})
    last = loss(folder, ruinous, given, 0)
    kept = loss(folder, ruinous.model_copy(update={"patience": 9, "evaluate_every": 1}), given, 0)
    assert kept < last


def test_a_request_to_stop_is_heard_within_a_fold(material: tuple[RunFolder, TrainConfig, Material]) -> None:
    folder, config, given = material
    long = config.model_copy(update={"epochs": 500})
    with pytest.raises(Cancelled):
        loss(folder, long, given, 0, tell=lambda share: folder.request_cancel())
    assert not (folder.checkpoints / "fold").exists()


def test_settings_that_cannot_be_trained_with_are_a_failed_trial_and_the_search_goes_on(new_search: Make) -> None:
    """All weights need no layer to put an adapter on."""
    methods = {"method": Range(values=("lora", "full"))}
    folder = new_search(train={"method": "full", "lora_targets": "no_such_layer"}, space=methods, sampler="grid")
    assert search(folder.path) == 0
    found = {trial.settings["method"]: trial for trial in read_trials(folder)}
    assert {method: trial.state for method, trial in found.items()} == {"full": "done", "lora": "failed"}
    assert "no_such_layer" in found["lora"].reason
    assert folder.result()["trials"] == {"done": 1, "failed": 1}


def test_a_search_of_nothing_but_failures_fails_and_says_why(new_search: Make) -> None:
    methods = {"method": Range(values=("lora", "dora"))}
    folder = new_search(train={"method": "full", "lora_targets": "no_such_layer"}, space=methods)
    assert search(folder.path) == 1
    assert "All 2 trials failed; the first: lora_targets" in str(folder.read_events()[0][-1].data["message"])


def test_a_bad_trial_is_stopped_after_its_first_fold(new_search: Make) -> None:
    """Four trials are there already, far better than any can be."""
    folder = new_search(trials=5)
    folder.request_cancel()
    assert search(folder.path) == 3
    early = [
        Trial(
            number=n, settings={"learning_rate": 1e-3 + n / 1e4}, state="done", losses=(0.1, 0.1), loss=0.1, seconds=1
        )
        for n in range(1, 5)
    ]
    folder.trials_file.write_text("".join(trial.model_dump_json() + "\n" for trial in early))
    assert search(folder.path) == 0
    last = read_trials(folder)[-1]
    assert (last.state, len(last.losses), last.loss) == ("pruned", 1, None)


def test_other_settings_do_not_go_on_from_earlier_trials(new_search: Make, searched: RunFolder) -> None:
    folder = new_search()
    folder.request_cancel()
    assert search(folder.path) == 3
    folder.trials_file.write_bytes(searched.trials_file.read_bytes())
    folder.config_file.write_text(with_settings(folder.config(), ["seed=1"]).model_dump_json())
    assert search(folder.path) == 1
    assert "seed was 0" in str(folder.read_events()[0][-1].data["message"])


def test_rows_that_are_packed_must_stay_apart_in_a_search_too(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "search", make_t5(tmp_path / "t5"), train={"batching": "packed"})
    assert search(folder.path) == 1
    assert "batching=packed is for causal models" in str(folder.read_events()[0][-1].data["message"])


def test_rows_that_are_too_long_are_dropped_by_name(new_search: Make) -> None:
    folder = new_search(train={"too_long": "drop", "max_length": 60})
    config = folder.config()
    assert isinstance(config, SearchConfig)
    kept = {row.id for row in material_of(folder, config).rows}
    told = [event.data for event in folder.read_events()[0] if event.kind == "warning"]
    assert {row["id"] for row in told[0]["rows"]} == {row.id for row in folder.rows("train")} - kept != set()


def test_what_cannot_be_searched_ends_the_run_in_words(new_search: Make) -> None:
    folder = new_search(space={"base": Range(values=("a", "b"))})
    assert search(folder.path) == 1
    assert "base is not for searching" in str(folder.read_events()[0][-1].data["message"])
    assert search(new_search("alone", folds=13).path) == 1


def test_a_damaged_line_of_trials_is_told(searched: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.trials_file.write_bytes(b"{}\n" + searched.trials_file.read_bytes())
    with pytest.raises(RunError, match="damaged"):
        read_trials(folder)
