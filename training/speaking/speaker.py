"""A model that is ready to speak: its base, adapter, tokenizer and prompt, and the rows as it reads them."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from hone.storage.errors import RunError
from hone.training.config import AnsweringConfig
from hone.training.fitting import checkpoints
from hone.training.folder import Row, RunFolder
from hone.training.models import adapters, loading
from hone.training.models.families import resolved
from hone.training.models.published import ModelFacts, check_model
from hone.training.models.weights import locate_base, require_weights
from hone.training.prompt import DEFAULT_TEMPLATE
from hone.training.rows.encode import LongRow
from hone.training.rows.prompts import Form, end_id, shortened
from hone.training.rows.prompts import prompts as prompts_of
from hone.training.speaking.decode import Answer, Sampling, answers
from hone.training.speaking.lines import begin_or_go_on
from hone.training.speaking.memory import halving
from hone.training.worker import available_cores

_PACKAGES = ("torch", "transformers", "peft", "tokenizers")


@dataclass(frozen=True)
class Speaker:
    """`form` is how it reads a row, `labels` are those of a classifier, `stop` the ids that end an answer, and `limit`
    the most tokens of prompt and answer together."""

    model: loading.Model
    tokenizer: loading.Tokenizer
    form: Form
    labels: tuple[str, ...]
    stop: list[int]
    limit: int
    base_sha256: str
    facts: ModelFacts | None


@dataclass(frozen=True)
class Prompt:
    """A row as the model reads it."""

    id: str
    ids: list[int]


@dataclass(frozen=True)
class Prompts:
    """The rows that fit, the shortest first; of which contexts were shortened; and those that do not fit."""

    fitting: list[Prompt]
    shortened: list[LongRow]
    too_long: list[LongRow]


def ready(folder: RunFolder, config: AnsweringConfig, lines: Path) -> Speaker:
    """Check the run's data and models, and load what speaks.

    Args:
        folder: The run.
        config: Its configuration.
        lines: The file of its answers. If it is there, the run goes on, and must be what it was when it began.

    Raises:
        RunError: Something is missing, or is not what it should be.
    """
    torch.set_num_threads(config.threads or available_cores())
    folder.verify()
    base = locate_base(config.base)
    base_sha256 = require_weights(base, config.base_sha256, "The base")
    facts = check_model(Path(config.model), base_sha256) if config.model else None
    form = _form(config, facts, base)
    if facts and (form.template, form.prompt) != (facts.template, facts.prompt):
        message = "The prompt template is not the one that the model was trained with; its answers may suffer."
        folder.append_event("warning", message=message)
    begin_or_go_on(folder, lines, checkpoints.identity(folder, base_sha256, facts.adapter_sha256 if facts else None))
    tokenizer = loading.load_tokenizer(base, form.task)
    dtype = loading.compute_dtype(config.precision)
    labels = facts.labels if facts else config.labels
    if config.model:
        model = adapters.load_model(base, Path(config.model), dtype, config.quantize)
    else:
        model = loading.load_base(base, dtype, form.task, labels, config.quantize)
    stop = loading.stop_ids(model, tokenizer)
    if form.task != "classify":
        stop = sorted({*stop, end_id(tokenizer, form)})
    limit = loading.position_limit(model, config.max_length)
    return Speaker(model, tokenizer, form, labels, stop, limit, base_sha256, facts)


def _form(config: AnsweringConfig, facts: ModelFacts | None, base: Path) -> Form:
    """What the run says of the prompt, else what the model was trained with, else the usual."""
    if facts is None:
        return Form(config.template or DEFAULT_TEMPLATE, config.prompt or "template", resolved("auto", base))
    return Form(config.template or facts.template, config.prompt or facts.prompt, facts.task)


def room_for_prompt(speaker: Speaker, config: AnsweringConfig) -> int:
    """Tokens that a prompt may have beside the longest answer; a label takes none.

    Raises:
        RunError: There is no room at all.
    """
    room = speaker.limit - (0 if speaker.form.task == "classify" else config.max_new_tokens)
    if room < 1:
        taken = f"this base takes {speaker.limit}"
        raise RunError(f"max_new_tokens {config.max_new_tokens} leaves no room for a prompt: {taken}.")
    return room


def prompts(speaker: Speaker, rows: Sequence[Row], room: int, shorten: bool) -> Prompts:
    """Every row as a prompt of at most `room` tokens; `shorten` may cut its context from the end."""
    encoded = prompts_of(speaker.tokenizer, speaker.form, rows)
    found = Prompts([], [], [])
    for row, ids in zip(rows, encoded, strict=True):
        fitting = fitted(speaker, row, ids, room, shorten)
        if fitting is None:
            found.too_long.append(LongRow(row.id, len(ids)))
            continue
        if fitting is not ids:
            found.shortened.append(LongRow(row.id, len(ids)))
        found.fitting.append(Prompt(row.id, fitting))
    found.fitting.sort(key=lambda prompt: (len(prompt.ids), prompt.id))
    return found


def fitted(speaker: Speaker, row: Row, ids: list[int], room: int, shorten: bool) -> list[int] | None:
    """The ids of a row's prompt when they fit the room, else those of a shortened one; None when nothing fits."""
    if len(ids) <= room:
        return ids
    return shortened(speaker.tokenizer, speaker.form, row, room) if shorten else None


def tell_shortened(folder: RunFolder, rows: Sequence[LongRow]) -> None:
    """A warning that names the rows of which the context was shortened."""
    if rows:
        message = f"The contexts of {len(rows)} rows were too long and shortened."
        folder.append_event("warning", message=message, rows=[asdict(row) for row in rows])


def answers_of(speaker: Speaker, config: AnsweringConfig, batch: Sequence[Prompt]) -> list[Answer]:
    """One answer for each prompt. Chance depends on the seed and the row alone; out of memory, the batch is halved."""
    sampling = Sampling(
        max_new_tokens=config.max_new_tokens, temperature=config.temperature, top_p=config.top_p, seed=config.seed
    )

    def speak(part: Sequence[Prompt]) -> list[Answer]:
        ids, names = [prompt.ids for prompt in part], [prompt.id for prompt in part]
        return answers(speaker.model, speaker.tokenizer, ids, speaker.stop, sampling, names)

    return halving(speak, batch)


def outcome(config: AnsweringConfig, speaker: Speaker, seconds: float) -> dict[str, Any]:
    """What result.json says of any run that speaks: which model and prompt, on which machine, how long."""
    return {
        "schema_version": 1,
        "run": config.run,
        "base": config.base,
        "base_sha256": speaker.base_sha256,
        "model": config.model,
        "adapter_sha256": speaker.facts.adapter_sha256 if speaker.facts else None,
        "prompt": speaker.form.prompt,
        "template": speaker.form.template,
        "seconds": {"total": round(seconds, 3)},
        "device": str(loading.device()),
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
    }
