"""What a model kept of what earlier batches taught: the one definition, for the report, the chain and a run's page.

A run asks the test splits of all batches so far before and after it learns. What is kept of a batch is the score after
the run, divided by the score of the model that learnt the batch, on the same items.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from hone.evaluation.inputs import Keeping, KeptBatch, PlainReading
from hone.storage import batches, models, runs
from hone.storage.batches import Batch
from hone.storage.models import Model
from hone.storage.records import Undefined
from hone.storage.runs import Run
from hone.storage.store import Cursor

ENOUGH = 0.9  # of an earlier score; below it something was forgotten
MEASURES = {"rouge": "ROUGE-L", "accuracy": "accuracy"}
Learner: TypeAlias = tuple[str, Mapping[str, Any]]
"""The name of a model that learnt a batch, and the result of its run."""


def of_model(cursor: Cursor, model: Model) -> Keeping | None:
    """What the run of a model kept of each earlier batch; see `of_known`."""
    return of_known(
        model,
        models.listing(cursor, model.project_id),
        {batch.id: batch for batch in batches.listing(cursor, model.project_id)},
        {run.id: run for run in runs.listing(cursor, model.project_id)},
    )


def of_known(
    model: Model, known: Sequence[Model], made: Mapping[str, Batch], done: Mapping[str, Run]
) -> Keeping | None:
    """What the run of a model kept of each earlier batch, against the model that learnt that batch.

    That is the one in the model's own line, else the last one that learnt the batch before it.

    Args:
        model: None comes back for a base, and where the run did not look.
        known: The models of its project, in their order.
        made: The project's batches, by id.
        done: The project's runs, by id.
    """
    run = done.get(model.run_id or "")
    if run is None or model.batch_id is None:
        return None
    learners: dict[int, Learner] = {}
    earlier = [each for each in known if each.number < model.number]
    for each in (*earlier, *_line(model, earlier)):
        taught = done.get(each.run_id or "")
        if taught is not None and each.batch_id is not None:
            learners[made[each.batch_id].number] = (each.name, taught.result or {})
    return keeping(run.result or {}, made[model.batch_id].number, learners)


def _line(model: Model, earlier: Sequence[Model]) -> list[Model]:
    """The models that a model was trained on, the oldest first."""
    by_id = {each.id: each for each in earlier}
    found: list[Model] = []
    parent = by_id.get(model.parent_id or "")
    while parent is not None:
        found.insert(0, parent)
        parent = by_id.get(parent.parent_id or "")
    return found


def keeping(result: Mapping[str, Any], own: int, learners: Mapping[int, Learner]) -> Keeping | None:
    """What a run's result says of keeping; None where the run did not look.

    Args:
        result: Of the run that trained the model.
        own: The number of the batch that it learnt from.
        learners: By the number of an earlier batch, the model that learnt it.
    """
    found = result.get("forgetting")
    if not found:
        return None
    measure, facts = found["measure"], result.get("batch", {})
    return Keeping(
        measure=measure,
        batches=tuple(_batch(split, measure, own, learners) for split in found["splits"]),
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


def least(found: Keeping) -> float | None:
    """The lowest share of an earlier batch that is left; None where there is none that can be compared."""
    shares = [share(batch) for batch in found.batches if not batch.own]
    return min((each for each in shares if not isinstance(each, Undefined)), default=None)


def _batch(split: Mapping[str, Any], measure: str, own: int, learners: Mapping[int, Learner]) -> KeptBatch:
    batch = split["batch"]
    name, taught = learners.get(batch, (None, {})) if batch != own else (None, {})
    looked: list[dict[str, Any]] = (taught.get("forgetting") or {}).get("splits", [])
    then = next((each for each in looked if each["batch"] == batch and each["items"] == split["items"]), {})
    return KeptBatch(
        batch=batch,
        own=batch == own,
        items=split["items"],
        learnt_by=name,
        learnt=then.get(f"{measure}_after"),
        before=split[f"{measure}_before"],
        after=split[f"{measure}_after"],
    )


def _plain(found: dict[str, Any]) -> PlainReading | Undefined:
    if "undefined" in found:
        return Undefined(undefined=found["undefined"])
    return PlainReading(tokens=found["tokens"], before=found["loss_before"], after=found["loss_after"])


def _is_low(found: float | Undefined) -> bool:
    return not isinstance(found, Undefined) and found < ENOUGH
