"""What is approved: the text of each approved pair, who approved it, and whether that is still so."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hone.storage.filters import PairFilter, joined, where
from hone.storage.records import Record
from hone.storage.store import Cursor, one, rows


class Approved(Record):
    """An approved pair with the text that was approved. Without a group of its own it is a group by itself."""

    pair_id: str
    number: int
    group: str
    metadata: dict[str, str]
    revision_id: str
    instruction: str
    context: str
    response: str


def listing(cursor: Cursor, project_id: str, wanted: PairFilter) -> list[Approved]:
    """The approved pairs that the filter means, by number."""
    said, values = where(wanted)
    found = rows(
        cursor,
        "select p.id as pair_id, p.number, coalesce(p.group_key, 'pair ' || p.id) as group_key, p.metadata, "
        "t.id as revision_id, t.instruction, t.context, t.response "
        "from pair p join revision t on t.id = p.approved_revision where p.project_id = ? and p.state = 'approved' "
        f"and p.id in (select p.id from {joined(wanted)} where p.project_id = ? and {said}) order by p.number",
        [project_id, project_id, *values],
    )
    return [_approved(row) for row in found]


def approvers(cursor: Cursor, project_id: str) -> dict[str, tuple[str, ...]]:
    """The names of who approved the text of each approved pair in its round: experts whose text it is, and leads.

    Two experts' texts are one when they differ in nothing but white space at the end.
    """
    given = rows(
        cursor,
        "select v.pair_id, h.name, v.revision_id = p.approved_revision as same, t.response, a.response as approved "
        "from current_review v join pair p on p.id = v.pair_id and p.round = v.round "
        "join person h on h.id = v.person_id "
        "left join revision t on t.id = v.revision_id and t.id <> p.approved_revision "
        "left join revision a on a.id = p.approved_revision and t.id is not null "
        "where p.project_id = ? and p.state = 'approved' and v.decision = 'approve'",
        [project_id],
    )
    decided = rows(
        cursor,
        "select a.pair_id, h.name from adjudication a join pair p on p.id = a.pair_id and p.round = a.round "
        "join person h on h.id = a.person_id where p.project_id = ? and p.state = 'approved'",
        [project_id],
    )
    found: dict[str, set[str]] = {}
    for row in given:
        if row["same"] or row["response"].rstrip() == row["approved"].rstrip():
            found.setdefault(row["pair_id"], set()).add(row["name"])
    for row in decided:
        found.setdefault(row["pair_id"], set()).add(row["name"])
    return {pair_id: tuple(sorted(names)) for pair_id, names in found.items()}


def basis(cursor: Cursor, project_id: str, pair_ids: Sequence[str], moment: datetime) -> str:
    """A text that is the same as long as a plan made at `moment` from these pairs holds.

    Of each pair its state, approved text and group, and the approvals that were given until then; and how many batches
    the project has. What is approved later changes nothing.
    """
    found = one(
        cursor,
        "with meant as (select unnest(?) as id) select "
        "(select md5(string_agg(p.id || ' ' || p.state || ' ' || coalesce(p.approved_revision, '') || ' ' || "
        "coalesce(p.group_key, ''), ',' order by p.id)) from pair p join meant m on m.id = p.id) as standing, "
        "(select md5(string_agg(v.id, ',' order by v.id)) from current_review v join meant m on m.id = v.pair_id "
        "where v.decision = 'approve' and v.created_at <= ?) as approvals, "
        "(select count(*) from batch where project_id = ?) as batches",
        [list(pair_ids), moment, project_id],
    )
    return "" if found is None else f"{found['standing']} {found['approvals']} {found['batches']}"


def stamp(cursor: Cursor, project_id: str) -> str:
    """A short text that changes with everything a plan is made from; for what keeps a plan for a while."""
    found = one(
        cursor,
        "select (select count(*) from review) as reviews, (select count(*) from adjudication) as decisions, "
        "(select count(*) from sent_back) as returned, (select count(*) from flag_resolution) as resolved, "
        "(select count(*) from batch where project_id = ?) as batches, "
        "(select max(version) from project_version where project_id = ?) as version, "
        "(select max(seq) from audit) as acts, "
        "count(*) as pairs, count(checks) as checked, sum(round) as rounds "
        "from pair where project_id = ?",
        [project_id, project_id, project_id],
    )
    return " ".join(str(count) for count in (found or {}).values())


def _approved(row: dict[str, Any]) -> Approved:
    group = row.pop("group_key")
    return Approved.model_validate({**row, "group": group, "metadata": json.loads(row["metadata"])})
