"""The rows of a run before it trains: how many tokens, which do not fit, what is learnt of them, which stand twice."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hone.training.config import TrainConfig
from hone.training.folder import LEARNT, Row, RunFolder, Split
from hone.training.models.families import Family
from hone.training.models.loading import Tokenizer
from hone.training.preflight import Duplicate, LongRow, Outcome, Overlong, SplitFigures, TokenView
from hone.training.prompt import prompt_text
from hone.training.rows.cache import encoded
from hone.training.rows.encode import Encoded, form_of
from hone.training.rows.prompts import shortened

READ: tuple[Split, ...] = (*LEARNT, "validation")  # whose rows are held against their responses
_ENDLESS = 1 << 40  # tokens
_LONGEST, _VIEWS, _SHOWN = 5, 3, 700

Rows = Mapping[Split, Sequence[Row]]
Tokens = Mapping[Split, Sequence[Encoded]]


def tokens_of(rows: Rows, tokenizer: Tokenizer, config: TrainConfig, task: Family) -> dict[Split, list[Encoded]]:
    """Every row that is learnt or validated, whole, however long it is.

    Raises:
        RunError: A row cannot be encoded; see hone.training.rows.encode.encode.
    """
    whole = config.model_copy(update={"too_long": "refuse"})
    return {split: encoded(rows[split], tokenizer, whole, _ENDLESS, task).rows for split in READ if rows.get(split)}


def figures(rows: Rows, tokens: Tokens) -> list[SplitFigures]:
    """How much each split holds; of a test split the rows alone."""
    found: list[SplitFigures] = [
        SplitFigures(split=split, rows=len(held), tokens=sum(map(len, held)), learnt=_learnt(split, held))
        for split, held in tokens.items()
    ]
    if rows.get("test"):
        found.append(SplitFigures(split="test", rows=len(rows["test"]), tokens=0, learnt=0))
    return found


def longest(rows: Rows, tokens: Tokens) -> list[LongRow]:
    """The five longest rows, the longest first."""
    held: list[tuple[Split, Encoded]] = [(split, row) for split, members in tokens.items() for row in members]
    first = sorted(held, key=lambda each: (-len(each[1]), each[1].id))[:_LONGEST]
    texts = {row.id: row for members in rows.values() for row in members}
    return [
        LongRow(id=row.id, split=split, tokens=len(row), learnt=row.learnt, begins=_beginning(texts[row.id]))
        for split, row in first
    ]


def overlong(
    rows: Rows, tokens: Tokens, tokenizer: Tokenizer, config: TrainConfig, limit: int, task: Family
) -> list[Overlong]:
    """Each row that exceeds the limit, and what the configuration makes of it."""
    texts = {row.id: row for members in rows.values() for row in members}
    found = []
    for split, members in tokens.items():
        for row in members:
            if len(row) > limit:
                kept = _kept(texts[row.id], row, tokenizer, config, limit, task)
                outcome: Outcome = "shortened" if kept else "dropped" if config.too_long == "drop" else "refused"
                found.append(Overlong(id=row.id, split=split, tokens=len(row), outcome=outcome, kept=kept))
    return found


def views(tokens: Sequence[Encoded], tokenizer: Tokenizer, config: TrainConfig) -> list[TokenView]:
    """The shortest, the middling and the longest row, token by token."""
    order = sorted(tokens, key=lambda row: (len(row), row.id))
    places = dict.fromkeys((0, len(order) // 2, len(order) - 1)) if order else {}
    return [_view(order[place], tokenizer, config) for place in list(places)[:_VIEWS]]


def duplicates(folder: RunFolder, rows: Rows) -> list[Duplicate]:
    """Rows to learn from that ask what a test row asks, but for case and blanks.

    Near-duplicates are the freeze's business: it keeps them in one split.
    """
    asked: dict[str, tuple[str, int | None]] = {}
    for batch, members in folder.kept_rows().items():
        asked |= {_question(row): (row.id, batch) for row in members}
    asked |= {_question(row): (row.id, None) for row in rows.get("test", ())}
    learnt = [row for split in LEARNT for row in rows.get(split, ())]
    found = [(row, asked[_question(row)]) for row in learnt if _question(row) in asked]
    return [Duplicate(id=row.id, test_id=test_id, batch=batch) for row, (test_id, batch) in found]


def token_texts(tokenizer: Tokenizer, ids: Sequence[int]) -> list[str]:
    """What each token adds to the text. A sign that takes several tokens stands at the last of them."""
    texts: list[str] = []
    start = seen = 0  # decoded together, because a token's text depends on the one before it
    for end in range(1, len(ids) + 1):
        before, now = _text(tokenizer, ids[start:seen]), _text(tokenizer, ids[start:end])
        if now.endswith("\ufffd") and end < len(ids) and end - seen < 6:
            texts.append("")
            continue
        texts.append(now[len(before) :])
        start, seen = seen, end
    return texts


def _kept(row: Row, whole: Encoded, tokenizer: Tokenizer, config: TrainConfig, limit: int, task: Family) -> int:
    """How many tokens stay when the context is shortened; 0 when that is not done, or does not help."""
    if config.too_long != "truncate_prompt":
        return 0
    answer = len(whole) - whole.prompt
    cut = shortened(tokenizer, form_of(config, task), row, limit - answer)
    return len(cut) + answer if cut else 0


def _learnt(split: Split, rows: Iterable[Encoded]) -> int:
    return sum(row.learnt for row in rows) if split in LEARNT else 0


def _view(row: Encoded, tokenizer: Tokenizer, config: TrainConfig) -> TokenView:
    given = token_texts(tokenizer, row.ids[: row.prompt])
    learnt = token_texts(tokenizer, row.target if row.target is not None else row.ids[row.prompt :])
    tokens = [*((text, False) for text in given), *((text, True) for text in learnt)]
    left_out = max(0, len(tokens) - _SHOWN)
    cut = _SHOWN // 2
    shown = tokens if not left_out else [*tokens[:cut], *tokens[cut + left_out :]]
    label = config.labels[row.label] if row.label is not None else None
    return TokenView(id=row.id, tokens=tuple(shown), left_out=left_out, cut=cut if left_out else 0, label=label)


def _text(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    options: dict[str, Any] = {"skip_special_tokens": False, "clean_up_tokenization_spaces": False}
    return str(tokenizer.decode(list(ids), **options)) if ids else ""


def _beginning(row: Row) -> str:
    return " ".join(prompt_text("{instruction} {context}", row.instruction, row.context).split())[:160]


def _question(row: Row) -> str:
    return re.sub(r"\s+", " ", f"{row.instruction}\n{row.context}").strip().casefold()
