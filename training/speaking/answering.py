"""Generating from a run folder, batch by batch."""

import json
import time
from collections.abc import Sequence
from typing import Any

from hone.storage.errors import RunError
from hone.training.config import GenerateConfig
from hone.training.folder import RunFolder, write_whole
from hone.training.generate import Generation, read_generations
from hone.training.models.weights import file_sha256
from hone.training.rows.encode import TooLongRows
from hone.training.speaking import speaker as speaking
from hone.training.speaking.batching import batches
from hone.training.speaking.lines import fill
from hone.training.speaking.speaker import Prompt, Speaker


def answer_rows(folder: RunFolder, config: GenerateConfig) -> dict[str, Any]:
    """Answer every test row that has no answer yet, and write result.json.

    Returns:
        What the event "done" tells: rows, tokens, seconds.

    Raises:
        Cancelled: Somebody asked to stop; what was answered is kept.
        RunError: The run cannot start or go on.
    """
    began = time.monotonic()
    speaker = speaking.ready(folder, config, folder.generations_file)
    asked = _prompts(folder, config, speaker)

    def speak(batch: Sequence[Prompt]) -> list[Generation]:
        said = speaking.answers_of(speaker, config, batch)
        return [
            Generation(
                id=prompt.id,
                text=answer.text,
                tokens=answer.tokens,
                seconds=round(answer.seconds / len(batch), 6),
                finish=answer.finish,
            )
            for prompt, answer in zip(batch, said, strict=True)
        ]

    together = batches(asked, lambda prompt: len(prompt.ids) + config.max_new_tokens, config.batch_size)
    fill(folder, folder.generations_file, Generation, together, speak)
    return _finish(folder, config, speaker, time.monotonic() - began)


def _prompts(folder: RunFolder, config: GenerateConfig, speaker: Speaker) -> list[Prompt]:
    """Every test row as a prompt with room for an answer, the shortest first."""
    rows = folder.rows("test")
    if not rows:
        raise RunError(f"{folder.path} has no test rows; freeze a batch with a larger test split.")
    room = speaking.room_for_prompt(speaker, config)
    found = speaking.prompts(speaker, rows, room, shorten=config.too_long == "truncate_prompt")
    if found.too_long:
        raise TooLongRows(found.too_long, room, _REMEDY[config.too_long])
    speaking.tell_shortened(folder, found.shortened)
    return found.fitting


_REMEDY = {
    "refuse": "Raise max_length, lower max_new_tokens, or set too_long=truncate_prompt (shortens contexts).",
    "truncate_prompt": "They do not fit even without their context: raise max_length or lower max_new_tokens.",
}


def _finish(folder: RunFolder, config: GenerateConfig, speaker: Speaker, seconds: float) -> dict[str, Any]:
    generations = read_generations(folder)
    counts = {"rows": len(generations), "tokens": sum(generation.tokens for generation in generations)}
    result = {
        **speaking.outcome(config, speaker, seconds),
        **counts,
        "generations_sha256": file_sha256(folder.generations_file),
        "stopped": sum(generation.finish == "stop" for generation in generations),
    }
    write_whole(folder.result_file, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return {**counts, "seconds": round(seconds, 3)}
