"""What leaves the workspace: the texts of pairs or of a batch in chunks, what was said of them, what was preferred."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from hone.storage import approved
from hone.storage.filters import PairFilter, joined, where
from hone.storage.store import Cursor, rows

CHUNK = 5_000  # pairs at first; then as many as hold so many characters, because each question reads all ids anew
CHARACTERS = 40_000_000
MOST = 50_000


class Leaving(NamedTuple):
    """One pair with the text that leaves: the approved one, else the one that it was imported with."""

    pair_id: str
    number: int
    state: str
    instruction: str
    context: str
    response: str
    group: str | None
    source: str
    metadata: dict[str, str]
    revision: str
    split: str | None
    approvers: tuple[str, ...]


class Preference(NamedTuple):
    """One judged item: the answer that more reviewers preferred, and the votes."""

    pair_number: int
    instruction: str
    context: str
    chosen: str
    rejected: str
    votes: int
    against: int
    ties: int
    matchup_set: int


def count(cursor: Cursor, project_id: str, wanted: PairFilter) -> int:
    """How many pairs a filter means."""
    said, values = where(wanted)
    found = rows(
        cursor, f"select count(*) as n from {joined(wanted)} where p.project_id = ? and {said}", [project_id, *values]
    )
    return int(found[0]["n"])


def pairs_of(cursor: Cursor, project_id: str, wanted: PairFilter) -> Iterator[list[Leaving]]:
    """The pairs that a filter means, by number, in chunks."""
    said, values = where(wanted)
    found = rows(
        cursor,
        f"select p.id from {joined(wanted)} where p.project_id = ? and {said} order by p.number",
        [project_id, *values],
    )
    ids = [row["id"] for row in found]
    approvers = approved.approvers(cursor, project_id) if ids else {}
    start, size = 0, CHUNK
    while start < len(ids):
        chunk = rows(
            cursor,
            "select p.id, p.number, p.state, t.instruction, t.context, t.response, p.group_key, p.source, p.metadata, "
            "t.id as revision, null as split from pair p "
            "join revision t on t.id = coalesce(p.approved_revision, p.first_revision) "
            "where p.id in (select unnest(?)) order by p.number",
            [ids[start : start + size]],
        )
        start, size = start + size, _next_size(chunk)
        yield [_leaving(row, approvers.get(row["id"], ())) for row in chunk]


def batch_of(cursor: Cursor, batch_id: str) -> Iterator[list[Leaving]]:
    """The rows of a frozen batch in their order, in chunks."""
    last = -1
    while True:
        chunk = rows(
            cursor,
            "select i.pair_id as id, i.pair_number as number, 'approved' as state, i.instruction, i.context, "
            "i.response, i.group_key, p.source, i.metadata, i.revision_id as revision, i.split, i.position, "
            "i.approvers "
            "from batch_item i join pair p on p.id = i.pair_id "
            "where i.batch_id = ? and i.position > ? order by i.position limit ?",
            [batch_id, last, CHUNK],
        )
        if not chunk:
            return
        last = chunk[-1]["position"]
        yield [_leaving(row, json.loads(row["approvers"])) for row in chunk]


def provenance(cursor: Cursor, leaving: Sequence[Leaving]) -> dict[str, dict[str, Any]]:
    """By pair: which file brought it, each text that it had, each opinion of its round that stands, a lead's word.

    `guidelines` is the version of the project under which somebody spoke; `suggested_by` the model whose answer was
    on their screen, None without one. A version whose `why` is "suggestion" is that answer word for word.
    """
    ids = [each.pair_id for each in leaving]
    found: dict[str, dict[str, Any]] = {
        each.pair_id: {"revision": each.revision, "versions": [], "reviews": [], "decided": None} for each in leaving
    }
    for row in rows(
        cursor,
        "select p.id, p.round, f.file_name, h.name, p.created_at from pair p "
        "left join import_file f on f.id = p.import_id left join person h on h.id = f.made_by "
        "where p.id in (select unnest(?))",
        [ids],
    ):
        moment = row["created_at"].isoformat()
        found[row["id"]].update(round=row["round"], file=row["file_name"], imported_by=row["name"], imported_at=moment)
    for row in rows(
        cursor,
        "select r.pair_id, r.id, h.name, r.reason, r.created_at from revision r "
        "left join person h on h.id = r.author_id where r.pair_id in (select unnest(?)) order by r.created_at, r.id",
        [ids],
    ):
        said = {"revision": row["id"], "by": row["name"], "why": row["reason"], "at": row["created_at"].isoformat()}
        found[row["pair_id"]]["versions"].append(said)
    for row in rows(
        cursor,
        "select r.pair_id, h.name, r.decision, r.revision_id, r.ratings, r.project_version, r.created_at, "
        "m.name as suggested_by from current_review r join pair p on p.id = r.pair_id and p.round = r.round "
        "join person h on h.id = r.person_id "
        "left join suggestion s on s.id = r.suggestion_id left join model m on m.id = s.model_id "
        "where r.pair_id in (select unnest(?)) and r.decision <> 'skip' order by r.created_at, r.id",
        [ids],
    ):
        said = {
            "by": row["name"],
            "decision": row["decision"],
            "revision": row["revision_id"],
            "ratings": json.loads(row["ratings"]),
            "guidelines": row["project_version"],
            "suggested_by": row["suggested_by"],
            "at": row["created_at"].isoformat(),
        }
        found[row["pair_id"]]["reviews"].append(said)
    for row in rows(
        cursor,
        "select a.pair_id, h.name, a.decision, a.reason, a.created_at from adjudication a "
        "join pair p on p.id = a.pair_id and p.round = a.round join person h on h.id = a.person_id "
        "where a.pair_id in (select unnest(?)) order by a.created_at, a.id",
        [ids],
    ):
        found[row["pair_id"]]["decided"] = {
            "by": row["name"],
            "decision": row["decision"],
            "reason": row["reason"],
            "at": row["created_at"].isoformat(),
        }
    return found


def preferences(cursor: Cursor, project_id: str) -> Iterator[list[Preference]]:
    """Judged items of the project on which more reviewers preferred one answer than the other; ties prefer none.

    An item that was judged in several matchup sets comes once for each: the answers are others.
    """
    found = rows(
        cursor,
        "with vote as (select j.matchup_id, "
        "count(*) filter (where j.choice in ('left', 'right') and (j.choice = 'left') = (j.left_side = 'new')) as new, "
        "count(*) filter (where j.choice in ('left', 'right') and (j.choice = 'left') = (j.left_side = 'old')) as old, "
        "count(*) filter (where j.choice in ('tie', 'both_bad')) as ties "
        "from current_judgement j group by j.matchup_id) "
        "select i.pair_number, i.instruction, i.context, n.response as new_text, o.response as old_text, "
        "v.new, v.old, v.ties, s.number from vote v join matchup m on m.id = v.matchup_id "
        "join matchup_set s on s.id = m.set_id "
        "join batch_item i on i.batch_id = s.batch_id and i.pair_id = m.pair_id "
        "join generation n on n.id = m.new_generation join generation o on o.id = m.old_generation "
        "where s.project_id = ? and v.new <> v.old order by s.number, i.pair_number",
        [project_id],
    )
    chosen = [_preference(row) for row in found]
    for start in range(0, len(chosen), CHUNK):
        yield chosen[start : start + CHUNK]


def _leaving(row: dict[str, Any], approvers: Sequence[str]) -> Leaving:
    return Leaving(
        pair_id=row["id"],
        number=row["number"],
        state=row["state"],
        instruction=row["instruction"],
        context=row["context"],
        response=row["response"],
        group=row["group_key"],
        source=row["source"],
        metadata=json.loads(row["metadata"]),
        revision=row["revision"],
        split=row["split"],
        approvers=tuple(approvers),
    )


def _next_size(chunk: Sequence[dict[str, Any]]) -> int:
    """How many rows like these make a chunk."""
    characters = sum(len(row["instruction"]) + len(row["context"]) + len(row["response"]) for row in chunk)
    return max(500, min(MOST, CHARACTERS * len(chunk) // max(1, characters)))


def _preference(row: dict[str, Any]) -> Preference:
    new = row["new"] > row["old"]
    return Preference(
        row["pair_number"],
        row["instruction"],
        row["context"],
        row["new_text" if new else "old_text"],
        row["old_text" if new else "new_text"],
        max(row["new"], row["old"]),
        min(row["new"], row["old"]),
        row["ties"],
        row["number"],
    )
