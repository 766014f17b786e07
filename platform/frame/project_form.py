"""A project's settings as a form has them: lines and fields of text, and the way back to settings."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hone.evaluation.inputs import Gate, Guard, Threshold
from hone.storage.errors import InputError
from hone.storage.projects import Dimension, Example, FlagCategory, ProjectSettings, Question

GATED = {"rougeL": "ROUGE-L", "token_f1": "Token F1", "exact_match": "Exact match"}
SCORES = (2, 7)  # fewest and most scores of a question
ORDERS = {
    "oldest": "The oldest first",
    "random": "In random order",
    "disagreement": "Where experts differ first",
    "uncertain": "Where the model is least sure first",
}
SUGGESTIONS = {"ask": "When the expert asks for it", "show": "At once", "off": "Never"}
TASKS = {"generation": "A text is written", "classification": "One label is chosen"}
KINDS = {"yes_no": "Yes or no", "single": "One of several", "multi": "Any of several", "text": "Text"}


def key_of(name: str, taken: Sequence[str]) -> str:
    """A short key for something new of a project, made of its name."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "item"
    number, key = 2, plain
    while key in taken:
        key, number = f"{plain}_{number}", number + 1
    return key


def dimensions(rows: Sequence[Mapping[str, Any]]) -> tuple[Dimension, ...]:
    """The rubric from its rows (key, name, question, anchors: a line for each score); one without a name goes."""
    found: list[Dimension] = []
    for row, name, key in _named(rows):
        anchors = [line.strip() for line in str(row.get("anchors") or "").splitlines() if line.strip()]
        if not SCORES[0] <= len(anchors) <= SCORES[1]:
            raise InputError(
                f"{name} has words for {len(anchors)} scores; {SCORES[0]} to {SCORES[1]} are possible. "
                "Write one line for each score, the lowest first."
            )
        found.append(
            Dimension(key=key, name=name, question=_text(row, "question"), anchors=dict(enumerate(anchors, 1)))
        )
    return tuple(found)


def questions(rows: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """The project's own questions from their rows (key, name, kind, options, required); one without a name goes."""
    found: list[Question] = []
    for row, name, key in _named(rows):
        kind = row.get("kind") or "yes_no"
        options = lines(str(row.get("options") or "")) if kind in ("single", "multi") else ()
        if kind in ("single", "multi") and len(options) < 2:
            raise InputError(f"{name} has {len(options)} options to choose from. Write at least two, one in a line.")
        required = bool(row.get("required"))
        found.append(
            Question.model_validate({"key": key, "name": name, "kind": kind, "options": options, "required": required})
        )
    return tuple(found)


def taxonomy(rows: Sequence[Mapping[str, Any]]) -> tuple[FlagCategory, ...]:
    """The kinds of flags from their rows (key, name, definition, protected, examples); one without a name goes."""
    found: list[FlagCategory] = []
    for row, name, key in _named(rows):
        definition = _text(row, "definition")
        if not definition:
            raise InputError(f"{name} has no definition. Say when an expert should use this flag.")
        examples = lines(str(row.get("examples") or ""))
        found.append(
            FlagCategory(
                key=key, name=name, definition=definition, protected=bool(row.get("protected")), examples=examples
            )
        )
    return tuple(found)


def examples(rows: Sequence[Mapping[str, Any]]) -> tuple[Example, ...]:
    """Examples from their rows (instruction, context, response, why, good); one without any text goes."""
    texts = ("instruction", "context", "response", "why")
    filled = [row for row in rows if any(_text(row, name) for name in texts)]
    return tuple(Example(good=bool(row["good"]), **{name: _text(row, name) for name in texts}) for row in filled)


def lines(text: str) -> tuple[str, ...]:
    """The lines of a text that say something, each once."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def settings_of(text: str) -> dict[str, str]:
    """key=value lines as a dict; InputError for a line without an equals sign."""
    found = {}
    for line in lines(text):
        key, equals, value = line.partition("=")
        if not equals:
            raise InputError(f"'{line[:60]}' is no setting. Write key=value, as in preset=quick.")
        found[key.strip()] = value.strip()
    return found


def gate(
    old: Mapping[str, Any],
    *,
    level: float,
    min_decisive: int,
    margins: Mapping[str, float | None],
    least: Mapping[str, float | None],
) -> dict[str, Any]:
    """The gate with these values; what the form does not show stays as it was, and so does what is the usual.

    `margins` and `least` give for each metric of the form how far it may fall and what it must reach; None: no rule.
    """
    kept = Gate.model_validate(dict(old))
    made = {
        **kept.model_dump(mode="json"),
        "level": level,
        "min_decisive": min_decisive,
        "guards": [
            *(Guard(metric=metric, margin=margin) for metric, margin in margins.items() if margin is not None),
            *(each for each in kept.guards if each.metric not in margins),
        ],
        "thresholds": [
            *(Threshold(metric=metric, at_least=share) for metric, share in least.items() if share is not None),
            *(each for each in kept.thresholds if each.metric not in least),
        ],
    }
    usual = Gate().model_dump(mode="json")
    whole = Gate.model_validate(made).model_dump(mode="json")
    return {name: value for name, value in whole.items() if name in old or value != usual[name]}


def rule(settings: ProjectSettings) -> str:
    """The approval rule in a sentence."""
    if settings.overlap == 1:
        told = "One expert reads each pair, and their word counts"
    elif settings.agree == 1:
        told = f"Up to {settings.overlap} experts may read a pair; the first word counts"
    elif settings.agree == settings.overlap:
        told = f"{settings.overlap} experts read each pair and must agree"
    else:
        told = f"Up to {settings.overlap} experts read each pair; {settings.agree} must agree"
    return told + ("; then a lead signs off." if settings.sign_off else ".")


def _named(rows: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], str, str]]:
    """The rows that have a name, each with it and its key; a new one gets a key that no other has."""
    taken = [str(row["key"]) for row in rows if row.get("key")]
    found: list[tuple[Mapping[str, Any], str, str]] = []
    for row in rows:
        name = _text(row, "name")
        if name:
            key = str(row.get("key") or key_of(name, taken))
            taken.append(key)
            found.append((row, name, key))
    return found


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name) or "").strip()
