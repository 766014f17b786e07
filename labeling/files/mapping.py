"""Which column is which part of a pair, and the pair of a row.

What a mapping does not name is kept as metadata when it is short: columns of which no value among the first rows is
longer than 100 characters. A mapping that names metadata itself (`metadata.topic=theme`) keeps only what it names.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

from pydantic import model_validator

from hone.labeling import texts
from hone.labeling.files.rows import Values, as_text, what_is
from hone.storage.errors import InputError
from hone.storage.records import Record

TARGETS = ("instruction", "context", "response", "group", "key")
TEXTS = TARGETS[:3]
SHORT = 100  # characters of a column's longest value among the first rows, for it to be kept without being asked for
LONGEST_NAME = 500  # of a group, a key or a value of metadata

# Names by which other tools call the same thing, the likeliest first.
KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "instruction": ("instruction", "prompt", "question", "query", "task", "user", "input"),
    "response": ("response", "output", "completion", "answer", "chosen", "target", "summary", "reference_summary",
                 "reference", "reply", "assistant"),
    "context": ("context", "input", "text", "passage", "document", "article", "source_text", "original_text",
                "background"),
    "group": ("group", "doc", "doc_id", "document_id", "author", "conversation_id"),
    "key": ("key", "id", "uid", "pair_id", "row_id", "uuid"),
}  # fmt: skip


class Mapping(Record):
    """Where each part of a pair comes from: `fields` target -> column, `constants` target -> text for every row.

    Targets are instruction, context, response, group, key and metadata.NAME.
    """

    fields: dict[str, str] = {}
    constants: dict[str, str] = {}

    @model_validator(mode="after")
    def _known_targets(self) -> Self:
        for target in (*self.fields, *self.constants):
            texts.must_be_text("name of a part", target, SHORT)
            if target not in TARGETS and not (target.startswith("metadata.") and target != "metadata."):
                raise InputError(f"'{target}' is no part of a pair. Map {', '.join(TARGETS)} or metadata.NAME.")
        for target in self.fields:
            if target in self.constants:
                raise InputError(f"'{target}' is both mapped to a column and set to a text. Choose one.")
        return self

    @property
    def names_metadata(self) -> bool:
        """Whether it says itself what is kept as metadata."""
        return any(target.startswith("metadata.") for target in (*self.fields, *self.constants))


class Made(NamedTuple):
    """The pair of a row, ready to be stored: `metadata` by name, the digest as NewPair.content_sha256."""

    instruction: str
    context: str
    response: str
    group: str | None
    metadata: dict[str, str]
    digest: str


def guess(columns: Sequence[str]) -> Mapping:
    """The likeliest mapping of these columns; each column is used once, what is not recognised is left out."""
    left = {column.strip().lower().replace(" ", "_").replace("-", "_"): column for column in reversed(columns)}
    fields: dict[str, str] = {}
    for target, names in KNOWN_NAMES.items():
        found = next((name for name in names if name in left), None)
        if found:
            fields[target] = left.pop(found)
    return Mapping(fields=fields)


def must_fit(mapping: Mapping, columns: Sequence[str], name: str) -> None:
    """Raise InputError unless the columns are there and something gives the instruction."""
    there = ", ".join(columns) or "none"
    for target, column in mapping.fields.items():
        if column not in columns:
            raise InputError(f"{name} has no column '{column}' for the {target}. There are: {there}.")
    if "instruction" not in mapping.fields and not mapping.constants.get("instruction", "").strip():
        raise InputError(
            f"Nothing gives the instruction. Map a column of {name} to it ({there}), "
            'or set one text for all rows, as in --set instruction="Summarise this text."'
        )
    for target, text in mapping.constants.items():
        texts.must_be_text(target, text)


class Maker:
    """Makes the pair of each row by one mapping. `left_out` counts, by column, the values that are kept nowhere."""

    def __init__(self, mapping: Mapping, sample: Iterable[Values]):
        self._mapping = mapping
        self._parts = [(target, mapping.fields.get(target), mapping.constants.get(target, "")) for target in TEXTS]
        self._named = [
            (target, mapping.fields.get(target), texts.clean(mapping.constants.get(target, "")))
            for target in dict.fromkeys((*mapping.fields, *mapping.constants))
            if target not in TARGETS
        ]
        self._keep = not mapping.names_metadata
        self._used = set(mapping.fields.values())
        self._long = {column for values in sample for column, value in values.items() if not _is_short(value)}
        self.left_out: Counter[str] = Counter()

    def make(self, values: Values, key: str | None = None) -> Made:
        """The pair of a row's values; InputError with the reason when there is none."""
        found: list[str] = []
        hashed = b""
        for target, column, constant in self._parts:
            text, raw = _text(target, constant if column is None else values.get(column), column, texts.LONGEST)
            found.append(text)
            hashed += b"%d:%b" % (len(raw), raw)
        if not found[0] or found[0].isspace():
            raise InputError("the instruction is missing or empty")
        metadata = self._kept(values) if self._keep else self._chosen(values)
        own = self._short("key", values).strip() or key
        if own:
            metadata["key"] = own
        instruction, context, response = found
        group = self._short("group", values).strip() or None
        return Made(instruction, context, response, group, metadata, hashlib.sha256(hashed).hexdigest())

    def _short(self, target: str, values: Values) -> str:
        column = self._mapping.fields.get(target)
        given = self._mapping.constants.get(target) if column is None else values.get(column)
        return _text(target, given, column, LONGEST_NAME)[0] if given is not None else ""

    def _chosen(self, values: Values) -> dict[str, str]:
        found: dict[str, str] = {}
        for target, column, constant in self._named:
            text = constant if column is None else _text(target, values.get(column), column, LONGEST_NAME)[0]
            if text:
                found[target.removeprefix("metadata.")] = text
        return found

    def _kept(self, values: Values) -> dict[str, str]:
        found: dict[str, str] = {}
        for column, value in values.items():
            if column in self._used or not column:
                continue
            text = as_text(value)
            if text == "":
                continue
            if column in self._long or text is None or texts.problem(text, LONGEST_NAME):
                self.left_out[column] += 1
            else:
                found[column] = texts.clean(text)
        return found


_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


def as_stored(metadata: dict[str, str]) -> str:
    """Metadata as the store keeps it."""
    return _ENCODE(metadata) if metadata else "{}"


def _is_short(value: object) -> bool:
    text = as_text(value)
    return text is not None and len(text) <= SHORT and texts.problem(text) is None


def _text(target: str, value: object, column: str | None, longest: int) -> tuple[str, bytes]:
    """A value as the text of a part, and its bytes; InputError naming the part when it cannot be kept."""
    text = as_text(value)
    if text is None:
        raise InputError(f"{_where(target, column)} is {what_is(value)}, not a text")
    if "\r" in text:
        text = texts.clean(text)
    if len(text) <= longest and "\x00" not in text:
        try:
            return text, text.encode()
        except UnicodeEncodeError:
            pass
    raise InputError(f"{_where(target, column)} {texts.problem(text, longest)}")


def _where(target: str, column: str | None) -> str:
    return f"the {target} (column '{column}')" if column else f"the {target}"
