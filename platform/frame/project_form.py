"""A project's settings as a form has them: lines and fields of text, and the way back to checked settings."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hone.evaluation.inputs import Gate, Guard
from hone.labeling.defaults import default_settings
from hone.storage.errors import InputError
from hone.storage.projects import Dimension, FlagCategory, ProjectSettings
from hone.training.prompt import check_template

SCORES = (1, 2, 3, 4, 5)
GUARDS = {"rougeL": "ROUGE-L", "token_f1": "Token F1"}


def key_of(name: str, taken: Sequence[str]) -> str:
    """A short key for a new dimension or kind of flag, made of its name."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "item"
    number, key = 2, plain
    while key in taken:
        key, number = f"{plain}_{number}", number + 1
    return key


def dimensions(rows: Sequence[Mapping[str, Any]]) -> tuple[Dimension, ...]:
    """The rubric from its rows (key, name, question, anchors by score); a row without a name is left out."""
    found: list[Dimension] = []
    for row in rows:
        name = str(row.get("name") or "").strip()
        if not name:
            continue
        key = row.get("key") or key_of(name, [each.key for each in found])
        anchors = {score: str(row.get(f"anchor{score}") or "").strip() for score in SCORES}
        missing = [str(score) for score in SCORES if not anchors[score]]
        if missing:
            raise InputError(f"{name} has no words for the scores {', '.join(missing)}. Say what each score means.")
        found.append(
            Dimension(key=str(key), name=name, question=str(row.get("question") or "").strip(), anchors=anchors)
        )
    return tuple(found)


def taxonomy(rows: Sequence[Mapping[str, Any]]) -> tuple[FlagCategory, ...]:
    """The kinds of flags from their rows (key, name, definition, protected); a row without a name is left out."""
    found: list[FlagCategory] = []
    for row in rows:
        name = str(row.get("name") or "").strip()
        if not name:
            continue
        definition = str(row.get("definition") or "").strip()
        if not definition:
            raise InputError(f"{name} has no definition. Say when an expert should use this flag.")
        key = row.get("key") or key_of(name, [each.key for each in found])
        found.append(FlagCategory(key=str(key), name=name, definition=definition, protected=bool(row.get("protected"))))
    return tuple(found)


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


def gate(old: Mapping[str, Any], *, level: float, min_decisive: int, margins: Mapping[str, float]) -> dict[str, Any]:
    """The gate with these values; what the form does not show stays as it was."""
    kept = Gate.model_validate(dict(old))
    guards = tuple(Guard(metric=metric, margin=margin) for metric, margin in margins.items())
    others = tuple(guard for guard in kept.guards if guard.metric not in margins)
    made = kept.model_copy(update={"level": level, "min_decisive": min_decisive, "guards": (*guards, *others)})
    return Gate.model_validate(made.model_dump()).model_dump(mode="json")


def changed(settings: ProjectSettings, **changes: Any) -> ProjectSettings:
    """The settings with some fields replaced, checked anew.

    Raises:
        InputError: A value is not allowed, or the template cannot hold an instruction.
    """
    check_template(changes.get("template", settings.template))
    return default_settings(**{**settings.model_dump(), **changes})
