"""What a model kept of earlier batches, as the report tells it."""

import json
from typing import Any

import pytest
from report_samples import inputs

from hone.evaluation.inputs import Keeping
from hone.evaluation.keeping import forgotten, keeping, share
from hone.evaluation.keeping_words import in_words, plain_in_words, warnings
from hone.evaluation.markdown import render_markdown
from hone.evaluation.render import render_html
from hone.evaluation.report import Report, json_text, make_report
from hone.storage.records import Undefined


def looked(*splits: tuple[int, float, float], plain: tuple[float, float] | None = (3.3, 3.35), items: int = 40) -> Any:
    """The result of a run: of each batch its score before and after."""
    read = {"undefined": "a classifier does not go on with a text"}
    if plain:
        read = {"tokens": 900, "loss_before": plain[0], "loss_after": plain[1]}  # type: ignore[dict-item]
    return {
        "forgetting": {
            "measure": "rouge",
            "splits": [
                {"batch": n, "items": items, "rouge_before": before, "rouge_after": after}
                for n, before, after in splits
            ],
            "generic": read,
        },
        "batch": {"rehearsal": {"batch 1": 25}},
    }


def second_run(after: float, **changes: Any) -> Keeping:
    """Batch 1 was learnt to 0.98 by iteration 1; this run learnt batch 2."""
    found = keeping(looked((1, 0.98, after), (2, 0.3, 0.9), **changes), 2, {1: ("Iteration 1", looked((1, 0.2, 0.98)))})
    assert found is not None
    return found


def test_what_is_kept_is_the_score_left_of_the_model_that_learnt_it() -> None:
    first, own = second_run(0.49).batches
    assert (first.learnt, first.learnt_by, first.own, own.own) == (0.98, "Iteration 1", False, True)
    assert share(first) == pytest.approx(0.5)


def test_below_nine_tenths_it_is_called_forgotten_and_the_reader_is_warned() -> None:
    kept, lost = second_run(0.89), second_run(0.264)
    assert (forgotten(kept), warnings("Iteration 2", kept)) == ([], [])
    assert [batch.batch for batch in forgotten(lost)] == [1]
    (said,) = warnings("Iteration 2", lost)
    assert said.startswith("Iteration 2 kept 27\u202f% of batch 1: ROUGE-L 0.264 on its test items, where Iteration 1")
    assert said.endswith("raise rehearsal.")


def test_one_sentence_says_whether_something_was_forgotten() -> None:
    assert in_words(second_run(0.264)) == "Something was forgotten: only 27\u202f% of batch 1 is left."
    assert in_words(second_run(0.97)) == "Nothing was forgotten: at least 99\u202f% is left of each earlier batch."
    first = keeping(looked((1, 0.2, 0.98)), 1, {})
    assert first is not None
    assert in_words(first) == "There is no earlier batch that could be forgotten."


@pytest.mark.parametrize(
    ("after", "said"), [(3.35, "as well as before"), (3.7, "a little worse"), (5.58, "clearly worse"), (2.0, "as well")]
)
def test_the_loss_on_plain_english_is_told_in_words(after: float, said: str) -> None:
    assert said in plain_in_words(second_run(0.9, plain=(3.32, after)).plain)


def test_where_there_is_no_such_loss_the_reason_is_told() -> None:
    assert plain_in_words(second_run(0.9, plain=None).plain) == (
        "Plain English was not read: a classifier does not go on with a text."
    )


def test_a_model_that_was_asked_other_items_is_no_measure() -> None:
    learner = looked((1, 0.2, 0.98), items=7)
    found = keeping(looked((1, 0.9, 0.4)), 2, {1: ("Iteration 1", learner)})
    assert found is not None
    assert isinstance(share(found.batches[0]), Undefined)
    assert forgotten(found) == []
    assert in_words(found) == "How much is left of earlier batches cannot be said."
    both = keeping(looked((1, 0.9, 0.4), (3, 0.5, 0.5)), 2, {1: ("one", learner), 3: ("three", looked((3, 0.1, 0.5)))})
    assert both is not None
    assert in_words(both).endswith("is left of each earlier batch that can be compared.")


def test_a_run_that_did_not_look_says_nothing() -> None:
    assert keeping({}, 2, {}) is None


def test_the_report_has_the_section_as_page_and_as_markdown() -> None:
    report = make_report(inputs(keeping=second_run(0.264)))
    for text in (render_html(report), render_markdown(report)):
        assert "Kept from earlier batches" in text
        assert "27\u202f%" in text
        assert "25 pairs of batch 1" in text
    assert any(warning.startswith("tuned kept 27\u202f%") for warning in report.warnings)
    assert report.verdict == make_report(inputs()).verdict  # it warns, it does not decide


def test_a_report_of_a_run_that_did_not_look_is_what_it_was_before_anybody_could() -> None:
    report = make_report(inputs())
    assert "keeping" not in json.loads(json_text(report))
    assert Report.model_validate_json(json_text(report)) == report
    assert "Kept from" not in render_html(report) + render_markdown(report)


def test_the_section_survives_storing() -> None:
    report = make_report(inputs(keeping=second_run(0.5)))
    assert Report.model_validate_json(json_text(report)) == report
