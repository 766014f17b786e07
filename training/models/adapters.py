"""What learns on a base: a new adapter, all weights, or what an earlier model learnt, carried on or merged."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training

from hone.storage.errors import RunError
from hone.training.config import Quantize, TrainConfig
from hone.training.models.families import Family, resolved
from hone.training.models.loading import Model, head_modules, load_base, reason
from hone.training.models.published import ModelFacts, read_facts, under_folders

TASK_TYPES: dict[Family, str] = {"causal": "CAUSAL_LM", "seq2seq": "SEQ_2_SEQ_LM", "classify": "SEQ_CLS"}


def to_train(base: Path, config: TrainConfig, dtype: torch.dtype) -> Model:
    """The model that a run trains: a new adapter on the base, all weights, or the parent's going on.

    With `recompute` it keeps no activations. Its trainable weights are float32 and are listed by `learning`; nothing
    else asks for gradients. The parent is not held against its base here: `check_model` does that.

    Args:
        base: Folder of the base.
        config: Of the run; a relative parent is relative to the working folder.
        dtype: Of the frozen base, or of its arithmetic when it is quantized; a full fine-tune takes float32.

    Raises:
        RunError: The base or the parent cannot be loaded, or does not fit the settings.
    """
    task = resolved(config.task, base)
    if config.parent is None:
        whole = torch.float32 if config.method == "full" else dtype
        model = trainable(load_base(base, whole, task, config.labels, config.quantize), config)
    else:
        model = continued(base, Path(config.parent), config, dtype)
    if config.recompute:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model


def trainable(model: Model, config: TrainConfig) -> Model:
    """A base with what its run's method trains: a fresh adapter (and, of a classifier, the head), or all weights.

    Raises:
        RunError: A target is no linear layer of this model, or nothing would learn.
    """
    if config.method == "full":
        model.float().requires_grad_(True)
        return _checked(model)
    task = task_of(model)
    heads = head_modules(model) if task == "classify" else None
    wanted = LoraConfig(
        task_type=TASK_TYPES[task],
        r=config.lora_r,
        lora_alpha=config.lora_alpha,  # type: ignore[arg-type]  # peft accepts a float and types an int
        lora_dropout=config.lora_dropout,
        target_modules=_targets(model, config.lora_targets),
        modules_to_save=heads,
        use_dora=config.method == "dora",
        use_rslora=config.method == "rslora",
    )
    if config.quantize != "none":
        model = _unpacked(model)
    try:
        return _checked(get_peft_model(model, wanted))
    except (ValueError, TypeError) as error:
        raise RunError(f"lora_targets {config.lora_targets!r} do not fit this base: {reason(error)}") from None


def continued(base: Path, parent: Path, config: TrainConfig, dtype: torch.dtype) -> Model:
    """The parent's model, going on: its adapter, all its weights, or a new adapter on what it learnt.

    Args:
        base: Folder of the base of both.
        parent: A model folder.
        config: Of the run.
        dtype: As `to_train` has it.

    Raises:
        RunError: Method, rank, scale, dropout, targets or labels are not the parent's, or cannot follow from it.
    """
    facts = read_facts(parent)
    task = resolved(config.task, base)
    _same_labels(config, facts)
    if config.method == "full":
        dtype = torch.float32
    if config.parent_use == "merge":
        if config.quantize != "none":
            raise RunError(
                f"quantize {config.quantize} and parent_use merge exclude each other: an adapter cannot be merged "
                "exactly into few bits; set parent_use=continue or quantize=none."
            )
        return trainable(_plain(load_model(base, parent, dtype)), config)
    if facts.method == "full":
        if config.method != "full":
            raise RunError(
                f"{parent} has all weights and no adapter to continue; set parent_use=merge to begin one on them, "
                "or method=full."
            )
        return trainable(load_base(parent, dtype, task, facts.labels), config)
    if config.method == "full":
        raise RunError(f"method full cannot continue the adapter of {parent}; set parent_use=merge to begin with it.")
    model = _under(base, parent, facts, task, dtype, config.quantize)
    if config.quantize != "none":
        model = _unpacked(model)
    targets = str(facts.settings.get("lora_targets", config.lora_targets))
    return _checked(_same_shape(load_adapter(model, parent, trainable=True), config, targets))


def load_model(base: Path, folder: Path, dtype: torch.dtype, quantize: Quantize = "none") -> Model:
    """A published model, whole, in evaluation mode: ready to speak. `check_model` first: nothing is checked here.

    Args:
        base: Folder of its base.
        folder: The model folder; what it holds under it is merged into the base first.
        dtype: Of the weights.
        quantize: The base in 8 or 4 bits; none where something is merged under the adapter, or for all weights.

    Raises:
        RunError: Its files do not fit the base.
    """
    facts = read_facts(folder)
    if facts.method == "full":
        return load_base(folder, dtype, facts.task, facts.labels, quantize)
    model = _under(base, folder, facts, facts.task, dtype, quantize)
    loaded: Model = load_adapter(model, folder).eval()
    return loaded


def load_adapter(model: Model, folder: Path, trainable: bool = False) -> Model:
    """The base with a published adapter on it; frozen unless trainable.

    Raises:
        RunError: There is no safetensors file (peft would take a pickle instead), or it does not fit the base.
    """
    if not (folder / "adapter_model.safetensors").is_file():
        raise RunError(f"{folder} has no adapter_model.safetensors; publish the model again from its run.")
    try:
        return PeftModel.from_pretrained(model, str(folder), is_trainable=trainable, local_files_only=True)
    except Exception as error:
        raise RunError(f"The adapter {folder} cannot be loaded: {reason(error)}") from None


def merged(model: Model) -> Model:
    """The plain model of a PEFT model, its adapter added to the weights.

    Raises:
        RunError: A merged weight is not finite.
    """
    try:
        return model.merge_and_unload(safe_merge=True)
    except ValueError as error:
        raise RunError(f"The adapter cannot be merged: {reason(error)}") from None


def under(config: TrainConfig) -> list[Path]:
    """The model folders that lie under the adapter which a run trains, the lowest first; `publish` copies them.

    None of a full fine-tune: its weights hold all that was learnt before.
    """
    if config.parent is None or config.method == "full":
        return []
    parent = Path(config.parent)
    below = under_folders(parent, read_facts(parent))
    return [*below, parent] if config.parent_use == "merge" else below


def learning(model: Model) -> dict[str, torch.Tensor]:
    """The weights that ask for gradients, by name."""
    return {name: weights for name, weights in model.named_parameters() if weights.requires_grad}


def task_of(model: Model) -> Family:
    """What a loaded base is for."""
    if getattr(model.config, "is_encoder_decoder", False):
        return "seq2seq"
    return "classify" if type(model).__name__.endswith("ForSequenceClassification") else "causal"


def _targets(model: Model, named: str) -> str | list[str]:
    """Which layers an adapter is for. peft's own "all-linear" would take the heads of encoders, too."""
    if named != "all-linear":
        return [name.strip() for name in named.split(",") if name.strip()]
    if task_of(model) != "classify":
        return named
    encoder = f"{model.base_model_prefix}."
    linear = torch.nn.Linear
    return [name for name, module in model.named_modules() if isinstance(module, linear) and name.startswith(encoder)]


