"""A frozen batch whose test split two models have answered, written straight into the store."""

from hone.labeling.batches.freezing import batch_hash
from hone.storage import batches, models, pairs, runs
from hone.storage.batches import Batch, BatchItem
from hone.storage.models import Generation, Model
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id, now, sha256
from hone.storage.store import Cursor, Store


def answered_batch(
    store: Store, project: Project, lead: Person, items: int, alike: int = 0, together: int = 1, base: str = "toy"
) -> tuple[Batch, Model, Model]:
    """A batch of `items` test items, so many `together` in a group. The new model's answers begin with "better", the
    old one's with "worse"."""

    def change(cursor: Cursor) -> tuple[Batch, Model, Model]:
        new_pairs = [
            NewPair(
                instruction=f"Question {n}",
                context=f"Case {n}",
                response=f"better reply {n}",
                group=f"g{n // together}",
            )
            for n in range(items)
        ]
        ids = pairs.add(cursor, project.id, new_pairs, author_id=lead.id)
        batch = _frozen(cursor, project, lead, [pairs.get(cursor, pair_id) for pair_id in ids])
        old = models.add(cursor, project.id, name="base", base=base, base_sha256=sha256("toy"))
        new = models.add(
            cursor,
            project.id,
            name="iteration 1",
            base=base,
            base_sha256=sha256("toy"),
            folder="runs/0001/model",
            sha256=sha256("one"),
            batch_id=batch.id,
        )
        for model, word in ((new, "better"), (old, "worse")):
            _answer(
                cursor,
                project,
                lead,
                batch,
                model,
                {pair: word if n >= alike else "same" for n, pair in enumerate(ids)},
            )
        return batch, new, old

    return store.write(change)


def _frozen(cursor: Cursor, project: Project, lead: Person, chosen: list[pairs.Pair]) -> Batch:
    items = [
        BatchItem(
            position=position,
            pair_id=pair.id,
            pair_number=pair.number,
            revision_id=pair.first_revision,
            group=pair.group or pair.id,
            split="test",
            instruction=pair.instruction,
            context=pair.context,
            response=pair.response,
            metadata={"kind": "even" if position % 2 == 0 else "odd"},
            approvers=("ana",),
        )
        for position, pair in enumerate(chosen)
    ]
    batch = Batch(
        id=new_id(),
        project_id=project.id,
        number=batches.next_number(cursor, project.id),
        name="first",
        sha256=batch_hash(items),
        seed=7,
        fractions=(0.7, 0.1, 0.2),
        counts={"train": 0, "validation": 0, "test": len(chosen)},
        left_out={},
        frozen_by=lead.id,
        frozen_at=now(),
    )
    batches.add(cursor, batch, items, [])
    return batch


def _answer(cursor: Cursor, project: Project, lead: Person, batch: Batch, model: Model, words: dict[str, str]) -> None:
    number = runs.next_number(cursor)
    run = runs.add(
        cursor,
        number=number,
        project_id=project.id,
        kind="generate",
        batch_id=batch.id,
        config={},
        created_by=lead.id,
        model_id=model.id,
    )
    candidate = models.candidate(cursor, project.id, model.id, {"temperature": 0.0})
    models.add_generations(
        cursor,
        [
            Generation(
                id=new_id(),
                candidate_id=candidate.id,
                batch_id=batch.id,
                pair_id=pair_id,
                response=f"{word} reply {position}",
                finish="stop",
                tokens=3,
                seconds=0.1,
                run_id=run.id,
            )
            for position, (pair_id, word) in enumerate(words.items())
        ],
    )
