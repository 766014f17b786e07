"""One label for each text."""

from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.templates.template import Template, prompt, scale
from hone.storage.projects import Question

GUIDELINES = """\
# What the label is for
It decides where a text goes next. Choose the label that sends it to the right place, not the one that sounds nearest.

# For each label, write here
- in one sentence what belongs to it
- a text that clearly does, and one that just does not, and to which label that one goes
- which label wins when two fit

# A good answer
- is one label of the list, spelt as in the list, and nothing else
- follows from what the text says, not from who seems to have written it

# Correct it, or reject the pair
- Correct the label. When two fit, take the one that the rule above says, and leave a note.
- Reject when no label fits; three such texts are a reason for a new label.
"""

RUBRIC = (
    scale(
        "correctness",
        "Right label",
        "Is this the label that the guidelines give this text?",
        "Wrong, and what follows from it does harm or costs a day.",
        "Wrong; somebody will notice and pass it on.",
        "Arguable; the guidelines lean to another one.",
        "Right; another label would be defensible.",
        "Right, beyond doubt.",
    ),
    scale(
        "form",
        "Form",
        "Is it one label of the list and nothing else?",
        "No label at all.",
        "A label that is not in the list.",
        "Two labels, or a label with an explanation.",
        "The label, with another case, blank or sign.",
        "The label exactly as in the list.",
    ),
)

TEMPLATE = Template(
    key="classification",
    name="Classification",
    says="Each text gets one label out of a list.",
    purpose="The team that an incoming ticket belongs to.",
    audience="The ticket goes there at once; a wrong one comes back a day later.",
    settings=default_settings(
        guidelines=GUIDELINES,
        rubric=RUBRIC,
        task="classification",
        labels=("yes", "no"),
        questions=(Question(key="hard", name="Was this one hard to decide?", kind="yes_no"),),
        categories=("wrong label", "two labels fit", "no label fits", "not in the list", "format"),
        edit_reasons=("wrong label", "format", "other"),
        template=prompt("Text", "Label"),
        overlap=3,
        agree=2,
        gate={
            "min_decisive": 20,
            "guards": [{"metric": "exact_match", "margin": 0.01}],
            "thresholds": [{"metric": "exact_match", "at_least": 0.8}],
        },
    ),
    reasons=(
        "Up to three people read a text and two must agree: a label is quick to give, and a third spares the lead.",
        "Exact match of 0.8 at least, and never 0.01 lower than before: a label is right or wrong, so that this counts "
        "more than a preference. Set it to what your people reach among themselves.",
    ),
)
