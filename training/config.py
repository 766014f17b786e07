"""What a run is told: all settings of training, generating, suggesting and searching, checked before it begins."""

from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from hone.storage.errors import InputError
from hone.storage.records import Record
from hone.training.prompt import DEFAULT_TEMPLATE, check_template

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Precision = Literal["auto", "float32", "bfloat16"]
Quantize = Literal["none", "8bit", "4bit"]
Method = Literal["lora", "dora", "rslora", "full"]
Task = Literal["auto", "causal", "seq2seq", "classify"]
Objective = Literal["sft", "dpo", "kto"]
PromptForm = Literal["template", "chat"]


class _Loading(Record):
    """Which base is loaded, and how."""

    schema_version: Literal[1] = 1
    run: str = Field(default="run", min_length=1, max_length=200, description="Name, for people.")
    base: str = Field(min_length=1, description="Folder of a base model, or its id on the hub.")
    base_sha256: Sha256 | None = Field(
        default=None, description="Refuse other base weights; None records what is found."
    )
    quantize: Quantize = Field(default="none", description="Load the frozen base in 8 or 4 bits (bitsandbytes).")
    threads: int | None = Field(default=None, ge=1, le=1024, description="None takes the cores this process may use.")
    precision: Precision = Field(
        default="auto",
        description="auto: bfloat16 on a card that has it, else where a training's probe finds it faster.",
    )
    seed: int = Field(default=0, ge=0, lt=2**32)


class TrainConfig(_Loading):
    """A training run. The defaults suit an instruct model of 0.5 to 8 thousand million parameters and LoRA."""

    kind: Literal["train"] = "train"
    task: Task = Field(default="auto", description="auto: what the base is made for, by its config.json.")
    labels: tuple[str, ...] = Field(default=(), description="Of a classification, in their order.")
    objective: Objective = Field(default="sft", description="sft: learn responses. dpo, kto: learn preferences.")
    beta: float = Field(default=0.1, gt=0, le=10, description="dpo, kto: how close to the start the model stays.")
    parent: str | None = Field(default=None, description="Model folder whose model is trained on.")
    parent_use: Literal["continue", "merge"] = Field(
        default="continue", description="continue its adapter, or merge it into the base and begin a new one."
    )
    prompt: PromptForm = Field(default="template", description="chat: the template is the user's turn of a chat.")
    template: str = Field(default=DEFAULT_TEMPLATE, max_length=20_000, description="See hone.training.prompt.")
    method: Method = Field(default="lora", description="full trains all weights; the others an adapter.")
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
    optimizer: Literal["adamw", "sgd"] = "adamw"
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Of sgd.")
    micro_batch: int = Field(default=4, ge=1, le=4096, description="Rows that are in memory at once.")
    effective_batch: int = Field(default=16, ge=1, le=65536, description="Rows in one step; accumulation follows.")
    batching: Literal["auto", "grouped", "packed"] = Field(
        default="auto", description="Rows of like length together, or end to end; auto: what a probe finds faster."
    )
    warmup: float = Field(default=0.03, ge=0, le=0.9, description="Share of the steps.")
    schedule: Literal["linear", "cosine", "constant", "inverse_sqrt"] = "cosine"
    max_length: int = Field(default=2048, ge=8, le=1_048_576, description="Tokens of prompt and response together.")
    too_long: Literal["refuse", "drop", "truncate_prompt"] = Field(
        default="refuse", description="What happens to a longer row. A response is never cut."
    )
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    grad_clip: float = Field(default=1.0, ge=0, le=1000, description="Largest norm of the gradient; 0 is off.")
    recompute: bool = Field(default=False, description="Save memory: activations are computed again going back.")
    checkpoint_every: int = Field(default=50, ge=1, description="Steps.")
    evaluate_every: int | None = Field(default=None, ge=1, description="Steps; None is once an epoch.")
    patience: int | None = Field(
        default=None,
        ge=1,
        description="Stop after so many evaluations without a better loss, and keep the best model.",
    )
    samples: int = Field(default=2, ge=0, le=20, description="Validation rows that are answered at every evaluation.")
    max_new_tokens: int = Field(default=256, ge=1, le=65536, description="Longest answer; stored with the model.")
    rehearsal: float = Field(
        default=0.2, ge=0, le=0.9, description="Share of what is learnt that comes from earlier batches."
    )
    forgetting: int = Field(
        default=100,
        ge=0,
        le=100_000,
        description="Most items of each test split that are asked before and after; 0 is none.",
    )
    tracker: Literal["none", "mlflow", "wandb", "tensorboard"] = "none"

    @field_validator("template")
    @classmethod
    def _template(cls, text: str) -> str:
        return _checked_template(text)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.method == "full" and self.quantize != "none":
            raise ValueError(
                f"quantize {self.quantize} and method full exclude each other; take lora, or quantize none"
            )
        if self.objective != "sft":
            self._fits_preferences()
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label stands twice")
        return self

    def _fits_preferences(self) -> None:
        """Refuse what TRL's trainers of preferences would not do, or not say that they leave out."""
        if self.task not in ("auto", "causal"):
            raise ValueError(f"objective {self.objective} is for causal models, not for task {self.task}")
        if self.effective_batch % self.micro_batch:
            raise ValueError(
                f"objective {self.objective} cuts a step into even parts: effective_batch {self.effective_batch} must "
                f"be a multiple of micro_batch {self.micro_batch}"
            )
        if self.objective == "kto" and self.micro_batch < 2:
            raise ValueError("kto compares the rows of a micro batch with each other: set micro_batch to 2 or more")
        if self.label_smoothing:
            raise ValueError("label_smoothing is for learning responses, not preferences: leave it 0")
        if self.batching == "packed":
            raise ValueError("batching packed is for learning responses, not preferences: set batching=grouped")


