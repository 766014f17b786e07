"""The look before training, part by part; what stands against the run is put down, and the look goes on as it can."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import torch
from transformers import AutoConfig

from hone.storage.errors import InputError, RunError
from hone.training import preflight_rows as reading
from hone.training.config import TrainConfig
from hone.training.folder import LEARNT, SPLITS, Row, RunFolder, Split
from hone.training.models import loading
from hone.training.models.adapters import to_train
from hone.training.models.families import Family, resolved
from hone.training.models.published import check_model
from hone.training.models.weights import locate_base, require_weights
from hone.training.preflight import Finding, Overlong, Preflight
from hone.training.preflight_cost import Ready, estimate
from hone.training.rows.cache import encoded
from hone.training.rows.encode import Encoded
from hone.training.session import Cancelled
from hone.training.worker import available_cores

_FEW_STEPS = 10
_STAGES = ("finding the base", "reading the rows", "loading the base", "trying three steps", "trying answers")


def look(folder: RunFolder, config: TrainConfig, imports: float) -> Preflight:
    """All that can be known of a run before it trains.

    Args:
        folder: Prepared, not started.
        config: Of the run.
        imports: Seconds that the libraries took to load, which the run will spend, too.

    Raises:
        Cancelled: Somebody asked to stop.
        RunError: The folder is not what was prepared, or learns from preferences.
    """
    torch.set_num_threads(config.threads or available_cores())
    folder.verify()
    if config.objective != "sft":
        raise RunError(f"A look is at runs that learn responses, not at {config.objective}; start the run as it is.")
    looking = _Looking(folder, config, imports)
    with looking.refusals():
        looking.at_rows(*looking.at_base())
        looking.at_cost()
    return Preflight.model_validate({**looking.found, "findings": tuple(looking.findings)})


class _Looking:
    def __init__(self, folder: RunFolder, config: TrainConfig, imports: float) -> None:
        self.folder, self.config = folder, config
        self.rows: Mapping[Split, Sequence[Row]] = {split: folder.rows(split) for split in SPLITS}
        self.found: dict[str, Any] = {}
        self.findings: list[Finding] = []
        self.spent = imports  # seconds on what the run will have to do before its first step, too
        self.counts()

    @contextmanager
    def refusals(self) -> Generator[None]:
        """What raises here stands against the run; the look ends with what it has."""
        try:
            yield
        except (RunError, InputError) as problem:
            self.say("refusal", str(problem))

    def say(self, kind: Literal["refusal", "warning", "note"], text: str) -> None:
        self.findings.append(Finding(kind=kind, text=text))

    def stage(self, name: str) -> None:
        """Told as an event; the place where a request to stop is heard."""
        self.folder.append_event("progress", stage=name, share=_STAGES.index(name) / len(_STAGES))
        if self.folder.cancel_requested():
            raise Cancelled

    def counts(self) -> None:
        """What the mere number of rows says."""
        learnt = sum(len(self.rows[split]) for split in LEARNT)
        if learnt == 1:
            self.say("warning", "There is one row to learn from: the model will know it by heart, and nothing else.")
        if not self.rows["validation"]:
            self.say("warning", "There is no validation row, so nothing says when to stop: all passes are made.")
        steps = -(-learnt // self.config.effective_batch) * self.config.epochs
        if 0 < steps < _FEW_STEPS:
            self.say(
                "warning",
                f"The weights change only {steps} times: more passes (epochs) or fewer rows in a step "
                "(effective_batch) teach more.",
            )

    def at_base(self) -> tuple[Path, Family, loading.Tokenizer, int]:
        """The base's folder, what it is for, its tokenizer, and how many tokens a row may have."""
        self.stage("finding the base")
        with self._spent():
            base = locate_base(self.config.base)
            task = resolved(self.config.task, base)
            self.found["task"] = task
            digest = require_weights(base, self.config.base_sha256, "The base")
            if self.config.parent:
                check_model(Path(self.config.parent), digest)
            tokenizer = loading.load_tokenizer(base, task)
            limit = loading.position_limit(_shape(base), self.config.max_length)
        self.found["limit"] = limit
        if limit < self.config.max_length:
            self.say("note", f"This base has {limit:,} positions, so a row may have {limit:,} tokens.")
        return base, task, tokenizer, limit

    def at_rows(self, base: Path, task: Family, tokenizer: loading.Tokenizer, limit: int) -> None:
        """Figures, what does not fit, and three rows token by token."""
        self.stage("reading the rows")
        with self._spent():
            tokens = reading.tokens_of(self.rows, tokenizer, self.config, task)
        over = reading.overlong(self.rows, tokens, tokenizer, self.config, limit, task)
        self.found |= {
            "splits": tuple(reading.figures(self.rows, tokens)),
            "longest": tuple(reading.longest(self.rows, tokens)),
            "overlong": tuple(over),
            "views": tuple(reading.views(tokens.get("train", ()), tokenizer, self.config)),
            "duplicates": tuple(reading.duplicates(self.folder, self.rows)),
        }
        self._tell_long(over, limit)
        self._tell_duplicates()
        self.ready = self._fitting(base, task, tokenizer, limit, over)

    def at_cost(self) -> None:
        """Loads the model and tries some steps."""
        self.stage("loading the base")
        with self._spent():
            ready = self.ready()
        found = estimate(self.folder, self.config, ready, self.spent, self.stage)
        self.found["estimate"] = found
        if found.disk_bytes > found.disk_free:
            self.say(
                "refusal",
                f"The run needs {found.disk_bytes / 1e6:,.0f} MB on disk for checkpoints and model, and "
                f"{found.disk_free / 1e6:,.0f} MB are free; free some space, or train an adapter.",
            )
        if found.micro_batch < self.config.micro_batch:
            self.say("note", f"Memory holds {found.micro_batch} rows at once; the result is the same, only slower.")

    def _fitting(
        self, base: Path, task: Family, tokenizer: loading.Tokenizer, limit: int, over: Sequence[Overlong]
    ) -> Callable[[], Ready]:
        refused = {row.id for row in over if row.outcome == "refused"}

        def fitting(splits: Sequence[Split]) -> list[Encoded]:
            rows = [row for split in splits for row in self.rows[split] if row.id not in refused]
            return encoded(rows, tokenizer, self.config, limit, task).rows if rows else []

        def load() -> Ready:
            train, validation = fitting(LEARNT), fitting(["validation"])
            if not train:
                raise RunError(f"No row to learn from has {limit:,} tokens or fewer.")
            model = to_train(base, self.config, loading.compute_dtype(self.config.precision))
            return Ready(model, tokenizer, task, train, validation)

        return load

    def _tell_long(self, over: Sequence[Overlong], limit: int) -> None:
        refused = sum(row.outcome == "refused" for row in over)
        dropped = sum(row.outcome == "dropped" for row in over)
        if refused:
            self.say(
                "refusal",
                f"{refused} of the rows have more than {limit:,} tokens: raise max_length, set "
                "too_long=truncate_prompt to shorten their contexts, or too_long=drop to leave them out.",
            )
        if dropped:
            self.say("warning", f"{dropped} rows have more than {limit:,} tokens and are left out.")
        if len(over) > refused + dropped:
            self.say("warning", f"The contexts of {len(over) - refused - dropped} rows are shortened to fit.")

    def _tell_duplicates(self) -> None:
        twice = len(self.found["duplicates"])
        if twice:
            self.say(
                "warning",
                f"{twice} of the rows to learn from ask the same as a test item: the test would show memory, not "
                "skill. Freeze the batch again with grouped splits.",
            )

    @contextmanager
    def _spent(self) -> Generator[None]:
        began = time.monotonic()
        yield
        self.spent += time.monotonic() - began


def _shape(base: Path) -> Any:
    """What a model says of itself before its weights are loaded."""
    try:
        return SimpleNamespace(config=AutoConfig.from_pretrained(str(base), **loading.LOCAL))
    except Exception as error:  # the library's readers raise what they like
        raise RunError(f"The base {base} cannot be loaded: {loading.reason(error)}") from None
