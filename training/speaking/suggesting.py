"""Suggesting from a run folder, batch by batch: answers to rows without a response, and how likely the others are."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from hone.storage.errors import RunError
from hone.training.config import SuggestConfig
from hone.training.folder import Row, RunFolder, write_whole
from hone.training.models.loading import pad_id
from hone.training.models.weights import file_sha256
from hone.training.rows.batches import chunks, collate, mean_logprobs
from hone.training.rows.encode import Encoded, LongRow
from hone.training.rows.prompts import prompts as prompts_of
from hone.training.rows.prompts import responses as responses_of
from hone.training.speaking import speaker as speaking
from hone.training.speaking.lines import fill
from hone.training.speaking.speaker import Prompt, Speaker
from hone.training.suggest import Suggestion, read_suggestions


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
    given, long_rows = _to_read(folder, config, speaker, [row for row in rows if row.response.strip()])
    left_out = [*long_prompts, *long_rows]
    if not asked and not given:
        raise RunError(f"All {len(rows)} rows are too long for this model: raise max_length, lower max_new_tokens.")
    if left_out:
        message = f"{len(left_out)} rows were too long and left out; raise max_length, or lower max_new_tokens."
        folder.append_event("warning", message=message, rows=[asdict(row) for row in left_out])
    batches: list[list[Prompt | Encoded]] = [*chunks(asked, config.batch_size), *chunks(given, config.batch_size)]
    fill(folder, folder.suggestions_file, Suggestion, batches, partial(_speak, speaker, config))
    return _finish(folder, config, speaker, left_out, time.monotonic() - began)


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
    responses = responses_of(speaker.tokenizer, speaker.form, [row.response for row in rows])
    for row, prompt, response in zip(rows, prompts, responses, strict=True):
        room = speaker.limit - len(response)
        fitting = speaking.fitted(speaker, row, prompt, room, shorten=config.too_long == "truncate_prompt")
        if fitting is None:
            too_long.append(LongRow(row.id, len(prompt) + len(response)))
            continue
        if fitting is not prompt:
            shortened.append(LongRow(row.id, len(prompt) + len(response)))
        encoded.append(Encoded(row.id, fitting + response, len(fitting)))
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
            tokens=len(row) - row.prompt,
            finish=None,
            seconds=seconds,
        )
        for row, mean in zip(batch, found, strict=True)
    ]


def _answer(speaker: Speaker, config: SuggestConfig, batch: Sequence[Prompt]) -> list[Suggestion]:
    """Answers, each then read as if it had been given: so all mean log-probabilities are of one kind."""
    start = time.monotonic()
    said = speaking.answers_of(speaker, config, batch)
    ends = responses_of(speaker.tokenizer, speaker.form, [answer.text for answer in said])
    own = [Encoded(p.id, p.ids + end, len(p.ids)) for p, end in zip(batch, ends, strict=True)]
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


def _likely(speaker: Speaker, batch: Sequence[Encoded]) -> list[float]:
    collated = collate(batch, pad_id(speaker.tokenizer))
    device = speaker.model.device
    return mean_logprobs(
        speaker.model, {name: value.to(device) if name != "tokens" else value for name, value in collated.items()}
    )


def _finish(
    folder: RunFolder, config: SuggestConfig, speaker: Speaker, left_out: Sequence[LongRow], seconds: float
) -> dict[str, Any]:
    said = read_suggestions(folder)
    counts = {"rows": len(said), "tokens": sum(line.tokens for line in said)}
    result = {
        **speaking.outcome(config, speaker, seconds),
        **counts,
        "answered": sum(line.text is not None for line in said),
        "read": sum(line.text is None for line in said),
        "left_out": [row.id for row in left_out],
        "suggestions_sha256": file_sha256(folder.suggestions_file),
    }
    write_whole(folder.result_file, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return {**counts, "seconds": round(seconds, 3)}
