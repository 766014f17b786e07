"""Suggesting from a run folder, batch by batch: answers to rows without a response, and how likely the others are."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import torch

from hone.storage.errors import RunError
from hone.training.config import SuggestConfig
from hone.training.folder import Row, RunFolder, write_whole
from hone.training.models.loading import pad_id
from hone.training.models.weights import file_sha256
from hone.training.rows.batches import collate, mean_logprobs, moved
from hone.training.rows.encode import Encoded, LongRow
from hone.training.rows.prompts import prompts as prompts_of
from hone.training.rows.prompts import responses as responses_of
from hone.training.speaking import speaker as speaking
from hone.training.speaking.batching import batches
from hone.training.speaking.lines import fill
from hone.training.speaking.memory import halving
from hone.training.speaking.speaker import Prompt, Speaker
from hone.training.suggest import Suggestion, read_suggestions
from hone.training.tasks.task import of


def suggest_rows(folder: RunFolder, config: SuggestConfig) -> dict[str, Any]:
    """Say something to every open row to which nothing was said yet, and write result.json.

    A row that is too long is left out, and named in a warning and in the result.

    Returns:
        What the event "done" tells: rows, tokens, seconds.

    Raises:
        Cancelled: Somebody asked to stop; what was said is kept.
        RunError: The run cannot start or go on, or every row is too long.
    """
    began = time.monotonic()
    speaker = speaking.ready(folder, config, folder.suggestions_file)
    rows = folder.rows("open")
    asked, long_prompts = _to_answer(folder, config, speaker, [row for row in rows if not row.response.strip()])
    readable, strange = _with_known_labels(speaker, [row for row in rows if row.response.strip()])
    given, long_rows = _to_read(folder, config, speaker, readable)
    too_long = [*long_prompts, *long_rows]
    if not asked and not given and not strange:
        raise RunError(f"All {len(rows)} rows are too long for this model: raise max_length, lower max_new_tokens.")
    if too_long:
        message = f"{len(too_long)} rows were too long and left out; raise max_length, or lower max_new_tokens."
        folder.append_event("warning", message=message, rows=[asdict(row) for row in too_long])
    if strange:
        message = f"{len(strange)} rows have a label that the model does not know, and were left out."
        folder.append_event("warning", message=message, rows=[{"id": name} for name in strange])
    left_out = [*(row.id for row in too_long), *strange]
    together: list[Sequence[Prompt | Encoded]] = [
        *batches(asked, lambda prompt: len(prompt.ids) + config.max_new_tokens, config.batch_size),
        *batches(given, len, config.batch_size),
    ]
    fill(folder, folder.suggestions_file, Suggestion, together, partial(_speak, speaker, config))
    return _finish(folder, config, speaker, left_out, time.monotonic() - began)


def _with_known_labels(speaker: Speaker, rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """The rows that can be read, and the ids of those of which a classifier does not know the label."""
    if speaker.form.task != "classify":
        return list(rows), []
    known = [row for row in rows if row.response.strip() in speaker.labels]
    return known, [row.id for row in rows if row.response.strip() not in speaker.labels]


def _to_answer(
    folder: RunFolder, config: SuggestConfig, speaker: Speaker, rows: Sequence[Row]
) -> tuple[list[Prompt], list[LongRow]]:
    if not rows:
        return [], []
    shorten = config.too_long == "truncate_prompt"
    found = speaking.prompts(speaker, rows, speaking.room_for_prompt(speaker, config), shorten)
    speaking.tell_shortened(folder, found.shortened)
    return found.fitting, found.too_long


def _to_read(
    folder: RunFolder, config: SuggestConfig, speaker: Speaker, rows: Sequence[Row]
) -> tuple[list[Encoded], list[LongRow]]:
    """The rows as training encodes them, the shortest first, and those that are too long."""
    encoded: list[Encoded] = []
    shortened: list[LongRow] = []
    too_long: list[LongRow] = []
    prompts = prompts_of(speaker.tokenizer, speaker.form, rows)
    responses = _ends(speaker, [row.response for row in rows])
    for row, prompt, response in zip(rows, prompts, responses, strict=True):
        room = speaker.limit - len(response)
        fitting = speaking.fitted(speaker, row, prompt, room, shorten=config.too_long == "truncate_prompt")
        if fitting is None:
            too_long.append(LongRow(row.id, len(prompt) + len(response)))
            continue
        if fitting is not prompt:
            shortened.append(LongRow(row.id, len(prompt) + len(response)))
        encoded.append(_whole(speaker, row.id, fitting, response, row.response))
    speaking.tell_shortened(folder, shortened)
    return sorted(encoded, key=lambda row: (len(row), row.id)), too_long


def _speak(speaker: Speaker, config: SuggestConfig, batch: Sequence[Prompt | Encoded]) -> list[Suggestion]:
    """A batch holds either rows to answer or rows to read."""
    given = [row for row in batch if isinstance(row, Encoded)]
    return _read(speaker, given) if given else _answer(speaker, config, [p for p in batch if isinstance(p, Prompt)])


def _read(speaker: Speaker, batch: Sequence[Encoded]) -> list[Suggestion]:
    start = time.monotonic()
    found = _likely(speaker, batch)
    seconds = round((time.monotonic() - start) / len(batch), 6)
    return [
        Suggestion(
            id=row.id,
            text=None,
            mean_logprob=round(mean, 6),
            tokens=row.learnt,
            finish=None,
            seconds=seconds,
        )
        for row, mean in zip(batch, found, strict=True)
    ]


def _answer(speaker: Speaker, config: SuggestConfig, batch: Sequence[Prompt]) -> list[Suggestion]:
    """Answers, each then read as if it had been given: so all mean log-probabilities are of one kind."""
    start = time.monotonic()
    said = speaking.answers_of(speaker, config, batch)
    ends = _ends(speaker, [answer.text for answer in said])
    own = [_whole(speaker, p.id, p.ids, end, answer.text) for p, end, answer in zip(batch, ends, said, strict=True)]
    readable = [row for row in own if len(row) <= speaker.limit]
    means = dict(zip([row.id for row in readable], _likely(speaker, readable) if readable else [], strict=True))
    seconds = round((time.monotonic() - start) / len(batch), 6)
    return [
        Suggestion(
            id=prompt.id,
            text=answer.text,
            mean_logprob=round(means[prompt.id], 6) if prompt.id in means else None,
            tokens=answer.tokens,
            finish=answer.finish,
            seconds=seconds,
        )
        for prompt, answer in zip(batch, said, strict=True)
    ]


def _ends(speaker: Speaker, responses: Sequence[str]) -> list[list[int]]:
    """The ids of each response and its end; a label is no text to the model."""
    if speaker.form.task == "classify":
        return [[] for _ in responses]
    return responses_of(speaker.tokenizer, speaker.form, responses)


def _whole(speaker: Speaker, name: str, prompt: list[int], end: list[int], response: str) -> Encoded:
    """A prompt with its response, as the model's task reads both."""
    if speaker.form.task == "causal":
        return Encoded(name, prompt + end, len(prompt))
    if speaker.form.task == "seq2seq":
        return Encoded(name, prompt, len(prompt), target=end)
    return Encoded(name, prompt, len(prompt), label=speaker.labels.index(response.strip()))


