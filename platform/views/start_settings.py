"""The settings of a run on its start page: a preset with its advice, and folded under it every single one."""

from types import NoneType
from typing import Any, Literal, get_args, get_origin

import streamlit as st

from hone.platform.frame import parts
from hone.platform.frame.safe_html import esc, plain
from hone.platform.runs.declared_training import own_settings
from hone.storage.projects import Project
from hone.training.config import TrainConfig
from hone.training.presets import PRESETS

GROUPS: dict[str, tuple[str, ...]] = {
    "Learning": (
        "epochs",
        "learning_rate",
        "effective_batch",
        "schedule",
        "warmup",
        "optimizer",
        "momentum",
        "weight_decay",
        "label_smoothing",
        "grad_clip",
        "patience",
        "seed",
    ),
    "Method": (
        "method",
        "lora_r",
        "lora_alpha",
        "lora_dropout",
        "lora_targets",
        "quantize",
        "parent_use",
        "task",
    ),
    "Rows": ("prompt", "max_length", "too_long", "rehearsal"),
    "Watching": ("evaluate_every", "samples", "max_new_tokens", "forgetting", "tracker", "checkpoint_every"),
    "Machine": ("micro_batch", "batching", "precision", "recompute", "threads"),
}
ELSEWHERE = frozenset(  # chosen above, the project's, or of other kinds of runs
    {"kind", "schema_version", "run", "base", "base_sha256", "parent", "template", "labels", "objective", "beta"}
)
NAMES = {
    "epochs": "Passes over the rows",
    "lora_r": "Rank",
    "lora_alpha": "Scale",
    "lora_dropout": "Dropout",
    "lora_targets": "Layers",
    "effective_batch": "Rows in a step",
    "micro_batch": "Rows at once",
    "max_length": "Longest row, tokens",
    "too_long": "Longer rows",
    "grad_clip": "Gradient clipping",
    "parent_use": "Earlier model",
    "samples": "Sample answers",
    "max_new_tokens": "Longest answer, tokens",
    "rehearsal": "Share of earlier pairs",
    "forgetting": "Earlier test items",
    "evaluate_every": "Evaluate every",
    "checkpoint_every": "Checkpoint every",
    "prompt": "Prompt",
    "quantize": "Base in fewer bits",
    "recompute": "Recompute activations",
}
ADVICE = {
    "learning_rate": "The size of a step: too high forgets and diverges, too low learns nothing.",
    "lora_dropout": "Share of the adapter's inputs that is left out at random.",
    "seed": "Of order and chance: the same seed gives the same model.",
    "optimizer": "adamw suits nearly everything.",
    "weight_decay": "Pulls the weights towards nothing; 0.01 is usual with many passes.",
    "label_smoothing": "Share of a right answer that is given to all others; 0.1 for noisy labels.",
    "epochs": "How often every row is learnt.",
    "schedule": "How the rate falls after the warm-up.",
    "tracker": "Also tell a tracker that is installed here.",
    "threads": "Of the processor; blank takes all cores.",
    "quantize": "8bit or 4bit, with bitsandbytes: less memory, a little slower.",
    "max_new_tokens": "Of an answer; stored with the model.",
    "evaluate_every": "Steps; blank is once in a pass.",
}
TOO_LONG = {"refuse": "Refuse the run", "truncate_prompt": "Shorten the context", "drop": "Leave them out"}


def choose(project: Project, usual: str, goes_on: bool, toy: bool) -> list[str]:
    """The settings that are chosen, as key=value: a preset, and what differs from it.

    Args:
        project: Whose own settings stand over the preset's.
        usual: The preset that is marked at first.
        goes_on: Whether there is a champion to continue from on this base.
        toy: Whether the base is the toy.
    """
    names = [name for name in PRESETS if (name != "toy" or toy) and (name != "continue" or goes_on)]
    usual = usual if usual in names else "toy" if toy else "standard"
    names.sort(key=lambda name: name != usual)  # the usual one first, the others as they are
    chosen = (
        st.radio(
            "Method",
            names,
            format_func=lambda name: PRESETS[name].name,
            captions=[plain(PRESETS[name].advice) for name in names],
            key=f"start-preset-{usual}-{len(names)}",
        )
        or usual
    )
    own = own_settings(project.settings)
    if own:
        said = ", ".join(f"{name}={value}" for name, value in own.items())
        parts.note(f"The project's own settings stand over the preset: {said}.")
    given = _advanced({**PRESETS[chosen].settings, **own})
    return [f"preset={chosen}", *(f"{name}={value}" for name, value in given.items())]


def _advanced(usual: dict[str, Any]) -> dict[str, str]:
    """Every setting of a run, blank where the usual value stays; those that are filled in come back."""
    defaults = TrainConfig(base="any").model_dump()
    given: dict[str, str] = {}
    with st.expander("Every setting", key="start-advanced"):
        parts.note("A blank field keeps the value that is shown in it.")
        for tab, names in zip(st.tabs(list(GROUPS)), GROUPS.values(), strict=True):
            with tab:
                columns = st.columns(2, gap="medium")
                for place, name in enumerate(names):
                    with columns[place % 2]:
                        said = _field(name, usual.get(name, defaults[name]), name in usual)
                    if said is not None:
                        given[name] = said
    return given


def _field(name: str, value: Any, is_set: bool) -> str | None:
    """One setting; what is filled in, None when it stays as it is."""
    field = TrainConfig.model_fields[name]
    label = NAMES.get(name, name.replace("_", " ").capitalize())
    now = "off" if value is None else _words(name, value)
    choices = _choices(field.annotation)
    if choices:
        said = st.selectbox(
            label,
            choices,
            index=None,
            placeholder=now,
            format_func=lambda each: _words(name, each),
            key=f"start-{name}",
        )
        found = None if said is None else str(said)
    else:
        written = st.text_input(label, key=f"start-{name}", placeholder=now)
        found = written.strip() if written and written.strip() else None
    told = ADVICE.get(name) or field.description or ""
    chosen = ' <b title="by the preset or the project">set above</b>' if is_set else ""
    st.html(f'<div class="h-hint"><code>{esc(name)}</code> {esc(told)}{chosen}</div>')
    return found


def _choices(annotation: Any) -> list[Any]:
    """What a field takes, where that is one of a few; empty for numbers and texts."""
    if annotation is bool:
        return ["true", "false"]
    for each in (annotation, *get_args(annotation)):
        if get_origin(each) is Literal and each is not NoneType:
            return list(get_args(each))
    return []


def _words(name: str, value: Any) -> str:
    if name == "too_long":
        return TOO_LONG[str(value)]
    if isinstance(value, bool) or value in ("true", "false"):
        return "yes" if str(value).lower() == "true" else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
