"""A model's answers to a few prompts at a time."""

import time
from collections.abc import Sequence
from typing import Literal

import torch

from hone.storage.records import Record
from hone.training.models.loading import Model, Tokenizer, pad_id


class Answer(Record):
    """What the model said: text without special tokens, how many tokens, seconds of its batch, why it ended."""

    text: str
    tokens: int
    seconds: float
    finish: Literal["stop", "length"]


class Sampling(Record):
    """How tokens are chosen. A temperature of 0 takes the likeliest and uses no chance at all."""

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@torch.inference_mode()
def answers(
    model: Model, tokenizer: Tokenizer, prompts: Sequence[Sequence[int]], stop: Sequence[int], sampling: Sampling
) -> list[Answer]:
    """One answer for each prompt, in their order; the prompts are one batch, padded on the left.

    Args:
        model: In whatever mode; it is left in that mode.
        tokenizer: The base's.
        prompts: Token ids of each prompt.
        stop: Ids that end an answer.
        sampling: How to choose; with a temperature the seed is used for this batch alone.
    """
    start = time.monotonic()
    ids, mask = _left_padded(prompts, pad_id(tokenizer), model.device)
    was_training = model.training
    model.eval()
    try:
        with torch.random.fork_rng(enabled=sampling.temperature > 0):
            if sampling.temperature > 0:
                torch.manual_seed(sampling.seed)
            out = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=sampling.max_new_tokens,
                eos_token_id=list(stop),
                pad_token_id=pad_id(tokenizer),
                **_choice(sampling),
            )
    finally:
        model.train(was_training)
    seconds = time.monotonic() - start
    return [_answer(row, tokenizer, set(stop), seconds) for row in out[:, ids.shape[1] :].tolist()]


def _left_padded(prompts: Sequence[Sequence[int]], pad: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(prompt) for prompt in prompts)
    ids = torch.tensor([[pad] * (width - len(prompt)) + list(prompt) for prompt in prompts], device=device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
    return ids, mask  # both (prompts, width)


def _choice(sampling: Sampling) -> dict[str, object]:
    if sampling.temperature == 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}


def _answer(ids: list[int], tokenizer: Tokenizer, stop: set[int], seconds: float) -> Answer:
    end = next((place for place, token in enumerate(ids) if token in stop), None)
    said = ids if end is None else ids[:end]
    text = tokenizer.decode(said, skip_special_tokens=True)
    return Answer(text=text, tokens=len(said), seconds=seconds, finish="length" if end is None else "stop")
