"""Runs of a few rows on a tiny base, prepared and stored as waiting, as the platform does it."""

from pathlib import Path
from typing import Any

from hone.storage import runs
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.runs import Run
from hone.storage.store import Store
from hone.training.config import AnyConfig, GenerateConfig, TrainConfig
from hone.training.folder import Row, Split
from hone.training.prepare import prepare

ROWS = [Row(id=f"row-{n}", instruction=f"Say {n}.", response=f"It is {n}.") for n in range(12)]


def training_run(store: Store, project: Project, lead: Person, base: Path | str, **settings: Any) -> Run:
    """Two steps, unless the settings say otherwise."""
    small = {"epochs": 1, "micro_batch": 4, "effective_batch": 4, "max_length": 128, "samples": 0, "threads": 1}
    config = TrainConfig.model_validate({"base": str(base), **small, **settings})
    return _stored(store, project, lead, config, {"train": ROWS[:8], "validation": ROWS[8:10]})


def generation_run(store: Store, project: Project, lead: Person, base: Path, model: Model) -> Run:
    """The model answers two items in four tokens each."""
    known = {"base": str(base), "base_sha256": model.base_sha256, "model": model.folder}
    config = GenerateConfig.model_validate({**known, "max_new_tokens": 4, "threads": 1})
    return _stored(store, project, lead, config, {"test": ROWS[10:]}, model.id)


def _stored(
    store: Store,
    project: Project,
    lead: Person,
    config: AnyConfig,
    rows: dict[Split, list[Row]],
    model_id: str | None = None,
) -> Run:
    with store.read() as cursor:
        number = runs.next_number(cursor)
    prepare(store.workspace.run_folder(number), config, rows, {"name": "first"})
    return store.write(
        lambda cursor: runs.add(
            cursor,
            number=number,
            project_id=project.id,
            kind=config.kind,
            batch_id="batch",
            config=config.model_dump(mode="json"),
            created_by=lead.id,
            model_id=model_id,
        )
    )
