"""Freezing a batch: the approved text of approved pairs, split by group, under a hash.

The hash is the sha256 of the batch's canonical JSON lines, which are what `export_jsonl` writes: the checksum of
the exported file (`sha256sum FILE`) is the hash of the batch.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from hone.labeling import filtering
from hone.labeling.batches.plan import Plan, plan
from hone.labeling.texts import LONGEST_NOTE, must_be_text
from hone.storage import approved, audit, batches, pairs
from hone.storage.batches import SPLITS, Batch, BatchItem, Split
from hone.storage.errors import Conflict, InputError, WorkspaceError
from hone.storage.filters import PairFilter
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import canonical, new_id, now
from hone.storage.store import Cursor, Store

LONGEST_NAME = 80
TRIES = 3


def freeze(
    store: Store,
    project: Project,
    person: Person,
    name: str = "",
    note: str = "",
    wanted: PairFilter = pairs.EVERY,
    planned: Plan | None = None,
) -> Batch:
    """Freeze the approved pairs that the filter means into the project's next batch.

    The batch is planned beside the writer, which nobody waits for then, and stored in one transaction when what the
    plan rests on is still so; else it is planned again. Pairs that are approved while it is planned are not in it.

    Args:
        store: The open workspace.
        project: Whose pairs.
        person: Who freezes: a lead.
        name: Else "Batch" and its number.
        note: Kept in the audit log.
        wanted: Which of the approved pairs.
        planned: The plan that the person saw, made from the same filter; it is taken if it still holds.

    Raises:
        Forbidden: The person is no lead.
        InputError: There are too few approved pairs or groups; the message says what is missing.
        Conflict: An earlier batch holds exactly this; or the pairs changed each time while it was planned.
    """
    person.must("lead")
    name = must_be_text("name of a batch", name, LONGEST_NAME).strip()
    note = must_be_text("note", note, LONGEST_NOTE).strip()
    for _ in range(TRIES):
        made = planned if planned and planned.chosen == wanted else plan(store, project, wanted)
        if made.problem:
            raise InputError(made.problem)
        frozen = _batch(project, person, made, name)
        stored = store.write(lambda cursor, made=made, frozen=frozen: _store(cursor, made, frozen, note))  # type: ignore[misc]
        if stored:
            return stored
        planned = None
    raise Conflict(
        f"The pairs changed {TRIES} times while the batch was planned: somebody takes approvals back. Freeze it again "
        "in a moment."
    )


def verify(store: Store, batch: Batch) -> None:
    """Recompute the batch's hash from its stored items; WorkspaceError when it differs."""
    with store.read() as cursor:
        found = batch_hash(batches.items(cursor, batch.id))
    if found != batch.sha256:
        raise WorkspaceError(
            f"Batch {batch.number} is not what was frozen: its items hash to {found[:12]}, not {batch.sha256[:12]}. "
            "The database was changed from outside; restore a backup."
        )


def batch_hash(items: Iterable[BatchItem]) -> str:
    """The sha256 of the items' canonical JSON lines in UTF-8, each ended by a newline."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(_line(item))
    return digest.hexdigest()


def export_jsonl(store: Store, batch: Batch, path: Path) -> Path:
    """Write one JSON line for each item; the file's sha256 is the batch's. Gives the path.

    Raises:
        InputError: The file cannot be written there.
        WorkspaceError: The stored items do not match the batch's hash.
    """
    verify(store, batch)
    with store.read() as cursor:
        items = batches.items(cursor, batch.id)
    beside = path.with_name(path.name + ".part")  # a reader never meets half a file
    try:
        with beside.open("wb") as file:
            file.writelines(_line(item) for item in items)
        beside.replace(path)
    except OSError as problem:
        raise InputError(f"Cannot write {path}: {problem.strerror}. Choose another place.") from problem
    return path


def rows_by_split(store: Store, batch: Batch) -> dict[Split, list[BatchItem]]:
    """The items of each split, in their order."""
    with store.read() as cursor:
        return {split: batches.items(cursor, batch.id, split) for split in SPLITS}


def _line(item: BatchItem) -> bytes:
    return canonical(item.model_dump(mode="json")).encode() + b"\n"


def _batch(project: Project, person: Person, made: Plan, name: str) -> Batch:
    return Batch(
        id=new_id(),
        project_id=project.id,
        number=0,  # the writer knows it
        name=name,
        sha256=batch_hash(made.items),
        seed=project.settings.seed,
        fractions=project.settings.fractions,
        counts=made.counts,
        left_out=made.left_out,
        chosen=made.chosen,
        frozen_by=person.id,
        frozen_at=now(),
    )


def _store(cursor: Cursor, made: Plan, frozen: Batch, note: str) -> Batch | None:
    """Store the batch if its plan still holds; None if not."""
    for earlier in batches.listing(cursor, frozen.project_id):
        if earlier.sha256 == frozen.sha256:
            raise Conflict(f"Batch {earlier.number} holds exactly these pairs and texts already. Use it.")
    ids = [item.pair_id for item in made.items]
    if approved.basis(cursor, frozen.project_id, ids, made.made_at) != made.basis:
        return None
    number = batches.next_number(cursor, frozen.project_id)
    batch = frozen.model_copy(update={"number": number, "name": frozen.name or f"Batch {number}", "frozen_at": now()})
    batches.add(cursor, batch, made.items, made.exclusions)
    audit.record(
        cursor,
        batch.frozen_by,
        "batch frozen",
        batch.id,
        number=number,
        sha256=batch.sha256,
        chosen=filtering.text_of(batch.chosen),
        note=note,
    )
    return batch
