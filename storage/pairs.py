"""Pairs and the revisions of their texts."""

import json
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from hone.storage import intake
from hone.storage.errors import InputError, NotFound
from hone.storage.filters import STATES as STATES
from hone.storage.filters import Kind as Kind
from hone.storage.filters import PairFilter, joined, where
from hone.storage.filters import State as State
from hone.storage.intake import Arrivals
from hone.storage.kept import Kept
from hone.storage.records import Record, new_id, now, sha256
from hone.storage.store import Cursor, among, insert, one, rows


class NewPair(Record):
    """A row of an import, checked."""

    instruction: str
    context: str = ""
    response: str = ""
    group: str | None = None
    source: str = ""
    metadata: dict[str, str] = {}
    key: str | None = None  # the row's own id in its file; kept as metadata "key"

    @property
    def content_sha256(self) -> str:
        """Of the three texts: the same row twice is one pair."""
        return sha256(self.instruction, self.context, self.response)


class Revision(Record):
    """A text of a pair. The first is what was imported; each edit is a new one."""

    id: str
    pair_id: str
    parent_id: str | None
    instruction: str
    context: str
    response: str
    author_id: str
    reason: str
    words_added: int
    words_removed: int
    created_at: datetime


class Pair(Record):
    """A pair with its first text and where it stands in the queue.

    A "gold" pair has a decision that is known to be right; it is asked to learn how experts work, and never reaches
    a batch. `checks` are the kinds of findings, None before it was checked.
    """

    id: str
    project_id: str
    number: int
    kind: Kind
    group: str | None
    source: str
    metadata: dict[str, str]
    created_at: datetime
    state: State
    round: int
    priority: int
    place: float
    why: str
    wanted: int
    done: int
    reserved_for: str | None
    first_revision: str
    approved_revision: str | None
    checks: tuple[str, ...] | None
    instruction: str
    context: str
    response: str


def add(
    cursor: Cursor,
    project_id: str,
    new: Sequence[NewPair],
    *,
    author_id: str,
    import_id: str | None = None,
    wanted: int = 1,
    source: str = "",
) -> list[str]:
    """Store pairs that the project does not hold yet; gives the ids in the order of `new`, without the known ones."""
    arrived = Arrivals(
        instructions=[pair.instruction for pair in new],
        contexts=[pair.context for pair in new],
        responses=[pair.response for pair in new],
        groups=[pair.group for pair in new],
        sources=[pair.source or source for pair in new],
        metadata=[_metadata(pair) for pair in new],
        digests=[pair.content_sha256 for pair in new],
    )
    return intake.add(cursor, project_id, arrived, author_id=author_id, import_id=import_id, wanted=wanted)


def _metadata(pair: NewPair) -> str:
    return json.dumps({**pair.metadata, **({"key": pair.key} if pair.key else {})}, ensure_ascii=False)


_COLUMNS = (
    "select p.id, p.project_id, p.number, p.kind, p.group_key, p.source, p.metadata, p.created_at, p.state, p.round, "
    "p.priority, p.place, p.why, p.wanted, p.done, p.reserved_for, p.first_revision, p.approved_revision, p.checks"
)
_PAIR = f"{_COLUMNS}, r.instruction, r.context, r.response from pair p join revision r on r.id = p.first_revision "


def get(cursor: Cursor, pair_id: str) -> Pair:
    """The pair, or NotFound."""
    row = one(cursor, _PAIR + "where p.id = ?", [pair_id])
    if row is None:
        raise NotFound(f"There is no pair {pair_id}.")
    return _pair(row)


class Begun(Record):
    """A pair, its first text, and the ids of who has spoken on it in this round: not for the eyes of experts."""

    pair: Pair
    first: Revision
    said_by: frozenset[str]


def begun(cursor: Cursor, pair_ids: Sequence[str]) -> dict[str, Begun]:
    """The pairs with these ids, as the desk needs them; texts that it has read before are not read again."""
    within, values = among(pair_ids)
    found = rows(cursor, f"{_COLUMNS}, p.said_by from pair p where p.id {within}", values)
    first = texts(cursor, [row["first_revision"] for row in found])
    made: dict[str, Begun] = {}
    for row in found:
        said_by, text = frozenset(row.pop("said_by").split()), first[row["first_revision"]]
        words = {"instruction": text.instruction, "context": text.context, "response": text.response}
        made[row["id"]] = Begun(pair=_pair({**row, **words}), first=text, said_by=said_by)
    return made


def many(cursor: Cursor, pair_ids: Sequence[str]) -> dict[str, Pair]:
    """The pairs with these ids."""
    within, values = among(pair_ids)
    return {row["id"]: _pair(row) for row in rows(cursor, f"{_PAIR}where p.id {within}", values)}


def first_revisions(cursor: Cursor, pair_ids: Sequence[str]) -> dict[str, str]:
    """The id of the text that each of these pairs was imported with."""
    found = rows(cursor, "select id, first_revision from pair where id in (select unnest(?))", [list(pair_ids)])
    return {row["id"]: row["first_revision"] for row in found}


EVERY = PairFilter()
MOST = 1_000_000


