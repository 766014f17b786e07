"""The space of a search: which settings it may try, how a person writes it, and what a point of it means.

No torch and no Optuna here: the pages and the command line check a space before a run is made.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pydantic import ValidationError

from hone.storage.errors import InputError
from hone.storage.records import Record
from hone.training.config import Range, TrainConfig
from hone.training.settings import with_settings

Value: TypeAlias = float | int | str
Space: TypeAlias = Mapping[str, Range]
SEARCHABLE = (
    "learning_rate",
    "epochs",
    "effective_batch",
    "method",
    "lora_r",
    "lora_alpha",
    "lora_dropout",
    "optimizer",
    "momentum",
    "schedule",
    "warmup",
    "weight_decay",
    "label_smoothing",
    "grad_clip",
)
GRID_POINTS = 5  # that a grid takes of a stretch


class SpacePreset(Record):
    """Ranges that go well together, and when to take them."""

    name: str
    advice: str
    space: tuple[str, ...]


PRESETS: Mapping[str, SpacePreset] = {
    "rate": SpacePreset(
        name="Learning rate only",
        advice="It decides most, and a handful of trials finds it: begin here.",
        space=("learning_rate=1e-5..1e-3 log",),
    ),
    "usual": SpacePreset(
        name="Rate, rank and epochs",
        advice="How fast, how much room, how long: for a batch that will be trained on more than once. "
        "Give it 12 trials or more.",
        space=("learning_rate=1e-5..1e-3 log", "lora_r=4,8,16,32", "epochs=1..6"),
    ),
    "all": SpacePreset(
        name="All of it",
        advice="Also batch, dropout, weight decay and warm-up, which matter less: for a night, with 40 trials or more.",
        space=(
            "learning_rate=1e-5..1e-3 log",
            "lora_r=4,8,16,32",
            "epochs=1..6",
            "effective_batch=8,16,32",
            "lora_dropout=0..0.2",
            "weight_decay=0..0.1",
            "warmup=0..0.2",
        ),
    ),
    "toy": SpacePreset(
        name="Toy base",
        advice="The high rates that a base under a million parameters needs.",
        space=("learning_rate=1e-3..3e-2 log", "lora_r=4,8,16", "epochs=2..8"),
    ),
}


def parse_space(texts: Sequence[str]) -> dict[str, Range]:
    """Ranges as people write them: "lora_r=4,8,16" or "learning_rate=1e-5..1e-3 log".

    A stretch of the learning rate is searched in its logarithm, even where that is not said.

    Raises:
        InputError: A text is no range, or a setting stands twice; what is allowed is said.
    """
    space: dict[str, Range] = {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        name = name.replace("-", "_")
        if not equals or not values:
            raise InputError(f"{text!r} is no range; write name=low..high, with log behind it, or name=a,b,c.")
        if name in space:
            raise InputError(f"{name} stands twice among the ranges; write it once, with all its values.")
        space[name] = _range(name, values)
    return space


def check_space(space: Space, train: TrainConfig) -> None:
    """Hold every range against the settings of a training run, before anything is tried.

    Raises:
        InputError: No range, a setting that is unknown or not for searching, a value that is not allowed, a
            stretch of a setting that is no number, or a training run that goes on from an earlier model.
    """
    if train.objective != "sft":
        raise InputError(f"A search is for objective sft, not for {train.objective}: it needs responses to learn.")
    if train.parent is not None:
        raise InputError(
            "A search starts from the base, not from a model that may have learnt what a fold holds out; "
            "leave parent out."
        )
    if not space:
        raise InputError(f"A search needs a range, as learning_rate=1e-5..1e-3 log. It can try {_listed()}.")
    for name, tried in space.items():
        if name not in SEARCHABLE:
            raise InputError(_not_searched(name))
        if not tried.values:
            _check_stretch(name, tried)
        for value in tried.values or (tried.low, tried.high):
            _checked(name, value, train)


def kind(name: str) -> type[Value]:
    """What a searchable setting is: int, float, or str for a choice."""
    annotation: object = TrainConfig.model_fields[name].annotation
    return int if annotation is int else float if annotation is float else str


def points(name: str, tried: Range) -> list[Value]:
    """What a grid tries of a range: its values, or of a stretch both ends and what lies evenly between them.

    Of whole numbers these are at most GRID_POINTS, each once.
    """
    if tried.values:
        return list(dict.fromkeys(tried.values))
    low, high = tried.low or 0.0, tried.high or 0.0
    ends = (math.log(low), math.log(high)) if tried.log else (low, high)
    steps = [ends[0] + (ends[1] - ends[0]) * index / (GRID_POINTS - 1) for index in range(GRID_POINTS)]
    found = [math.exp(step) if tried.log else step for step in steps]
    whole = kind(name) is int
    placed: list[Value] = [round(value) if whole else float(f"{value:.6g}") for value in found]
    return list(dict.fromkeys([*placed[:-1], int(high) if whole else high]))


def size(space: Space) -> int | None:
    """How many different settings there are to try; None when a stretch has no end of them."""
    found = 1
    for name, tried in space.items():
        if tried.values:
            found *= len(set(tried.values))
        elif kind(name) is int:
            found *= int(tried.high or 0) - int(tried.low or 0) + 1
        else:
            return None
    return found


def holds(space: Space, settings: Mapping[str, Value]) -> bool:
    """Whether settings lie in the space, each in its range."""
    return all(
        settings[name] in tried.values
        if tried.values
        else (tried.low or 0.0) <= float(settings[name]) <= (tried.high or 0.0)
        for name, tried in space.items()
    )


def usual(space: Space, train: TrainConfig) -> dict[str, Value]:
    """What the training run itself says for the settings of a space."""
    return {name: getattr(train, name) for name in space}


def applied(train: TrainConfig, settings: Mapping[str, Value]) -> TrainConfig:
    """The training run with the settings of a trial.

    Raises:
        ValidationError: A setting is not allowed.
    """
    return TrainConfig.model_validate({**train.model_dump(), **settings})


def in_words(settings: Mapping[str, object]) -> str:
    """Settings for people: learning_rate=0.00031, lora_r=8."""
    return ", ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in settings.items()
    )


def _range(name: str, text: str) -> Range:
    stretch, *log = text.split()
    if log not in ([], ["log"]):
        raise InputError(f"{name}={text}: nothing but log may stand behind a range.")
    low, dots, high = stretch.partition("..")
    try:
        if dots:
            return Range(low=float(low), high=float(high), log=bool(log) or name == "learning_rate")
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"{name}={text}: {reason}.") from None
    except ValueError:
        raise InputError(f"{name}={text}: {low!r} and {high!r} must be numbers; write {name}=low..high.") from None
    if log:
        raise InputError(f"{name}={text}: log is for a stretch, low..high; values are tried as they are.")
    values = tuple(_value(each) for each in stretch.split(",") if each)
    if not values:
        raise InputError(f"{name}={text} names no value; write {name}=a,b,c.")
    return Range(values=values)


def _value(text: str) -> Value:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            pass
    return text


def _checked(name: str, value: object, train: TrainConfig) -> None:
    wanted = kind(name)
    if wanted is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if wanted is float and isinstance(value, float | int) and not math.isfinite(value):
        raise InputError(f"{name}={value} is no number to try.")
    try:
        with_settings(train, [f"{name}={value}"])
    except InputError as error:
        raise InputError(f"The range of {name} does not hold. {error}") from None


def _check_stretch(name: str, tried: Range) -> None:
    wanted = kind(name)
    if wanted is str:
        raise InputError(f"{name} is a choice, not a number: write {name}=a,b,c.")
    ends = (tried.low or 0.0, tried.high or 0.0)
    if wanted is int and not all(end.is_integer() for end in ends):
        raise InputError(f"{name} counts whole numbers, so {tried.low} to {tried.high} is no stretch of it.")


def _not_searched(name: str) -> str:
    if name in TrainConfig.model_fields:
        return f"{name} is not for searching: it is the same in every trial. A search can try {_listed()}."
    near = difflib.get_close_matches(name, SEARCHABLE, n=1, cutoff=0.0)[0]
    return f"There is no setting {name!r}; the nearest is {near!r}. A search can try {_listed()}."


def _listed() -> str:
    return ", ".join(SEARCHABLE)
