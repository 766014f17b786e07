"""What a model kept of what earlier batches taught, in the words of the report.

A run asks the test splits of all batches so far before and after it learns. What is kept of a batch is the score after
the run, divided by the score of the model that learnt the batch, on the same items.
"""

import math
from collections.abc import Sequence
from typing import Any

from hone.evaluation.figures import number, percent, plural
from hone.evaluation.inputs import Keeping, KeptBatch, PlainReading
from hone.storage.records import Undefined

ENOUGH = 0.9  # of an earlier score; below it the report speaks of forgetting
A_LITTLE, CLEARLY = 0.1, 0.5  # nats a token
MEASURES = {"rouge": "ROUGE-L", "accuracy": "accuracy"}


def keeping(result: dict[str, Any], own: int, learners: Sequence[tuple[int, str, dict[str, Any]]]) -> Keeping | None:
    """What a run's result says of keeping; None where the run did not look.

    Args:
        result: Of the run that trained the model.
        own: The number of the batch that it learnt from.
        learners: The number of each earlier batch, the name of the model that learnt it, and its run's result.
    """
    found = result.get("forgetting")
    if not found:
        return None
    measure, taught = found["measure"], {batch: (name, each) for batch, name, each in learners}
    facts = result.get("batch", {})
    return Keeping(
        measure=measure,
        batches=tuple(_batch(split, measure, own, taught) for split in found["splits"]),
        plain=_plain(found["generic"]),
        rehearsed=facts.get("rehearsal", {}),
        generic=facts.get("generic", 0),
    )


def share(batch: KeptBatch) -> float | Undefined:
    """The share of a batch's score that is left, 0 or more; over 1 where the model became better at it."""
    if batch.learnt is None:
        return Undefined(undefined="the model that learnt it was not asked the same items")
    if batch.learnt == 0:
        return Undefined(undefined="the model that learnt it scored 0")
    return batch.after / batch.learnt


def forgotten(found: Keeping) -> list[KeptBatch]:
    """The earlier batches of which less than 90 % is left."""
    return [batch for batch in found.batches if not batch.own and _is_low(share(batch))]


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
    known = [each for batch in earlier if not isinstance(each := share(batch), Undefined)]
    if not known:
        return "How much is left of earlier batches cannot be said."
    return f"Nothing was forgotten: at least {percent(min(1.0, *known))} is left of each earlier batch."


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
    parts = [f"{plural(count, 'pair')} of {batch}" for batch, count in sorted(found.rehearsed.items())]
    if found.generic:
        parts.append(plural(found.generic, "generic row"))
    return f"Learnt again beside the batch: {', '.join(parts)}." if parts else "Nothing was learnt beside the batch."


def _batch(split: dict[str, Any], measure: str, own: int, taught: dict[int, tuple[str, dict[str, Any]]]) -> KeptBatch:
    number_ = split["batch"]
    name, learner = taught.get(number_, (None, {}))
    before = next(
        (each for each in (learner.get("forgetting") or {}).get("splits", []) if each["batch"] == number_), None
    )
    same = before is not None and before["items"] == split["items"]
    return KeptBatch(
        batch=number_,
        own=number_ == own,
        items=split["items"],
        learnt_by=name,
        learnt=before.get(f"{measure}_after") if before is not None and same else None,
        before=split[f"{measure}_before"],
        after=split[f"{measure}_after"],
    )


def _plain(found: dict[str, Any]) -> PlainReading | Undefined:
    if "undefined" in found:
        return Undefined(undefined=found["undefined"])
    return PlainReading(tokens=found["tokens"], before=found["loss_before"], after=found["loss_after"])


def _is_low(found: float | Undefined) -> bool:
    return not isinstance(found, Undefined) and found < ENOUGH


def _known(found: float | Undefined) -> float:
    return 0.0 if isinstance(found, Undefined) else found
