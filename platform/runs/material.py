"""What a training run is made of: settings, the rows it learns, and those it is held against."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hone.labeling.batches import freezing as frozen
from hone.platform.runs import run_config
from hone.platform.runs.bases import checked_base
from hone.platform.runs.generic_rows import generic_rows
from hone.platform.runs.rehearsal import how_many, rehearsed
from hone.storage import batches, models
from hone.storage.batches import SPLITS, Batch, BatchItem
from hone.storage.errors import InputError
from hone.storage.models import Model
from hone.storage.projects import Project
from hone.storage.store import Store
from hone.training.config import TrainConfig
from hone.training.folder import Row, Split

GENERIC = "generic"  # among the project's training settings: the path of a file, from the workspace


@dataclass(frozen=True)
class TrainingMaterial:
    """A run before it is submitted.

    Attributes:
        config: Its settings.
        rows: By split; `rehearsal` are training pairs of earlier batches, `generic` rows of the team's own file.
        kept: The test rows of earlier batches, by the batch's number.
        rehearsed: How many pairs are learnt again of each earlier batch.
        facts: Of rehearsal and generic rows, for manifest and model card; empty when there are none.
        parent: The iteration that it goes on from: the one that was named, or the champion where the preset says so.
    """

    config: TrainConfig
    rows: dict[Split, list[Row]]
    kept: dict[int, list[Row]]
    rehearsed: dict[int, int]
    facts: dict[str, Any]
    parent: Model | None


def training_material(
    store: Store,
    project: Project,
    batch: Batch,
    *,
    base: str | None = None,
    parent: Model | None = None,
    settings: Sequence[str] = (),
) -> TrainingMaterial:
    """The very settings and rows that a run with these wishes is given; see `iterations.start_training`.

    Raises:
        InputError: The base is no base, a setting is unknown or not allowed, or the file of generic rows is no such.
        WorkspaceError: A batch is not what was frozen.
    """
    frozen.verify(store, batch)
    parent = parent or run_config.usual_parent(store, project, base, settings)
    if parent is not None:
        settings = [*run_config.carried(store, project, parent, settings), *settings]
    named = checked_base(base or run_config.usual_base(store, project, parent))
    chosen = run_config.same_toy(store, project, named)
    config = run_config.train_config(project, chosen, batch, settings)
    if parent is not None:
        config = run_config.with_parent(config, parent)
    own, others = _items(store, project, batch)
    burnt = _burnt(store, parent)
    rows = rows_by_split([item for item in own if not (item.split == "test" and item.pair_id in burnt)])
    again = rehearsed(own, others, batch.number, config.rehearsal, config.seed)
    for number in again:
        _verify(store, project, number)
    rows["rehearsal"] = [row_of(item) for number in again for item in again[number]]
    rows["generic"] = _generic(store, project, config, len(rows["train"]))
    counts = {number: len(items) for number, items in again.items()}
    return TrainingMaterial(
        config=config,
        rows={split: held for split, held in rows.items() if held or split in SPLITS},
        kept=_kept(others, batch, burnt),
        rehearsed=counts,
        facts=_facts(counts, len(rows["generic"])),
        parent=parent,
    )


def kept_rows(store: Store, project: Project, batch: Batch, parent: Model | None) -> dict[int, list[Row]]:
    """The test rows of the batches before this one, without those that the parent learnt from by preference."""
    _, others = _items(store, project, batch)
    return _kept(others, batch, _burnt(store, parent))


def rows_by_split(items: Sequence[BatchItem]) -> dict[Split, list[Row]]:
    """Items as the rows of a run folder."""
    return {split: [row_of(item) for item in items if item.split == split] for split in SPLITS}


def row_of(item: BatchItem) -> Row:
    """A frozen item as a row of a run."""
    return Row(
        id=item.pair_id,
        instruction=item.instruction,
        context=item.context,
        response=item.response,
        group=item.group,
    )


def _items(store: Store, project: Project, batch: Batch) -> tuple[list[BatchItem], dict[int, list[BatchItem]]]:
    """The items of the batch, and those of the project's other batches by their number."""
    with store.read() as cursor:
        known = batches.listing(cursor, project.id)
        others = {each.number: batches.items(cursor, each.id) for each in known if each.id != batch.id}
        return batches.items(cursor, batch.id), others


def _verify(store: Store, project: Project, number: int) -> None:
    with store.read() as cursor:
        earlier = batches.numbered(cursor, project.id, number)
    frozen.verify(store, earlier)


def _burnt(store: Store, parent: Model | None) -> set[str]:
    if parent is None:
        return set()
    with store.read() as cursor:
        return models.learnt_items(cursor, parent)


def _kept(others: Mapping[int, Sequence[BatchItem]], batch: Batch, burnt: set[str]) -> dict[int, list[Row]]:
    found = {
        number: [row_of(item) for item in items if item.split == "test" and item.pair_id not in burnt]
        for number, items in sorted(others.items())
        if number < batch.number
    }
    return {number: rows for number, rows in found.items() if rows}


def _generic(store: Store, project: Project, config: TrainConfig, fresh: int) -> list[Row]:
    """As many generic rows as earlier pairs would be: the same share of all that is learnt."""
    named = project.settings.training.get(GENERIC)
    if named is None:
        return []
    if not isinstance(named, str) or not named.strip():
        raise InputError(f"The project's training setting generic is {named!r}; it must be the path of a JSONL file.")
    root = store.workspace.root
    file = Path(os.path.normpath(root / named))
    if not file.is_relative_to(root):  # whoever leads a project does not thereby read this machine's files
        raise InputError(
            f"The generic rows {named} do not lie in the workspace {root}: put the file, or a link, there."
        )
    return generic_rows(file, how_many(fresh, config.rehearsal), config.seed)


def _facts(rehearsed: Mapping[int, int], generic: int) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if rehearsed:
        facts["rehearsal"] = {f"batch {number}": count for number, count in rehearsed.items()}
    if generic:
        facts["generic"] = generic
    return facts
