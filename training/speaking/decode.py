"""A model's answers to a few prompts at a time, whatever kind of model it is."""

import random
import time
from collections.abc import Sequence
from typing import Any, Literal

import torch
from transformers import LogitsProcessor, LogitsProcessorList
from typing_extensions import override

from hone.storage.records import Record, sha256
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
    model: Model,
    tokenizer: Tokenizer,
    prompts: Sequence[Sequence[int]],
    stop: Sequence[int],
    sampling: Sampling,
    names: Sequence[str] | None = None,
) -> list[Answer]:
    """One answer for each prompt, in their order; the prompts are one batch.

    A causal model goes on behind its prompt, a sequence-to-sequence model answers its source, and a classifier, to
    which temperature means nothing, says the text of its likeliest label.

    Args:
        model: In whatever mode; it is left in that mode.
        tokenizer: The base's.
        prompts: Token ids of each prompt.
        stop: Ids that end an answer.
        sampling: How to choose. With a temperature, what a prompt draws depends on the seed and its name alone.
        names: Of the prompts, for that; None takes their places in the batch.
    """
    start = time.monotonic()
    was_training = model.training
    model.eval()
    try:
        if not model.can_generate():
            return _labels(model, tokenizer, prompts, start)
        return _texts(model, tokenizer, prompts, stop, sampling, names or [str(n) for n in range(len(prompts))], start)
    finally:
        model.train(was_training)


class Chance(LogitsProcessor):
    """Draws the next token of every row by the row's own chance, and leaves it as the only one that can be taken.

    So an answer does not depend on which rows stand beside it, nor on what was said before.
    """

    def __init__(self, sampling: Sampling, names: Sequence[str]) -> None:
        self.sampling = sampling
        self.draws = [random.Random(sha256(str(sampling.seed), name)) for name in names]

    @override
    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores (rows, vocabulary): 0 for the token drawn, minus infinity for all others."""
        likely, order = (scores.float() / self.sampling.temperature).softmax(-1).sort(-1, descending=True)
        upto = likely.cumsum(-1)
        allowed = (upto - likely < self.sampling.top_p).sum(-1, keepdim=True)  # (rows, 1): at least 1
        whole = upto.gather(-1, allowed - 1)
        drawn = torch.tensor([[draw.random()] for draw in self.draws], device=scores.device) * whole
        place = (upto <= drawn).sum(-1, keepdim=True).clamp(max=allowed - 1)
        return torch.full_like(scores, -torch.inf).scatter(-1, order.gather(-1, place), 0.0)


def _texts(
    model: Model,
    tokenizer: Tokenizer,
    prompts: Sequence[Sequence[int]],
    stop: Sequence[int],
    sampling: Sampling,
    names: Sequence[str],
    start: float,
) -> list[Answer]:
    twofold: bool = model.config.is_encoder_decoder
    ids, mask = _padded(prompts, pad_id(tokenizer), model.device, left=not twofold)
    chance = [Chance(sampling, names)] if sampling.temperature > 0 else []
    out = model.generate(
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=sampling.max_new_tokens,
        eos_token_id=list(stop),
        pad_token_id=pad_id(tokenizer),
        logits_processor=LogitsProcessorList(chance),
        **GREEDY,
    )
    begins = 1 if twofold else ids.shape[1]  # a decoder that stands behind an encoder begins with one token of its own
    seconds = time.monotonic() - start
    return [_answer(row, tokenizer, set(stop), seconds) for row in out[:, begins:].tolist()]


def _labels(model: Model, tokenizer: Tokenizer, texts: Sequence[Sequence[int]], start: float) -> list[Answer]:
    ids, mask = _padded(texts, pad_id(tokenizer), model.device, left=False)
    logits = model(input_ids=ids, attention_mask=mask).logits
    names: dict[int, str] = model.config.id2label
    seconds = time.monotonic() - start
    return [
        Answer(text=names[int(label)], tokens=1, seconds=seconds, finish="stop") for label in logits.argmax(-1).tolist()
    ]


# Whatever the base's own generation settings say: a model is compared by the settings of its run alone.
GREEDY: dict[str, Any] = {
    **dict.fromkeys(("temperature", "top_p", "top_k", "max_time", "stop_strings", "bad_words_ids", "sequence_bias")),
    **dict.fromkeys(("suppress_tokens", "begin_suppress_tokens", "forced_eos_token_id")),
    **dict.fromkeys(("min_new_tokens", "exponential_decay_length_penalty", "guidance_scale", "watermarking_config")),
    "do_sample": False,
    "num_beams": 1,
    "num_return_sequences": 1,
    "min_length": 0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
}


def _padded(
    rows: Sequence[Sequence[int]], pad: int, device: torch.device, left: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, both (rows, longest): filled up on the left before what is to go on, else on the right."""
    width = max(len(row) for row in rows)
    fill = [[pad] * (width - len(row)) for row in rows]
    ids = [[*gap, *row] if left else [*row, *gap] for row, gap in zip(rows, fill, strict=True)]
    seen = [
        [0] * len(gap) + [1] * len(row) if left else [1] * len(row) + [0] * len(gap)
        for row, gap in zip(rows, fill, strict=True)
    ]
    return torch.tensor(ids, device=device), torch.tensor(seen, device=device)


def _answer(ids: list[int], tokenizer: Tokenizer, stop: set[int], seconds: float) -> Answer:
    end = next((place for place, token in enumerate(ids) if token in stop), None)
    said = ids if end is None else ids[:end]
    text = tokenizer.decode(said, skip_special_tokens=True)
    return Answer(text=text, tokens=len(said), seconds=seconds, finish="length" if end is None else "stop")
