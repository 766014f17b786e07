"""Generating from a run folder, batch by batch."""

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from hone.storage.errors import RunError
from hone.storage.records import canonical, sha256
from hone.training import checkpoints, loading
from hone.training.config import GenerateConfig
from hone.training.decode import Answer, Sampling, answers
from hone.training.encode import LongRow, TooLongRows, prompt_ids, row_prompt, shortened_prompt
from hone.training.folder import Row, RunFolder, write_whole
from hone.training.generate import Generation, read_generations
from hone.training.prompt import DEFAULT_TEMPLATE
from hone.training.published import ModelFacts, check_model
from hone.training.session import Cancelled
from hone.training.weights import file_sha256, locate_base, require_weights
from hone.training.worker import available_cores

_PACKAGES = ("torch", "transformers", "peft", "tokenizers")


@dataclass(frozen=True)
class Sources:
    """What answers, checked."""

    base: Path
    base_sha256: str
    facts: ModelFacts | None
    template: str


@dataclass(frozen=True)
class Prompt:
    """A test row as the model reads it."""

    id: str
    ids: list[int]


def answer_rows(folder: RunFolder, config: GenerateConfig) -> dict[str, Any]:
    """Answer every test row that has no answer yet, and write result.json.

    Returns:
        What the event "done" tells: rows, tokens, seconds.

    Raises:
        Cancelled: Somebody asked to stop; what was answered is kept.
        RunError: The run cannot start or go on.
    """
    began = time.monotonic()
    torch.set_num_threads(config.threads or available_cores())
    folder.verify()
    sources = _sources(folder, config)
    tokenizer = loading.load_tokenizer(sources.base)
    model = loading.load_base(sources.base, config.precision)
    stop = loading.stop_ids(model, tokenizer)
    limit = loading.position_limit(model, config.max_length)
    if config.model:
        model = loading.load_adapter(model, Path(config.model))
    prompts = _prompts(folder, config, tokenizer, sources.template, limit)
    _answer_missing(folder, config, model, tokenizer, prompts, stop)
    return _finish(folder, config, sources, time.monotonic() - began)


def _sources(folder: RunFolder, config: GenerateConfig) -> Sources:
    base = locate_base(config.base)
    base_sha256 = require_weights(base, config.base_sha256, "The base")
    facts = check_model(Path(config.model), base_sha256) if config.model else None
    own = facts.template if facts else DEFAULT_TEMPLATE
    if facts and config.template not in (None, own):
        message = "The prompt template is not the one that the model was trained with; its answers may suffer."
        folder.append_event("warning", message=message)
    identity = checkpoints.identity(folder, base_sha256, facts.adapter_sha256 if facts else None)
    if folder.generations_file.exists():
        checkpoints.check_identity(folder, identity)
    else:
        checkpoints.write_identity(folder, identity)
    return Sources(base, base_sha256, facts, config.template or own)


def _prompts(
    folder: RunFolder, config: GenerateConfig, tokenizer: loading.Tokenizer, template: str, limit: int
) -> list[Prompt]:
    """Every test row as a prompt with room for an answer, the shortest first."""
    rows = folder.rows("test")
    if not rows:
        raise RunError(f"{folder.path} has no test rows; freeze a batch with a larger test split.")
    room = limit - config.max_new_tokens
    if room < 1:
        raise RunError(f"max_new_tokens {config.max_new_tokens} leaves no room for a prompt: this base takes {limit}.")
    encoded = prompt_ids(tokenizer, [row_prompt(row, template) for row in rows])
    hopeless: list[LongRow] = []
    cut_rows: list[LongRow] = []
    prompts: list[Prompt] = []
    for row, ids in zip(rows, encoded, strict=True):
        fitting = _fitted(row, ids, config, tokenizer, template, room)
        if fitting is None:
            hopeless.append(LongRow(row.id, len(ids)))
            continue
        if fitting is not ids:
            cut_rows.append(LongRow(row.id, len(ids)))
        prompts.append(Prompt(row.id, fitting))
    if hopeless:
        raise TooLongRows(hopeless, room, _REMEDY[config.too_long])
    if cut_rows:
        message = f"The contexts of {len(cut_rows)} rows were too long and shortened."
        folder.append_event("warning", message=message, rows=[asdict(row) for row in cut_rows])
    return sorted(prompts, key=lambda prompt: (len(prompt.ids), prompt.id))


