"""A conversation as a pair, and the pair as that conversation again.

The last user message is the instruction, the assistant's last message the response; all that stands before becomes
the context, each turn under its role:

    System:
    You are brief.

    User:
    Hello!

How long each turn is goes along as metadata "chat", so that an export gives the same messages back.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from hone.labeling import texts
from hone.labeling.files.rows import as_text, what_is
from hone.storage.errors import InputError

KEY = "chat"  # of the metadata that holds the turns' roles and lengths
ROLES = {
    "human": "user", "user": "user", "prompter": "user", "customer": "user",
    "gpt": "assistant", "assistant": "assistant", "bot": "assistant", "chatgpt": "assistant", "model": "assistant",
    "bing": "assistant", "bard": "assistant", "agent": "assistant",
    "system": "system", "developer": "developer", "tool": "tool", "function": "function",
    "observation": "tool", "function_call": "assistant",
}  # fmt: skip
COLUMNS = ("messages", "conversations", "conversation", "dialog", "dialogue", "chat", "turns")

Message: TypeAlias = dict[str, Any]


class Turns(NamedTuple):
    """A conversation as the three texts of a pair; `layout` is for `messages`, empty when there is one turn."""

    instruction: str
    context: str
    response: str
    layout: str


def is_chat(value: Any) -> bool:
    """Whether a value is a list of messages: role and content, or from and value."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(
            isinstance(each, Mapping) and (_has(each, "role", "content") or _has(each, "from", "value"))
            for each in value
        )
    )


def _has(message: Mapping[str, Any], *names: str) -> bool:
    return names[0] in message and (names[1] in message or "tool_calls" in message)


def turns(given: Sequence[Mapping[str, Any]]) -> Turns:
    """The pair of a conversation.

    Raises:
        InputError: No user speaks in it, a role is unknown, or a message is no text.
    """
    messages = [_message(each) for each in given]
    if messages[-1][0] == "assistant" and len(messages) > 1:
        said, response = messages[:-1], messages[-1]
    else:
        said, response = messages, ("assistant", "", {})
    asked = max((at for at, (role, _, _) in enumerate(said) if role == "user"), default=None)
    if asked is None:
        raise InputError("no message of the conversation is a user's")
    rest = [message for at, message in enumerate(said) if at != asked]
    context = "\n\n".join(f"{role.capitalize()}:\n{text}" for role, text, _ in rest)
    layout: list[list[Any]] = [
        [role, None if at == asked else len(text), *([more] if more else [])]
        for at, (role, text, more) in enumerate(said)
    ]
    if response[2]:
        layout.append(["assistant", None, response[2]])
    plain = len(layout) == 1 and len(layout[0]) == 2
    return Turns(said[asked][1], context, response[1], "" if plain else json.dumps(layout, ensure_ascii=False))


def messages(instruction: str, context: str, response: str, layout: str | None) -> list[Message]:
    """The messages of a pair: those that it came from, when its context still is theirs; else user and assistant.

    A context of another origin stands below the instruction, in the user's message.
    """
    found = _laid_out(instruction, context, layout)
    if found is None:
        asked = f"{instruction}\n\n{context}" if context else instruction
        found = ([{"role": "user", "content": asked}], {})
    said, more = found
    return [*said, {"role": "assistant", "content": response, **more}]


def _laid_out(instruction: str, context: str, layout: str | None) -> tuple[list[Message], dict[str, Any]] | None:
    """The messages before the response by their lengths in the context, and the response's other fields."""
    try:
        parts = json.loads(layout or "")
        made: list[Message] = []
        last: dict[str, Any] = {}
        at = 0
        for place, (role, length, *more) in enumerate(parts):
            extra = dict(more[0]) if more else {}
            if role == "assistant" and length is None and place == len(parts) - 1:
                last = extra
            elif length is None:
                made.append({"role": role, "content": instruction, **extra})
            else:
                head = f"{'' if at == 0 else chr(10) * 2}{role.capitalize()}:\n"
                if not context.startswith(head, at):
                    return None
                at += len(head) + length
                made.append({"role": role, "content": context[at - length : at], **extra})
    except (ValueError, TypeError, AttributeError):
        return None
    return (made, last) if at == len(context) else None


def _message(given: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Role, text and other fields of a message."""
    old = "role" not in given
    said = as_text(given.get("from" if old else "role")) or ""
    role = ROLES.get(said.strip().lower())
    if role is None:
        raise InputError(f"a message has the role '{said[:40]}'; known are {', '.join(sorted(set(ROLES.values())))}")
    names = ("from", "value") if old else ("role", "content")
    more = {name: value for name, value in given.items() if name not in names and value not in (None, [], {}, "")}
    return role, texts.clean(_content(given.get(names[1]))), more


def _content(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(part, Mapping) and "text" in part for part in value):
        value = "".join(as_text(part["text"]) or "" for part in value)
    text = as_text(value)
    if text is None:
        raise InputError(f"a message's content is {what_is(value)}, not a text")
    return text
