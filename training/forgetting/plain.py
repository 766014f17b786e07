"""How well a model reads plain English that has nothing to do with any task: a text of our own, shipped with Hone."""

from dataclasses import dataclass
from importlib.resources import files

import torch
from torch.nn.functional import cross_entropy

from hone.training.models.loading import Model, Tokenizer, position_limit
from hone.training.tasks.task import TaskName

WINDOW = 512  # tokens that are read together


@dataclass(frozen=True)
class PlainLoss:
    """The mean loss of so many tokens, in nats."""

    tokens: int
    loss: float


def plain_text() -> str:
    """Some 3,400 characters of English prose, written for this; it is in no training split of anybody."""
    return files("hone.training.forgetting").joinpath("generic.txt").read_text(encoding="utf-8")


@torch.inference_mode()
def plain_loss(model: Model, tokenizer: Tokenizer, task: TaskName) -> PlainLoss | str:
    """The loss on the text, paragraph by paragraph, of each token but the first; or why there is none.

    Args:
        model: In evaluation mode.
        tokenizer: The base's.
        task: Only a causal model is made to go on with a text.
    """
    if task != "causal":
        return _NONE[task]
    limit = position_limit(model, WINDOW)
    paragraphs = [each.strip() for each in plain_text().split("\n\n")]
    total, tokens = 0.0, 0
    for ids in tokenizer(paragraphs, return_attention_mask=False)["input_ids"]:
        for start in range(0, len(ids) - 1, limit):
            window = torch.tensor([ids[start : start + limit]], device=model.device)
            if window.shape[1] > 1:
                logits = model(input_ids=window, use_cache=False).logits[0, :-1]
                total += float(cross_entropy(logits.float(), window[0, 1:], reduction="sum"))
                tokens += window.shape[1] - 1
    return PlainLoss(tokens, total / tokens)


_NONE = {
    "seq2seq": "a sequence-to-sequence model is not made to go on with a text",
    "classify": "a classifier does not go on with a text",
}
