"""What a run starts from and what it trains with: checked, loaded, encoded."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting import checkpoints
from hone.training.folder import LEARNT, Manifest, RunFolder, Split
from hone.training.models import adapters, loading
from hone.training.models.families import Family, resolved
from hone.training.models.published import check_model
from hone.training.models.weights import locate_base, require_weights
from hone.training.rows.cache import encoded
from hone.training.rows.encode import Encoded, Encoding, LongRow


class Cut(Protocol):
    """Rows of which some may not have gone in whole."""

    @property
    def dropped(self) -> Sequence[LongRow]:
        """Left out."""
        ...

    @property
    def truncated(self) -> Sequence[LongRow]:
        """Shortened."""
        ...


@dataclass(frozen=True)
class Sources:
    """What a run starts from, checked."""

    manifest: Manifest
    base: Path
    base_sha256: str
    parent_sha256: str | None
    checkpoint: Path | None
    task: Family


@dataclass(frozen=True)
class Material:
    """What a run trains with, loaded."""

    model: loading.Model
    tokenizer: loading.Tokenizer
    stop_ids: list[int]
    encodings: Mapping[Split, Encoding]

    @property
    def train(self) -> list[Encoded]:
        """All that is learnt: the batch's rows, and those of earlier batches and the generic ones beside them."""
        return [row for split in LEARNT if split in self.encodings for row in self.encodings[split].rows]

    @property
    def validation(self) -> list[Encoded]:
        """What is evaluated on; may be empty."""
        return self.encodings["validation"].rows


def sources(folder: RunFolder, config: TrainConfig, resume: bool, force: bool) -> Sources:
    """What the run starts from.

    Raises:
        RunError: Data, base, parent or checkpoint are not what they should be.
    """
    manifest = folder.verify()
    base = locate_base(config.base)
    task = resolved(config.task, base)
    base_sha256 = require_weights(base, config.base_sha256, "The base")
    parent = check_model(Path(config.parent), base_sha256) if config.parent else None
    parent_sha256 = parent.adapter_sha256 if parent else None
    identity = checkpoints.identity(folder, base_sha256, parent_sha256)
    checkpoint = checkpoints.starting_point(folder, identity, resume, force)
    return Sources(manifest, base, base_sha256, parent_sha256, checkpoint, task)


def material(folder: RunFolder, config: TrainConfig, start: Sources) -> Material:
    """Model, tokenizer and rows; what was too long is told by a warning.

    Raises:
        RunError: The base or a row does not do, or there is no train row.
    """
    tokenizer = loading.load_tokenizer(start.base, start.task)
    model = adapters.to_train(start.base, config, loading.compute_dtype(config.precision))
    limit = loading.position_limit(model, config.max_length)
    wanted: tuple[Split, ...] = (*LEARNT, "validation")
    encodings: dict[Split, Encoding] = {
        split: encoded(rows, tokenizer, config, limit, start.task)
        for split in wanted
        if (rows := folder.rows(split)) or split in ("train", "validation")
    }
    if not encodings["train"].rows:
        raise RunError(f"{folder.path} has no train rows; freeze a batch with a larger train split.")
    tell_cuts(folder, encodings)
    return Material(model, tokenizer, loading.stop_ids(model, tokenizer), encodings)


def counts(encodings: Mapping[Split, Encoding]) -> dict[str, Any]:
    """Rows, tokens, and what was dropped or shortened, by split."""
    return {
        "rows": {split: len(encoding.rows) for split, encoding in encodings.items()},
        "tokens": {split: sum(map(len, encoding.rows)) for split, encoding in encodings.items()},
        "dropped": {split: [asdict(row) for row in encoding.dropped] for split, encoding in encodings.items()},
        "truncated": {split: [asdict(row) for row in encoding.truncated] for split, encoding in encodings.items()},
    }


def tell_cuts(folder: RunFolder, encodings: Mapping[Split, Cut]) -> None:
    """Warn of rows that were too long, with their names."""
    for word, rows in (
        ("dropped", [row for encoding in encodings.values() for row in encoding.dropped]),
        ("truncated", [row for encoding in encodings.values() for row in encoding.truncated]),
    ):
        if rows:
            message = f"{len(rows)} rows were too long and {word}."
            folder.append_event("warning", message=message, rows=[asdict(row) for row in rows])
