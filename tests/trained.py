"""Runs and models written straight into the store, as the supervisor and its finish leave them."""

from collections.abc import Sequence
from typing import Any

from hone.storage import batches, models, pairs, runs
from hone.storage.batches import Batch, BatchItem, Split
from hone.storage.models import Model
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id, now, sha256
from hone.storage.runs import Kind, Run, RunEvent, Status
from hone.storage.store import Cursor, Store
from hone.training.config import TrainConfig

SPLITS: tuple[Split, ...] = ("train", "train", "train", "validation", "test")


def add_run(
    store: Store,
    project: Project,
    lead: Person,
    kind: Kind = "train",
    batch: Batch | None = None,
    status: Status = "waiting",
    message: str = "",
    events: Sequence[tuple[str, dict[str, Any]]] = (),
    result: dict[str, Any] | None = None,
    model: Model | None = None,
    **config: Any,
) -> Run:
    """A run that stands where `status` says, with what it said so far."""

    def change(cursor: Cursor) -> Run:
        settings = TrainConfig(base="toy", **config).model_dump(mode="json") if kind == "train" else config
        made = runs.add(
            cursor,
            number=runs.next_number(cursor),
            project_id=project.id,
            kind=kind,
            batch_id=batch.id if batch else None,
            config=settings,
            created_by=lead.id,
            model_id=model.id if model else None,
        )
        said = [RunEvent(seq=n, kind=kind, body=body, at_time=now()) for n, (kind, body) in enumerate(events, 1)]
        runs.ingest(cursor, made.id, said, len(said))
        if status != "waiting":
            runs.set_status(cursor, made.id, "running")
        if status not in ("waiting", "running"):
            runs.set_status(cursor, made.id, status, message, result)
        return runs.get(cursor, made.id)

    return store.write(change)


def add_batch(store: Store, project: Project, lead: Person, pair_ids: Sequence[str]) -> Batch:
    """A frozen batch of these pairs; three in five are learnt."""

    def change(cursor: Cursor) -> Batch:
        number = batches.next_number(cursor, project.id)
        splits: list[Split] = [SPLITS[place % len(SPLITS)] for place in range(len(pair_ids))]
        batch = Batch(
            id=new_id(),
            project_id=project.id,
            number=number,
            name=f"batch {number}",
            sha256=sha256(f"batch {number}"),
            seed=7,
            fractions=(0.6, 0.2, 0.2),
            counts={split: splits.count(split) for split in batches.SPLITS},
            left_out={},
            frozen_by=lead.id,
            frozen_at=now(),
        )
        chosen = [pairs.get(cursor, pair_id) for pair_id in pair_ids]
        items = [
            BatchItem(
                position=position,
                pair_id=pair.id,
                pair_number=pair.number,
                revision_id=pair.first_revision,
                group=pair.group or pair.id,
                split=split,
                instruction=pair.instruction,
                context=pair.context,
                response=pair.response,
                metadata={},
                approvers=("ana",),
            )
            for position, (pair, split) in enumerate(zip(chosen, splits, strict=True))
        ]
        batches.add(cursor, batch, items, [])
        return batch

    return store.write(change)


def add_trained(
    store: Store,
    project: Project,
    lead: Person,
    batch: Batch,
    parent: Model | None = None,
    result: dict[str, Any] | None = None,
    **config: Any,
) -> Model:
    """The next model of the project with the finished run that made it; the base is there first."""
    run = add_run(store, project, lead, batch=batch, status="done", result=result or {}, **config)

    def change(cursor: Cursor) -> Model:
        known = models.listing(cursor, project.id)
        if not known:
            models.add(cursor, project.id, name="Toy base", base="toy", base_sha256=sha256("toy"))
        number = max((model.number for model in known), default=0) + 1
        return models.add(
            cursor,
            project.id,
            name=f"Iteration {number}",
            base="toy",
            base_sha256=sha256("toy"),
            folder=f"runs/{run.number:04}/model",
            sha256=sha256(f"model {number}"),
            run_id=run.id,
            batch_id=batch.id,
            parent_id=parent.id if parent else None,
        )

    return store.write(change)


def add_letters(store: Store, project: Project, lead: Person, count: int) -> list[str]:
    """Pairs that differ from all that are there."""

    def change(cursor: Cursor) -> list[str]:
        start = pairs.count(cursor, project.id)
        new = [
            NewPair(instruction=f"Answer letter {n}.", context="", response=f"Letter {n} is answered.", group=f"g{n}")
            for n in range(start, start + count)
        ]
        return pairs.add(cursor, project.id, new, author_id=lead.id)

    return store.write(change)
