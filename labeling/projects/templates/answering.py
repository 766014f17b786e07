"""Answers to questions, from a context where there is one."""

from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.templates.template import TWO_AGREE, WORDS_DIFFER, Template, prompt, scale
from hone.storage.projects import Question

GUIDELINES = """\
# What an answer is for
Somebody asks because they want to know or do something. A good answer lets them stop asking.

# A good answer
- answers the question that was asked, in its first sentence
- rests on the context when there is one; what is not in it is not known
- says plainly when the context does not answer the question, and what would
- gives the reason or the place in the context, so that it can be checked
- stops when it is done

# Never
- a guess in the tone of a fact
- a source, number or quotation that is not in the context
- an answer to a neighbouring, easier question

# Correct it, or reject the pair
- Correct facts, cut what was not asked for, add what is missing.
- Reject when the question cannot be understood, or the context is broken.
"""

RUBRIC = (
    scale(
        "correctness",
        "Correctness",
        "Is the answer right, by the context or by what is commonly known?",
        "Wrong, or answers another question.",
        "Partly right; somebody who relies on it goes wrong.",
        "Right in the main; one detail is wrong.",
        "Right; one detail is imprecise.",
        "Right in every detail.",
    ),
    scale(
        "grounding",
        "Grounding",
        "Does it rest on the context, and say so when the context does not tell?",
        "Invents what the context does not hold, or ignores it.",
        "Mixes the context with guesses that are not marked.",
        "One claim goes beyond the context.",
        "Grounded; where it comes from could be plainer.",
        "Every claim can be found in the context, or is marked as not in it.",
    ),
    scale(
        "completeness",
        "Completeness",
        "Does it answer all parts of the question, and nothing else?",
        "Does not answer it.",
        "Answers a part.",
        "Leaves out one point that matters, or wanders off.",
        "Complete; a small point is missing or superfluous.",
        "All that was asked and nothing else.",
    ),
    scale(
        "clarity",
        "Clarity",
        "Can the person who asked use it at once?",
        "Cannot be followed.",
        "The answer is buried or in terms that the asker does not know.",
        "Usable after a second reading.",
        "Clear; the order or a word could be better.",
        "Clear at first reading; the answer comes first.",
    ),
)

TEMPLATE = Template(
    key="answering",
    name="Question answering",
    says="Questions are answered, from a given text or from what is known.",
    purpose="Answers to staff questions from our handbook, with the passage that they rest on.",
    audience="Staff who do what the answer says without looking it up.",
    settings=default_settings(
        guidelines=GUIDELINES,
        rubric=RUBRIC,
        questions=(Question(key="answerable", name="Does the context hold the answer?", kind="yes_no"),),
        template=prompt("Context", "Answer"),
        gate={"min_decisive": 30},
    ),
    reasons=(TWO_AGREE, WORDS_DIFFER),
)
