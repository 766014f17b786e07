"""Hidden among an expert's pairs: gold pairs, and pairs that they have decided before.

Drawn by a seeded hash of the person and of how many decisions of theirs stand, so that a draw can be repeated,
and nobody can bring about a luckier one by reloading.
"""

from collections.abc import Sequence
from typing import Any

from hone.storage import gold, tally
from hone.storage.records import Record, sha256
from hone.storage.store import Cursor, marks, rows

AGO = 20  # opinions between the first look and the second; half of them while there are fewer than twice as many
RECENT = 400  # decisions of a person among which a repeat is looked for


class Wish(Record):
    """Somebody asks for the next pair of a project; the rates are shares of their pairs, 0 to 0.5."""

    project_id: str
    person_id: str
    gold_rate: float = 0
    repeat_rate: float = 0
    seed: int = 0


def due(cursor: Cursor, project_id: str, wishes: Sequence[Wish]) -> dict[str, str]:
    """The pair of the second look that is due, for each of these people who has one due."""
    drawing = [wish for wish in wishes if wish.gold_rate or wish.repeat_rate]
    if not drawing:
        return {}
    turns = tally.turns(cursor, project_id)
    drawn = {wish.person_id: draw(cursor, wish, turns.get(wish.person_id, 0)) for wish in drawing}
    return {person_id: pair_id for person_id, pair_id in drawn.items() if pair_id is not None}


def draw(cursor: Cursor, wish: Wish, turn: int) -> str | None:
    """The pair of the second look that this turn of the person brings, if it brings one."""
    chance = int(_hash(wish, str(turn))[:12], 16) / 16**12
    if chance < wish.gold_rate:
        return _gold(cursor, wish)
    if chance < wish.gold_rate + wish.repeat_rate:
        return _repeat(cursor, wish)
    return None


def _gold(cursor: Cursor, wish: Wish) -> str | None:
    """A gold pair that the person has not met."""
    known = [one.pair_id for one in gold.of_project(cursor, wish.project_id)]
    left = set(known) - gold.met(cursor, known, wish.person_id)
    return min(left, key=lambda pair_id: _hash(wish, pair_id), default=None)


def _repeat(cursor: Cursor, wish: Wish) -> str | None:
    """A pair that the person decided long enough ago, once, in the round that it is in."""
    given = _given(cursor, wish)
    opinions = [row for row in given if row["kind"] == "review" and row["decision"] != "skip"]
    again = {row["pair_id"] for row in given if row["kind"] == "repeat"}
    gap = min(AGO, (len(opinions) + 1) // 2)
    found = {row["pair_id"] for row in opinions[gap:] if row["round"] == row["now"]} - again
    return min(found, key=lambda pair_id: _hash(wish, pair_id), default=None)


def _given(cursor: Cursor, wish: Wish) -> list[dict[str, Any]]:
    """The person's last decisions in the project that stand, the newest first; `now` is the pair's round today."""
    found = rows(
        cursor,
        "select id, pair_id, round, kind, decision, undoes from review where person_id = ? "
        "order by created_at desc, id desc limit ?",
        [wish.person_id, RECENT],
    )
    ids = list({row["pair_id"] for row in found})
    if not ids:
        return []
    here = rows(
        cursor, f"select id, round from pair where project_id = ? and id in ({marks(ids)})", [wish.project_id, *ids]
    )
    rounds = {row["id"]: row["round"] for row in here}
    back = rows(cursor, f"select review_id from sent_back where pair_id in ({marks(ids)})", ids)
    gone = {row["undoes"] for row in found} | {row["review_id"] for row in back}
    standing = [row for row in found if row["decision"] != "undo" and row["id"] not in gone]
    return [{**row, "now": rounds[row["pair_id"]]} for row in standing if row["pair_id"] in rounds]


def _hash(wish: Wish, what: str) -> str:
    return sha256("second look", str(wish.seed), wish.project_id, wish.person_id, what)
