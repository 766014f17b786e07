"""The tokenizer's chat template: the prompt is the user's turn, the answer the assistant's.

What is given and what is learnt is found by rendering a prefix, never by marks inside the template: the text up to the
answer is given, the answer is learnt, and after it the first token by which the template ends a turn.
"""

from collections.abc import Sequence
from typing import Any

from hone.storage.errors import RunError
from hone.training.models.loading import Tokenizer

_ANSWER = "Hone puts the answer here"
# Some templates write today's date: what is read must not depend on the day on which it is read.
_SAME_DAY = "{% macro strftime_now(format) %}2026-01-01{% endmacro %}"


def chat_prompts(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """The ids of each text as the user's turn, with all that the template writes before an answer.

    A special token written out in a text is plain text: nobody can end a turn from inside a pair.

    Raises:
        RunError: The tokenizer has no chat template, or it does not render.
    """
    lead = _seam(tokenizer)[0]
    chats = [[_turn("user", text)] for text in texts]
    found: list[list[int]] = _rendered(
        tokenizer, chats, add_generation_prompt=True, return_dict=False, sanitize_control_tokens=True
    )
    return [ids + lead for ids in found]


def chat_end(tokenizer: Tokenizer) -> int:
    """The token by which the template ends an answer; the end of sequence where it writes none.

    Raises:
        RunError: See `chat_prompts`.
    """
    return _seam(tokenizer)[1]


def turn_ends(tokenizer: Tokenizer) -> list[int]:
    """The end of an answer by the chat template; none where there is no template that serves."""
    if not getattr(tokenizer, "chat_template", None):
        return []
    try:
        return [chat_end(tokenizer)]
    except RunError:
        return []


def _seam(tokenizer: Tokenizer) -> tuple[list[int], int]:
    """The ids between prompt and answer (of a template with no word for an answer to come), and the end of it."""
    asked = [_turn("user", "Hone asks")]
    prompt = _rendered(tokenizer, [asked], add_generation_prompt=True, tokenize=False)[0]
    whole = _rendered(tokenizer, [[*asked, _turn("assistant", _ANSWER)]], tokenize=False)[0]
    before, found, after = whole.partition(_ANSWER)
    if not found or not before.startswith(prompt):
        raise RunError(
            "The chat template writes another text before an answer than it gives to be answered, so what is learnt "
            "would not be what is asked; set prompt=template."
        )
    lead = before[len(prompt) :]
    special = {int(tokenizer.eos_token_id), *map(int, tokenizer.added_tokens_decoder)}
    ends = [token for token in _ids(tokenizer, after) if token in special]
    return _ids(tokenizer, lead if lead.strip() else ""), ends[0] if ends else int(tokenizer.eos_token_id)


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"] if text else []
    return found


def _rendered(tokenizer: Tokenizer, chats: list[list[dict[str, str]]], **wanted: Any) -> list[Any]:
    template = tokenizer.chat_template
    if not template:
        raise RunError("The base's tokenizer has no chat template; set prompt=template, or take an instruct model.")
    if isinstance(template, str) and "strftime_now" in template:
        wanted["chat_template"] = _SAME_DAY + template
    try:
        found: list[Any] = tokenizer.apply_chat_template(chats, enable_thinking=False, **wanted)
    except Exception as error:  # a template is a program of the tokenizer's makers: it raises what it likes
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise RunError(
            f"The chat template of the base's tokenizer does not render: {reason}; set prompt=template."
        ) from None
    return found


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
