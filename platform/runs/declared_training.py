"""What a project says of its training runs beside their settings: usual base and preset, what an hour costs."""

from collections.abc import Mapping
from typing import Any

from hone.storage.errors import InputError
from hone.storage.projects import ProjectSettings
from hone.storage.records import Record

BESIDE = ("base", "preset", "generic", "price_per_hour", "currency")
"""What stands among a project's training settings and is none of hone.training.config.TrainConfig."""


class Price(Record):
    """What an hour of the machine costs, in whatever money the team counts."""

    per_hour: float
    currency: str

    def of(self, seconds: float) -> float:
        """What so many seconds cost."""
        return self.per_hour * seconds / 3600


def own_settings(settings: ProjectSettings) -> dict[str, Any]:
    """The project's settings of a run, by the names of TrainConfig."""
    return {name: value for name, value in settings.training.items() if name not in BESIDE}


def price(settings: ProjectSettings) -> Price | None:
    """What an hour costs; None where the project does not say.

    Raises:
        InputError: It is no number of 0 or more.
    """
    said = settings.training.get("price_per_hour")
    if said is None or said == "":
        return None
    per_hour = _number(said)
    if per_hour is None or not 0 <= per_hour < 1e9:
        raise InputError(f"price_per_hour is {said!r}; write what an hour costs as a number, for example 1.20.")
    return Price(per_hour=per_hour, currency=_currency(settings.training))


def _currency(training: Mapping[str, Any]) -> str:
    said = " ".join(str(training.get("currency") or "").split())
    if len(said) > 12:
        raise InputError(f"currency is {said[:20]!r}; write a sign or a short name, for example EUR.")
    return said


def _number(said: Any) -> float | None:
    try:
        return float(said)
    except (TypeError, ValueError):
        return None
