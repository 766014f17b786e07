"""Rows into token ids: what the model reads, and which of it it learns.

Learnt are the response and its end, whole or not at all; of a classifier the label.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.folder import Row
from hone.training.models.families import Family
from hone.training.models.loading import Tokenizer
from hone.training.rows.prompts import Form, prompts, responses, shortened

IGNORED = -100


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

    @property
    def learnt(self) -> int:
        """How many tokens are learnt; of a classifier one, its label."""
        return 1 if self.label is not None else len(self) - self.prompt

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


class UnknownLabels(RunError):
    """Rows have a label that is none of the set; all of them are listed."""

    def __init__(self, rows: Sequence[Row], labels: Sequence[str]) -> None:
        named = ", ".join(f"row {row.id!r} has {row.response.strip()[:60]!r}" for row in rows[:5])
        more = f", and {len(rows) - 5} more" if len(rows) > 5 else ""
        known = ", ".join(map(repr, labels[:12])) + (", ..." if len(labels) > 12 else "")
        super().__init__(
            f"Not in the set of labels ({known}): {named}{more}. Mend the pairs, or add the label to the project."
        )
        self.facts = {"rows": [{"id": row.id, "label": row.response.strip()} for row in rows]}


def form_of(config: TrainConfig, task: Family) -> Form:
    """How a run of this task turns its rows into prompts."""
    return Form(config.template, config.prompt, task)


def encode(rows: Sequence[Row], tokenizer: Tokenizer, config: TrainConfig, limit: int, task: Family) -> Encoding:
    """The rows as tokens, in their order.

    Args:
        rows: Each with a response; of a classifier the response is the label.
        tokenizer: The base's.
        config: Its template, prompt, labels and too_long count: "refuse" a longer row; "drop" it and list it; or
            "truncate_prompt": shorten its context from the end until it fits, and list it. Instruction and response are
            never cut.
        limit: Most tokens of a row, prompt and response together.
        task: What the base is made for.

    Raises:
        TooLongRows: By "refuse", or when a row does not fit even without its context.
        UnknownLabels: A label is not in the set.
        RunError: A row has no response to learn, none is left, the template does not take a row, a classifier has no
            labels, or chat is asked of a tokenizer that cannot.
    """
    form = form_of(config, task)
    answers = _answers(rows, tokenizer, config, form)
    encoding, hopeless = Encoding([]), []
    for row, prompt, answer in zip(rows, prompts(tokenizer, form, rows), answers, strict=True):
        long_row = LongRow(row.id, len(prompt) + len(answer))
        if long_row.tokens > limit and config.too_long == "drop":
            encoding.dropped.append(long_row)
            continue
        if long_row.tokens > limit:
            shorten = config.too_long == "truncate_prompt"
            cut = shortened(tokenizer, form, row, limit - len(answer)) if shorten else None
            if cut is None:
                hopeless.append(long_row)
                continue
            encoding.truncated.append(long_row)
            prompt = cut
        encoding.rows.append(_encoded(row, prompt, answer, config, task))
    if hopeless:
        raise TooLongRows(hopeless, limit, _REMEDY[config.too_long])
    if rows and not encoding.rows:
        raise RunError(f"All {len(rows)} rows have more than {limit} tokens, so none is left; raise max_length.")
    return encoding


def _answers(rows: Sequence[Row], tokenizer: Tokenizer, config: TrainConfig, form: Form) -> list[list[int]]:
    """The ids of each response; none of a label, which is no text to the model."""
    for row in rows:
        if not row.response.strip():
            raise RunError(f"Row {row.id!r} has no response, so there is nothing to learn; leave it out of the batch.")
    if form.task != "classify":
        return responses(tokenizer, form, [row.response for row in rows])
    if not config.labels:
        raise RunError(
            "This base is a classifier and needs the labels to choose from: make the project a classification with its "
            "labels, or name another base."
        )
    unknown = [row for row in rows if row.response.strip() not in config.labels]
    if unknown:
        raise UnknownLabels(unknown, config.labels)
    return [[] for _ in rows]


def _encoded(row: Row, prompt: list[int], answer: list[int], config: TrainConfig, task: Family) -> Encoded:
    if task == "causal":
        return Encoded(row.id, prompt + answer, len(prompt))
    if task == "seq2seq":
        return Encoded(row.id, prompt, len(prompt), target=answer)
    return Encoded(row.id, prompt, len(prompt), label=config.labels.index(row.response.strip()))


_REMEDY = {
    "refuse": "Raise max_length, or set too_long=truncate_prompt (shortens contexts) or too_long=drop.",
    "truncate_prompt": "They do not fit even without their context: raise max_length, or set too_long=drop.",
}
