"""What a model reads before it answers, and what it says, as token ids: the same at training and at inference.

Prompt and response are tokenised apart, so that no token spans the seam.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hone.storage.errors import InputError, RunError
from hone.training.config import PromptForm
from hone.training.folder import Row
from hone.training.models.families import WORDS, Family
from hone.training.models.loading import Tokenizer
from hone.training.prompt import prompt_text
from hone.training.rows.chat import chat_end, chat_prompts


@dataclass(frozen=True)
class Form:
    """How a row becomes a prompt: the template's text, read as it is or as the user's turn of a chat.

    Raises:
        RunError: A chat is asked of a model that is not causal.
    """

    template: str
    prompt: PromptForm = "template"
    task: Family = "causal"

    def __post_init__(self) -> None:
        if self.prompt == "chat" and self.task != "causal":
            raise RunError(
                f"prompt=chat is for causal models, this base is for {WORDS[self.task]}; set prompt=template."
            )


def prompts(tokenizer: Tokenizer, form: Form, rows: Sequence[Row]) -> list[list[int]]:
    """The ids of each row's prompt, as a model of this task reads them.

    A causal prompt begins with exactly one beginning-of-sequence token where the tokenizer uses one. The source of a
    sequence-to-sequence model and the text of a classifier have the special tokens that their tokenizer adds.

    Raises:
        RunError: The template does not take a row, which is named; or there is no chat template, or it does not render.
    """
    texts = [row_prompt(row, form.template) for row in rows]
    if form.task != "causal":
        return _ids(tokenizer, texts, add_special_tokens=True)
    found = _chat(tokenizer, rows, texts) if form.prompt == "chat" else _ids(tokenizer, texts, add_special_tokens=False)
    return _with_start(tokenizer, found)


def responses(tokenizer: Tokenizer, form: Form, texts: Sequence[str]) -> list[list[int]]:
    """The ids of each response and its end. A special token written out in a response is plain text.

    Raises:
        RunError: There is no chat template, or it does not render.
    """
    end = end_id(tokenizer, form)
    if form.task == "causal":
        return [[*ids, end] for ids in _ids(tokenizer, texts, add_special_tokens=False, plain=True)]
    targets = _ids(tokenizer, texts, add_special_tokens=True, plain=True)
    return [ids if ids[-1:] == [end] else [*ids, end] for ids in targets]


def end_id(tokenizer: Tokenizer, form: Form) -> int:
    """The token that ends an answer; generation must stop at it.

    Raises:
        RunError: There is no chat template, or it does not render.
    """
    return chat_end(tokenizer) if form.prompt == "chat" else int(tokenizer.eos_token_id)


def shortened(tokenizer: Tokenizer, form: Form, row: Row, room: int) -> list[int] | None:
    """Ids of the prompt with as much of the context's beginning as fits the room; None when nothing helps."""
    low, high, best = 0, len(row.context) - 1, None
    while low <= high:
        middle = (low + high) // 2
        cut = row.model_copy(update={"context": row.context[:middle]})
        ids = prompts(tokenizer, form, [cut])[0]
        if len(ids) <= room:
            best, low = ids, middle + 1
        else:
            high = middle - 1
    return best


def row_prompt(row: Row, template: str) -> str:
    """The prompt text of a row.

    Raises:
        RunError: The template does not take this row; the row is named.
    """
    try:
        return prompt_text(template, row.instruction, row.context)
    except InputError as error:
        raise RunError(f"Row {row.id!r}: {error}") from None


def _chat(tokenizer: Tokenizer, rows: Sequence[Row], texts: Sequence[str]) -> list[list[int]]:
    """The prompts of a chat; where one does not render, its row is named."""
    try:
        return chat_prompts(tokenizer, texts) if texts else []
    except RunError:
        for row, text in zip(rows, texts, strict=True):
            _chat_of(tokenizer, row, text)
        raise


def _chat_of(tokenizer: Tokenizer, row: Row, text: str) -> None:
    chat_end(tokenizer)  # raises what is wrong with every row
    try:
        chat_prompts(tokenizer, [text])
    except RunError as error:
        raise RunError(f"Row {row.id!r}: {error}") from None


def _ids(
    tokenizer: Tokenizer, texts: Sequence[str], *, add_special_tokens: bool, plain: bool = False
) -> list[list[int]]:
    """The ids of each text; `plain` reads a special token that is written out as any other text.

    Straight from the tokenizer's own library where there is one: the offsets that transformers asks for, and nobody
    here needs, would take part of the time.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not texts:
        return []
    if backend is None:
        made = tokenizer(list(texts), add_special_tokens=add_special_tokens, split_special_tokens=plain)["input_ids"]
        return [list(map(int, ids)) for ids in made]
    backend.no_padding()
    backend.no_truncation()
    backend.encode_special_tokens = plain
    return [found.ids for found in backend.encode_batch_fast(list(texts), add_special_tokens=add_special_tokens)]


def _with_start(tokenizer: Tokenizer, prompts: list[list[int]]) -> list[list[int]]:
    """Each prompt with exactly one beginning of sequence where the tokenizer uses one."""
    start = tokenizer.bos_token_id
    if start is None or tokenizer("a")["input_ids"][0] != start:
        return prompts
    return [ids if ids[:1] == [start] else [int(start), *ids] for ids in prompts]
