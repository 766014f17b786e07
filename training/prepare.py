"""A run folder is made: whole or not at all."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hone.storage.errors import Conflict, InputError
from hone.storage.records import canonical, new_id
from hone.training.config import AnyConfig
from hone.training.folder import NEEDED, SPLITS, DataFile, Manifest, Row, RunFolder, Split, check_rows, write_whole
from hone.training.models.weights import file_sha256


def prepare(
    path: Path | str,
    config: AnyConfig,
    rows: Mapping[Split, Sequence[Row]],
    batch: Mapping[str, Any],
    kept: Mapping[int, Sequence[Row]] | None = None,
) -> RunFolder:
    """Make a run folder. It appears whole or not at all.

    Args:
        path: Where; nothing may be there yet.
        config: The run's configuration.
        rows: Rows by split; a split may be missing or empty.
        batch: Facts of the batch (id, name, sha256, what was left out), JSON values; they travel with the model.
        kept: The test rows of earlier batches, by the batch's number; empty ones are left out.

    Raises:
        Conflict: Something is at the path already.
        InputError: An id occurs twice, a group spans two splits, or no row is given that the run could use.
    """
    folder = RunFolder(path)
    if folder.path.exists():
        raise Conflict(f"{folder.path} is already there; choose another folder.")
    earlier = {number: held for number, held in (kept or {}).items() if held}
    check_rows(rows, earlier)
    needed = NEEDED[config.kind]
    if not rows.get(needed):
        remedy = "there is nothing to say" if needed == "open" else f"freeze a batch with a larger {needed} split"
        raise InputError(f"The run has no {needed} rows; {remedy}.")
    folder.path.parent.mkdir(parents=True, exist_ok=True)
    draft = RunFolder(folder.path.with_name(f".{folder.path.name}.{new_id()}"))
    try:
        draft.data.mkdir(parents=True)
        write_whole(draft.config_file, config.model_dump_json(indent=2) + "\n")
        files: dict[Split, DataFile] = {
            split: _write_rows(draft.data_file(split), rows[split]) for split in SPLITS if split in rows
        }
        tests = {number: _write_rows(draft.kept_file(number), held) for number, held in earlier.items()}
        manifest = Manifest(files=files, kept=tests, batch=dict(batch))
        write_whole(draft.manifest_file, manifest.model_dump_json(indent=2) + "\n")
        os.rename(draft.path, folder.path)
    except BaseException:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise
    return folder


def _write_rows(file: Path, rows: Sequence[Row]) -> DataFile:
    write_whole(file, "".join(canonical(row.model_dump(exclude_none=True)) + "\n" for row in rows))
    return DataFile(sha256=file_sha256(file), rows=len(rows))