def listing(
    cursor: Cursor, project_id: str, wanted: PairFilter = EVERY, *, after: int = 0, limit: int = 50
) -> list[Pair]:
    """The pairs that the filter means, by number, those after number `after`."""
    if not 1 <= limit <= MOST:
        raise InputError(f"A page of {limit} pairs is not possible: ask for 1 to {MOST:,}.")
    said, values = where(wanted)
    # The page is chosen before the texts are read: a join first would read the texts of every pair.
    chosen = (
        f"select p.id from {joined(wanted)} where p.project_id = ? and p.number > ? and {said} "
        "order by p.number limit ?"
    )
    found = rows(cursor, _PAIR + f"where p.id in ({chosen}) order by p.number", [project_id, after, *values, limit])
    return [_pair(row) for row in found]


def ids(cursor: Cursor, project_id: str, wanted: PairFilter = EVERY) -> list[str]:
    """The ids of the pairs that the filter means, by number."""
    said, values = where(wanted)
    sql = f"select p.id from {joined(wanted)} where p.project_id = ? and {said} order by p.number"
    return [row["id"] for row in rows(cursor, sql, [project_id, *values])]


def by_key(cursor: Cursor, project_id: str, names: Collection[str]) -> dict[str, str]:
    """The id of the pair behind each of these names: `#number`, or the key that its row had in its file.

    Names that no pair has are left out; of several pairs with a key it is the last one.
    """
    numbers = {name: int(name[1:]) for name in names if _NUMBER.fullmatch(name)}
    by_number = _found(cursor, project_id, "number", list(numbers.values()))
    keys = [name for name in names if name not in numbers and name == name.encode(errors="ignore").decode()]
    by_key = _found(cursor, project_id, "cast(metadata as json) ->> 'key'", keys)
    return {**by_key, **{name: by_number[number] for name, number in numbers.items() if number in by_number}}


_NUMBER = re.compile("#[1-9][0-9]{0,8}")


def _found(cursor: Cursor, project_id: str, what: str, values: Sequence[Any]) -> dict[Any, str]:
    """The ids of the pairs for which `what` is one of these values."""
    if not values:
        return {}
    within, bound = among(values)
    found = rows(
        cursor,
        f"select id, {what} as given from pair where project_id = ? and ({what}) {within} order by number",
        [project_id, *bound],
    )
    return {row["given"]: row["id"] for row in found}


def counts(cursor: Cursor, project_id: str, wanted: PairFilter = EVERY) -> dict[State, int]:
    """How many of the pairs that the filter means are in each state; every state is named."""
    said, values = where(wanted)
    sql = f"select p.state, count(*) as n from {joined(wanted)} where p.project_id = ? and {said} group by p.state"
    by_state = {row["state"]: row["n"] for row in rows(cursor, sql, [project_id, *values])}
    return {state: by_state.get(state, 0) for state in STATES}


def count(cursor: Cursor, project_id: str, wanted: PairFilter = EVERY) -> int:
    """How many pairs the filter means."""
    return sum(counts(cursor, project_id, wanted).values())


def revisions(cursor: Cursor, pair_id: str) -> list[Revision]:
    """All texts of a pair, the oldest first."""
    found = rows(cursor, "select * from revision where pair_id = ? order by created_at, id", [pair_id])
    return [Revision.model_validate(row) for row in found]


_kept: Kept[Revision] = Kept(20_000, lambda one: len(one.instruction) + len(one.context) + len(one.response))


def revision(cursor: Cursor, revision_id: str) -> Revision:
    """One text, or NotFound."""
    found = texts(cursor, [revision_id])
    if not found:
        raise NotFound(f"There is no revision {revision_id}.")
    return found[revision_id]


def texts(cursor: Cursor, revision_ids: Sequence[str]) -> dict[str, Revision]:
    """The texts with these ids."""
    known = _kept.get(revision_ids)
    missing = [revision_id for revision_id in revision_ids if revision_id not in known]
    if not missing:
        return known
    within, values = among(missing)
    read = {
        row["id"]: Revision.model_validate(row)
        for row in rows(cursor, f"select * from revision where id {within}", values)
    }
    if len(read) <= 1_000:  # a whole export is not what a desk comes back to
        for one in read.values():
            _kept.put(one.id, one)
    return {**known, **read}


def revised(parent: Revision, response: str, author_id: str, reason: str, added: int, removed: int) -> Revision:
    """A new text of the pair's response, made from `parent`; not stored yet."""
    return Revision.model_validate(
        {
            **parent.model_dump(),
            "id": new_id(),
            "parent_id": parent.id,
            "response": response,
            "author_id": author_id,
            "reason": reason,
            "words_added": added,
            "words_removed": removed,
            "created_at": now(),
        }
    )


def add_revisions(cursor: Cursor, made: Sequence[Revision]) -> None:
    """Store new texts."""
    insert(cursor, "revision", *[revision.model_dump() for revision in made])
    for revision in made:
        _kept.put(revision.id, revision)


def _pair(row: dict[str, Any]) -> Pair:
    group, checks = row.pop("group_key"), row.pop("checks")
    found = None if checks is None else tuple(checks.split())
    return Pair.model_validate({**row, "group": group, "metadata": json.loads(row["metadata"]), "checks": found})
