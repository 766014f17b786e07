"""Rows into token ids: what the model reads, and which of it it learns.

Prompt and response are tokenised apart, so that no token spans the seam and the prompt has the same ids
at training and at inference. Learnt are the response and the end of sequence, whole or not at all.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from hone.storage.errors import InputError, RunError
from hone.training.folder import Row
from hone.training.models.loading import Tokenizer
from hone.training.prompt import prompt_text

IGNORED = -100
TooLong = Literal["refuse", "drop", "truncate_prompt"]


@dataclass(frozen=True)
class Encoded:
    """One row as tokens; the first `prompt` of its ids are given, not learnt.

    A causal model reads prompt, response and end as `ids`. Of a sequence-to-sequence model `ids` are the source alone,
    and `target` is response and end; of a classifier `ids` are the text, and `label` is the place of its label.
    """

    id: str
    ids: list[int]
    prompt: int
    target: list[int] | None = None
    label: int | None = None

    @property
    def labels(self) -> list[int]:
        """The ids that a causal model learns, IGNORED where it learns nothing; as long as `ids`."""
        return [IGNORED] * self.prompt + self.ids[self.prompt :]

    def __len__(self) -> int:
        return len(self.ids) + len(self.target or ())


@dataclass(frozen=True)
class LongRow:
    """A row that exceeds the limit, in tokens."""

    id: str
    tokens: int


@dataclass(frozen=True)
class Encoding:
    """The rows of a split as tokens, and what did not go in whole."""

    rows: list[Encoded]
    dropped: list[LongRow] = field(default_factory=list)
    truncated: list[LongRow] = field(default_factory=list)


class TooLongRows(RunError):
    """Rows exceed the limit; all of them are listed."""

    def __init__(self, rows: Sequence[LongRow], limit: int, remedy: str) -> None:
        named = ", ".join(f"{row.id} ({row.tokens})" for row in rows[:5])
        more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
        super().__init__(f"{len(rows)} rows have more than {limit} tokens: {named}{more}. {remedy}")
        self.facts = {"rows": [asdict(row) for row in rows], "limit": limit}


def prompt_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Ids of each prompt: exactly one beginning-of-sequence token where the tokenizer uses one."""
    start = _start_ids(tokenizer)
    found: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []
    return [ids if ids[: len(start)] == start else start + ids for ids in found]


def response_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Ids of each response and the end of sequence. A special token written out in a response is plain text."""
    if not texts:
        return []
    found = tokenizer(list(texts), add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return [[*ids, int(tokenizer.eos_token_id)] for ids in found]


def encode(
    rows: Sequence[Row], tokenizer: Tokenizer, template: str, limit: int, too_long: TooLong = "refuse"
) -> Encoding:
    """The rows as tokens, in their order.

    Args:
        rows: Each with a response.
        tokenizer: The base's.
        template: See hone.training.prompt.
        limit: Most tokens of a row.
        too_long: "refuse" a longer row; "drop" it and list it; or "truncate_prompt": shorten its context from the
            end until it fits, and list it. Instruction and response are never cut.

    Raises:
        TooLongRows: By "refuse", or when a row does not fit even without its context.
        RunError: A row has no response to learn, or none is left.
    """
    for row in rows:
        if not row.response.strip():
            raise RunError(f"Row {row.id!r} has no response, so there is nothing to learn; leave it out of the batch.")
    prompts = prompt_ids(tokenizer, [row_prompt(row, template) for row in rows])
    responses = response_ids(tokenizer, [row.response for row in rows])
    encoding, hopeless = Encoding([]), []
    for row, prompt, response in zip(rows, prompts, responses, strict=True):
        long_row = LongRow(row.id, len(prompt) + len(response))
        if long_row.tokens > limit and too_long == "drop":
            encoding.dropped.append(long_row)
            continue
        if long_row.tokens > limit:
            cut = shortened_prompt(row, tokenizer, template, limit - len(response)) if too_long != "refuse" else None
            if cut is None:
                hopeless.append(long_row)
                continue
            encoding.truncated.append(long_row)
            prompt = cut
        encoding.rows.append(Encoded(row.id, prompt + response, len(prompt)))
    if hopeless:
        raise TooLongRows(hopeless, limit, _REMEDY[too_long])
    if rows and not encoding.rows:
        raise RunError(f"All {len(rows)} rows have more than {limit} tokens, so none is left; raise max_length.")
    return encoding


def row_prompt(row: Row, template: str) -> str:
    """The prompt text of a row.

    Raises:
        RunError: The template does not take this row; the row is named.
    """
    try:
        return prompt_text(template, row.instruction, row.context)
    except InputError as error:
        raise RunError(f"Row {row.id!r}: {error}") from None


def shortened_prompt(row: Row, tokenizer: Tokenizer, template: str, room: int) -> list[int] | None:
    """Ids of the prompt with as much of the context's beginning as fits the room; None when nothing helps."""
    low, high, best = 0, len(row.context) - 1, None
    while low <= high:
        middle = (low + high) // 2
        cut = row.model_copy(update={"context": row.context[:middle]})
        ids = prompt_ids(tokenizer, [row_prompt(cut, template)])[0]
        if len(ids) <= room:
            best, low = ids, middle + 1
        else:
            high = middle - 1
    return best


_REMEDY = {
    "refuse": "Raise max_length, or set too_long=truncate_prompt (shortens contexts) or too_long=drop.",
    "truncate_prompt": "They do not fit even without their context: raise max_length, or set too_long=drop.",
}


def _start_ids(tokenizer: Tokenizer) -> list[int]:
    start = tokenizer.bos_token_id
    if start is None or tokenizer("a")["input_ids"][0] != start:
        return []
    return [int(start)]
