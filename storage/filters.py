"""Which pairs are meant: one record for the list, the batch, the export and the overlap of a slice."""

from datetime import datetime
from typing import Any, TypeAlias

from hone.storage.pairs import State
from hone.storage.records import Record

Where: TypeAlias = tuple[str, list[Any]]


class PairFilter(Record):
    """All that is said must hold; what is left out holds for every pair.

    `metadata` names values that a pair's metadata must have; `checks` findings that it must have; `annotator` is the
    name of somebody whose opinion on it stands; `rated` a dimension with the lowest and highest mean score, 1 to 5;
    `since` and `until` bound the time of its last decision, in UTC.
    """

    states: tuple[State, ...] = ()
    contains: str = ""
    source: str | None = None
    group: str | None = None
    metadata: dict[str, str] = {}
    checks: tuple[str, ...] = ()
    without_checks: tuple[str, ...] = ()
    flagged: str | None = None  # a kind of flag, or "any"
    flags_resolved: bool = False  # no flag without a resolution
    annotator: str | None = None
    rated: dict[str, tuple[float, float]] = {}
    since: datetime | None = None
    until: datetime | None = None


def where(wanted: PairFilter) -> Where:
    """The condition on `pair p` joined with its first `revision r`, and its bound values."""
    said: list[str] = []
    values: list[Any] = []
    if wanted.states:
        said.append("p.state in (select unnest(?))")
        values.append(list(wanted.states))
    if wanted.contains:
        said.append("position(? in lower(r.instruction || ' ' || r.context || ' ' || r.response)) > 0")
        values.append(wanted.contains.lower())
    return " and ".join(said) or "true", values