class _Answering(_Loading):
    """How a base alone, or with an adapter on it, answers prompts."""

    model: str | None = Field(default=None, description="Model folder of a training run; None asks the base itself.")
    prompt: PromptForm | None = Field(default=None, description="None takes the model's own.")
    template: str | None = Field(default=None, max_length=20_000, description="None takes the model's own.")
    labels: tuple[str, ...] = Field(default=(), description="Of a classification; an untrained head needs them.")
    max_new_tokens: int = Field(default=256, ge=1, le=65536)
    temperature: float = Field(default=0.0, ge=0, le=10, description="0 takes the likeliest token each time.")
    top_p: float = Field(default=1.0, gt=0, le=1)
    batch_size: int | None = Field(
        default=None, ge=1, le=4096, description="Rows answered together; None: up to 64, by their lengths."
    )
    max_length: int = Field(default=4096, ge=8, le=1_048_576, description="Tokens of prompt and answer together.")

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
    server: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s@]+$",  # no password in it: it would stand in files and events
        description="An OpenAI-compatible server that answers instead of this machine, as http://localhost:8000/v1.",
    )
    server_model: str = Field(default="", max_length=200, description="What that server calls the model.")

    @model_validator(mode="after")
    def _speaks_here_or_there(self) -> Self:
        if self.server_model and not self.server:
            raise ValueError(f"server_model {self.server_model} is a model of a server; set server to its address")
        if self.server and self.quantize != "none":
            raise ValueError(f"a server loads the model as it likes; set quantize=none, not {self.quantize}")
        return self


class SuggestConfig(_Answering):
    """What a model says to pairs that nobody has decided: an answer, or how likely it finds the one that is there."""

    kind: Literal["suggest"] = "suggest"
    too_long: Literal["leave_out", "truncate_prompt"] = Field(
        default="leave_out", description="What happens to a row that is too long. A response is never cut."
    )


class Range(Record):
    """What a search tries for one setting: values to choose from, or a stretch (`log`: evenly in its logarithm)."""

    values: tuple[float | int | str, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        stretch = self.low is not None and self.high is not None
        if bool(self.values) == stretch:
            raise ValueError("give either values, or low and high")
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise ValueError(f"low {self.low} must be below high {self.high}")
            if self.log and self.low <= 0:
                raise ValueError(f"low {self.low} must be above 0 for a logarithm")
        return self


class SearchConfig(Record):
    """Trials of a training run with other settings, each scored by cross-validation over groups of training rows."""

    kind: Literal["search"] = "search"
    schema_version: Literal[1] = 1
    run: str = Field(default="run", min_length=1, max_length=200, description="Name, for people.")
    train: TrainConfig
    space: dict[str, Range] = Field(min_length=1, description="Settings of the training run, and what to try.")
    sampler: Literal["bayesian", "grid"] = "bayesian"
    trials: int = Field(default=12, ge=1, le=10_000)
    folds: int = Field(default=3, ge=2, le=20)
    prune: bool = Field(default=True, description="Stop a trial whose folds so far are worse than most.")
    seed: int = Field(default=0, ge=0, lt=2**32)

    @property
    def base(self) -> str:
        """Of the training run."""
        return self.train.base

    @property
    def threads(self) -> int | None:
        """Of the training run."""
        return self.train.threads


AnsweringConfig = GenerateConfig | SuggestConfig
AnyConfig = TrainConfig | GenerateConfig | SuggestConfig | SearchConfig
Config = TypeVar("Config", bound=TrainConfig | GenerateConfig | SuggestConfig | SearchConfig)


def _checked_template(text: str) -> str:
    try:
        return check_template(text)
    except InputError as error:
        raise ValueError(str(error).rstrip(".")) from None
