"""The report: deterministic, symmetric, complete, and honest about its inputs."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import inputs, item, model, swapped, vote, votes

from hone.evaluation.answers import answer_facts, faults_of, repeated_share
from hone.evaluation.inputs import BatchFacts, Gate, Guard, ReportInputs, TrendPoint
from hone.evaluation.intervals import Estimate, Interval
from hone.evaluation.report import Report, json_text, make_report
from hone.storage.errors import InputError
from hone.storage.records import Undefined

words = st.sampled_from(["you keep rights", "they may close it", "", "no refunds for a month", "да", "a a a a a a a"])
choices = st.sampled_from(["new", "old", "tie", "both_bad"])


@st.composite
def some_inputs(draw: st.DrawFn) -> ReportInputs:
    count = draw(st.integers(1, 9))
    grouped = draw(st.booleans())
    items = [
        item(n, draw(words), draw(words), group=f"g{n % 3}" if grouped else None, metadata={"kind": "ab"[n % 2]})
        for n in range(count)
    ]
    given = [vote(n, draw(choices), rater) for n in range(count) for rater in ("ada", "ben") if draw(st.booleans())]
    return inputs(items, given, gate=Gate(guards=(), min_decisive=1), seed=draw(st.integers(0, 3)))


@settings(max_examples=15)
@given(some_inputs(), st.randoms(use_true_random=False))
def test_the_same_inputs_in_any_order_give_the_same_bytes(given: ReportInputs, random: Any) -> None:
    mixed = given.model_copy(
        update={
            "items": tuple(sorted(given.items, key=lambda _: random.random())),
            "votes": tuple(sorted(given.votes, key=lambda _: random.random())),
        }
    )
    assert json_text(make_report(mixed)) == json_text(make_report(given))


@settings(max_examples=25)
@given(some_inputs())
def test_swapping_the_models_negates_every_difference(given: ReportInputs) -> None:
    there, back = make_report(given), make_report(swapped(given))
    opposite = {"better": "worse", "worse": "better", "cannot tell yet": "cannot tell yet"}
    assert back.verdict.value == opposite[there.verdict.value]
    for one, other in zip(there.metrics, back.metrics, strict=True):
        assert other.paired.difference == -one.paired.difference
        assert other.paired.p == one.paired.p
        if isinstance(one.paired.interval, Interval) and isinstance(other.paired.interval, Interval):
            assert other.paired.interval.low == -one.paired.interval.high
    assert [e.item for e in back.examples.gains] == [e.item for e in there.examples.regressions]
    if not isinstance(there.preference, Undefined) and not isinstance(back.preference, Undefined):
        assert back.preference.net.value == -there.preference.net.value
        assert (back.preference.wins, back.preference.position.p) == (
            there.preference.losses,
            there.preference.position.p,
        )


@settings(max_examples=15)
@given(some_inputs())
def test_a_report_survives_its_own_json_and_holds_no_nan(given: ReportInputs) -> None:
    report = make_report(given)
    text = json_text(report)
    assert Report.model_validate_json(text) == report
    assert json.loads(text)["schema_version"] == 1


def test_another_seed_moves_intervals_only() -> None:
    items = [item(n, new=" ".join(item(n).reference.split()[: n % 5])) for n in range(24)]
    first, second = (make_report(inputs(items, votes(9, 4), seed=seed)) for seed in (1, 2))
    for one, other in zip(first.metrics, second.metrics, strict=True):
        assert (one.new.value, one.old.value, one.paired.difference) == (
            other.new.value,
            other.old.value,
            other.paired.difference,
        )
    assert first.metrics[0].paired.interval != second.metrics[0].paired.interval


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"items": []}, "no test items"),
        ({"items": [item(1), item(1)]}, "item-001 stands twice"),
        ({"items": [item(1)], "votes": [vote(2)]}, "not a test item of this report"),
        ({"items": [item(1)], "votes": [vote(1), vote(1, "old")]}, "voted twice"),
        ({"gate": Gate(guards=(Guard(metric="bleu"),))}, "The gate names 'bleu'"),
    ],
)
def test_inputs_that_contradict_themselves_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_report(inputs(**given))


def test_one_item_and_no_vote_is_still_a_report_with_named_gaps() -> None:
    report = make_report(inputs([item(0)]))
    assert report.preference == Undefined(undefined="no votes")
    assert report.reviewers == Undefined(undefined="no votes")
    assert report.metrics[0].paired.interval == Undefined(undefined="one item")


def test_two_different_models_with_the_same_answers_are_flagged() -> None:
    same = [item(n, new="the very same", old="the very same ") for n in range(20)]
    report = make_report(inputs(same))
    assert report.identical.count == 20
    assert "check that each one's own weights were loaded" in report.warnings[0]


def test_answers_under_different_settings_are_warned_of() -> None:
    given = {name: model(name).model_copy(update={"generation": {"seed": 7, "temperature": t}})
             for name, t in (("tuned", 0.0), ("base", 0.9))}  # fmt: skip
    report = make_report(inputs(new=given["tuned"], old=given["base"]))
    assert "under different settings (temperature)" in report.warnings[0]
    assert make_report(inputs()).warnings == ()


def test_a_model_compared_with_itself_is_flagged() -> None:
    report = make_report(inputs(new=model("same"), old=model("same")))
    assert "compares a model with itself" in report.warnings[0]


def test_recorded_opinions_are_marked_as_example_data() -> None:
    report = make_report(inputs(votes=[vote(1, example=True)]))
    assert report.example_data
    assert "recorded example data" in report.warnings[0]


def test_answers_cut_off_at_the_limit_are_counted_and_warned_of() -> None:
    report = make_report(inputs([item(n, new_finish="length" if n < 6 else "stop") for n in range(12)]))
    cut = next(line for line in report.errors if line.name == "cut off")
    assert (cut.new, cut.old, cut.only_new, cut.p) == (6, 0, 6, 2 / 2**6)
    assert "cut off at the length limit on 6 of 12" in report.warnings[0]


def test_slices_are_cut_by_every_field_with_a_few_values_and_not_by_ids() -> None:
    items = [item(n, metadata={"family": "ab"[n % 2], "id": str(n), "only": "one"}) for n in range(20)]
    report = make_report(inputs(items, votes(6, 4)))
    assert [(each.field, each.value, each.n) for each in report.slices] == [("family", "a", 10), ("family", "b", 10)]
    assert [each.votes for each in report.slices] == [5, 5]
    assert isinstance(report.slices[0].win_rate, Estimate)
    assert report.slices[0].win_rate.value == 0.6


def test_examples_show_what_people_rejected_what_they_liked_and_where_rouge_disagrees() -> None:
    items = [item(0), item(1), item(2, new="x", old=item(2).reference), item(3, new="same", old="same")]
    report = make_report(inputs(items, [vote(0, "old"), vote(1, "new"), vote(2, "new"), vote(3, "old")]))
    assert [each.number for each in report.examples.regressions] == [0]
    assert [each.number for each in report.examples.gains] == [1, 2]
    assert [each.number for each in report.examples.disagreements] == [2, 0]


def test_each_metric_says_how_often_it_sides_with_people() -> None:
    same_side = make_report(inputs(votes=[vote(0, "new"), vote(1, "new"), vote(2, "old")])).metrics[0].same_side
    assert isinstance(same_side, Estimate)
    assert (same_side.value, same_side.n) == (2 / 3, 3)


def test_this_iteration_ends_the_trend() -> None:
    before = TrendPoint(iteration=1, name="base", pairs=40, metrics={"rougeL": 0.2})
    batch = BatchFacts(name="b", number=2, sha256="0" * 64, splits={"train": 90, "test": 12}, approved=102)
    report = make_report(inputs(votes=votes(9, 3), trend=(before,), batch=batch))
    assert [point.name for point in report.trend] == ["base", "tuned"]
    assert (report.trend[1].pairs, report.trend[1].decisive, report.trend[1].win_rate) == (90, 12, 0.75)


def test_provenance_changes_with_any_input() -> None:
    first, second = make_report(inputs()), make_report(inputs(versions={"torch": "2.13.0"}))
    assert first.provenance.inputs_sha256 != second.provenance.inputs_sha256


def test_repeated_four_grams_by_hand() -> None:
    """a b a b a b: 4-grams abab, baba, abab; one of three was there before."""
    assert repeated_share(list("ababab")) == pytest.approx(1 / 3)
    assert repeated_share(list("abcd")) == Undefined(undefined="too short")


def test_faults_of_an_answer() -> None:
    reference = "one two three four"
    assert faults_of(answer_facts("  ", "stop", reference)) == ("empty",)
    assert faults_of(answer_facts("one", "length", reference)) == ("cut off", "much shorter")
    assert faults_of(answer_facts("no no no no no no no no no", "stop", reference)) == ("repeats itself", "much longer")
    assert answer_facts("one", "stop", "!").length_ratio == Undefined(undefined="the reference has no words")
