"""Which pairs are meant: one record for the list, the batch, the export and the overlap of a slice."""

from datetime import datetime
from typing import Any, Literal, TypeAlias

from hone.storage.errors import InputError
from hone.storage.records import Record

State: TypeAlias = Literal["open", "disputed", "agreed", "approved", "rejected"]
STATES: tuple[State, ...] = ("open", "disputed", "agreed", "approved", "rejected")
Kind: TypeAlias = Literal["pair", "gold"]
ANY = "any"  # any flag, any finding
Where: TypeAlias = tuple[str, list[Any]]


class PairFilter(Record):
    """All that is said must hold; what is left out holds for every pair.

    `kind` is what is asked for: gold pairs are never among the others. `contains` is looked for in the text that was
    imported. `metadata` names values that a pair's metadata must have; `checks` findings that it must have (or
    "any"), `without_checks` those that were looked for and not found; `annotator` is the name of somebody whose
    opinion on it stands; `rated` a dimension with the lowest and highest mean score of the pair's round, 1 to 5;
    `since` and `until` bound the time of its last decision in UTC, the first with, the second without that moment.
    """

    kind: Kind = "pair"
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


_FLAGGED = "select f.pair_id from flag f join current_review v on v.id = f.review_id"
_DECIDED = (
    "select d.pair_id from (select pair_id, created_at from current_review where decision <> 'skip' "
    "union all select pair_id, created_at from adjudication) d group by d.pair_id having max(d.created_at)"
)
_RATED = (
    "select v.pair_id from current_review v join pair q on q.id = v.pair_id and q.round = v.round group by v.pair_id "
    "having avg(cast(cast(v.ratings as json) ->> ? as double precision)) between ? and ?"
)


def where(wanted: PairFilter) -> Where:
    """The condition on `pair p` joined with its first `revision r`, and its bound values.

    The text is what DuckDB and PostgreSQL both run. One difference stays: DuckDB's `->>` takes a name that begins
    with `$` or `/` for a path.

    Raises:
        InputError: A field of metadata or a dimension has a name that begins with `$` or `/`.
    """
    parts: list[Where] = [("p.kind = ?", [wanted.kind])]
    if wanted.states:
        parts.append(("p.state in (select unnest(?))", [list(wanted.states)]))
    if wanted.contains:
        texts = "lower(r.instruction || ' ' || r.context || ' ' || r.response)"
        parts.append((f"position(? in {texts}) > 0", [wanted.contains.lower()]))
    if wanted.source is not None:
        parts.append(("p.source = ?", [wanted.source]))
    if wanted.group is not None:
        parts.append(("p.group_key = ?", [wanted.group]))
    for field, value in wanted.metadata.items():
        parts.append(("(cast(p.metadata as json) ->> ?) = ?", [plain_name(field), value]))
    parts += [_check(kind) for kind in wanted.checks]
    parts += [("position(? in p.checks) = 0", [f" {kind} "]) for kind in wanted.without_checks]
    if wanted.flagged is not None:
        parts.append(_flagged(wanted.flagged))
    if wanted.flags_resolved:
        unsettled = " where not exists (select 1 from flag_resolution s where s.flag_id = f.id)"
        parts.append((f"p.id not in ({_FLAGGED}{unsettled})", []))
    if wanted.annotator is not None:
        said = "select v.pair_id from current_review v join person h on h.id = v.person_id"
        parts.append((f"p.id in ({said} where h.name = ? and v.decision <> 'skip')", [wanted.annotator]))
    for dimension, (low, high) in wanted.rated.items():
        parts.append((f"p.id in ({_RATED})", [plain_name(dimension), low, high]))
    if wanted.since:
        parts.append((f"p.id in ({_DECIDED} >= ?)", [wanted.since]))
    if wanted.until:
        parts.append((f"p.id in ({_DECIDED} < ?)", [wanted.until]))
    return " and ".join(said for said, _ in parts), [value for _, values in parts for value in values]


def joined(wanted: PairFilter) -> str:
    """The tables that `where` speaks of: the texts only where they are asked for, which spares reading them."""
    return "pair p" + (" join revision r on r.id = p.first_revision" if wanted.contains else "")


def plain_name(field: str) -> str:
    """The name of a JSON field that both databases take for a name."""
    if not field or field[0] in "$/":
        raise InputError(
            f"No filter can name the field '{field}': names that begin with $ or / are paths. "
            "Give it another name when you import."
        )
    return field


def _check(kind: str) -> Where:
    if kind == ANY:
        return "trim(p.checks) <> ''", []
    return "position(? in p.checks) > 0", [f" {kind} "]


def _flagged(category: str) -> Where:
    if category == ANY:
        return f"p.id in ({_FLAGGED})", []
    return f"p.id in ({_FLAGGED} where f.category = ?)", [category]
