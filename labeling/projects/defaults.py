"""What a new project asks of its experts, until its lead says otherwise."""

from typing import Any

from hone.labeling.projects.settings_words import checked
from hone.labeling.projects.taxonomy import PROTECTED_GROUPS, TAXONOMY
from hone.storage.projects import Dimension, ProjectSettings

RUBRIC = (
    Dimension(
        key="accuracy",
        name="Accuracy",
        question="Is everything that the response says true, and true to the context?",
        anchors={
            1: "Wrong in its main point, or invented.",
            2: "The main point holds; several details are wrong.",
            3: "Right in the main; one detail is wrong or unsupported.",
            4: "Right throughout; one detail is imprecise.",
            5: "Every statement is right and supported.",
        },
    ),
    Dimension(
        key="tone",
        name="Tone",
        question="Does it speak to its reader as the guidelines ask?",
        anchors={
            1: "Rude, condescending or unfit for the reader.",
            2: "Often too stiff, too casual or preachy.",
            3: "Acceptable; a sentence or two strike the wrong note.",
            4: "Fitting; one word could be better.",
            5: "Exactly right: plain, respectful, to the point.",
        },
    ),
    Dimension(
        key="completeness",
        name="Completeness",
        question="Does it do all that the instruction asks, and nothing beside it?",
        anchors={
            1: "Misses the task.",
            2: "Leaves out more than it gives, or is mostly padding.",
            3: "Leaves out one thing that matters, or rambles.",
            4: "Complete; a small point is missing or superfluous.",
            5: "Does everything asked and nothing else.",
        },
    ),
)

CATEGORIES = ("factual", "incomplete", "verbose", "repetitive", "tone", "format", "unsafe", "spelling")

EDIT_REASONS = ("factual", "incomplete", "tone", "bias", "safety", "format", "spelling", "shorter", "other")


def default_settings(**changes: Any) -> ProjectSettings:
    """Settings with our rubric, bias taxonomy and error categories; `changes` replace single fields.

    Raises:
        InputError: A field is unknown or its value is not allowed; the first one is named.
    """
    usual = {
        "rubric": RUBRIC,
        "taxonomy": TAXONOMY,
        "protected_groups": PROTECTED_GROUPS,
        "categories": CATEGORIES,
        "edit_reasons": EDIT_REASONS,
    }
    return checked({**usual, **changes})
