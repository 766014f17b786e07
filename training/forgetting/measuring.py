"""What a model can do at one moment of a run: its answers and its loss on test splits, its loss on plain English.

Looked at before and after training, on the same items in the same way, it shows what was learnt and what was forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from hone.storage.errors import RunError
from hone.storage.records import sha256
from hone.training.config import TrainConfig
from hone.training.folder import Row, RunFolder
from hone.training.forgetting.plain import PlainLoss, plain_loss
from hone.training.forgetting.scoring import accuracy, rouge_l
from hone.training.models import loading
from hone.training.models.loading import Model, Tokenizer
from hone.training.rows.batches import moved
from hone.training.rows.encode import Encoded, encode
from hone.training.session import Cancelled
from hone.training.speaking.batching import batches
from hone.training.speaking.decode import Answer, Sampling, answers
from hone.training.speaking.memory import halving
from hone.training.tasks.task import TaskName, of

Moment = Literal["before", "after"]


@dataclass(frozen=True)
class Seen:
    """A test split: how many of its items were asked, the loss in nats per item token, and the mean score, 0 to 1.

    `left_out` counts items that are too long for the model.
    """

    items: int
    left_out: int
    loss: float
    score: float


@dataclass(frozen=True)
class Look:
    """What a model can do: by the number of the batch whose test split it is, and on plain English.

    `measure` is what a score means; `plain` is a sentence where a loss on plain English means nothing.
    """

    measure: Literal["rouge", "accuracy"]
    splits: dict[int, Seen]
    plain: PlainLoss | str


def look(
    folder: RunFolder,
    config: TrainConfig,
    model: Model,
    tokenizer: Tokenizer,
    task: TaskName,
    stop: Sequence[int],
    moment: Moment,
    tell: bool = True,
) -> Look | None:
    """Ask the test splits of earlier batches and of this one, and read plain English.

    No random number is used and nothing is learnt. At most `config.forgetting` items of each split are asked, the same
    ones in every run that asks for so many.

    Args:
        folder: The run, for its rows, its events and a request to stop.
        config: Its configuration.
        model: Ready to learn or to speak; it is left in the mode that it is in.
        tokenizer: The base's.
        task: What the model is made for.
        stop: Ids that end an answer.
        moment: For the events.
        tell: Whether to write events.

    Returns:
        None when `config.forgetting` is 0.

    Raises:
        Cancelled: Somebody asked to stop.
        RunError: One item alone does not fit into memory.
    """
    if config.forgetting == 0:
        return None
    looking = _Looking(folder, config, model, tokenizer, task, stop, moment, tell)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            found = {number: looking.at(number, rows) for number, rows in _splits(folder).items()}
            splits = {number: seen for number, seen in found.items() if seen is not None}
            looking.tell("plain English", 0.0)
            return Look("accuracy" if task == "classify" else "rouge", splits, plain_loss(model, tokenizer, task))
    finally:
        model.train(was_training)


def compared(before: Look | None, after: Look | None) -> dict[str, Any]:
    """The two looks side by side, as `result.json` holds them under "forgetting"; {} when nobody looked.

    `splits` has for each batch its number, items, left_out, loss_before, loss_after (nats per token), and
    rouge_before, rouge_after, or accuracy_before, accuracy_after of a classification. `generic` has tokens, loss_before
    and loss_after, or `undefined` and the reason.
    """
    if before is None or after is None:
        return {}
    both = [(number, before.splits[number], seen) for number, seen in sorted(after.splits.items())]
    splits = [
        {
            "batch": number,
            "items": now.items,
            "left_out": now.left_out,
            "loss_before": round(then.loss, 6),
            "loss_after": round(now.loss, 6),
            f"{after.measure}_before": round(then.score, 6),
            f"{after.measure}_after": round(now.score, 6),
        }
        for number, then, now in both
    ]
    return {"measure": after.measure, "splits": splits, "generic": _generic(before.plain, after.plain)}


def sample(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many of the rows, by the hashes of their ids: the same ones whenever they are asked."""
    return sorted(rows, key=lambda row: sha256(row.id))[:most]


