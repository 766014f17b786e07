"""A template: settings for a kind of project, what to write into its two free fields, and why it is as it is."""

from hone.storage.projects import Dimension, ProjectSettings
from hone.storage.records import Record


class Template(Record):
    """A start for a project of one kind. Everything in it can be changed, before and afterwards.

    `purpose` and `audience` say, as an example, what a team would write there. `worth_finding` is the share of
    decisive votes that a better model should win before the team acts on it: the size of the test rests on it.
    `reasons` tell why overlap, gate and thresholds are what they are, a sentence each.
    """

    key: str
    name: str
    says: str
    purpose: str
    audience: str
    settings: ProjectSettings
    worth_finding: float = 0.65
    reasons: tuple[str, ...]


def scale(key: str, name: str, question: str, *anchors: str) -> Dimension:
    """A question of the rubric; the anchors stand for the scores 1, 2, 3 ..."""
    return Dimension(key=key, name=name, question=question, anchors=dict(enumerate(anchors, start=1)))


def prompt(context: str, answer: str) -> str:
    """A prompt whose context and answer have these headings."""
    return f"### Instruction:\n{{instruction}}\n\n### {context}:\n{{context}}\n\n### {answer}:\n"


TWO_AGREE = "Two people read each pair and must agree; what they do not agree on goes to a lead."
WORDS_DIFFER = (
    "No threshold on ROUGE or F1: two good answers of this kind share few words. The blind comparison decides, and "
    "neither metric may fall by more than 0.02."
)
