"""What a project declares, checked by those who will use it: the prompt, the gate, the training settings."""

from typing import Any

from pydantic import ValidationError

from hone.evaluation.inputs import Gate
from hone.evaluation.text_metrics import METRICS
from hone.labeling.projects import settings_words
from hone.platform.runs.declared_training import own_settings, price
from hone.storage.errors import InputError
from hone.storage.projects import ProjectSettings
from hone.training.config import TrainConfig
from hone.training.presets import preset
from hone.training.prompt import check_template
from hone.training.settings import with_settings


def changed(settings: ProjectSettings, changes: dict[str, Any]) -> ProjectSettings:
    """The settings with some fields replaced, all checked anew.

    Raises:
        InputError: A field is unknown or its value is not allowed; it is named.
    """
    return check(settings_words.checked({**settings.model_dump(), **changes}))


def check(settings: ProjectSettings) -> ProjectSettings:
    """The settings, unchanged.

    Raises:
        InputError: The template holds no instruction, the gate names no metric of ours or a share outside 0 to 1,
            or a training setting is unknown or not allowed.
    """
    check_template(settings.template)
    gate_of(settings)
    price(settings)
    if "preset" in settings.training:
        preset(str(settings.training["preset"]))
    base = TrainConfig.model_validate({"base": str(settings.training.get("base") or "toy")})
    with_settings(base, [f"{name}={value}" for name, value in own_settings(settings).items()])
    return settings


def gate_of(settings: ProjectSettings) -> Gate:
    """When a model of this project counts as better."""
    try:
        gate = Gate.model_validate(settings.gate)
    except ValidationError as found:
        first = found.errors(include_url=False)[0]
        place = ", ".join(str(part) for part in first["loc"])
        raise InputError(f"When a model is better (gate): {place}: {first['msg']}.") from found
    for metric in (*(guard.metric for guard in gate.guards), *(each.metric for each in gate.thresholds)):
        if metric not in METRICS:
            raise InputError(
                f"When a model is better (gate): there is no metric '{metric}'. There are: {', '.join(METRICS)}."
            )
    return gate
