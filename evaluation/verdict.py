"""Is the new model better? Three answers: better, worse, cannot tell yet; each with reasons and what to do next.

Once enough people have voted, people decide and metrics can only veto: a guard that fell or a threshold that
is not met keeps the word "better" back. Before that, metrics can only raise the alarm: a guard that fell
beyond its margin says "worse", and nothing they show says "better". So in each state only one test can
fire, and under no difference it does so in at most 1 - level of reports. That a test finds no difference
never says that there is none.
"""

from collections.abc import Sequence
from typing import Literal

from hone.evaluation.figures import number, number_range, p_value, percent, plural, share_range, signed
from hone.evaluation.inputs import Gate, Guard, Threshold
from hone.evaluation.intervals import Estimate, Interval
from hone.evaluation.text_metrics import TITLES
from hone.evaluation.votes import Preference
from hone.storage.records import Record, Undefined

MOST_VOTES = 1500  # nobody collects more for one iteration

VerdictValue = Literal["better", "worse", "cannot tell yet"]


class GuardResult(Record):
    """A guard held against the data: did the metric fall by more than the margin.

    `p` tests whether the loss is beyond the margin; `p_holm` is adjusted for all guards (Holm 1979).
    `fell` needs both: the interval's upper end under -margin (the difference itself, where all items lost the
    same and there is no interval), and p_holm at most 1 - level.
    """

    guard: Guard
    difference: float
    interval: Interval | Undefined
    p: float
    p_holm: float
    fell: bool


class ThresholdResult(Record):
    """A threshold held against the interval of the new model's mean."""

    threshold: Threshold
    mean: Estimate
    state: Literal["met", "missed", "open"]


class Verdict(Record):
    """The answer, in one word, one sentence, its reasons, and what to do next."""

    value: VerdictValue
    sentence: str
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]


def hold_threshold(threshold: Threshold, mean: Estimate) -> ThresholdResult:
    """Met when the whole interval lies at or over it, missed when the whole interval lies under, else open.

    Without an interval (one item, or all values equal) it stays open.
    """
    state: Literal["met", "missed", "open"] = "open"
    if isinstance(mean.interval, Interval):
        if mean.interval.low >= threshold.at_least:
            state = "met"
        elif mean.interval.high < threshold.at_least:
            state = "missed"
    return ThresholdResult(threshold=threshold, mean=mean, state=state)


def decide(
    preference: Preference | Undefined,
    guards: Sequence[GuardResult],
    thresholds: Sequence[ThresholdResult],
    identical: bool,
    gate: Gate,
    new: str,
    old: str,
) -> Verdict:
    """Hold the evidence against the gate.

    Args:
        preference: What people said.
        guards: The gate's guards, held.
        thresholds: The gate's thresholds, held.
        identical: Both models gave the same answer to every item.
        gate: What the project declared.
        new: The new model's name, for the sentences.
        old: The old model's name.
    """
    if identical:
        return Verdict(
            value="cannot tell yet",
            sentence=f"{new} and {old} gave the same answer to every item: there is nothing to compare.",
            reasons=("All answers are identical, character for character.",),
            next_steps=("Check that each model's own weights were loaded, and generate again.",),
        )
    fallen = [result for result in guards if result.fell]
    unmet = [result for result in thresholds if result.state != "met"]
    people = people_say(preference, gate)
    value: VerdictValue = "cannot tell yet"
    if people == "worse" or (people == "too few" and fallen):
        value = "worse"
    elif people == "better" and not fallen and not unmet:
        value = "better"
    reasons = (
        _people_reason(preference, gate),
        *(_guard_reason(result) for result in guards),
        *(_threshold_reason(result) for result in thresholds),
    )
    return Verdict(
        value=value,
        sentence=_sentence(value, people, preference, fallen, unmet, gate, new, old),
        reasons=reasons,
        next_steps=_next_steps(value, people, preference, fallen, unmet, gate),
    )


def people_say(preference: Preference | Undefined, gate: Gate) -> Literal["better", "worse", "open", "too few"]:
    """What the votes alone say.

    "better" when the lower end of the clustered interval is over 1/2 + margin and the exact p is at most
    1 - level; "worse" when the upper end is under 1/2 and p likewise; "too few" under the gate's minimum.
    Wilson's interval alone would fire a little too often at some sample sizes; the exact test never does.
    """
    if isinstance(preference, Undefined) or preference.decisive < gate.min_decisive:
        return "too few"
    rate, p = preference.clustered, preference.p_clustered
    if isinstance(rate, Undefined) or isinstance(rate.interval, Undefined) or isinstance(p, Undefined):
        return "too few"
    significant = p <= 1 - gate.level + 1e-12
    if significant and rate.interval.low > 0.5 + gate.win_rate_margin:
        return "better"
    return "worse" if significant and rate.interval.high < 0.5 else "open"


def _won(preference: Preference) -> str:
    return f"{preference.wins:,} of {plural(preference.decisive, 'decisive vote')}"


