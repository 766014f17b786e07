"""Which settings a search may try, in whose words, and in which order: without training anything."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hone.storage.errors import InputError
from hone.training.config import Range, SearchConfig, TrainConfig
from hone.training.search import Trial
from hone.training.searching.sampling import hopeless, importance, next_settings, planned
from hone.training.searching.space import PRESETS, Value, applied, check_space, holds, parse_space, points, size

TRAIN = TrainConfig(base="base")


def config(*space: str, train: TrainConfig = TRAIN, **more: object) -> SearchConfig:
    return SearchConfig.model_validate({"train": train, "space": parse_space(space), **more})


def trial(number: int, settings: dict[str, Value], *losses: float, state: str = "done") -> Trial:
    loss = sum(losses) / len(losses) if state == "done" else None
    known = {"number": number, "settings": settings, "losses": losses, "state": state, "loss": loss}
    return Trial.model_validate({**known, "seconds": 1.0})


def played(search: SearchConfig, trials: Sequence[Trial] = ()) -> list[Trial]:
    """The search to its end, where the loss is how far the learning rate lies from 3e-4."""
    found = list(trials)
    while len(found) < planned(search):
        settings = next_settings(search, found)
        found.append(trial(len(found) + 1, settings, abs(float(settings.get("learning_rate", 0)) - 3e-4) * 1e3, 0.5))
    return found


def test_ranges_are_written_as_values_or_as_a_stretch() -> None:
    assert parse_space(["lora_r=4,8,16", "warmup = 0..0.2", "epochs=1..8 log"]) == {
        "lora_r": Range(values=(4, 8, 16)),
        "warmup": Range(low=0, high=0.2),
        "epochs": Range(low=1, high=8, log=True),
    }


def test_the_learning_rate_is_searched_in_its_logarithm() -> None:
    assert parse_space(["learning-rate=1e-5..1e-3"])["learning_rate"].log


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lora_r", "no range; write name=low..high"),
        ("lora_r=", "no range"),
        ("warmup=0.2..0", "must be below high"),
        ("warmup=0..0.2 log", "above 0 for a logarithm"),
        ("warmup=0..much", "must be numbers"),
        ("warmup=0..0.2 linear", "nothing but log"),
        ("lora_r=4,8 log", "log is for a stretch"),
        ("epochs=,", "names no value"),
    ],
)
def test_what_is_no_range_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_space([text])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("learning=1..2", "There is no setting 'learning'; the nearest is 'learning_rate'"),
        ("base=a,b", "base is not for searching"),
        ("seed=1..5", "seed is not for searching"),
        ("template=a,b", "template is not for searching"),
        ("objective=sft,dpo", "objective is not for searching"),
        ("lora_r=4,8.5", "range of lora_r does not hold"),
        ("lora_r=4..8.5", "lora_r counts whole numbers"),
        ("lora_r=0,4", "greater than or equal to 1"),
        ("learning_rate=1e-5..7", "less than or equal to 1"),
        ("learning_rate=nan,1e-3", "no number to try"),
        ("optimizer=adamw,adam", "'adamw' or 'sgd'"),
        ("schedule=1..2", "schedule is a choice"),
        ("effective_batch=0,8", "greater than or equal to 1"),
    ],
)
def test_a_range_that_no_training_run_takes_is_refused_beforehand(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_space(parse_space([text]), TRAIN)


def test_a_search_without_a_range_or_with_a_setting_twice_is_refused() -> None:
    with pytest.raises(InputError, match="needs a range"):
        check_space({}, TRAIN)
    with pytest.raises(InputError, match="lora_r stands twice"):
        parse_space(["lora_r=4", "lora_r=8"])


def test_preferences_are_not_searched() -> None:
    with pytest.raises(InputError, match="objective sft"):
        check_space(parse_space(["lora_r=4,8"]), TRAIN.model_copy(update={"objective": "dpo"}))


def test_a_search_does_not_go_on_from_a_model_that_knows_what_a_fold_holds_out() -> None:
    with pytest.raises(InputError, match="leave parent out"):
        check_space(parse_space(["lora_r=4,8"]), TRAIN.model_copy(update={"parent": "model"}))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_holds_for_a_usual_run(name: str) -> None:
    space = parse_space(PRESETS[name].space)
    check_space(space, TRAIN)
    assert PRESETS[name].advice.endswith(".")


@pytest.mark.parametrize("batch", [2, 7, 16])
def test_any_batch_goes_whatever_the_micro_batch_is(batch: int) -> None:
    made = applied(TRAIN, {"effective_batch": batch})
    assert (made.effective_batch, made.micro_batch) == (batch, 4)


def test_a_grid_takes_the_ends_of_a_stretch_and_three_points_between() -> None:
    assert points("learning_rate", Range(low=1e-5, high=1e-1, log=True)) == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2, 0.1])
    assert points("epochs", Range(low=1, high=3)) == [1, 2, 3]
    assert points("lora_r", Range(values=(4, 8, 4))) == [4, 8]


def test_a_grid_tries_every_point_once_and_then_ends() -> None:
    search = config("lora_r=4,8,16", "optimizer=adamw,sgd", sampler="grid", trials=50)
    found = [tuple(each.settings.values()) for each in played(search)]
    assert sorted(found) == sorted((rank, name) for rank in (4, 8, 16) for name in ("adamw", "sgd"))


def test_a_bayesian_search_begins_with_the_settings_as_they_are() -> None:
    search = config("learning_rate=1e-5..1e-3", "lora_r=4..64")
    assert next_settings(search, []) == {"learning_rate": 2e-4, "lora_r": 16}
    elsewhere = next_settings(config("lora_r=2,4"), [])
    assert elsewhere["lora_r"] in (2, 4)


def test_it_tries_nothing_twice_and_ends_when_all_was_tried() -> None:
    search = config("lora_r=4,8", "epochs=1..3", trials=40)
    found = played(search)
    assert len(found) == 6 == size(search.space)
    assert len({tuple(each.settings.values()) for each in found}) == 6


def test_it_comes_closer_than_chance_does() -> None:
    search = config("learning_rate=1e-6..1e-1", "warmup=0..0.5", trials=30)
    rates = [abs(float(each.settings["learning_rate"]) - 3e-4) for each in played(search)]
    assert sum(rates[15:]) < sum(rates[1:16]) / 3


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), broken=st.integers(0, 9))
def test_broken_off_anywhere_it_goes_on_with_the_same_settings(seed: int, broken: int) -> None:
    search = config("learning_rate=1e-5..1e-2", "lora_r=4,8,16", "epochs=1..4", trials=10, seed=seed)
    whole = played(search)
    assert played(search, whole[:broken]) == whole
    assert all(holds(search.space, each.settings) for each in whole)


def test_settings_that_fail_are_left_alone_later() -> None:
    """Rates above 1e-2, two of five drawn at random, fail as a loss that is not finite does."""
    search, found = config("learning_rate=1e-5..1", trials=40), list[Trial]()
    while len(found) < planned(search):
        settings = next_settings(search, found)
        rate = float(settings["learning_rate"])
        losses, state = ((), "failed") if rate > 1e-2 else ((abs(math.log(rate / 3e-4)),), "done")
        found.append(trial(len(found) + 1, settings, *losses, state=state))
    assert sum(each.state == "failed" for each in found[20:]) <= 2


def test_a_trial_is_stopped_when_its_folds_are_worse_than_the_same_folds_of_most() -> None:
    earlier = [trial(n, {}, 1.0 + n, 5.0) for n in range(4)]
    assert hopeless([2.6], earlier)
    assert not hopeless([2.4], earlier)
    assert not hopeless([9.0], earlier[:3])  # too few to say


def test_trials_that_were_stopped_count_as_far_as_they_came() -> None:
    earlier = [*(trial(n, {}, 1.0, 1.0) for n in range(2)), *(trial(n, {}, 3.0, state="pruned") for n in range(3))]
    assert not hopeless([2.9], earlier)
    assert not hopeless([3.0, 3.0], earlier)


def test_what_decided_most_is_told_where_there_is_enough_to_tell_it() -> None:
    found = played(config("learning_rate=1e-5..1e-1", "warmup=0..0.5", trials=20))
    search = config("learning_rate=1e-5..1e-1", "warmup=0..0.5", trials=20)
    shares = importance(search, found)
    assert shares is not None
    assert next(iter(shares)) == "learning_rate"
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert importance(search, found[:7]) is None
    assert importance(config("learning_rate=1e-5..1e-1"), found) is None