def _under(base: Path, folder: Path, facts: ModelFacts, task: Family, dtype: torch.dtype, quantize: Quantize) -> Model:
    """The base, with what lies under a model's adapter merged into it."""
    below = under_folders(folder, facts)
    if below and quantize != "none":
        raise RunError(f"{folder} has adapters merged under it, so its base cannot be quantized; set quantize=none.")
    whole = below and read_facts(below[0]).method == "full"
    model = load_base(below.pop(0) if whole else base, dtype, task, facts.labels, quantize)
    for each in below:
        model = merged(load_adapter(model, each))
    return model


def _unpacked(model: Model) -> Model:
    """A quantized base, its norms and embeddings in float32, so that gradients through it are exact enough."""
    prepare: Any = prepare_model_for_kbit_training
    return prepare(model, use_gradient_checkpointing=False)


def _plain(model: Model) -> Model:
    return merged(model) if isinstance(model, PeftModel) else model


def _same_labels(config: TrainConfig, facts: ModelFacts) -> None:
    if config.labels and facts.labels and config.labels != facts.labels:
        raise RunError(
            f"labels are {', '.join(config.labels)}, but the parent knows {', '.join(facts.labels)}; "
            "take its labels in its order, or train without a parent."
        )


def _same_shape(model: Model, config: TrainConfig, targets: str) -> Model:
    parent = model.peft_config["default"]
    method = "dora" if parent.use_dora else "rslora" if parent.use_rslora else "lora"
    found = {
        "method": method,
        "lora_r": parent.r,
        "lora_alpha": parent.lora_alpha,
        "lora_dropout": parent.lora_dropout,
        "lora_targets": targets,
    }
    for field, its in found.items():
        wanted = getattr(config, field)
        if its != wanted:
            raise RunError(
                f"{field} is {wanted}, but the parent's adapter has {its}; "
                f"set {field}={its}, or parent_use=merge to begin a new adapter on it."
            )
    return model


def _checked(model: Any) -> Any:
    """The model, after it was seen that something learns, all of it in float32."""
    found = learning(model)
    if not found:
        raise RunError("No weight of this model would learn; look at method and lora_targets.")
    for weights in found.values():
        weights.data = weights.data.float()
    return model
