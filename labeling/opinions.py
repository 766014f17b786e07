"""Opinions that were given elsewhere: recorded from a file row by row, under the same rules as on the desk."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import ValidationError

from hone.labeling import texts
from hone.labeling.adjudication import settle_dispute
from hone.labeling.importing import RowProblem
from hone.labeling.reading import read
from hone.labeling.saying import Opinion, say
from hone.labeling.spans import field_text, locate
from hone.labeling.standing import start_revision
from hone.storage import audit, pairs, people, reviews
from hone.storage.errors import HoneError, InputError
from hone.storage.pairs import Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, canonical, sha256
from hone.storage.reviews import NewFlag
from hone.storage.store import Cursor, Store

Row: TypeAlias = Mapping[str, Any]
Recording: TypeAlias = Literal["file", "example"]
One: TypeAlias = Callable[[Cursor, Row, Pair, Callable[[str], Person]], bool]  # False: it was in already
OPINION = ("decision", "response", "ratings", "categories", "note", "seconds")
REVIEW_FIELDS = ("key", "annotator", *OPINION, "flags")
CHUNK = 100  # rows in one transaction: the desk goes on in between
ADJUDICATION_FIELDS = ("key", "lead", "decision", "version", "response", "reason")


class Recorded(Record):
    """How many rows went in, how many were in already, and which were refused: `line` is the row's place, from 1."""

    added: int
    known: int
    refused: tuple[RowProblem, ...]


def rows_in(path: Path, name: str | None = None) -> list[dict[str, Any]]:
    """The rows of a JSONL or JSON file of opinions or decisions.

    Raises:
        InputError: It cannot be read, or one of its lines is broken; the first one is named.
    """
    table = read(path, name)
    for row in table.rows:
        if row.problem:
            raise InputError(f"line {row.line} of {name or path.name}: {row.problem}. Mend it, then record the file.")
    return [row.values for row in table.rows]


def record_reviews(
    store: Store, project: Project, by: Person, rows: Sequence[Row], *, source: Recording = "file"
) -> Recorded:
    """Store experts' opinions, each good row of them. The same rows again add nothing.

    A row names the pair by `key` (the key of its file, or "#12"), the `annotator`, and the `decision`; it may
    have `response` (the edited text), `ratings`, `categories`, `flags`, `note` and `seconds`. A flag has
    `category`, `quote` and, as wanted, `severity` (2), `field` (response), `start`, `protected_group`,
    `comment`; without `start` its words are looked up in the text.

    Raises:
        Forbidden: `by` is no lead.
    """
    by.must("lead")

    def one(cursor: Cursor, row: Row, pair: Pair, named: Callable[[str], Person]) -> bool:
        annotator = named(_name(row, "annotator"))
        annotator.must("expert")
        request = _request("review", project, source, pair, annotator, row)
        if reviews.by_request(cursor, request):
            return False
        opinion = _opinion(row, start_revision(cursor, pair))
        say(cursor, project, pair, annotator, opinion, held=False, source=source, request_key=request)
        return True

    return _each(store, project, by, rows, REVIEW_FIELDS, one, "reviews recorded", source)


def record_adjudications(
    store: Store, project: Project, by: Person, rows: Sequence[Row], *, source: Recording = "file"
) -> Recorded:
    """Store leads' decisions on disputed pairs, each good row of them. The same rows again add nothing.

    A row has `key`, `decision` and, for an approval, `response`; as wanted `lead` (a name, else `by`) and `reason`.

    Raises:
        Forbidden: `by` is no lead.
    """
    by.must("lead")

    def one(cursor: Cursor, row: Row, pair: Pair, named: Callable[[str], Person]) -> bool:
        lead = named(_name(row, "lead")) if row.get("lead") else by
        lead.must("lead")
        decision = row.get("decision")
        if decision not in ("approve", "reject"):
            raise InputError(f"the decision is '{decision}': use approve or reject")
        request = _request("adjudication", project, source, pair, lead, row)
        if reviews.adjudication_by_request(cursor, request):
            return False
        settle_dispute(
            cursor,
            project,
            pair,
            lead,
            "approve" if decision == "approve" else "reject",
            version=_text(row, "version"),
            response=_text(row, "response"),
            reason=_text(row, "reason") or "",
            source=source,
            request_key=request,
        )
        return True

    return _each(store, project, by, rows, ADJUDICATION_FIELDS, one, "decisions recorded", source)


