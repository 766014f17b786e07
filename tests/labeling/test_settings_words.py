"""Settings in words: what is wrong with one, and what a change was."""

from typing import Any

import pytest

from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.settings_words import WORDS, checked, differences
from hone.storage.errors import InputError
from hone.storage.projects import Dimension, ProjectSettings

SCORES = {"1": "Bad.", "2": "Good."}


def test_every_setting_has_words() -> None:
    assert list(WORDS) == list(ProjectSettings.model_fields)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"overlap": 99}, "Experts for each pair (overlap): it should be less than or equal to 9, not 99."),
        ({"order": "new"}, "Order of the queue (order): it should be 'oldest', 'random'"),
        ({"agree": 7}, "agree (7) cannot be more than overlap (2)"),
        ({"fractions": (0.6, 0.3, 0.3)}, "add up to 100 %, not 120 %"),
        ({"gold_rate": 0.3, "repeat_rate": 0.3}, "cannot be more than half of the work"),
        ({"task": "classification"}, "at least two labels"),
        ({"questions": [{"key": "a", "name": "Mood", "kind": "single"}]}, "Mood needs at least two different options"),
        (
            {"rubric": [{"key": "a", "name": "Tone", "question": "?", "anchors": {"1": "x"}}]},
            "Tone needs words for two",
        ),
        (
            {"rubric": [{"key": "a", "name": "Tone", "question": "?", "anchors": {"0": "x", "1": "y"}}]},
            "given are 0, 1",
        ),
        ({"rubric": [{"key": "a", "name": n, "question": "?", "anchors": SCORES} for n in "AB"]}, "have the key 'a'"),
        ({"rubric": [{"key": "a", "name": "Tone", "question": "?"}]}, "Rubric 1, anchors: field required"),
        ({"colour": "red"}, "There is no setting 'colour'"),
    ],
)
def test_a_wrong_setting_is_named_in_words(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as refused:
        checked(fields)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_scales_have_two_to_seven_scores() -> None:
    for count in range(2, 8):
        Dimension(key="a", name="A", question="?", anchors=dict.fromkeys(range(1, count + 1), "words"))
    with pytest.raises(ValueError, match="two to seven scores"):
        Dimension(key="a", name="A", question="?", anchors=dict.fromkeys(range(1, 9), "words"))


def changed(**changes: Any) -> list[str]:
    before = default_settings()
    return differences(before, checked({**before.model_dump(), **changes}))


def test_a_change_of_a_number_tells_both() -> None:
    assert changed(overlap=3) == ["Experts for each pair: 3, before 2"]
    assert changed(sign_off=True) == ["A lead signs off: yes, before no"]
    assert changed(aim=600) == ["Approved pairs to reach: 600, before not set"]


def test_a_change_of_a_text_is_counted_in_words() -> None:
    assert changed(guidelines="Be kind.") == ["Guidelines: written"]
    before = default_settings(guidelines="Be kind to them.")
    assert differences(before, default_settings(guidelines="Be very kind.")) == [
        "Guidelines: 1 word added, 2 removed",
    ]


def test_a_change_of_a_list_names_what_came_and_went() -> None:
    before = default_settings()
    [tone] = [one for one in before.rubric if one.key == "tone"]
    reworded = tone.model_copy(update={"question": "Is it kind?"})
    speed = Dimension(key="speed", name="Speed", question="?", anchors={1: "Slow.", 2: "Fast."})
    assert changed(rubric=(before.rubric[0], reworded, speed)) == [
        "Rubric: added Speed; taken away Completeness; changed Tone"
    ]
    assert changed(categories=("tone", "dull", *before.categories)) == ["Error categories: added dull"]
    assert changed(categories=before.categories[::-1]) == ["Error categories: another order"]


def test_a_change_of_the_gate_names_its_parts() -> None:
    told = changed(gate={"min_decisive": 50, "guards": [{"metric": "rougeL", "margin": 0.01}]})
    assert told == [
        "When a model is better: decisive votes at least 50, before not set; may fall by rougeL 0.01, before not set",
    ]


def test_nothing_changed_is_nothing_said() -> None:
    assert changed() == []