def _generic(before: PlainLoss | str, after: PlainLoss | str) -> dict[str, Any]:
    if isinstance(before, str) or isinstance(after, str):
        return {"undefined": str(after)}
    return {"tokens": after.tokens, "loss_before": round(before.loss, 6), "loss_after": round(after.loss, 6)}


def _splits(folder: RunFolder) -> dict[int, list[Row]]:
    """The test rows of earlier batches and of this one, by the batch's number."""
    found = folder.kept_rows()
    own = folder.manifest().batch.get("number")
    if isinstance(own, int):
        found[own] = folder.rows("test")
    return dict(sorted(found.items()))


class _Looking:
    """One look. An item that stands in several splits is answered once."""

    def __init__(
        self,
        folder: RunFolder,
        config: TrainConfig,
        model: Model,
        tokenizer: Tokenizer,
        task: TaskName,
        stop: Sequence[int],
        moment: Moment,
        tell: bool,
    ) -> None:
        self.folder, self.config, self.model, self.tokenizer = folder, config, model, tokenizer
        self.task, self.stop = of(task), stop
        self.name: TaskName = task
        self.moment, self.told = moment, tell
        self.limit = loading.position_limit(model, config.max_length)
        self.known: dict[str, Answer] = {}

    def at(self, number: int, rows: Sequence[Row]) -> Seen | None:
        """Loss and answers on one split; None when no item of it can be asked."""
        asked = sample([row for row in rows if self._is_item(row)], self.config.forgetting)
        if not asked:
            return None
        lenient = "drop" if self.config.too_long == "refuse" else self.config.too_long
        config = self.config.model_copy(update={"too_long": lenient})
        try:
            encoding = encode(asked, self.tokenizer, config, self.limit, self.name)
        except RunError as problem:  # no reason to lose a run: its own rows were read before these
            if self.told:
                message = f"The test items of batch {number} are not asked: {problem}"
                self.folder.append_event("warning", message=message)
            return None
        held = sorted(encoding.rows, key=lambda row: (len(row), row.id))
        loss = self._loss(held)
        self._answer(number, held)
        references = {row.id: row.response for row in asked}
        measure = accuracy if self.name == "classify" else rouge_l
        scores = [measure(self.known[row.id].text, references[row.id]) for row in held]
        return Seen(len(held), len(encoding.dropped), loss, sum(scores) / len(scores))

    def tell(self, what: str, share: float) -> None:
        """An event, and the place where a request to stop is heard."""
        if self.told:
            stage = f"{what}, {self.moment} training"
            self.folder.append_event("progress", stage=stage, share=round(share, 4))
        if self.folder.cancel_requested():
            raise Cancelled

    def _is_item(self, row: Row) -> bool:
        """Whether there is something to hold an answer against; an earlier batch may have had other labels."""
        said = row.response.strip()
        return bool(said) and (self.name != "classify" or said in self.config.labels)

    def _loss(self, rows: Sequence[Encoded]) -> float:
        pad = loading.pad_id(self.tokenizer)

        def read(batch: Sequence[Encoded]) -> list[float]:
            tensors = moved(self.task.collate(batch, pad), self.model.device)
            return [float(self.task.loss(self.model, tensors))]

        made = batches(rows, len, None)
        total = sum(sum(halving(read, batch)) for batch in made)
        return total / sum(self.task.items(row) for row in rows)

    def _answer(self, number: int, rows: Sequence[Encoded]) -> None:
        longest = min(self.config.max_new_tokens, self.limit - 1)
        unknown = [row for row in rows if row.id not in self.known]
        done = 0
        for batch in batches(unknown, lambda row: row.prompt + longest, None):
            self.tell(f"test items of batch {number}", done / len(unknown))
            said = halving(self._say, batch)
            self.known.update({row.id: answer for row, answer in zip(batch, said, strict=True)})
            done += len(batch)

    def _say(self, batch: Sequence[Encoded]) -> list[Answer]:
        prompts = [row.ids[: row.prompt] for row in batch]
        room = self.limit - max(map(len, prompts)) if self.name == "causal" else self.config.max_new_tokens
        sampling = Sampling(max_new_tokens=max(1, min(self.config.max_new_tokens, room)))
        return answers(self.model, self.tokenizer, prompts, self.stop, sampling)
