"""What a run is told: the base, the prompt and the settings, from the project, its models and the lead."""

import json
from collections.abc import Sequence
from typing import Any

from hone.platform.runs.bases import TOY, base_name
from hone.platform.runs.declared_training import own_settings
from hone.storage import models
from hone.storage.batches import Batch
from hone.storage.errors import InputError
from hone.storage.models import Model
from hone.storage.projects import Project
from hone.storage.store import Store
from hone.training.config import GenerateConfig, SuggestConfig, TrainConfig
from hone.training.models.published import read_facts
from hone.training.models.weights import is_folder
from hone.training.presets import PRESETS, preset
from hone.training.settings import with_settings


def train_config(project: Project, base: str, batch: Batch, settings: Sequence[str] = ()) -> TrainConfig:
    """The configuration of a run: a preset, then the project's training settings, then these.

    A preset (hone.training.presets.PRESETS) is named by preset=NAME among these settings or the project's; without one
    the toy base takes "toy", any other base "standard".

    Raises:
        InputError: A setting or preset is unknown, or a value is not allowed.
    """
    settings, named = _without_preset(settings)
    values = _usual_settings(project, base, named)
    _not_by_hand(settings)
    known = {
        "run": f"{project.name}, batch {batch.number}",
        "base": base,
        "template": project.settings.template,
        "labels": _labels(project),
    }
    return with_settings(
        TrainConfig.model_validate(known), [*(f"{name}={value}" for name, value in values.items()), *settings]
    )


def generate_config(
    store: Store, project: Project, batch: Batch, model: Model, settings: Sequence[str]
) -> GenerateConfig:
    """The configuration of a generation: the prompt and the longest answer that the model was trained with.

    The base takes the project's. Where the project declares that contexts are shortened rather than rows refused, that
    holds for the answers of all its models, too.

    Raises:
        InputError: A setting is unknown, or a value is not allowed.
        RunError: The model's folder is gone.
    """
    _not_by_hand(settings)
    known = {"run": f"{model.name} on batch {batch.number}", **_speaking(store, project, model, model.base)}
    if project.settings.training.get("too_long") == "truncate_prompt":
        known["too_long"] = "truncate_prompt"
    return with_settings(GenerateConfig.model_validate(known), settings)


def suggest_config(
    store: Store, project: Project, model: Model | None, base: str, settings: Sequence[str]
) -> SuggestConfig:
    """The configuration of a run that suggests, as `generate_config` has it.

    Args:
        store: Of the project.
        project: Whose template the base takes.
        model: None asks the base itself, before it is a model of the project.
        base: The model's, or that base.
        settings: "key=value" for SuggestConfig.

    Raises:
        InputError: A setting is unknown, or a value is not allowed.
        RunError: The model's folder is gone.
    """
    _not_by_hand(settings)
    name = model.name if model else base_name(base)
    known = {"run": f"{name} on open pairs", **_speaking(store, project, model, base)}
    return with_settings(SuggestConfig.model_validate(known), settings)


def usual_base(store: Store, project: Project, parent: Model | None) -> str:
    """The base of a run that names none: the parent's, else the project's setting, else that of its first model.

    Raises:
        InputError: There is none of these.
    """
    if parent is not None:
        return parent.base
    if "base" in project.settings.training:
        return str(project.settings.training["base"])
    with store.read() as cursor:
        known = models.listing(cursor, project.id)
    if not known:
        raise InputError(
            "No base model was named, and the project has none yet: name a folder or an id on the hub, "
            "or toy for a small one to learn with."
        )
    return known[0].base


def same_toy(store: Store, project: Project, base: str) -> str:
    """For "toy", the very toy base that the project began with: another Hone may make another one."""
    with store.read() as cursor:
        known = models.listing(cursor, project.id)
    own = known[0].base if base == TOY and known else base
    return own if base_name(own) == base_name(TOY) and is_folder(own) else base


def with_parent(config: TrainConfig, parent: Model) -> TrainConfig:
    """The configuration of a run that trains on an iteration's adapter.

    Raises:
        InputError: It has no adapter, or stands on another base.
    """
    if parent.folder is None:
        raise InputError(f"{parent.name} has no adapter to train on: leave the parent out to start from the base.")
    if config.base != parent.base:
        raise InputError(f"{parent.name} stands on the base {parent.base}, not on {config.base}: leave the base out.")
    return config.model_copy(update={"parent": parent.folder, "base_sha256": parent.base_sha256})


