"""Summaries of a text that is given."""

from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.templates.template import TWO_AGREE, Template, prompt, scale

GUIDELINES = """\
# What a summary is for
Somebody reads it instead of the text, and acts on it. Judge it as that reader: with the text beside it.

# A good summary
- says the main point first, then what follows from it
- holds every fact, number, name, date and condition that the reader needs to act
- says nothing that the text does not say; no opinion, no background of its own
- keeps the text's degree of certainty: "may" stays "may", a claim stays somebody's claim
- is as short as the instruction asks, in plain whole sentences

# Correct it, or reject the pair
- Correct wrong or missing facts, cut padding, repair the order. Keep the wording where it is good enough.
- Reject when the text itself is broken, empty or in another language than the project's.

# When you are not sure
- Read the passage again before you rate faithfulness. A fact that you cannot find in the text is not in the text.
- Leave a note. Two people who differ for a good reason help the guidelines.
"""

RUBRIC = (
    scale(
        "faithfulness",
        "Faithfulness",
        "Is every statement in the summary supported by the text?",
        "Contradicts the text, or invents a main point.",
        "The gist holds; several details are wrong or not in the text.",
        "One detail that a reader could act on is wrong or unsupported.",
        "Supported throughout; a nuance or a degree of certainty is off.",
        "Every statement can be pointed to in the text.",
    ),
    scale(
        "coverage",
        "Coverage",
        "Does it hold what a reader needs from the text?",
        "Misses the main point.",
        "Has the topic, but leaves out most of what matters.",
        "One important fact or condition is missing.",
        "All that matters; a useful detail is missing.",
        "All that matters, weighted as in the text.",
    ),
    scale(
        "concision",
        "Concision",
        "Is it as short as it can be for what it says?",
        "As long as the text, or copied from it.",
        "Much padding or repetition.",
        "A sentence or two could go.",
        "A phrase could go.",
        "Nothing could go.",
    ),
    scale(
        "clarity",
        "Clarity",
        "Can it be understood without the text?",
        "Cannot be followed.",
        "Needs the text to make sense.",
        "Clear in the main; one sentence is hard or its references are unclear.",
        "Clear; the order or a word could be better.",
        "Clear at first reading.",
    ),
)

TEMPLATE = Template(
    key="summarizing",
    name="Summarizing",
    says="A long text becomes a short one that people act on.",
    purpose="Summaries of incident reports: what happened, what it means, what is to be done, in three sentences.",
    audience="Shift leads, who read the summary instead of the report.",
    settings=default_settings(
        guidelines=GUIDELINES,
        rubric=RUBRIC,
        template=prompt("Text", "Summary"),
        gate={"min_decisive": 30, "thresholds": [{"metric": "rougeL", "at_least": 0.25}]},
    ),
    reasons=(
        TWO_AGREE,
        "ROUGE-L of 0.25 at least: a summary below that shares little with the experts' own; published systems reach "
        "0.3 to 0.4 on news. Raise it when you know your texts.",
    ),
)
