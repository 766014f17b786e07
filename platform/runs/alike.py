"""Rows that are nearly the same stand in one group, so that no fold is tested on what another one learnt."""

from collections.abc import Iterable, Sequence

from hone.labeling.batches.duplicates import compared
from hone.labeling.batches.leaks import Shingled
from hone.training.folder import Row


def together(rows: Sequence[Row]) -> list[Row]:
    """The rows with their groups joined where texts are alike: each stands with the row that it is most like.

    What alike means is said in hone.labeling.batches.duplicates. Rows that are like none keep their group.
    """
    places = range(len(rows))
    found = Shingled([compared(row.instruction, row.context, row.response) for row in rows]).nearest(places, places)
    names = _joined((_name(rows[place]), _name(rows[like.place])) for place, like in found.items())
    return [row.model_copy(update={"group": names[_name(row)]}) if _name(row) in names else row for row in rows]


def _name(row: Row) -> str:
    return row.group or f"row {row.id}"


def _joined(alike: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each name of a pair the name of all that hang together with it, the first of them."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name] = parent[parent[name]]
        return name

    for one, other in alike:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return {name: root(name) for name in list(parent)}
