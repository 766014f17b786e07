"""What of a pair an expert is not told: what was said of it in another tool, and what its place in the queue tells."""

from collections.abc import Iterable

from hone.labeling.files import annotations
from hone.storage.pairs import Pair
from hone.storage.people import Person

FIELDS = (annotations.KEY,)  # of the metadata


def shown(pair: Pair, person: Person) -> Pair:
    """The pair as this person may see it: a lead all of it.

    Others see neither opinions that came along from another tool, nor for whom the pair is kept, nor its place: where
    the queue begins with disagreement, that tells whether those who have spoken differ.
    """
    if person.has("lead"):
        return pair
    metadata = {field: value for field, value in pair.metadata.items() if field not in FIELDS}
    return pair.model_copy(update={"metadata": metadata, "reserved_for": None, "place": 0.0})


def fields(names: Iterable[str], person: Person) -> list[str]:
    """Those of these fields of metadata that this person may see and choose by."""
    return [name for name in names if person.has("lead") or name not in FIELDS]
