"""Preferences as token ids: the same ids that training on responses and answering have, and never one cut off.

TRL would tokenise prompt and response together, cut what is too long and leave rows out without a word; so its
trainers get rows that are tokens already.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hone.storage.errors import RunError
from hone.storage.records import sha256
from hone.training.config import TrainConfig
from hone.training.folder import Row
from hone.training.models.loading import Tokenizer
from hone.training.rows.encode import Encoded, Encoding, LongRow, encode


@dataclass(frozen=True)
class Pairs:
    """Rows of dpo: one prompt with the response that people preferred and the other one, each ended."""

    ids: list[str]
    prompts: list[list[int]]
    chosen: list[list[int]]
    rejected: list[list[int]]
    dropped: list[LongRow]
    truncated: list[LongRow]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def tokens(self) -> int:
        """Tokens in all: each prompt is read twice."""
        return sum(map(len, [*self.prompts, *self.prompts, *self.chosen, *self.rejected]))

    def named(self, read: Collection[tuple[int, ...]]) -> list[str]:
        """The ids of the rows of which either side, with its prompt, is among these token ids."""
        sides = zip(self.ids, self.prompts, self.chosen, self.rejected, strict=True)
        return [row for row, prompt, one, other in sides if {(*prompt, *one), (*prompt, *other)} & set(read)]

    def columns(self) -> dict[str, list[list[int]]]:
        """What TRL's DPOTrainer reads."""
        return {"prompt_ids": self.prompts, "chosen_ids": self.chosen, "rejected_ids": self.rejected}


@dataclass(frozen=True)
class Opinions:
    """Rows of kto: a response to a prompt, whether it is good, and another row's response to compare with.

    Responses to other prompts (`others`) stand for what the model says anyway: KTO's estimate of the divergence from
    the start (Ethayarajh et al. 2024, section 4.1).
    """

    ids: list[str]
    prompts: list[list[int]]
    responses: list[list[int]]
    others: list[list[int]]
    good: list[bool]
    dropped: list[LongRow]
    truncated: list[LongRow]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def tokens(self) -> int:
        """Tokens in all: each prompt is read twice."""
        return sum(map(len, [*self.prompts, *self.prompts, *self.responses, *self.others]))

    def named(self, read: Collection[tuple[int, ...]]) -> list[str]:
        """The ids of the rows that are, with their prompt, among these token ids."""
        rows = zip(self.ids, self.prompts, self.responses, strict=True)
        return [row for row, prompt, response in rows if (*prompt, *response) in read]

    def columns(self) -> dict[str, list[list[int]] | list[bool]]:
        """What TRL's KTOTrainer reads."""
        return {
            "prompt_ids": self.prompts,
            "completion_ids": self.responses,
            "KL_completion_ids": self.others,
            "label": self.good,
        }


Preferences = Pairs | Opinions


def preferences(rows: Sequence[Row], tokenizer: Tokenizer, config: TrainConfig, limit: int) -> Preferences:
    """The rows as tokens for the run's objective; what is too long is treated as for any training.

    Raises:
        TooLongRows: A row is longer than the limit and too_long is "refuse", or does not fit without its context.
        RunError: A row has no response, no rejected response or no judgement, or none is left.
    """
    if config.objective == "dpo":
        return _pairs(rows, tokenizer, config, limit)
    return _opinions(rows, tokenizer, config, limit)


def _pairs(rows: Sequence[Row], tokenizer: Tokenizer, config: TrainConfig, limit: int) -> Pairs:
    for row in rows:
        if row.rejected is None:
            raise RunError(
                f"Row {row.id!r} has no rejected response, so there is no preference; prepare the run again."
            )
    others = [row.model_copy(update={"response": row.rejected}) for row in rows]
    chosen, rejected = [_encoded(side, tokenizer, config, limit) for side in (rows, others)]
    found = Pairs([], [], [], [], *(_both(getattr(chosen, what), getattr(rejected, what)) for what in _CUT))
    other_of = {row.id: row for row in rejected.rows}
    for one in chosen.rows:
        other = other_of.get(one.id)
        if other is None:
            continue
        shorter = one if one.prompt <= other.prompt else other  # one prompt for both: where one was shortened, its
        found.ids.append(one.id)
        found.prompts.append(shorter.ids[: shorter.prompt])
        found.chosen.append(one.ids[one.prompt :])
        found.rejected.append(other.ids[other.prompt :])
    _require_rows(rows, found, limit)
    return found


def _opinions(rows: Sequence[Row], tokenizer: Tokenizer, config: TrainConfig, limit: int) -> Opinions:
    good = {row.id: row.good for row in rows}
    for row in rows:
        if row.good is None:
            raise RunError(f"Row {row.id!r} is neither good nor bad, so there is no opinion; prepare the run again.")
    encoding = _encoded(rows, tokenizer, config, limit)
    mixed = sorted(encoding.rows, key=lambda row: sha256(str(config.seed), row.id))  # KTO goes through them in order
    found = Opinions(
        ids=[row.id for row in mixed],
        prompts=[row.ids[: row.prompt] for row in mixed],
        responses=[row.ids[row.prompt :] for row in mixed],
        others=[_other(mixed, place, limit) for place in range(len(mixed))],
        good=[bool(good[row.id]) for row in mixed],
        dropped=encoding.dropped,
        truncated=encoding.truncated,
    )
    _require_rows(rows, found, limit)
    return found


def _other(mixed: Sequence[Encoded], place: int, limit: int) -> list[int]:
    """The response of the nearest row before this one (in a circle) that answers another prompt and fits this one.

    Its own when there is none: then the comparison says nothing of this row.
    """
    row = mixed[place]
    prompt = row.ids[: row.prompt]
    for back in range(1, len(mixed)):
        other = mixed[place - back]
        response = other.ids[other.prompt :]
        if other.ids[: other.prompt] != prompt and len(prompt) + len(response) <= limit:
            return response
    return row.ids[row.prompt :]


_CUT = ("dropped", "truncated")


def _encoded(rows: Sequence[Row], tokenizer: Tokenizer, config: TrainConfig, limit: int) -> Encoding:
    return encode(rows, tokenizer, config, limit, "causal")


def _both(one: Sequence[LongRow], other: Sequence[LongRow]) -> list[LongRow]:
    """Rows of which either side was too long, each once, with its longer side."""
    longest: dict[str, LongRow] = {}
    for row in (*one, *other):
        known = longest.get(row.id)
        longest[row.id] = row if known is None or row.tokens > known.tokens else known
    return list(longest.values())


def _require_rows(rows: Sequence[Row], found: Preferences, limit: int) -> None:
    if rows and not len(found):
        raise RunError(f"All {len(rows)} rows have more than {limit} tokens, so none is left; raise max_length.")
