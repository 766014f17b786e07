"""Opinions that were given elsewhere: recorded from a file row by row, under the same rules as on the desk."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Literal, TypeAlias

from pydantic import ValidationError

from hone.labeling import texts
from hone.labeling.adjudication import settle_dispute
from hone.labeling.files.rows import RowProblem
from hone.labeling.saying import Opinion, Saying, say_all
from hone.labeling.spans import field_text, locate
from hone.labeling.standing import starts
from hone.storage import audit, pairs, people, reviews
from hone.storage.errors import HoneError, InputError
from hone.storage.memory import Memory
from hone.storage.pairs import Begun, Pair, Revision
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import Record, canonical, sha256
from hone.storage.reviews import NewFlag, Review
from hone.storage.store import Cursor, Store

Row: TypeAlias = Mapping[str, Any]
Recording: TypeAlias = Literal["file", "example"]
Answer: TypeAlias = bool | HoneError  # False: it was in already
Keys: TypeAlias = Mapping[str, str]  # the id of each pair by its key and by "#" and its number
These: TypeAlias = Callable[[Cursor, Keys, Sequence[Row]], list[Answer]]
OPINION = ("decision", "response", "ratings", "answers", "categories", "edit_reason", "note", "seconds")
REVIEW_FIELDS = ("key", "annotator", *OPINION, "flags")
CHUNK = 200  # rows in one transaction: the desk goes on in between
ADJUDICATION_FIELDS = ("key", "lead", "decision", "version", "response", "reason")


class Recorded(Record):
    """How many rows went in, how many were in already, and which were refused: `line` is the row's place, from 1."""

    added: int
    known: int
    refused: tuple[RowProblem, ...]


def record_reviews(
    store: Store, project: Project, by: Person, rows: Sequence[Row], *, source: Recording = "file"
) -> Recorded:
    """Store experts' opinions, each good row of them. The same rows again add nothing.

    A row names the pair by `key` (the key of its file, or "#12"), the `annotator`, and the `decision`; it may
    have `response` (the edited text), `ratings`, `answers`, `categories`, `edit_reason`, `flags`, `note` and
    `seconds`. A flag has `category`, `quote` and, as wanted, `severity` (2), `field` (response), `start`,
    `protected_group`, `comment`, `mitigation`; without `start` its words are looked up in the text.

    Raises:
        Forbidden: `by` is no lead.
    """
    by.must("lead")

    def these(cursor: Cursor, keys: Keys, rows: Sequence[Row]) -> list[Answer]:
        return _reviews(cursor, project, keys, rows, source)

    return _each(store, project, by, rows, these, "reviews recorded", source)


def _reviews(cursor: Cursor, project: Project, keys: Keys, rows: Sequence[Row], source: Recording) -> list[Answer]:
    """Store the good rows together, as the desk does with those who submit at the same moment."""
    named = cache(lambda name: people.named(cursor, name))
    found = _pairs(cursor, keys, rows)
    begin = starts(cursor, found.values())
    sayings: list[Saying | HoneError] = []
    for row in rows:
        try:
            _must_know(row, REVIEW_FIELDS)
            pair = _pair(row, found)
            annotator = named(_name(row, "annotator"))
            annotator.must("expert")
            request = _request("review", project, source, pair, annotator, row)
            sayings.append(Saying(pair.id, annotator, _opinion(row, begin[pair.id]), request, source))
        except HoneError as problem:
            sayings.append(problem)
    said = {one.request_key: one for one in sayings if isinstance(one, Saying)}  # the same row twice is one
    known = reviews.by_requests(cursor, list(said)) if said else {}
    fresh = [saying for key, saying in said.items() if key not in known]
    stored = dict(zip((saying.request_key for saying in fresh), say_all(cursor, Memory(), project, fresh), strict=True))
    return [one if isinstance(one, HoneError) else _answer(stored.pop(one.request_key, None)) for one in sayings]


def _answer(stored: Review | HoneError | None) -> Answer:
    """True for a row that was stored now, False for one that was in already, or why it is refused."""
    return stored if isinstance(stored, HoneError) else stored is not None


def record_adjudications(
    store: Store, project: Project, by: Person, rows: Sequence[Row], *, source: Recording = "file"
) -> Recorded:
    """Store leads' decisions on disputed pairs, each good row of them. The same rows again add nothing.

    A row has `key`, `decision` and, for an approval, `response`; as wanted `lead` (a name, else `by`) and `reason`.

    Raises:
        Forbidden: `by` is no lead.
    """
    by.must("lead")

    def these(cursor: Cursor, keys: Keys, rows: Sequence[Row]) -> list[Answer]:
        found = _pairs(cursor, keys, rows)
        answers: list[Answer] = []
        for row in rows:
            try:
                _must_know(row, ADJUDICATION_FIELDS)
                answers.append(_decided(cursor, project, by, row, _pair(row, found), source))
            except HoneError as problem:
                answers.append(problem)
        return answers

    return _each(store, project, by, rows, these, "decisions recorded", source)


def _decided(cursor: Cursor, project: Project, by: Person, row: Row, pair: Pair, source: Recording) -> bool:
    lead = people.named(cursor, _name(row, "lead")) if row.get("lead") else by
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
        pairs.get(cursor, pair.id),
        lead,
        "approve" if decision == "approve" else "reject",
        version=_text(row, "version"),
        response=_text(row, "response"),
        reason=_text(row, "reason") or "",
        source=source,
        request_key=request,
    )
    return True


def _each(
    store: Store, project: Project, by: Person, rows: Sequence[Row], these: These, act: str, source: Recording
) -> Recorded:
    """All rows, a chunk in one transaction. A refused one raises before its first statement that writes."""
    with store.read() as cursor:
        keys = pairs.by_key(cursor, project.id, {key for row in rows if isinstance(key := row.get("key"), str)})

    def chunk(cursor: Cursor, start: int) -> Recorded:
        answers = these(cursor, keys, rows[start : start + CHUNK])
        refused = tuple(
            RowProblem(line=line, reason=str(answer))
            for line, answer in enumerate(answers, start=start + 1)
            if isinstance(answer, HoneError)
        )
        done = Recorded(added=answers.count(True), known=answers.count(False), refused=refused)
        counts = {"added": done.added, "known": done.known, "refused": len(refused)}
        audit.record(cursor, by.id, act, project.id, **counts, source=source)
        return done

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


def _pairs(cursor: Cursor, keys: Keys, rows: Sequence[Row]) -> dict[str, Begun]:
    """The pairs that these rows name, by the name that they give."""
    names = {key for row in rows if isinstance(key := row.get("key"), str) and key in keys}
    found = pairs.begun(cursor, list({keys[name] for name in names}))
    return {name: found[keys[name]] for name in names}


def _pair(row: Row, found: Mapping[str, Begun]) -> Pair:
    key = _name(row, "key")
    if key not in found:
        raise InputError(f"there is no pair with the key '{key[:60]}': use the key of its file, or its number as '#12'")
    return found[key].pair


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
