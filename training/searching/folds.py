"""The folds of a cross-validation: a pure function of rows and seed. A group never spans two folds."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from hone.storage.errors import InputError
from hone.training.folder import Row


def folds_of(rows: Sequence[Row], count: int, seed: int, by_label: bool = False) -> dict[str, int]:
    """The fold of each row, 0 to count - 1, by the row's id. Each fold has at least one group.

    Groups are dealt out, the largest first and equals in an order drawn by the seed, each to the fold where the rows
    of its labels are fewest so far (of equals, to the one with the fewest rows): folds come out of like size, and
    where there are labels each fold gets its share of each. The order of the rows does not matter.

    Args:
        rows: Of the train split. A row of an empty group is a group by itself.
        count: Of folds, 2 or more.
        seed: Of the order.
        by_label: Whether responses are labels.

    Raises:
        InputError: There are fewer groups than folds.
    """
    groups: dict[str, Counter[str]] = {}
    for row in rows:
        groups.setdefault(_key(row), Counter())[row.response.strip() if by_label else ""] += 1
    if len(groups) < count:
        raise InputError(
            f"{count} folds need at least {count} groups, and the rows to learn from have {len(groups)}: "
            f"{'set folds to a lower number' if len(groups) > 1 else 'approve pairs of other groups'}."
        )
    fold_of_group = _dealt(groups, count, seed)
    return {row.id: fold_of_group[_key(row)] for row in rows}


def _dealt(groups: dict[str, Counter[str]], count: int, seed: int) -> dict[str, int]:
    total = sum(groups.values(), Counter[str]())
    held = [Counter[str]() for _ in range(count)]
    found: dict[str, int] = {}

    def crowded(fold: int, group: Counter[str]) -> tuple[float, int, int]:
        same = sum(rows * held[fold][label] / total[label] for label, rows in group.items())
        return round(same, 9), held[fold].total(), fold

    for key in sorted(groups, key=lambda key: (-groups[key].total(), _drawn(key, seed))):
        chosen = min(range(count), key=lambda fold: crowded(fold, groups[key]))
        held[chosen] += groups[key]
        found[key] = chosen
    return found


def _key(row: Row) -> str:
    return f"group {row.group}" if row.group else f"row {row.id}"


def _drawn(key: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()