_REMEDY = {
    "refuse": "Raise max_length, lower max_new_tokens, or set too_long=truncate_prompt (shortens contexts).",
    "truncate_prompt": "They do not fit even without their context: raise max_length or lower max_new_tokens.",
}


def _fitted(
    row: Row, ids: list[int], config: GenerateConfig, tokenizer: loading.Tokenizer, template: str, room: int
) -> list[int] | None:
    if len(ids) <= room:
        return ids
    return None if config.too_long == "refuse" else shortened_prompt(row, tokenizer, template, room)


def _answer_missing(
    folder: RunFolder,
    config: GenerateConfig,
    model: loading.Model,
    tokenizer: loading.Tokenizer,
    prompts: Sequence[Prompt],
    stop: Sequence[int],
) -> None:
    """Write an answer for every prompt that has none. Batches are the same however often the run was broken off."""
    done = {generation.id for generation in read_generations(folder)}
    began, tokens, before = time.monotonic(), 0, len(done)
    for start in range(0, len(prompts), config.batch_size):
        batch = prompts[start : start + config.batch_size]
        missing = [prompt for prompt in batch if prompt.id not in done]
        if not missing:
            continue
        said = answers(model, tokenizer, [prompt.ids for prompt in batch], stop, _sampling(config, batch))
        _write(folder, [(prompt, answer) for prompt, answer in zip(batch, said, strict=True) if prompt in missing])
        done |= {prompt.id for prompt in batch}
        tokens += sum(answer.tokens for answer in said)
        seconds = time.monotonic() - began
        folder.append_event(
            "progress",
            step=len(done),
            total_steps=len(prompts),
            epoch=0,
            tokens_per_second=round(tokens / seconds, 1),
            eta_seconds=round(seconds / (len(done) - before) * (len(prompts) - len(done)), 1),
        )
        if len(done) < len(prompts) and folder.cancel_requested():
            raise Cancelled


def _sampling(config: GenerateConfig, batch: Sequence[Prompt]) -> Sampling:
    """The batch's own seed: chance depends on the rows in it, not on what was generated before."""
    seed = int(sha256(canonical([config.seed, [prompt.id for prompt in batch]]))[:8], 16)
    return Sampling(max_new_tokens=config.max_new_tokens, temperature=config.temperature, top_p=config.top_p, seed=seed)


def _write(folder: RunFolder, said: Sequence[tuple[Prompt, Answer]]) -> None:
    lines = [
        Generation(
            id=prompt.id,
            text=answer.text,
            tokens=answer.tokens,
            seconds=round(answer.seconds / len(said), 6),
            finish=answer.finish,
        ).model_dump_json()
        for prompt, answer in said
    ]
    with folder.generations_file.open("a+b") as file:
        whole = folder.generations_file.read_bytes().rfind(b"\n") + 1
        file.truncate(whole)  # a line torn by a kill goes
        file.write(("\n".join(lines) + "\n").encode())


def _finish(folder: RunFolder, config: GenerateConfig, sources: Sources, seconds: float) -> dict[str, Any]:
    generations = read_generations(folder)
    tokens = sum(generation.tokens for generation in generations)
    result = {
        "schema_version": 1,
        "run": config.run,
        "base": config.base,
        "base_sha256": sources.base_sha256,
        "model": config.model,
        "adapter_sha256": sources.facts.adapter_sha256 if sources.facts else None,
        "template": sources.template,
        "generations_sha256": file_sha256(folder.generations_file),
        "rows": len(generations),
        "tokens": tokens,
        "stopped": sum(generation.finish == "stop" for generation in generations),
        "seconds": {"total": round(seconds, 3)},
        "device": str(loading.device()),
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
    }
    write_whole(folder.result_file, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return {"rows": len(generations), "tokens": tokens, "seconds": round(seconds, 3)}
