"""What a run will take: three steps are tried on its own rows, the rest is told from them."""

import math
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from hone.training.config import TrainConfig
from hone.training.fitting.optim import optimizer
from hone.training.fitting.plan import Plan, worth_probing
from hone.training.fitting.probe import probe
from hone.training.fitting.steps import Stepper
from hone.training.folder import RunFolder
from hone.training.forgetting.measuring import sample
from hone.training.forgetting.plain import plain_loss
from hone.training.models.adapters import learning
from hone.training.models.families import Family
from hone.training.models.loading import Model, Tokenizer, pad_id, stop_ids
from hone.training.preflight import Estimate
from hone.training.rows.batches import StepOrder
from hone.training.rows.encode import Encoded
from hone.training.speaking.batching import batches
from hone.training.speaking.decode import Answer, Sampling, answers
from hone.training.tasks.task import of

_SAMPLE_TOKENS = 64  # of an answer at an evaluation
_TRIED = 24  # tokens of an answer that is tried to see how long answers take
_WRITTEN = 150e6  # bytes a second that a disk takes, safetensors and their hashes included
_ENOUGH = 1.5  # seconds of steps, for a rate that a moment does not decide
_START_OF_PYTHON = 0.4  # seconds before this process could look at a clock


@dataclass(frozen=True)
class Ready:
    """A run that could begin: its model, and its rows as it would learn them."""

    model: Model
    tokenizer: Tokenizer
    task: Family
    train: Sequence[Encoded]
    validation: Sequence[Encoded]


def estimate(
    folder: RunFolder, config: TrainConfig, ready: Ready, start: float, tell: Callable[[str], None]
) -> Estimate:
    """What the run will take, at most: early stopping may end it before.

    Args:
        folder: The run, for its test splits.
        config: Of the run.
        ready: What it would train.
        start: Seconds until a run is where this look is now.
        tell: Told what is tried.

    Raises:
        RunError: A row does not fit into memory even alone.
    """
    tell("trying three steps")
    with _clock() as probing:
        plan = probe(ready.model, of(ready.task), ready.train, config, pad_id(ready.tokenizer))
    tell("trying answers")
    told = _Told(folder, config, ready, plan)
    seconds = {
        "start": start + _START_OF_PYTHON,
        "probe": probing() if worth_probing(ready.model, ready.train, config) else 0.0,
        "train": told.train(),
        "evaluate": told.evaluate(),
        "forgetting": told.forgetting(),
        "save": told.save(),
    }
    held = shutil.disk_usage(folder.path)
    return Estimate(
        seconds={part: round(value, 2) for part, value in seconds.items()},
        total_seconds=round(sum(seconds.values()), 2),
        steps=told.steps,
        tokens_per_second=round(told.rate, 1),
        precision=plan.precision,
        batching=plan.batching,
        micro_batch=plan.micro_batch,
        parameters=sum(part.numel() for part in ready.model.parameters()),
        trainable=told.trainable,
        memory_bytes=plan.peak_memory_bytes or 0,
        memory_total=_memory_total(),
        disk_bytes=told.disk(),
        disk_free=held.free,
    )


