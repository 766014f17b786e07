"""How many pairs to aim for: what the blind comparison needs, and what a number is good for."""

from hypothesis import given
from hypothesis import strategies as st

from hone.evaluation.power import decisive_needed
from hone.labeling.projects.defaults import default_settings
from hone.platform import aiming


def test_six_hundred_pairs_find_a_model_that_wins_13_of_20() -> None:
    """90 decisive votes find 65 % (exact sign test); a quarter ties: 120 items; a fifth of the pairs: 600."""
    assert decisive_needed(0.65) == 90
    assert aiming.pairs_for(0.65, default_settings()) == 600
    assert aiming.reason(600, default_settings()) == (
        "600 approved pairs give 120 test items; with a quarter of ties about 90 of them decide, which finds a model "
        "that wins 65 of 100 such comparisons with a chance of 80 % and errs in 5 % when there is no difference."
    )


def test_a_gate_that_asks_for_more_votes_asks_for_more_pairs() -> None:
    assert aiming.pairs_for(0.7, default_settings(gate={"min_decisive": 90})) == 600
    told = aiming.reason(300, default_settings(gate={"min_decisive": 90}))
    assert "asks for 90: too few to call any model better" in told


def test_a_smaller_test_split_needs_more_pairs() -> None:
    assert aiming.pairs_for(0.65, default_settings(fractions=(0.8, 0.1, 0.1))) == 1200


def test_a_classification_is_told_how_well_its_share_will_be_known() -> None:
    """1.96 * sqrt(0.8 * 0.2 / 120) = 7.2 points."""
    settings = default_settings(task="classification", labels=("yes", "no"))
    assert "near 80 % is known to ± 7 points." in aiming.reason(600, settings)


@given(st.integers(1, 100_000))
def test_whatever_the_number_a_reason_can_be_given(pairs: int) -> None:
    assert aiming.reason(pairs, default_settings()).startswith(f"{pairs:,} approved pairs give")


@given(st.sampled_from(aiming.PREFERENCES), st.sampled_from([0.1, 0.2, 0.3]), st.integers(1, 200))
def test_the_number_that_is_computed_is_enough(preference: float, test: float, votes: int) -> None:
    settings = default_settings(fractions=(0.9 - test, 0.1, test), gate={"min_decisive": votes})
    told = aiming.reason(aiming.pairs_for(preference, settings), settings)
    assert "too few" not in told
    found = int(told.partition("wins ")[2].partition(" ")[0])
    assert found <= round(100 * preference)