def _likely(speaker: Speaker, rows: Sequence[Encoded]) -> list[float]:
    """The mean log-probability of each row's response; out of memory, the rows are halved."""
    pad, device, task = pad_id(speaker.tokenizer), speaker.model.device, of(speaker.form.task)

    def read(part: Sequence[Encoded]) -> list[float]:
        if speaker.form.task == "causal":
            return mean_logprobs(speaker.model, moved(collate(part, pad), device))
        with torch.inference_mode():
            alone = [(row, moved(task.collate([row], pad), device)) for row in part]
            return [-float(task.loss(speaker.model, batch)) / task.items(row) for row, batch in alone]

    return halving(read, rows)


def _finish(
    folder: RunFolder, config: SuggestConfig, speaker: Speaker, left_out: Sequence[str], seconds: float
) -> dict[str, Any]:
    said = read_suggestions(folder)
    counts = {"rows": len(said), "tokens": sum(line.tokens for line in said)}
    result = {
        **speaking.outcome(config, speaker, seconds),
        **counts,
        "answered": sum(line.text is not None for line in said),
        "read": sum(line.text is None for line in said),
        "left_out": left_out,
        "suggestions_sha256": file_sha256(folder.suggestions_file),
    }
    write_whole(folder.result_file, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return {**counts, "seconds": round(seconds, 3)}
