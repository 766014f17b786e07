"""Votes: counts, win rate, clustering, raters, position, and how many votes are still needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import vote, votes
from scipy import stats

from hone.evaluation.inputs import Vote
from hone.evaluation.intervals import Estimate, Interval, wilson
from hone.evaluation.power import decisive_needed, power_of, smallest_preference
from hone.evaluation.votes import Needed, Preference, count_votes, position, votes_needed
from hone.storage.errors import InputError
from hone.storage.records import Undefined


def counted(given: list[Vote], groups: dict[str, str] | None = None) -> Preference:
    found = count_votes(given, groups)
    assert isinstance(found, Preference)
    return found


def interval_of(estimate: Estimate | Undefined) -> Interval:
    assert isinstance(estimate, Estimate)
    assert isinstance(estimate.interval, Interval)
    return estimate.interval


def test_wins_losses_and_ties_are_counted_and_ties_stay_out_of_the_win_rate() -> None:
    found = counted(votes(new=6, old=3, tie=2, both_bad=1))
    assert (found.wins, found.losses, found.ties, found.both_bad, found.decisive) == (6, 3, 2, 1, 9)
    assert isinstance(found.win_rate, Estimate)
    assert found.win_rate.value == 6 / 9
    assert found.win_rate.interval == wilson(6, 9)
    assert found.p == pytest.approx(stats.binomtest(6, 9).pvalue)
    assert found.net.value == pytest.approx(3 / 12)


def test_with_one_vote_an_item_the_clustered_figures_are_the_plain_ones() -> None:
    found = counted(votes(new=6, old=3))
    assert (found.clustered, found.p_clustered) == (found.win_rate, found.p)


def test_no_votes_are_undefined() -> None:
    assert count_votes([]) == Undefined(undefined="no votes")


def test_ties_alone_give_no_win_rate_and_no_test() -> None:
    found = counted(votes(0, tie=5))
    none = Undefined(undefined="no decisive vote")
    assert (found.win_rate, found.p, found.clustered, found.position.p) == (none, none, none, none)
    assert (found.net.value, found.net.interval) == (0.0, Undefined(undefined="no variation"))


def test_a_sweep_stays_finite() -> None:
    found = counted(votes(new=10))
    assert interval_of(found.win_rate).low == pytest.approx(0.7225, abs=1e-4)
    assert found.p == pytest.approx(2 / 2**10)


def test_one_vote_says_little_and_says_so() -> None:
    found = counted(votes(new=1))
    assert (found.p, found.net.interval) == (1.0, Undefined(undefined="one item"))
    assert interval_of(found.clustered).low < 0.25


def test_raters_who_repeat_each_other_do_not_narrow_the_interval() -> None:
    alone = [vote(n, "new" if n < 14 else "old") for n in range(20)]
    three = [each.model_copy(update={"rater": rater}) for each in alone for rater in ("ada", "ben", "chi")]
    one, many = counted(alone), counted(three)
    assert interval_of(many.clustered).low <= interval_of(one.clustered).low
    assert interval_of(many.win_rate).low > interval_of(one.win_rate).low
    assert many.p_clustered == pytest.approx(one.p_clustered, abs=0.02)


def test_a_clustered_sweep_counts_the_items_and_not_the_votes() -> None:
    three = [vote(n, "new", rater) for n in range(5) for rater in ("ada", "ben", "chi")]
    assert interval_of(counted(three).clustered).low == pytest.approx(wilson(5, 5).low)


def test_items_of_one_group_count_as_one_cluster() -> None:
    groups = {f"item-{n:03}": "one document" for n in range(8)}
    found = counted(votes(new=8), groups)
    assert found.p_clustered == 1.0
    assert interval_of(found.clustered).low == pytest.approx(wilson(1, 1).low)


def test_a_second_vote_of_one_rater_on_one_item_is_refused() -> None:
    with pytest.raises(InputError, match="ada voted twice on item item-001"):
        count_votes([vote(1), vote(1, "old")])


@given(st.permutations(votes(4, 3, 2, 1) + [vote(n, "new", "ben") for n in range(4)]))
def test_the_order_of_votes_changes_nothing(mixed: list[Vote]) -> None:
    assert count_votes(mixed) == count_votes(sorted(mixed, key=lambda each: (each.rater, each.item)))


def test_each_rater_has_a_line_of_their_own() -> None:
    given = [vote(1, "new", "ada", seconds=4), vote(2, "old", "ada", seconds=8), vote(1, "tie", "ben")]
    ada, ben = counted(given).by_rater
    assert (ada.rater, ada.wins, ada.losses, ada.median_seconds) == ("ada", 1, 1, 6.0)
    assert ben.win_rate == Undefined(undefined="nothing to count")
    assert ben.median_seconds == Undefined(undefined="no times kept")


def test_reasons_are_counted_by_the_vote_they_stood_with() -> None:
    given = [vote(1, "new", reasons=("clear", "short")), vote(2, "old", reasons=("clear",))]
    clear, short = counted(given).reasons
    assert (clear.reason, clear.for_new, clear.for_old) == ("clear", 1, 1)
    assert (short.reason, short.for_new, short.for_neither) == ("short", 1, 0)


def test_a_position_bias_of_the_crowd_is_found_in_5460_votes_and_not_in_100() -> None:
    """The published LLMFAO crowd chose the left answer in 53.3 % of 5,460 decisive votes."""

    def lefts(count: int, of: int) -> list[Vote]:
        sides = ("new", "old")
        return [vote(n, sides[n % 2 if n < count else 1 - n % 2], left=sides[n % 2]) for n in range(of)]

    assert position(lefts(2910, 5460)).says == "the left side was favoured"
    assert position(lefts(53, 100)).says == "cannot tell whether the side mattered"


def test_a_model_that_always_stood_left_does_not_look_like_a_bias_of_the_side() -> None:
    found = position([vote(n, "new", left="new") for n in range(40)])
    assert (found.left, found.new_shown_left) == (40, 40)
    assert found.says.startswith("cannot tell")


@pytest.mark.parametrize(
    ("preference", "votes"), [(0.52, 4927), (0.55, 786), (0.575, 352), (0.6, 199), (0.65, 90), (0.7, 49)]
)
def test_decisive_votes_needed_match_the_exact_binomial_table(preference: float, votes: int) -> None:
    assert decisive_needed(preference) == votes
    assert decisive_needed(1 - preference) == votes


@given(st.integers(1, 120), st.floats(0.51, 0.99))
def test_power_equals_the_slow_sum_over_outcomes(votes: int, preference: float) -> None:
    outcomes = range(votes // 2 + 1, votes + 1)
    slow = sum(stats.binom.pmf(k, votes, preference) for k in outcomes if stats.binomtest(k, votes).pvalue <= 0.05)
    assert power_of([votes], preference)[0] == pytest.approx(slow, abs=1e-9)


def test_the_smallest_preference_that_votes_can_find() -> None:
    assert smallest_preference(199) == 0.6
    assert smallest_preference(4) == Undefined(undefined="too few votes to find any preference")


def test_an_even_preference_cannot_be_planned_for() -> None:
    assert decisive_needed(0.5) == Undefined(undefined="the preference is too close to even")
    with pytest.raises(InputError, match="between 0 and 1"):
        decisive_needed(1.2)


def test_votes_still_needed_count_ties_in() -> None:
    found = votes_needed(wins=12, losses=8, votes=40)
    assert isinstance(found, Needed)
    assert found.more == found.total - 20
    assert found.more_votes == 2 * found.more


def test_before_the_first_vote_a_preference_of_60_to_40_is_planned_for() -> None:
    found = votes_needed(0, 0, 0)
    assert isinstance(found, Needed)
    assert (found.total, found.more) == (199, 199)


def test_even_votes_are_told_that_more_will_not_help() -> None:
    assert isinstance(votes_needed(10, 10, 20), Undefined)
