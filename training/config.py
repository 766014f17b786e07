"""What a run is told: every setting of training, generating and suggesting, checked before anything is loaded."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypeVar, cast

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from hone.storage.errors import InputError
from hone.storage.records import Record
from hone.training.prompt import DEFAULT_TEMPLATE, check_template

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Precision = Literal["auto", "float32", "bfloat16"]


class TrainConfig(Record):
    """A LoRA run. The defaults suit an instruct model of 0.5 to 8 thousand million parameters."""

    kind: Literal["train"] = "train"
    schema_version: Literal[1] = 1
    run: str = Field(default="run", min_length=1, max_length=200, description="Name, for people.")
    base: str = Field(min_length=1, description="Folder of a base model, or its id on the hub.")
    base_sha256: Sha256 | None = Field(
        default=None, description="Refuse other base weights; None records what is found."
    )
    parent: str | None = Field(default=None, description="Model folder whose adapter is trained on.")
    template: str = Field(default=DEFAULT_TEMPLATE, max_length=20_000, description="See hone.training.prompt.")
    lora_r: int = Field(default=16, ge=1, le=1024, description="Rank of the adapter.")
    lora_alpha: float = Field(default=32, gt=0, le=4096, description="Scale: the update counts alpha / r.")
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    lora_targets: str = Field(
        default="all-linear",
        min_length=1,
        description="all-linear, or module names with commas between: q_proj,v_proj.",
    )
    epochs: int = Field(default=3, ge=1, le=1000)
    learning_rate: float = Field(default=2e-4, gt=0, le=1)
    micro_batch: int = Field(default=4, ge=1, le=4096, description="Rows that are in memory at once.")
    effective_batch: int = Field(default=16, ge=1, le=65536, description="Rows in one step; accumulation follows.")
    warmup: float = Field(default=0.03, ge=0, le=0.9, description="Share of the steps.")
    schedule: Literal["linear", "cosine", "constant"] = "cosine"
    max_length: int = Field(default=2048, ge=8, le=1_048_576, description="Tokens of prompt and response together.")
    too_long: Literal["refuse", "drop", "truncate_prompt"] = Field(
        default="refuse", description="What happens to a longer row. A response is never cut."
    )
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    grad_clip: float = Field(default=1.0, ge=0, le=1000, description="Largest norm of the gradient; 0 is off.")
    seed: int = Field(default=0, ge=0, lt=2**32)
    threads: int | None = Field(default=None, ge=1, le=1024, description="None takes the cores this process may use.")
    precision: Precision = Field(default="auto", description="auto: bfloat16 on a GPU that has it, else float32.")
    checkpoint_every: int = Field(default=50, ge=1, description="Steps.")
    evaluate_every: int | None = Field(default=None, ge=1, description="Steps; None is once an epoch.")
    patience: int | None = Field(
        default=None,
        ge=1,
        description="Stop after so many evaluations without a better loss, and keep the best adapter.",
    )
    samples: int = Field(default=2, ge=0, le=20, description="Validation rows that are answered at every evaluation.")
    max_new_tokens: int = Field(default=256, ge=1, le=65536, description="Longest answer; stored with the model.")

    @field_validator("template")
    @classmethod
    def _template(cls, text: str) -> str:
        return _checked_template(text)

    @model_validator(mode="after")
    def _batches_fit(self) -> Self:
        if self.effective_batch % self.micro_batch:
            raise ValueError(
                f"effective_batch {self.effective_batch} is no multiple of micro_batch {self.micro_batch}; "
                "change one of them"
            )
        return self

    @property
    def accumulation(self) -> int:
        """Micro batches in one step."""
        return self.effective_batch // self.micro_batch


class _Answering(Record):
    """How a base alone, or with an adapter on it, answers prompts."""

    schema_version: Literal[1] = 1
    run: str = Field(default="run", min_length=1, max_length=200, description="Name, for people.")
    base: str = Field(min_length=1, description="Folder of a base model, or its id on the hub.")
    base_sha256: Sha256 | None = Field(default=None, description="Refuse other base weights.")
    model: str | None = Field(default=None, description="Model folder of a training run; None asks the base itself.")
    template: str | None = Field(default=None, max_length=20_000, description="None takes the model's own.")
    max_new_tokens: int = Field(default=256, ge=1, le=65536)
    temperature: float = Field(default=0.0, ge=0, le=10, description="0 takes the likeliest token each time.")
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int = Field(default=0, ge=0, lt=2**32)
    batch_size: int = Field(default=8, ge=1, le=4096)
    max_length: int = Field(default=4096, ge=8, le=1_048_576, description="Tokens of prompt and answer together.")
    threads: int | None = Field(default=None, ge=1, le=1024)
    precision: Precision = "auto"

    @field_validator("template")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        return None if text is None else _checked_template(text)

    @model_validator(mode="after")
    def _room_for_prompt(self) -> Self:
        if self.max_new_tokens >= self.max_length:
            raise ValueError(
                f"max_new_tokens {self.max_new_tokens} leaves no room for a prompt in max_length {self.max_length}"
            )
        return self


class GenerateConfig(_Answering):
    """Answers to a test split: every row of it, or the run fails."""

    kind: Literal["generate"] = "generate"
    too_long: Literal["refuse", "truncate_prompt"] = "refuse"


class SuggestConfig(_Answering):
    """What a model says to pairs that nobody has decided: an answer, or how likely it finds the one that is there."""

    kind: Literal["suggest"] = "suggest"
    too_long: Literal["leave_out", "truncate_prompt"] = Field(
        default="leave_out", description="What happens to a row that is too long. A response is never cut."
    )


AnsweringConfig = GenerateConfig | SuggestConfig
AnyConfig = TrainConfig | GenerateConfig | SuggestConfig
Config = TypeVar("Config", bound=TrainConfig | GenerateConfig | SuggestConfig)


class Preset(Record):
    """Settings that go well together, and when to take them."""

    advice: str
    settings: dict[str, Any]


PRESETS: Mapping[str, Preset] = {
    "quick": Preset(
        advice="One pass at a higher rate: to see within minutes whether the data teaches anything.",
        settings={"epochs": 1, "learning_rate": 3e-4, "lora_r": 8, "lora_alpha": 16.0},
    ),
    "standard": Preset(
        advice="Three passes, stopped when the validation loss no longer falls: start here with a real base model.",
        settings={"epochs": 3, "learning_rate": 2e-4, "lora_r": 16, "lora_alpha": 32.0, "patience": 2},
    ),
    "toy": Preset(
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


_ADAPTER: TypeAdapter[AnyConfig] = TypeAdapter(Annotated[AnyConfig, Field(discriminator="kind")])


def parse_config(text: str) -> AnyConfig:
    """The configuration in a JSON text.

    Raises:
        InputError: It is no JSON, has an unknown field, or a value out of range; the field is named.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        raise InputError(f"The configuration does not hold: {_explained(error)}.") from None