class _Told:
    """The parts of a run, each from a piece of it that was tried."""

    def __init__(self, folder: RunFolder, config: TrainConfig, ready: Ready, plan: Plan) -> None:
        self.folder, self.config, self.ready, self.plan = folder, config, ready, plan
        self.steps = math.ceil(len(ready.train) / config.effective_batch) * config.epochs
        self.trainable = sum(part.numel() for part in learning(ready.model).values())
        self.stop = stop_ids(ready.model, ready.tokenizer)
        self.rate = self._rate()
        if ready.task != "classify":
            self._said([ready.train[0].ids[:1]], 1)  # the first answer of a process loads what the others have

    def train(self) -> float:
        """The tokens of all passes, at the rate of the steps that were tried."""
        return sum(map(len, self.ready.train)) * self.config.epochs / self.rate

    def _rate(self) -> float:
        """Tokens a second, without padding: of the probe, or of more steps where three are over in a moment."""
        tokens = sum(map(len, self.ready.train)) / max(self.steps // self.config.epochs, 1)
        if self.plan.tokens_per_second and 3 * tokens / self.plan.tokens_per_second > _ENOUGH:
            return self.plan.tokens_per_second
        rows, stepper = self.ready.train, self._stepper(self.ready.train)
        learning_parts = [part for part in self.ready.model.parameters() if part.requires_grad]
        learner = optimizer(learning_parts, self.config)
        order = StepOrder([len(row) for row in rows], self.config.effective_batch, self.config.seed)
        self.ready.model.train()
        seen, began = 0, time.perf_counter()
        for places in order:
            step = [rows[place] for place in places]
            stepper.gradient_that_fits(self.ready.model, step, sum(map(stepper.task.items, step)))
            nn.utils.clip_grad_norm_(learning_parts, self.config.grad_clip or math.inf)
            learner.step()
            self.ready.model.zero_grad()
            seen += sum(map(len, step))
            if time.perf_counter() - began > _ENOUGH:
                break
        return seen / (time.perf_counter() - began)

    def evaluate(self) -> float:
        """Reading the validation rows and answering a few of them, as often as that happens."""
        if not self.ready.validation:
            return 0.0
        often = self.config.evaluate_every or math.ceil(self.steps / self.config.epochs)
        return math.ceil(self.steps / often) * (self._reading(self.ready.validation) + self._samples())

    def forgetting(self) -> float:
        """Asking the test splits and reading plain English, before and after."""
        most = self.config.forgetting
        if not most:
            return 0.0
        kept = [*self.folder.kept_rows().values(), self.folder.rows("test")]
        asked = sum(len(sample(rows, most)) for rows in kept)
        with _clock() as plain, torch.inference_mode():
            plain_loss(self.ready.model, self.ready.tokenizer, self.ready.task)
        like = self.ready.validation or self.ready.train
        read = self._reading(like) * asked / len(like)
        return 2 * (plain() + read) + self._asking(asked, like)

    def save(self) -> float:
        """Checkpoints on the way, the best weights, and the model at the end."""
        written = self.steps // self.config.checkpoint_every + 1
        evaluated = self.config.epochs if self.config.patience is not None else 0
        return (written * self._checkpoint_bytes() + (evaluated + 1) * self._weights_bytes()) / _WRITTEN

    def disk(self) -> int:
        """Two checkpoints and one that is being written, as many best weights, the model, the logs."""
        return 3 * self._checkpoint_bytes() + 4 * self._weights_bytes() + 20_000_000

    def _weights_bytes(self) -> int:
        return 4 * self.trainable

    def _checkpoint_bytes(self) -> int:
        return (3 if self.config.optimizer == "adamw" else 2) * self._weights_bytes()

    def _reading(self, rows: Sequence[Encoded]) -> float:
        """Seconds to read these rows without learning from them, from some of their micro batches."""
        stepper = self._stepper(rows)
        parts = stepper.cut(rows)
        tried = parts[:: max(1, len(parts) // 6)]
        model = self.ready.model.eval()
        with _clock() as clock, torch.inference_mode():
            for part in tried:
                stepper.loss(model, part)
        return clock() * sum(map(stepper.places, parts)) / sum(map(stepper.places, tried))

    def _stepper(self, rows: Sequence[Encoded]) -> Stepper:
        stepper = Stepper(of(self.ready.task), rows, self.config, pad_id(self.ready.tokenizer))
        stepper.micro_batch, stepper.half = self.plan.micro_batch, self.plan.precision == "bfloat16"
        stepper.packed = self.plan.batching == "packed"
        return stepper

    def _samples(self) -> float:
        rows = self.ready.validation[: self.config.samples]
        return self._answering(rows, min(_SAMPLE_TOKENS, self.config.max_new_tokens)) if rows else 0.0

    def _asking(self, asked: int, like: Sequence[Encoded]) -> float:
        """Seconds to answer so many items like these, by the model as it is, and as long as the responses are."""
        if not asked or self.ready.task == "classify":
            return 0.0
        rows = sorted(([*like] * math.ceil(asked / len(like)))[:asked], key=len)
        longest = self.config.max_new_tokens
        made = batches(rows, lambda row: row.prompt + longest, None)
        batch = made[len(made) // 2]
        untaught = self._answering(batch, longest, as_it_is=True)
        return len(made) * (untaught + self._answering(batch, longest))

    def _answering(self, rows: Sequence[Encoded], most: int, as_it_is: bool = False) -> float:
        """Seconds to answer these rows together, from the first tokens of their answers.

        Args:
            rows: One batch.
            most: Tokens of an answer at most.
            as_it_is: By the model as it is: until it stops by itself, or never if it did not in the tokens tried.
                Else as long as the responses to the rows.
        """
        if self.ready.task == "classify":
            return 0.0
        prompts = [row.ids[: row.prompt] for row in rows]
        with _clock() as first:
            self._said(prompts, 1)
        with _clock() as more:
            said = self._said(prompts, min(_TRIED, most))
        made = max(max(answer.tokens for answer in said) - 1, 1)
        a_token = max(more() - first(), 0.0) / made
        stopped = all(answer.finish == "stop" for answer in said)
        length = (made if stopped else most) if as_it_is else min(most, max(row.learnt for row in rows))
        return first() + a_token * (length - 1)

    def _said(self, prompts: Sequence[Sequence[int]], most: int) -> list[Answer]:
        sampling = Sampling(max_new_tokens=most)
        return answers(self.ready.model, self.ready.tokenizer, prompts, self.stop, sampling)


@contextmanager
def _clock() -> Generator[Callable[[], float]]:
    """Seconds that the block took, once it has ended."""
    began = time.perf_counter()
    ended: list[float] = []
    yield lambda: ended[0]
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    ended.append(time.perf_counter() - began)


def _memory_total() -> int:
    """Bytes of memory that a run may have: the card's, else the machine's or what its container may take."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_properties(0).total_memory
    return min(_bytes_in("/proc/meminfo"), _bytes_in("/sys/fs/cgroup/memory.max"))


def _bytes_in(file: str) -> int:
    try:
        first = Path(file).read_text(encoding="utf-8").split("\n", 1)[0]
        return int(first.split()[1]) * 1024 if first.startswith("MemTotal") else int(first)
    except (OSError, ValueError):
        return 1 << 62  # unknown, or no limit
