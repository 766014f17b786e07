"""The verdict: three values, who decides, and how seldom it speaks when there is nothing to say."""

import numpy as np
import pytest
from report_samples import inputs, item, votes
from scipy import stats

from hone.evaluation.inputs import Gate, Guard, Threshold, Vote
from hone.evaluation.intervals import Estimate, Interval, bootstrap_mean
from hone.evaluation.report import make_report
from hone.evaluation.verdict import Verdict, decide, hold_threshold, people_say
from hone.evaluation.votes import count_votes
from hone.storage.records import Undefined

ITEMS = [item(number) for number in range(60)]
WORSE_ITEMS = [item(n, new="nothing of that", old=item(n).reference) for n in range(60)]


def verdict(items: object = None, given: list[Vote] | None = None, **gate: object) -> Verdict:
    chosen = ITEMS if items is None else items
    return make_report(inputs(chosen, given or [], gate=Gate.model_validate(gate))).verdict  # type: ignore[arg-type]


def test_reviewers_who_clearly_prefer_the_new_model_make_it_better() -> None:
    found = verdict(given=votes(new=32, old=10))
    assert found.value == "better"
    assert "Reviewers preferred tuned over base in 32 of 42 decisive votes." in found.sentence


def test_reviewers_who_clearly_prefer_the_old_model_make_it_worse_whatever_the_metrics_say() -> None:
    assert verdict(given=votes(new=10, old=32)).value == "worse"


def test_a_close_vote_cannot_tell_and_says_what_to_do_next() -> None:
    found = verdict(given=votes(new=26, old=16))
    assert found.value == "cannot tell yet"
    assert "too close to say" in found.sentence
    assert "more decisive votes" in found.next_steps[0]


def test_an_even_vote_is_never_called_the_same() -> None:
    found = verdict(given=votes(new=30, old=30))
    text = " ".join((found.sentence, *found.reasons, *found.next_steps)).lower()
    assert found.value == "cannot tell yet"
    assert not any(word in text for word in ("equal", "the same", "no difference", "identical"))


def test_without_votes_metrics_cannot_say_better() -> None:
    found = verdict()
    assert found.value == "cannot tell yet"
    assert "metrics alone cannot say better" in found.sentence
    assert "199 decisive" in found.next_steps[0]


def test_without_votes_a_metric_that_fell_beyond_its_margin_says_worse() -> None:
    found = verdict(WORSE_ITEMS)
    assert found.value == "worse"
    assert "lost more ROUGE-L and Token F1" in found.sentence


def test_a_metric_that_fell_keeps_better_back_but_does_not_overrule_people() -> None:
    found = verdict(WORSE_ITEMS, votes(new=32, old=10))
    assert found.value == "cannot tell yet"
    assert "but ROUGE-L and Token F1 fell" in found.sentence


def test_a_metric_that_fell_by_the_same_on_every_item_fell() -> None:
    lost = [item(n, new="", old=item(n).reference) for n in range(60)]
    found = verdict(lost, votes(new=32, old=10))
    assert found.value == "cannot tell yet"
    assert "but ROUGE-L and Token F1 fell" in found.sentence


def test_a_loss_within_the_margin_is_allowed() -> None:
    found = verdict(WORSE_ITEMS, votes(new=32, old=10), guards=[Guard(metric="rougeL", margin=1.0)])
    assert found.value == "better"


def test_too_few_votes_decide_nothing() -> None:
    found = verdict(given=votes(new=19))
    assert found.value == "cannot tell yet"
    assert "asks for at least 20" in found.sentence


def test_ties_alone_decide_nothing() -> None:
    assert verdict(given=votes(0, tie=40)).value == "cannot tell yet"


def test_a_margin_over_one_half_must_be_cleared_by_the_whole_interval() -> None:
    assert verdict(given=votes(new=32, old=10), win_rate_margin=0.2).value == "cannot tell yet"


def test_a_threshold_that_is_not_met_keeps_better_back() -> None:
    found = verdict(given=votes(new=32, old=10), thresholds=[Threshold(metric="exact_match", at_least=1.0)])
    assert found.value == "cannot tell yet"
    assert "Exact match has not reached" in found.sentence


@pytest.mark.parametrize(("at_least", "state"), [(0.4, "met"), (0.52, "open"), (0.7, "missed")])
def test_thresholds_are_held_against_the_interval_and_not_the_point(at_least: float, state: str) -> None:
    mean = Estimate(value=0.5, n=9, interval=Interval(low=0.45, high=0.55, level=0.95, method="given"))
    assert hold_threshold(Threshold(metric="rougeL", at_least=at_least), mean).state == state


def test_a_threshold_without_an_interval_stays_open() -> None:
    assert hold_threshold(Threshold(metric="rougeL", at_least=0.1), bootstrap_mean([0.9])).state == "open"


def test_identical_answers_leave_nothing_to_compare() -> None:
    found = verdict([item(n, new="same", old="same") for n in range(30)], votes(new=30))
    assert found.value == "cannot tell yet"
    assert "nothing to compare" in found.sentence


def test_many_more_votes_than_anyone_collects_are_advised_against() -> None:
    found = decide(count_votes(votes(new=53, old=47)), [], [], False, Gate(), "b", "a")
    assert "A larger gain is easier to find" in found.next_steps[0]


def test_under_no_difference_people_speak_in_at_most_five_percent() -> None:
    """Every count of wins that can occur, weighed by its chance: exact, without a simulation."""
    for n in (20, 21, 37, 50, 64, 100):
        speaks = [people_say(count_votes(votes(w, n - w)), Gate()) != "open" for w in range(n + 1)]
        assert sum(stats.binom.pmf(np.flatnonzero(speaks), n, 0.5)) <= 0.05


def test_a_true_65_to_35_is_found_in_the_planned_votes_in_at_least_eighty_percent() -> None:
    found = [people_say(count_votes(votes(w, 90 - w)), Gate()) == "better" for w in range(91)]
    assert sum(stats.binom.pmf(np.flatnonzero(found), 90, 0.65)) >= 0.8


def test_raters_who_follow_each_other_do_not_make_the_gate_speak_more_often() -> None:
    """No difference, but on each item five raters mostly agree: at most 5 % of 200 runs speak."""
    rng = np.random.default_rng(11)
    spoke = 0
    for _ in range(200):
        taste = rng.beta(0.2, 0.2, 24)
        chosen = rng.uniform(size=(24, 5)) < taste[:, None]
        given = [
            Vote(item=f"{i:02}", rater=f"{r}", left="new", choice="new" if chosen[i, r] else "old")
            for i in range(24)
            for r in range(5)
        ]
        spoke += people_say(count_votes(given), Gate()) != "open"
    assert stats.binom.sf(spoke - 1, 200, 0.05) > 0.001


def test_under_no_difference_guards_rarely_raise_the_alarm() -> None:
    """Both models drop words at random alike; a guard without margin fires in at most 5 % of runs."""
    rng = np.random.default_rng(2)
    gate = Gate(guards=(Guard(metric="rougeL", margin=0), Guard(metric="token_f1", margin=0)))

    def answer(n: int) -> str:
        return " ".join(word for word in item(n).reference.split() if rng.uniform() < 0.7)

    fired = 0
    for seed in range(40):
        items = [item(n, new=answer(n), old=answer(n)) for n in range(30)]
        fired += make_report(inputs(items, gate=gate, seed=seed)).verdict.value != "cannot tell yet"
    assert stats.binom.sf(fired - 1, 40, 0.05) > 0.001


def test_no_preference_means_too_few() -> None:
    assert people_say(Undefined(undefined="no votes"), Gate()) == "too few"
