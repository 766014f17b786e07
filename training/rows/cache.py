"""Encoded rows are kept by content, so that a second start tokenises nothing.

A file is named by the hash of all that decides its ids: the texts in their order, the tokenizer, the template, and the
settings. Nothing in it is ever stale; what nobody read for long goes.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from hone.storage.records import canonical, new_id
from hone.training.config import TrainConfig
from hone.training.folder import Row
from hone.training.models.families import Family
from hone.training.models.loading import Tokenizer
from hone.training.rows.encode import Encoded, Encoding, LongRow, encode, form_of

WORTH_IT = 256  # rows; fewer are tokenised as fast as a file is read
AT_MOST = 1 << 30  # bytes of all files together
_LAYOUT = 1

Arrays = dict[str, Any]  # numpy's


def encoded(rows: Sequence[Row], tokenizer: Tokenizer, config: TrainConfig, limit: int, task: Family) -> Encoding:
    """As hone.training.rows.encode.encode, which see; read from the cache where it was done before.

    The cache is `$HONE_CACHE/tokens`, else `~/.cache/hone/tokens`. Where it cannot be written, all goes on without.
    """
    if len(rows) < WORTH_IT or getattr(tokenizer, "backend_tokenizer", None) is None:
        return encode(rows, tokenizer, config, limit, task)
    file = cache_folder() / f"{cache_key(rows, tokenizer, config, limit, task)}.safetensors"
    known = _read(file, rows)
    if known is not None:
        return known
    found = encode(rows, tokenizer, config, limit, task)
    with suppress(OSError):
        _write(file, rows, found)
        _bound(file.parent, AT_MOST)
    return found


def cache_folder() -> Path:
    """Where encoded rows are kept."""
    return Path(os.environ.get("HONE_CACHE") or Path.home() / ".cache" / "hone") / "tokens"


def cache_key(rows: Sequence[Row], tokenizer: Tokenizer, config: TrainConfig, limit: int, task: Family) -> str:
    """Hex digest of all that decides the ids of these rows."""
    libraries = [version("tokenizers"), version("transformers")]
    form = asdict(form_of(config, task))
    settings = [_LAYOUT, libraries, tokenizer_sha256(tokenizer), form, config.labels, config.too_long, limit]
    digest = sha256(canonical(settings).encode())
    for row in rows:
        digest.update(canonical([row.instruction, row.context, row.response]).encode())
    return digest.hexdigest()


def tokenizer_sha256(tokenizer: Tokenizer) -> str:
    """Hex digest of a tokenizer: its vocabulary and rules, its chat template, its special tokens."""
    digest = sha256(tokenizer.backend_tokenizer.to_str().encode())
    digest.update(canonical([tokenizer.chat_template, sorted(map(str, tokenizer.special_tokens_map.items()))]).encode())
    return digest.hexdigest()


def _write(file: Path, rows: Sequence[Row], encoding: Encoding) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what experts wrote is as closed as their workspace
    draft = file.with_name(f".{new_id()}")
    try:
        save_file(_arrays(rows, encoding), draft)
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _arrays(rows: Sequence[Row], encoding: Encoding) -> Arrays:
    place = {row.id: number for number, row in enumerate(rows)}
    first = encoding.rows[0]
    arrays = {
        "row": _ints([place[row.id] for row in encoding.rows]),
        "prompt": _ints([row.prompt for row in encoding.rows]),
        **_flat("ids", [row.ids for row in encoding.rows]),
        "dropped": _ints([number for long in encoding.dropped for number in (place[long.id], long.tokens)]),
        "truncated": _ints([number for long in encoding.truncated for number in (place[long.id], long.tokens)]),
    }
    if first.target is not None:
        arrays |= _flat("target", [row.target or [] for row in encoding.rows])
    if first.label is not None:
        arrays["label"] = _ints([row.label or 0 for row in encoding.rows])
    return arrays


def _read(file: Path, rows: Sequence[Row]) -> Encoding | None:
    """What was kept; None without a file, or with a damaged one, which goes."""
    try:
        arrays = load_file(file)
        found = _encoding(arrays, rows)
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, KeyError, IndexError, ValueError):
        with suppress(OSError):
            file.unlink(missing_ok=True)
        return None
    with suppress(OSError):
        os.utime(file)  # read today: it goes last
    return found


def _encoding(arrays: Arrays, rows: Sequence[Row]) -> Encoding:
    ids = _lists(arrays, "ids")
    targets: Sequence[list[int] | None] = _lists(arrays, "target") if "target" in arrays else [None] * len(ids)
    labels: Sequence[int | None] = arrays["label"].tolist() if "label" in arrays else [None] * len(ids)
    parts = zip(arrays["row"].tolist(), ids, arrays["prompt"].tolist(), targets, labels, strict=True)
    return Encoding(
        [Encoded(rows[row].id, own, prompt, target, label) for row, own, prompt, target, label in parts],
        [LongRow(rows[row].id, tokens) for row, tokens in arrays["dropped"].reshape(-1, 2).tolist()],
        [LongRow(rows[row].id, tokens) for row, tokens in arrays["truncated"].reshape(-1, 2).tolist()],
    )


def _flat(name: str, lists: Sequence[Sequence[int]]) -> Arrays:
    return {name: _ints([token for each in lists for token in each]), f"{name}_long": _ints([len(x) for x in lists])}


def _lists(arrays: Arrays, name: str) -> list[list[int]]:
    flat, start, found = arrays[name].tolist(), 0, []
    for length in arrays[f"{name}_long"].tolist():
        found.append(flat[start : start + length])
        start += length
    return found


def _ints(numbers: Sequence[int]) -> Any:
    return np.array(numbers, dtype=np.int32)


def _bound(folder: Path, at_most: int) -> None:
    """Delete the files that were read longest ago, until the rest fits."""
    files = sorted(folder.glob("*.safetensors"), key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > at_most:
            file.unlink(missing_ok=True)
