"""Settings that go well together, and when to take them."""

from collections.abc import Mapping
from typing import Any

from hone.storage.errors import InputError
from hone.storage.records import Record


class Preset(Record):
    """Settings that go well together, and when to take them. `continues`: from the champion's model."""

    name: str
    advice: str
    settings: dict[str, Any]
    continues: bool = False


PRESETS: Mapping[str, Preset] = {
    "quick": Preset(
        name="Quick look",
        advice="One pass at a higher rate: to see within minutes whether the data teaches anything.",
        settings={"epochs": 1, "learning_rate": 3e-4, "lora_r": 8, "lora_alpha": 16.0},
    ),
    "standard": Preset(
        name="Standard LoRA",
        advice="Three passes, stopped when the validation loss no longer falls: start here with a real base model.",
        settings={"epochs": 3, "learning_rate": 2e-4, "lora_r": 16, "lora_alpha": 32.0, "patience": 2},
    ),
    "careful": Preset(
        name="Careful",
        advice="Up to ten passes at a lower rate, watched closely, and the best of them kept: for a model that will be "
        "used, when there is time.",
        settings={
            "epochs": 10,
            "learning_rate": 1e-4,
            "lora_r": 32,
            "lora_alpha": 64.0,
            "lora_dropout": 0.05,
            "weight_decay": 0.01,
            "warmup": 0.06,
            "patience": 3,
        },
    ),
    "full": Preset(
        name="Full fine-tune",
        advice="All weights learn: for small bases and encoders, or with thousands of pairs. It needs about eight "
        "times the memory of the weights, and forgets more.",
        settings={"method": "full", "epochs": 3, "learning_rate": 2e-5, "weight_decay": 0.01, "patience": 2},
    ),
    "continue": Preset(
        name="Continue from the champion",
        advice="The champion's adapter learns on, at half the rate, with a share of earlier pairs so that it keeps "
        "what it knew: for a batch of new kinds of pairs.",
        settings={"epochs": 3, "learning_rate": 1e-4, "patience": 2, "rehearsal": 0.2},
        continues=True,
    ),
    "toy": Preset(
        name="Toy base",
        advice="A high rate and many passes, for the toy base under a million parameters; it ruins a real model.",
        settings={
            "epochs": 8,
            "learning_rate": 6e-3,
            "micro_batch": 8,
            "effective_batch": 8,
            "warmup": 0.05,
            "max_length": 512,
            "max_new_tokens": 96,
        },
    ),
}


def preset(name: str) -> dict[str, Any]:
    """The settings of a preset, by the names of TrainConfig.

    Raises:
        InputError: No such preset.
    """
    if name not in PRESETS:
        raise InputError(f"There is no preset {name!r}; there are {', '.join(sorted(PRESETS))}.")
    return dict(PRESETS[name].settings)


PREFERENCE_RATE = 0.1  # of the rate for responses: a preference is a finer word, and a high rate unlearns the language
PREFERENCE: Mapping[str, Any] = {  # what dpo and kto take beside the settings of the model that they begin with
    "epochs": 3,
    "micro_batch": 4,
    "effective_batch": 8,
    "batching": "auto",
    "warmup": 0.1,
    "patience": 2,
    "rehearsal": 0.0,
    "label_smoothing": 0.0,
}
