"""Whether training changes anything at all."""

from typing import Any

from transformers import TrainerCallback
from typing_extensions import override

from hone.storage.errors import RunError
from hone.training.models.adapters import learning
from hone.training.models.loading import Model


class Moved(TrainerCallback):
    """Sees to it that the first step with a rate changes weights: an adapter that is frozen or not in use would go
    through a whole run and say nothing."""

    def __init__(self) -> None:
        self.before: list[float] | None = None

    @override
    def on_train_begin(self, *_: Any, **given: Any) -> None:
        self.before = _sums(given["model"])

    @override
    def on_optimizer_step(self, *_: Any, **given: Any) -> None:
        if self.before is None or not any(group["lr"] > 0 for group in given["optimizer"].param_groups):
            return
        if _sums(given["model"]) == self.before:
            raise RunError("The first step changed no weight; raise learning_rate, or look at method and lora_targets.")
        self.before = None


def _sums(model: Model) -> list[float]:
    return [float(weights.detach().double().sum()) for weights in learning(model).values()]