def with_settings(config: Config, settings: Sequence[str]) -> Config:
    """The configuration with "key=value" settings put in, as `--set` takes them.

    "none" unsets a setting that may be unset. Values are read as the field needs them.

    Raises:
        InputError: No "=", an unknown key (the nearest is named), or a value that is not allowed.
    """
    changed = config.model_dump()
    for setting in settings:
        key, equals, value = setting.partition("=")
        key = key.strip().replace("-", "_")
        if not equals:
            raise InputError(f"{setting!r} is no setting; write key=value, for example learning_rate=1e-3.")
        changed[_known(key, config)] = None if value.strip().lower() in ("none", "null") else value
    try:
        checked = type(config).model_validate(changed)
    except ValidationError as error:
        raise InputError(f"The setting is not allowed: {_explained(error)}.") from None
    return cast(Config, checked)


def _known(key: str, config: AnyConfig) -> str:
    names = [name for name in type(config).model_fields if name not in ("kind", "schema_version")]
    if key in names:
        return key
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.0)[0]
    raise InputError(f"There is no setting {key!r}; the nearest is {near!r}. All are: {', '.join(sorted(names))}.")


def _explained(error: ValidationError) -> str:
    return "; ".join(_one(problem) for problem in error.errors(include_url=False)[:5])


def _one(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"] if part not in ("train", "generate", "suggest"))
    given = problem.get("input")
    shown = f" (given {given!r})" if place and isinstance(given, str | int | float) and len(str(given)) < 80 else ""
    return f"{place}{shown}: {problem['msg']}" if place else problem["msg"].removeprefix("Value error, ")


def _checked_template(text: str) -> str:
    try:
        return check_template(text)
    except InputError as error:
        raise ValueError(str(error).rstrip(".")) from None
