"""The tokenizer's chat template: the prompt is the user's turn, the answer the assistant's.

What is given and what is learnt is found by rendering a prefix, never by marks inside the template: the text up to the
answer is given, the answer is learnt, and after it the first token by which the template ends a turn.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from hone.storage.errors import RunError
from hone.training.models.loading import Tokenizer

_ANSWER = "Hone puts the answer here"
_DAY = date(2026, 1, 1)  # for templates that write the date: what is read must not depend on the day of reading


def chat_prompts(tokenizer: Tokenizer, texts: Sequence[str]) -> list[str]:
    """Each text as the user's turn, with all that the template writes before an answer.

    Raises:
        RunError: The tokenizer has no chat template, or it does not render; `texts` has one element: its own reason.
    """
    if not texts:
        return []
    lead = _seam(tokenizer)[0]
    found: list[str] = _rendered(tokenizer, [[_turn("user", text)] for text in texts], asks=True)
    return [text + lead for text in found]


def chat_end(tokenizer: Tokenizer) -> int:
    """The token by which the template ends an answer; the end of sequence where it writes none.

    Raises:
        RunError: See `chat_prompts`.
    """
    return _seam(tokenizer)[1]


def _seam(tokenizer: Tokenizer) -> tuple[str, int]:
    """What stands between the prompt and an answer (nearly always nothing), and the token that ends the answer."""
    asked = [_turn("user", "Hone asks")]
    prompt = _rendered(tokenizer, [asked], asks=True)[0]
    whole = _rendered(tokenizer, [[*asked, _turn("assistant", _ANSWER)]], asks=False)[0]
    before, found, after = whole.partition(_ANSWER)
    if not found or not before.startswith(prompt):
        raise RunError(
            "The chat template writes another text before an answer than it gives to be answered, so what is learnt "
            "would not be what is asked; set prompt=template."
        )
    lead = before[len(prompt) :]
    ends = [token for token in _ids(tokenizer, after) if token in _special(tokenizer)]
    return lead if lead.strip() else "", ends[0] if ends else int(tokenizer.eos_token_id)


def _special(tokenizer: Tokenizer) -> set[int]:
    return {int(tokenizer.eos_token_id), *map(int, tokenizer.added_tokens_decoder)}


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return found


def _rendered(tokenizer: Tokenizer, chats: list[list[dict[str, str]]], asks: bool) -> list[str]:
    if not tokenizer.chat_template:
        raise RunError("The base's tokenizer has no chat template; set prompt=template, or take an instruct model.")
    known: dict[str, Any] = {"enable_thinking": False, "strftime_now": _DAY.strftime}
    try:
        found: list[str] = tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=asks, **known)
    except Exception as error:  # a template is a program of the tokenizer's makers: it raises what it likes
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise RunError(
            f"The chat template of the base's tokenizer does not render: {reason}; set prompt=template."
        ) from None
    return found


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
