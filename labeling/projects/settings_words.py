"""Settings in words: what a field is called, what is wrong with one, and what differs between two versions."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from hone.labeling.diff import changed_words
from hone.storage.errors import InputError
from hone.storage.projects import ProjectSettings

WORDS = {
    "purpose": "What it is for",
    "audience": "Who acts on the answers",
    "task": "Kind of task",
    "labels": "Labels",
    "template": "Prompt template",
    "guidelines": "Guidelines",
    "examples": "Examples",
    "rubric": "Rubric",
    "questions": "Questions",
    "taxonomy": "Flags",
    "protected_groups": "Protected groups",
    "categories": "Error categories",
    "edit_reasons": "Reasons of an edit",
    "overlap": "Experts for each pair",
    "agree": "How many must agree",
    "sign_off": "A lead signs off",
    "order": "Order of the queue",
    "gold_rate": "Share of gold pairs",
    "repeat_rate": "Share of hidden repeats",
    "fast_seconds": "Seconds below which is too fast",
    "suggestions": "A model's answers",
    "aim": "Approved pairs to reach",
    "aim_reason": "Why so many",
    "judges": "Reviewers for each matchup",
    "fractions": "Train, validation and test",
    "gate": "When a model is better",
    "training": "Training settings",
    "seed": "Seed",
}

_GATE = {
    "level": "sure to",
    "win_rate_margin": "win rate over one half by",
    "min_decisive": "decisive votes at least",
    "guards": "may fall by",
    "thresholds": "must reach",
}
_TEXTS = ("purpose", "audience", "template", "guidelines", "aim_reason")
_CLIP = 60  # letters of a value that are told


def checked(fields: Mapping[str, Any]) -> ProjectSettings:
    """Settings of these fields.

    Raises:
        InputError: A field is unknown or its value is not allowed; the first one is named, in words and by its key.
    """
    try:
        return ProjectSettings.model_validate(dict(fields))
    except ValidationError as found:
        raise InputError(wrong(found)) from found


def wrong(found: ValidationError) -> str:
    """What the first problem of settings is, in one line."""
    first = found.errors(include_url=False)[0]
    place = [part for part in first["loc"] if not str(part).startswith("function-")]
    if first["type"] == "extra_forbidden":
        known = f" There are: {', '.join(ProjectSettings.model_fields)}." if len(place) == 1 else ""
        return f"There is no setting '{'.'.join(map(str, place))}'. Leave it out, or use a newer Hone.{known}"
    said = str(first["msg"]).replace("Input should be", "it should be")
    if first["type"] == "value_error":
        said = said.removeprefix("Value error, ")
        return f"{named(place)}: {said}." if place else f"The settings do not fit together: {said}."
    given = first["input"]
    shown = f", not {_clipped(repr(given))}" if isinstance(given, str | int | float | bool) else ""
    return f"{named(place)}: {said[0].lower()}{said[1:]}{shown}."


def named(place: Sequence[int | str]) -> str:
    """A place in the settings in words, with its key: Experts for each pair (overlap); Rubric 2, anchors."""
    first, *inner = place
    told = WORDS.get(str(first), str(first))
    if not inner:
        return f"{told} ({first})"
    number, *rest = inner
    counted = f"{told} {number + 1}" if isinstance(number, int) else f"{told}, {number}"
    return ", ".join([counted, *map(str, rest)])


def differences(before: ProjectSettings, after: ProjectSettings) -> list[str]:
    """What changed from one version to the other, a sentence for each field; empty when nothing did."""
    return [
        f"{WORDS[name]}: {_difference(name, getattr(before, name), getattr(after, name))}"
        for name in ProjectSettings.model_fields
        if getattr(before, name) != getattr(after, name)
    ]


def _difference(name: str, before: Any, after: Any) -> str:
    if name in _TEXTS:
        return _reworded(before, after)
    if isinstance(before, tuple) and name != "fractions":
        return _members(before, after)
    if isinstance(before, dict):
        return _entries(before, after)
    return f"{_shown(after)}, before {_shown(before)}"


def _reworded(before: str, after: str) -> str:
    if not before or not after:
        return "written" if after else "taken away"
    added, removed = changed_words(before, after)
    if not added and not removed:
        return "blanks or signs changed"
    return f"{added:,} {_word(added)} added, {removed:,} removed"


def _members(before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    """Lists: what came, what went, what has other words now; members are the same when their keys are."""
    old, new = {_key(each): each for each in before}, {_key(each): each for each in after}
    told = [
        *_listed("added", [each for key, each in new.items() if key not in old]),
        *_listed("taken away", [each for key, each in old.items() if key not in new]),
        *_listed("changed", [each for key, each in new.items() if key in old and old[key] != each]),
    ]
    return "; ".join(told) or "another order"


def _listed(what: str, members: list[Any]) -> list[str]:
    names = [
        _clipped(str(getattr(each, "name", None) or getattr(each, "instruction", None) or each)) for each in members
    ]
    return [f"{what} {', '.join(names)}"] if names else []


def _key(member: Any) -> str:
    return str(getattr(member, "key", None) or member)


def _entries(before: dict[str, Any], after: dict[str, Any]) -> str:
    return "; ".join(
        f"{_GATE.get(name, name)} {_shown(after.get(name))}, before {_shown(before.get(name))}"
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    )


def _shown(value: Any) -> str:
    if value is None or value == "" or value == [] or value == ():
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(map(str, value.values()))
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return _clipped(str(value))


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CLIP else line[: _CLIP - 1] + "…"


def _word(count: int) -> str:
    return "word" if count == 1 else "words"