def usual_preset(project: Project, base: str) -> str:
    """The preset of a run that names none."""
    usual = "toy" if base_name(base) == base_name(TOY) else "standard"
    return str(project.settings.training.get("preset") or usual)


def usual_parent(store: Store, project: Project, base: str | None, settings: Sequence[str]) -> Model | None:
    """The champion, where the preset goes on from it; None starts from the base.

    Args:
        store: Of the project.
        project: Whose preset counts where these settings name none.
        base: The one that was named; the champion must stand on it.
        settings: "key=value"; preset=continue asks for the champion.

    Raises:
        InputError: The champion was asked for and there is none.
    """
    _, named = _without_preset(settings)
    name = named or str(project.settings.training.get("preset") or "")
    if name not in PRESETS or not PRESETS[name].continues:
        return None
    with store.read() as cursor:
        champion = models.champion(cursor, project.id)
    found = champion if champion and champion.folder and base in (None, champion.base) else None
    if found is None and named:
        raise InputError(
            "There is no champion to continue from on this base: promote an iteration in its report, name one as "
            "parent, or take another preset."
        )
    return found


def carried(store: Store, project: Project, parent: Model, settings: Sequence[str]) -> list[str]:
    """What a run that continues an adapter takes over from it, as settings: method, rank, scale, dropout, targets.

    None where a new adapter is begun (parent_use=merge).
    """
    said = {**own_settings(project.settings), **dict(_parted(setting) for setting in settings)}
    if parent.folder is None or said.get("parent_use") == "merge":
        return []
    folder = store.workspace.root / parent.folder
    facts = read_facts(folder)
    if facts.method == "full":
        return ["method=full"]
    adapter = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    shape = {"lora_r": adapter["r"], "lora_alpha": adapter["lora_alpha"], "lora_dropout": adapter["lora_dropout"]}
    targets = {name: value for name, value in facts.settings.items() if name == "lora_targets"}
    return [f"method={facts.method}", *(f"{name}={value}" for name, value in (shape | targets).items())]


def _without_preset(settings: Sequence[str]) -> tuple[list[str], str | None]:
    """The settings without the preset that they name, and its name."""
    named = [value for key, value in map(_parted, settings) if key == "preset"]
    return [setting for setting in settings if _parted(setting)[0] != "preset"], named[-1] if named else None


def _parted(setting: str) -> tuple[str, str]:
    key, _, value = setting.partition("=")
    return key.strip().replace("-", "_"), value.strip()


def _usual_settings(project: Project, base: str, named: str | None = None) -> dict[str, Any]:
    """A preset, and on it the project's own training settings."""
    return {**preset(named or usual_preset(project, base)), **own_settings(project.settings)}


def _speaking(store: Store, project: Project, model: Model | None, base: str) -> dict[str, Any]:
    """Who speaks, with which prompt, and how long at most."""
    if model is None or model.folder is None:
        usual = _usual_settings(project, base)
        longest = usual.get("max_new_tokens", TrainConfig(base=base).max_new_tokens)
        template, prompt = project.settings.template, usual.get("prompt", "template")
        quantize = usual.get("quantize", "none")
    else:
        facts = read_facts(store.workspace.root / model.folder)
        template, prompt, longest = facts.template, facts.prompt, facts.max_new_tokens
        quantize = facts.quantize  # it answers on the base that it learnt on
    return {
        "base": base,
        "base_sha256": model.base_sha256 if model else None,
        "model": model.folder if model else None,
        "prompt": prompt,
        "template": template,
        "labels": _labels(project),
        "max_new_tokens": longest,
        "quantize": quantize,
    }


def _labels(project: Project) -> tuple[str, ...]:
    """What a classifier chooses from; none where the project asks for texts."""
    return tuple(project.settings.labels) if project.settings.task == "classification" else ()


def _not_by_hand(settings: Sequence[str]) -> None:
    """The platform sets these, so that they agree with the batch, the model and the project."""
    for setting in settings:
        key, _ = _parted(setting)
        if key == "objective":
            raise InputError("objective is no setting of a run: `hone prefer` learns from preferences, by dpo or kto.")
        if key in ("run", "base", "base_sha256", "parent", "model", "template", "labels"):
            raise InputError(
                f"{key} is no setting of a run: name the base, the parent or the model beside the settings; "
                "template and labels are the project's."
            )
