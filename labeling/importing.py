"""A file of pairs comes into a project: all of its good rows in one transaction, every bad one with its reason.

What a mapping does not name is kept as metadata when it is short: columns of which no value is longer than 100
characters. A mapping that names metadata itself (`metadata.topic=theme`) keeps only what it names.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from pydantic import model_validator

from hone.labeling import texts
from hone.labeling.reading import Format, RawRow, Table, as_text, read, what_is
from hone.storage import audit, intake, pairs
from hone.storage.errors import InputError
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, canonical, new_id
from hone.storage.store import Cursor, Store

TARGETS = ("instruction", "context", "response", "group", "key")
SHORT = 100  # characters of a column's longest value, for it to be kept without being asked for
LONGEST_NAME = 500  # of a group, a key or a value of metadata
Progress: TypeAlias = Callable[[int, int], None]

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


class Preview(Record):
    """What a file looks like: its columns, its first five good rows as text, how many rows and bad lines it has."""

    format: Format
    encoding: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    total: int
    broken: int


class RowProblem(Record):
    """A row that was left out: its line (in a JSON document its position, from 1) and why."""

    line: int
    reason: str


class ImportResult(Record):
    """What came of a file. `read` = `added` + `known` + the refused; a row already there counts as known."""

    file_name: str
    read: int
    added: int
    known: int
    refused: tuple[RowProblem, ...]
    encoding: str
    counted_in: Literal["line", "row"]
    pair_ids: tuple[str, ...]


def columns(path: Path, name: str | None = None) -> Preview:
    """What can be mapped in a file; InputError when it cannot be read as a table."""
    table = read(path, name)
    good = [row.values for row in table.rows if row.problem is None]
    return Preview(
        format=table.format,
        encoding=table.encoding,
        columns=table.columns,
        rows=tuple({column: _shown(value) for column, value in values.items()} for values in good[:5]),
        total=len(table.rows),
        broken=len(table.rows) - len(good),
    )


def guess(columns: Sequence[str]) -> Mapping:
    """The likeliest mapping of these columns; each column is used once, what is not recognised is left out."""
    left = {column.strip().lower().replace(" ", "_").replace("-", "_"): column for column in reversed(columns)}
    fields: dict[str, str] = {}
    for target, names in KNOWN_NAMES.items():
        found = next((name for name in names if name in left), None)
        if found:
            fields[target] = left.pop(found)
    return Mapping(fields=fields)


def import_file(
    store: Store,
    project: Project,
    person: Person,
    path: Path,
    mapping: Mapping,
    *,
    name: str | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Add the pairs of a file that the project does not hold yet.

    Args:
        store: The open workspace.
        project: Where the pairs go.
        person: Who imports; a lead.
        path: A JSONL, CSV or JSON file.
        mapping: Where each part of a pair comes from.
        name: What the file is called, when `path` is a copy.
        strict: One bad row, and nothing goes in.
        progress: Called with how many rows were checked, and how many there are.

    Raises:
        InputError: The file cannot be read, names no such column, or has a bad row and `strict` is set.
    """
    person.must("lead")
    name = (name or path.name).encode("utf-8", "replace").decode()
    table = read(path, name)
    _must_fit(mapping, table, name)
    good, refused = _checked(table, mapping, progress or _silent)
    if strict and refused:
        first = "; ".join(f"{_unit(table)} {row.line}: {row.reason}" for row in refused[:3])
        raise InputError(f"{len(refused)} of {len(table.rows)} rows of {name} are bad, so nothing went in: {first}.")

    def change(cursor: Cursor) -> tuple[str, ...]:
        return _store(cursor, project, person, name, mapping, good, len(refused))

    added = store.write(change)
    return ImportResult(
        file_name=name,
        read=len(table.rows),
        added=len(added),
        known=len(good) - len(added),
        refused=tuple(refused),
        encoding=table.encoding,
        counted_in=_unit(table),
        pair_ids=added,
    )