def _each(
    store: Store,
    project: Project,
    by: Person,
    rows: Sequence[Row],
    fields: Sequence[str],
    one: One,
    act: str,
    source: Recording,
) -> Recorded:
    """Every row by itself. A refused one raises before its first statement that writes, so nothing of it stays."""

    def chunk(cursor: Cursor, start: int) -> Recorded:
        named = cache(lambda name: people.named(cursor, name))
        keys = pairs.by_key(cursor, project.id)
        added = known = 0
        refused: list[RowProblem] = []
        for place, row in enumerate(rows[start : start + CHUNK], start=start + 1):
            try:
                _must_know(row, fields)
                new = one(cursor, row, _pair(cursor, row, keys), named)
            except HoneError as problem:
                refused.append(RowProblem(line=place, reason=str(problem)))
                continue
            added, known = added + new, known + (not new)
        audit.record(cursor, by.id, act, project.id, added=added, known=known, refused=len(refused), source=source)
        return Recorded(added=added, known=known, refused=tuple(refused))

    done = [store.write(partial(chunk, start=start)) for start in range(0, len(rows), CHUNK)]
    return Recorded(
        added=sum(part.added for part in done),
        known=sum(part.known for part in done),
        refused=tuple(row for part in done for row in part.refused),
    )


def _must_know(row: Row, fields: Sequence[str]) -> None:
    for name in row:
        if name not in fields:
            raise InputError(f"'{name}' is no field of such a row. There are: {', '.join(fields)}")


def _name(row: Row, field: str) -> str:
    found = _text(row, field)
    if not found:
        raise InputError(f"the {field} is missing")
    return found


def _text(row: Row, field: str) -> str | None:
    found = row.get(field)
    if found is not None and not isinstance(found, str):
        raise InputError(f"the {field} is not a text")
    return None if found is None else texts.must_be_text(field, found)


def _request(kind: str, project: Project, source: Recording, pair: Pair, person: Person, row: Row) -> str:
    """The key by which the same row of the same person is known again."""
    try:
        return sha256(kind, project.id, source, pair.id, person.id, canonical(dict(row)))
    except (TypeError, ValueError) as problem:
        raise InputError("a value in it is no JSON value, such as NaN") from problem


def _pair(cursor: Cursor, row: Row, keys: Mapping[str, str]) -> Pair:
    key = _name(row, "key")
    if key not in keys:
        raise InputError(f"there is no pair with the key '{key[:60]}': use the key of its file, or its number as '#12'")
    return pairs.get(cursor, keys[key])


def _opinion(row: Row, start: Revision) -> Opinion:
    given = {name: row[name] for name in OPINION if row.get(name) is not None}
    try:
        plain = Opinion(**given)
    except ValidationError as problem:
        raise _unfit(problem) from problem
    text = start.response if plain.response is None else plain.response
    marked = row.get("flags") or []
    if not isinstance(marked, Sequence) or not all(isinstance(flag, Mapping) for flag in marked):
        raise InputError("the flags are not a list of objects")
    return plain.model_copy(update={"flags": tuple(_flag(flag, start, text) for flag in marked)})


def _flag(given: Mapping[str, Any], start: Revision, text: str) -> NewFlag:
    """A flag of a row; its words are looked up in the decided text, then in the one that was seen."""
    fields = {"severity": 2, "field": "response", **given}
    quote = str(fields.get("quote", ""))
    if "start" not in fields and fields["field"] in ("instruction", "context", "response"):
        seen = field_text(start, fields["field"])
        where = text if fields["field"] == "response" and quote in text else seen
        fields["start"], fields["end"] = locate(where, quote)
    elif "end" not in fields and str(fields.get("start")).isdecimal():
        fields["end"] = int(fields["start"]) + len(quote)
    try:
        return NewFlag.model_validate(fields)
    except ValidationError as problem:
        raise _unfit(problem, "flag's ") from problem


def _unfit(problem: ValidationError, of: str = "") -> InputError:
    first = problem.errors(include_url=False)[0]
    return InputError(f"the {of}{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
