"""What is said of a training by its losses alone."""

import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.platform.course import Course, course, gap, smooth

FALLING = [(step, 2.0 * 0.97**step) for step in range(1, 61)]
AT_LAST = fmean(loss for _, loss in FALLING[-5:])
GOOD = [(20, 1.4), (40, 1.0), (60, 0.8)]


def told(losses: list[tuple[int, float]], validation: list[tuple[int, float]], **config: object) -> Course:
    return course(losses, validation, 60, dict(config), ended=len(losses) >= 60)


def kinds(found: Course) -> list[str]:
    return [remark.kind for remark in found.remarks]


def test_a_training_that_goes_well_is_left_alone() -> None:
    found = told(FALLING, GOOD)
    assert found.remarks == ()
    assert found.best == (60, 0.8)
    assert found.gap == pytest.approx(0.8 - FALLING[-1][1])


def test_the_gap_is_measured_where_the_evaluation_was() -> None:
    steep = [(step, 10.0 - step) for step in range(1, 10)]
    assert gap(steep, [(5, 6.0)]) == pytest.approx(1.0)
    assert gap(steep, []) is None


def test_a_validation_loss_that_rises_while_training_falls_is_overfitting() -> None:
    [said] = told(FALLING, [(20, 1.0), (40, 1.04), (60, 1.2)]).remarks
    assert said.kind == "overfits"
    assert said.says == "It overfits: since step 20 the validation loss rose from 1.00 to 1.20, while the training " \
        f"loss fell to {AT_LAST:.2f}."  # fmt: skip
    assert "patience=2" in said.next


def test_with_early_stopping_the_best_step_is_kept_and_nothing_is_to_be_done() -> None:
    [said] = told(FALLING, [(20, 1.0), (40, 1.04), (60, 1.2)], patience=2).remarks
    assert said.next == "The model of step 20 is the one that is kept."


def test_one_worse_evaluation_is_not_overfitting() -> None:
    assert kinds(told(FALLING, [(20, 1.2), (40, 1.0), (60, 1.2)])) == []


def test_rows_that_are_learnt_by_heart_without_gain_are_told() -> None:
    steep = [(step, 2.0 * 0.9**step) for step in range(1, 61)]
    found = told(steep, [(10, 1.2), (20, 1.0), (30, 1.002), (45, 1.004), (60, 1.003)])
    assert kinds(found) == ["stalls"]


def test_a_loss_that_does_not_move_is_flat() -> None:
    jumping = [(step, 2.0 + 0.1 * math.sin(step * 7)) for step in range(1, 61)]
    [said] = told(jumping, [(30, 2.05), (60, 2.04)]).remarks
    assert said.kind == "flat"
    assert "three times the learning rate" in said.next


def test_the_first_steps_of_a_run_say_nothing_yet() -> None:
    assert kinds(told([(step, 2.0) for step in range(1, 14)], [])) == []


def test_a_model_that_has_learnt_it_already_is_not_called_flat() -> None:
    assert kinds(told([(step, 0.02) for step in range(1, 61)], [(30, 0.03), (60, 0.03)])) == []


def test_a_loss_that_rises_is_told_before_anything_else() -> None:
    rising = [(step, 2.0 + step / 40) for step in range(1, 61)]
    [said] = told(rising, [(20, 2.5), (40, 3.2), (60, 3.8)]).remarks
    assert said.kind == "diverges"
    assert "a third of the learning rate" in said.next


def test_both_losses_high_at_the_end_is_no_model_to_use() -> None:
    falling = [(step, 6.0 - step / 30) for step in range(1, 61)]
    [said] = told(falling, [(30, 5.2), (60, 4.5)]).remarks
    assert said.kind == "high"
    assert said.next == "Both still fall: give it more passes."


@pytest.mark.parametrize(
    ("config", "loss"),
    [({"labels": ("a", "b", "c", "d")}, 1.36), ({"objective": "dpo"}, 0.68)],
    ids=["four labels", "two answers"],
)
def test_high_is_measured_against_guessing(config: dict[str, object], loss: float) -> None:
    losses = [(step, loss + 0.3 / step) for step in range(1, 61)]
    found = course(losses, [(30, loss + 0.1), (60, loss)], 60, config, ended=True)
    assert kinds(found) == ["high"]
    assert kinds(course(losses, [(30, loss + 0.1), (60, loss)], 60, {}, ended=True)) == []


def test_nothing_measured_is_nothing_said() -> None:
    assert course([], [], None, {}, ended=False) == Course(smoothed=(), best=None, gap=None, remarks=())


@given(st.lists(st.floats(0, 20) | st.just(math.nan), max_size=80), st.lists(st.floats(0, 20), max_size=12))
def test_any_losses_give_at_most_one_remark_with_a_next_step(losses: list[float], seen: list[float]) -> None:
    found = course(list(enumerate(losses, 1)), list(enumerate(seen, 1)), 80, {}, ended=True)
    assert len(found.remarks) <= 1
    assert all(remark.says.endswith(".") and remark.next for remark in found.remarks)


@given(st.lists(st.floats(0, 20), min_size=1, max_size=60))
def test_smoothing_stays_within_what_was_measured(losses: list[float]) -> None:
    smoothed = [loss for _, loss in smooth(list(enumerate(losses)))]
    assert len(smoothed) == len(losses)
    assert min(losses) - 1e-9 <= min(smoothed)
    assert max(smoothed) <= max(losses) + 1e-9
