"""The shapes that files of pairs have elsewhere, each brought to one: a row of columns with texts.

Recognised from the first rows: Alpaca and prompt/completion are columns already; conversations (OpenAI, ShareGPT);
exports of Argilla and Label Studio, whose annotations come along.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from hone.labeling.files import chat
from hone.labeling.files.rows import Number, Values, as_text

Shape: TypeAlias = Literal["columns", "chat", "argilla", "label-studio"]
NAMES: dict[Shape, str] = {
    "columns": "columns",
    "chat": "conversations",
    "argilla": "Argilla export",
    "label-studio": "Label Studio export",
}


class Said(NamedTuple):
    """One annotation of a row, as the other tool wrote it: who, and what to which question."""

    who: str
    answers: dict[str, Any]  # by question: a number, a text, or a list of labels
    cancelled: bool
    seconds: float | None
    raw: dict[str, Any]


class Row(NamedTuple):
    """A row in one shape: its columns, metadata of any length that goes with it, and what was said about it."""

    values: Values
    extra: dict[str, str]
    said: tuple[Said, ...] = ()


Flatten: TypeAlias = Callable[[Values], Row]


def shape_of(sample: Sequence[Values]) -> Shape:
    """The shape of a file with these first rows."""
    if not sample:
        return "columns"
    if all(_is_label_studio(values) for values in sample):
        return "label-studio"
    if all(_is_argilla(values) for values in sample):
        return "argilla"
    if any(_chat_column(values) or _is_prompted(values) for values in sample):
        return "chat"
    return "columns"


def flatten(shape: Shape) -> Flatten | None:
    """What brings a row of this shape to columns; None where it is in columns already.

    It raises InputError for a row that cannot be brought there.
    """
    return {"columns": None, "chat": _from_chat, "argilla": _from_argilla, "label-studio": _from_label_studio}[shape]


def _is_label_studio(values: Values) -> bool:
    return isinstance(values.get("data"), Mapping) and ("annotations" in values or "predictions" in values)


def _is_argilla(values: Values) -> bool:
    return isinstance(values.get("fields"), Mapping) and ("responses" in values or "suggestions" in values)


def _chat_column(values: Values) -> str | None:
    return next((name for name in chat.COLUMNS if name in values and chat.is_chat(_parsed(values[name]))), None)


def _is_prompted(values: Values) -> bool:
    return chat.is_chat(values.get("prompt")) and chat.is_chat(values.get("completion") or values.get("chosen"))


def _parsed(value: Any) -> Any:
    """A list that stands in a cell as its JSON text."""
    if isinstance(value, str) and value.startswith("[{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _from_chat(values: Values) -> Row:
    column = _chat_column(values)
    if column:
        given, used = _parsed(values[column]), {column}
    elif _is_prompted(values):
        answer = "completion" if values.get("completion") else "chosen"
        given, used = [*values["prompt"], *values[answer]], {"prompt", answer}
    else:
        return Row(values, {})
    if isinstance(values.get("system"), str) and values["system"].strip():
        given, used = [{"role": "system", "content": values["system"]}, *given], used | {"system"}
    found = chat.turns(given)
    rest = {name: value for name, value in values.items() if name not in used}
    texts = {"instruction": found.instruction, "context": found.context, "response": found.response}
    return Row({**rest, **texts}, {chat.KEY: found.layout} if found.layout else {})


def _from_argilla(values: Values) -> Row:
    flat = dict(values["fields"])
    flat.update(values["metadata"] if isinstance(values.get("metadata"), Mapping) else {})
    name = as_text(values.get("external_id")) or as_text(values.get("id"))
    row = _from_chat({**flat, **({"id": name} if name and "id" not in flat else {})})
    suggested = values.get("suggestions")
    extra = {"argilla suggestions": _json(suggested)} if suggested else {}
    return row._replace(extra={**row.extra, **extra}, said=tuple(_argilla_said(values.get("responses"))))


def _argilla_said(responses: Any) -> list[Said]:
    """Version 2 lists answers by question, version 1 by person; the answers of one person become one annotation."""
    people: dict[str, dict[str, Any]] = {}
    gone: set[str] = set()
    if isinstance(responses, Mapping):
        for question, answers in responses.items():
            for answer in answers if isinstance(answers, list) else []:
                if isinstance(answer, Mapping):
                    who = _who(answer.get("username") or answer.get("user_id"))
                    people.setdefault(who, {})[question] = answer.get("value")
                    gone |= {who} if answer.get("status") in ("discarded", "draft") else set()
    for response in responses if isinstance(responses, list) else []:
        if isinstance(response, Mapping):
            who = _who(response.get("username") or response.get("user_id"))
            answers = response.get("values")
            given = answers.items() if isinstance(answers, Mapping) else ()
            people[who] = {name: each.get("value") if isinstance(each, Mapping) else each for name, each in given}
            gone |= {who} if response.get("status") in ("discarded", "draft") else set()
    return [Said(who, given, who in gone, None, {"by": who, **given}) for who, given in people.items()]


def _from_label_studio(values: Values) -> Row:
    name = as_text(values.get("id"))
    row = _from_chat({**({"id": name} if name else {}), **values["data"]})
    said = [_label_studio_said(each) for each in values.get("annotations") or () if isinstance(each, Mapping)]
    predicted = values.get("predictions")
    extra = {"label studio predictions": _json(predicted)} if predicted else {}
    return row._replace(extra={**row.extra, **extra}, said=tuple(said))


def _label_studio_said(annotation: Mapping[str, Any]) -> Said:
    answers: dict[str, Any] = {}
    for result in annotation.get("result") or ():
        value = result.get("value") if isinstance(result, Mapping) else None
        if not isinstance(value, Mapping):
            continue
        kind = as_text(result.get("type")) or ""
        given = {"textarea": value.get("text"), "rating": value.get("rating"), "number": value.get("number")}
        found = given.get(kind, value.get(kind, value))
        if kind == "textarea" and isinstance(found, list):
            found = "\n".join(as_text(part) or "" for part in found)
        answers[as_text(result.get("from_name")) or kind] = found
    seconds = as_text(annotation.get("lead_time"))
    return Said(
        _who(annotation.get("completed_by")),
        answers,
        annotation.get("was_cancelled") is True,
        _number(seconds),
        dict(annotation),
    )


def _who(value: Any) -> str:
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("username", "email", "id") if value.get(name)), None)
    return (as_text(value) or "somebody").strip()[:200]


def _number(text: str | None) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if 0 <= found < 1e7 else None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain_number)


def _plain_number(value: Any) -> Any:
    return str(value)


__all__ = ["NAMES", "Flatten", "Number", "Row", "Said", "Shape", "flatten", "shape_of"]
