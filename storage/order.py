"""In which order a project's pairs come: by each pair's `place`, the smaller first.

One number, in which the priority is the coarse part: the first of a million is found by one column five times as
fast as by three.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from hone.storage import projects, tally
from hone.storage.projects import Order, Project
from hone.storage.store import Cursor, rows, update

BEGUN = 1_000_000_000  # above every number: a pair with opinions comes before all without
FRONT = 10_000_000_000  # for each step of priority
KEPT = 1_000_000_000_000  # for a pair that is kept for one person: before all others
CHUNK = 50_000  # rows of one update


def place_of(order: Order, seed: int, number: int, priority: int = 0) -> float:
    """The place of a pair on which nobody has said anything: by its number, or a seeded draw between 0 and 1."""
    drawn = hashlib.blake2b(f"{seed} {number}".encode(), digest_size=4).digest()
    within = int.from_bytes(drawn, "big") / 2**32 if order == "random" else number
    return within - FRONT * priority


def place_by_opinions(number: int, priority: int, opinions: int, differ: bool) -> float:
    """The place by disagreement: first pairs on which experts differ so far, then those with some opinion."""
    return number - (2 * BEGUN if differ else BEGUN if opinions else 0) - FRONT * priority


def arrived(cursor: Cursor, project_id: str, first: int, count: int) -> None:
    """So many pairs came in, numbered from `first`: they wait for everybody, and get their places."""
    with tally.counting(cursor, project_id) as noted:
        noted.counts[(tally.PROJECT, "free")] += count
    settings = projects.get(cursor, project_id).settings
    if settings.order == "random":
        found = rows(cursor, "select id, number from pair where project_id = ? and number >= ?", [project_id, first])
        places = [{"id": row["id"], "place": place_of(settings.order, settings.seed, row["number"])} for row in found]
        _write(cursor, places)


def reorder(cursor: Cursor, project: Project) -> None:
    """Give all open pairs of a project the place that its settings ask for."""
    order, seed = project.settings.order, project.settings.seed
    found = rows(
        cursor,
        "select id, number, priority, reserved_for, place, done from pair "
        "where project_id = ? and state = 'open' and kind = 'pair'",
        [project.id],
    )
    known = _probabilities(cursor, project.id) if order == "uncertain" else {}
    differing = _differing(cursor, project.id) if order == "disagreement" else set[str]()
    changed: list[dict[str, Any]] = []
    for row in found:
        place = place_of(order, seed, row["number"], row["priority"])
        if order == "disagreement":
            place = place_by_opinions(row["number"], row["priority"], row["done"], row["id"] in differing)
        if row["id"] in known:
            place = known[row["id"]] - FRONT * row["priority"]
        place -= KEPT * (row["reserved_for"] is not None)
        if place != row["place"]:
            changed.append({"id": row["id"], "place": place})
    for start in range(0, len(changed), CHUNK):
        _write(cursor, changed[start : start + CHUNK])


def _write(cursor: Cursor, changed: Sequence[dict[str, Any]]) -> None:
    if len(changed) <= 100:
        update(cursor, "pair", *changed)
        return
    cursor.execute(
        "update pair set place = new.place from (select unnest(?) as id, unnest(?) as place) new "
        "where pair.id = new.id",
        [[row["id"] for row in changed], [row["place"] for row in changed]],
    )


def _probabilities(cursor: Cursor, project_id: str) -> dict[str, float]:
    """The newest mean log-probability of each open pair that has one: all of them below every number."""
    found = rows(
        cursor,
        "select distinct on (s.pair_id) s.pair_id, s.mean_logprob from suggestion s join pair p on p.id = s.pair_id "
        "where p.project_id = ? and p.state = 'open' and s.mean_logprob is not null "
        "order by s.pair_id, s.created_at desc, s.id desc",
        [project_id],
    )
    return {row["pair_id"]: row["mean_logprob"] for row in found}


def _differing(cursor: Cursor, project_id: str) -> set[str]:
    """Open pairs on which the opinions of the round differ."""
    found = rows(
        cursor,
        "select pair_id from (select r.pair_id, r.decision, case r.decision when 'approve' then rtrim(v.response) "
        "else '' end as text from current_review r join pair p on p.id = r.pair_id "
        "join revision v on v.id = r.revision_id where p.project_id = ? and p.state = 'open' and p.done > 1 "
        "and r.round = p.round and r.decision <> 'skip') said group by pair_id "
        "having count(distinct decision || text) > 1",
        [project_id],
    )
    return {row["pair_id"] for row in found}