def _store(
    cursor: Cursor,
    project: Project,
    person: Person,
    name: str,
    mapping: Mapping,
    good: Sequence[NewPair],
    refused: int,
) -> tuple[str, ...]:
    import_id = new_id()
    added = pairs.add(
        cursor,
        project.id,
        good,
        author_id=person.id,
        import_id=import_id,
        wanted=project.settings.overlap,
        source=name,
    )
    counts = {"rows_read": len(good) + refused, "added": len(added), "known": len(good) - len(added)}
    intake.record_import(
        cursor,
        id=import_id,
        project_id=project.id,
        file_name=name,
        mapping=canonical(mapping.model_dump()),
        refused=refused,
        made_by=person.id,
        read=counts["rows_read"],
        added=counts["added"],
        known=counts["known"],
    )
    audit.record(cursor, person.id, "pairs imported", project.id, file=name, refused=refused, **counts)
    return tuple(added)


def _must_fit(mapping: Mapping, table: Table, name: str) -> None:
    there = ", ".join(table.columns) or "none"
    for target, column in mapping.fields.items():
        if column not in table.columns:
            raise InputError(f"{name} has no column '{column}' for the {target}. There are: {there}.")
    if "instruction" not in mapping.fields and not mapping.constants.get("instruction", "").strip():
        raise InputError(
            f"Nothing gives the instruction. Map a column of {name} to it ({there}), "
            'or set one text for all rows, as in --set instruction="Summarise this text."'
        )
    for target, text in mapping.constants.items():
        texts.must_be_text(target, text)


def _checked(table: Table, mapping: Mapping, progress: Progress) -> tuple[list[NewPair], list[RowProblem]]:
    full = mapping if _names_metadata(mapping) else _with_short_columns(mapping, table)
    good: list[NewPair] = []
    refused: list[RowProblem] = []
    for place, row in enumerate(table.rows, start=1):
        try:
            good.append(_pair(row, full))
        except InputError as problem:
            refused.append(RowProblem(line=row.line, reason=str(problem)))
        if place % 1000 == 0 or place == len(table.rows):
            progress(place, len(table.rows))
    return good, refused


def _names_metadata(mapping: Mapping) -> bool:
    return any(target.startswith("metadata.") for target in (*mapping.fields, *mapping.constants))


def _with_short_columns(mapping: Mapping, table: Table) -> Mapping:
    """The mapping, with each column that it leaves out and of which every value is short as metadata."""
    mapped = set(mapping.fields.values())
    long = {column for row in table.rows for column, value in row.values.items() if not _is_short(value)}
    kept = {f"metadata.{column}": column for column in table.columns if column not in mapped | long and column}
    return mapping.model_copy(update={"fields": {**kept, **mapping.fields}})


def _is_short(value: Any) -> bool:
    text = as_text(value)
    return text is not None and len(text) <= SHORT and texts.problem(text) is None


def _pair(row: RawRow, mapping: Mapping) -> NewPair:
    """The pair of a row; InputError with the reason when there is none."""
    if row.problem:
        raise InputError(row.problem)
    found = {**mapping.constants, **{target: row.values.get(column) for target, column in mapping.fields.items()}}
    parts = {target: _part(target, value, mapping.fields.get(target, "")) for target, value in found.items()}
    if not parts["instruction"].strip():
        raise InputError("the instruction is missing or empty")
    metadata = {target.removeprefix("metadata."): text for target, text in parts.items() if target not in TARGETS}
    return NewPair(
        instruction=parts["instruction"],
        context=parts.get("context", ""),
        response=parts.get("response", ""),
        group=parts.get("group", "").strip() or None,
        key=parts.get("key", "").strip() or row.key,
        metadata={name: text for name, text in metadata.items() if text},
    )


def _part(target: str, value: Any, column: str) -> str:
    where = f"the {target} (column '{column}')" if column else f"the {target}"
    text = as_text(value)
    if text is None:
        raise InputError(f"{where} is {what_is(value)}, not a text")
    why = texts.problem(text, texts.LONGEST if target in TARGETS[:3] else LONGEST_NAME)
    if why:
        raise InputError(f"{where} {why}")
    return texts.clean(text)


def _shown(value: Any) -> str:
    text = as_text(value)
    return what_is(value) if text is None else text.encode("utf-8", "replace").decode()


def _unit(table: Table) -> Literal["line", "row"]:
    return "row" if table.format == "json" else "line"


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
