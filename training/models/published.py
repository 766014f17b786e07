"""What stands beside a trained model: on which base it belongs, with which prompt, from which batch."""

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from hone.storage.errors import RunError
from hone.storage.records import Record
from hone.training.models.weights import require_weights

FACTS = "hone.json"
CHECKED = "hone-merge.json"


class ModelFacts(Record):
    """The facts of a published model, in its folder as hone.json."""

    schema_version: Literal[1] = 1
    run: str
    task: Literal["causal", "seq2seq", "classify"] = "causal"
    labels: tuple[str, ...] = ()
    objective: Literal["sft", "dpo", "kto"] = "sft"
    method: Literal["lora", "dora", "rslora", "full"] = "lora"
    quantize: Literal["none", "8bit", "4bit"] = "none"
    base: str
    base_sha256: str
    adapter_sha256: str  # of the adapter, or of all weights after a full fine-tune
    under: tuple[str, ...] = ()  # digests of adapters that are merged into the base first, from folders under/0, ...
    parent_sha256: str | None
    merged_from: str | None = None  # of a merged model: the digest of the weights that were merged into its base
    prompt: Literal["template", "chat"] = "template"
    template: str
    stop_ids: list[int]
    max_new_tokens: int
    batch: dict[str, Any]
    data_sha256: dict[str, str]
    rows: dict[str, int] = {}  # by split, as they were learnt
    settings: dict[str, Any] = {}  # the run's whole configuration
    forgetting: dict[str, Any] | None = None  # what was known before and after; see hone.training.forgetting
    licence: str = "not stated; check the base's"
    validation_loss: float | None
    step: int


def read_facts(folder: Path) -> ModelFacts:
    """The facts of a model folder.

    Raises:
        RunError: It is no model that Hone published, or its facts are damaged.
    """
    try:
        return ModelFacts.model_validate_json((folder / FACTS).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{folder} is no model of Hone: it has no {FACTS}.") from None
    except ValidationError:
        raise RunError(f"{folder / FACTS} is damaged; publish the model again from its run.") from None


def under_folders(folder: Path, facts: ModelFacts) -> list[Path]:
    """Where the models lie that are merged into the base before this one's adapter goes on it, the lowest first."""
    return [folder / "under" / str(place) for place in range(len(facts.under))]


def check_model(folder: Path, base_sha256: str) -> ModelFacts:
    """The facts of a model, after its adapter, what lies under it and its base were held against them.

    Raises:
        RunError: The adapter is not the published one, or belongs on another base.
    """
    facts = read_facts(folder)
    if facts.base_sha256 != base_sha256:
        raise RunError(
            f"The adapter {folder} was trained on {facts.base} (weights {facts.base_sha256[:12]}...), not on this "
            f"base ({base_sha256[:12]}...); name its own base."
        )
    require_weights(folder, facts.adapter_sha256, "The adapter" if facts.method != "full" else "The model")
    for below, digest in zip(under_folders(folder, facts), facts.under, strict=True):
        require_weights(below, digest, "The adapter")
    return facts
