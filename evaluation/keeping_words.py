"""What a model kept of earlier batches, in the words of the report."""

import math

from hone.evaluation.figures import number, percent, plural
from hone.evaluation.inputs import Keeping, PlainReading
from hone.evaluation.keeping import MEASURES, forgotten, least, share
from hone.storage.records import Undefined

A_LITTLE, CLEARLY = 0.1, 0.5  # nats a token


def warnings(name: str, found: Keeping) -> list[str]:
    """What a reader must know of forgetting before deciding for the model of this name."""
    measure = MEASURES[found.measure]
    return [
        f"{name} kept {percent(_known(share(batch)))} of batch {batch.batch}: {measure} {number(batch.after)} on its "
        f"test items, where {batch.learnt_by} had {number(batch.learnt or 0)}. "
        "Train again with more of its pairs: raise rehearsal."
        for batch in forgotten(found)
    ]


def in_words(found: Keeping) -> str:
    """One sentence on the earlier batches."""
    earlier = [batch for batch in found.batches if not batch.own]
    if not earlier:
        return "There is no earlier batch that could be forgotten."
    low = forgotten(found)
    if low:
        named = " and ".join(f"{percent(_known(share(batch)))} of batch {batch.batch}" for batch in low)
        return f"Something was forgotten: only {named} is left."
    left = least(found)
    if left is None:
        return "How much is left of earlier batches cannot be said."
    compared = " that can be compared" if any(isinstance(share(batch), Undefined) for batch in earlier) else ""
    return f"Nothing was forgotten: at least {percent(min(1.0, left))} is left of each earlier batch{compared}."


def plain_in_words(plain: PlainReading | Undefined) -> str:
    """What became of the loss on plain English."""
    if isinstance(plain, Undefined):
        return f"Plain English was not read: {plain.undefined}."
    rise = plain.after - plain.before
    figures = f"{number(plain.before)} before, {number(plain.after)} after, in nats a token"
    if rise <= A_LITTLE:
        return f"It reads plain English as well as before ({figures})."
    harder = f"every token of it is {math.exp(rise):,.1f} times as hard to foresee"
    if rise <= CLEARLY:
        return f"It reads plain English a little worse: {harder} ({figures})."
    return (
        f"It reads plain English clearly worse: {harder} ({figures}). It was taught one kind of text; generic rows "
        "beside the batch keep a model more general."
    )


def beside(found: Keeping) -> str:
    """What was learnt beside the batch itself."""
    parts = [f"{plural(count, 'pair')} of {batch}" for batch, count in _by_number(found.rehearsed)]
    if found.generic:
        parts.append(plural(found.generic, "generic row"))
    return f"Learnt again beside the batch: {', '.join(parts)}." if parts else "Nothing was learnt beside the batch."


def _known(found: float | Undefined) -> float:
    return 0.0 if isinstance(found, Undefined) else found


def _by_number(rehearsed: dict[str, int]) -> list[tuple[str, int]]:
    """Batch 10 comes after batch 9."""
    return sorted(rehearsed.items(), key=lambda each: (len(each[0]), each[0]))