def _people_reason(preference: Preference | Undefined, gate: Gate) -> str:
    if isinstance(preference, Undefined):
        return "Nobody has voted. Metrics alone cannot say that a model is better."
    rate = preference.clustered
    if isinstance(rate, Undefined):
        return f"{plural(preference.n, 'vote')}, none of them decisive: no win rate."
    few = ""
    if preference.decisive < gate.min_decisive:
        few = f" Fewer than the {gate.min_decisive} that the gate asks for."
    return (
        f"Reviewers preferred the new model in {percent(rate.value)} ({_won(preference)}; "
        f"{share_range(rate.interval)}; {p_value(preference.p_clustered)}).{few}"
    )


def _guard_reason(result: GuardResult) -> str:
    state = "fell beyond its margin" if result.fell else "shows no loss beyond its margin"
    return (
        f"{_title(result.guard.metric)} {state} of {number(result.guard.margin)}: "
        f"{signed(result.difference)} ({number_range(result.interval, sign=True)})."
    )


def _threshold_reason(result: ThresholdResult) -> str:
    said = {"met": "is met", "missed": "is missed", "open": "is open: the interval holds it"}[result.state]
    threshold = result.threshold
    return (
        f"{_title(threshold.metric)} of at least {number(threshold.at_least)} {said} "
        f"({number(result.mean.value)}; {number_range(result.mean.interval)})."
    )


def _title(metric: str) -> str:
    return TITLES.get(metric, metric)


def _listed(results: Sequence[GuardResult | ThresholdResult]) -> str:
    names = [_title(r.guard.metric if isinstance(r, GuardResult) else r.threshold.metric) for r in results]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _sentence(
    value: VerdictValue,
    people: str,
    preference: Preference | Undefined,
    fallen: Sequence[GuardResult],
    unmet: Sequence[ThresholdResult],
    gate: Gate,
    new: str,
    old: str,
) -> str:
    """The verdict in one sentence with its main reason."""
    if isinstance(preference, Undefined):
        if fallen:
            return f"{new} lost more {_listed(fallen)} against {old} than the gate allows."
        return f"Nobody has compared {new} with {old} yet, and metrics alone cannot say better."
    if people == "better" and value == "better":
        return f"Reviewers preferred {new} over {old} in {_won(preference)}."
    if people == "better" and fallen:
        return f"Reviewers preferred {new} over {old}, but {_listed(fallen)} fell more than the gate allows."
    if people == "better":
        return f"Reviewers preferred {new} over {old}, but {_listed(unmet)} has not reached the gate's threshold."
    if people == "worse":
        lost = f"{preference.losses:,} of {plural(preference.decisive, 'decisive vote')}"
        return f"Reviewers preferred {old} over {new} in {lost}."
    if people == "too few" and fallen:
        return f"{new} lost more {_listed(fallen)} against {old} than the gate allows; too few have voted."
    if people == "too few":
        return (
            f"{plural(preference.decisive, 'decisive vote')} on {new} and {old} so far; "
            f"the gate asks for at least {gate.min_decisive}."
        )
    return f"{new} won {_won(preference)} against {old}: too close to say which of them is better."


def _next_steps(
    value: VerdictValue,
    people: str,
    preference: Preference | Undefined,
    fallen: Sequence[GuardResult],
    unmet: Sequence[ThresholdResult],
    gate: Gate,
) -> tuple[str, ...]:
    if value == "better":
        return ("Make the new model the champion, and read the regressions below before the next batch.",)
    steps: list[str] = []
    if people in ("open", "too few"):
        steps.append(_votes_step(preference, gate))
    if fallen:
        steps.append(f"Read the worst regressions below: {_listed(fallen)} fell.")
    if unmet:
        steps.append(f"Improve {_listed(unmet)}, or add test items to narrow the interval.")
    if value == "worse":
        steps.append("Keep the old model. Send the regressions below back to the experts.")
    return tuple(steps)


def _votes_step(preference: Preference | Undefined, gate: Gate) -> str:
    if isinstance(preference, Undefined):
        return "Collect blind votes: 199 decisive ones find a true preference of 60 to 40."
    if isinstance(preference.needed, Undefined):
        return "The preference seen is close to even: more votes would hardly settle it. Look for a larger gain."
    least = max(preference.needed.more, gate.min_decisive - preference.decisive)
    if least <= 0:
        return "Collect more votes on further items: votes on one item count for little more than one."
    if least > MOST_VOTES:
        return (
            f"At the preference seen ({percent(preference.needed.preference)}) about {least:,} more decisive votes "
            "would be needed. A larger gain is easier to find than a small one: improve the data first."
        )
    with_ties = ""
    if preference.needed.more_votes > preference.needed.more:
        with_ties = f", about {preference.needed.more_votes:,} with ties"
    return (
        f"Collect about {least:,} more decisive votes{with_ties}, "
        f"if the true preference is near {percent(preference.needed.preference)}."
    )
