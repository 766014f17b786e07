"""Which files of a folder hold the rows of a data set, and which split each of them is."""

import os
import re
from pathlib import Path

from hone.storage.errors import InputError

SUFFIXES = (".parquet", ".arrow", ".jsonl", ".ndjson", ".json", ".csv", ".tsv")
NOT_DATA = {"dataset_info.json", "dataset_dict.json", "dataset_infos.json", "state.json", "package.json"}
SPLITS = {"train": "train", "training": "train", "test": "test", "validation": "validation", "valid": "validation",
          "val": "validation", "dev": "validation", "eval": "test"}  # fmt: skip
DEEPEST = 3
MOST_FILES = 5_000

Found = tuple[Path, str, str | None]


def data_files(folder: Path, name: str) -> list[Found]:
    """Each data file, its path below the folder, and its split when a name says it.

    `save_to_disk` folders (data-00000-of-00001.arrow, with state.json) and folders with Parquet, JSONL, JSON or CSV
    files are read; of several formats, one: Parquet before Arrow before the texts.

    Raises:
        InputError: There is none.
    """
    found = sorted(path for path in _below(folder, 0) if path.name not in NOT_DATA and _has_content(path))
    if len(found) > MOST_FILES:
        raise InputError(f"{name} holds more than {MOST_FILES:,} data files. Choose a folder of one data set.")
    for suffix in SUFFIXES:
        of_kind = [path for path in found if path.suffix.lower() == suffix]
        if of_kind:
            return [(path, str(path.relative_to(folder)), split_of(path.relative_to(folder))) for path in of_kind]
    raise InputError(f"{name} is a folder without data files. Choose one with {', '.join(SUFFIXES[:4])} or .csv files.")


def _has_content(path: Path) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) > 0


def split_of(path: Path) -> str | None:
    """The split that a file's name, or its folder's, begins with: train-00000-of-00001.parquet, test/data.arrow."""
    for part in (path.stem, *reversed(path.parts[:-1])):
        word = re.split(r"[^a-z]", part.lower(), maxsplit=1)[0]
        if word in SPLITS:
            return SPLITS[word]
    return None


def _below(folder: Path, depth: int) -> list[Path]:
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            found += _below(path, depth + 1) if depth < DEEPEST else []
        elif path.suffix.lower() in SUFFIXES:
            found.append(path)
        if len(found) > MOST_FILES:
            break
    return found
