"""How a run computes: in which precision, padded or packed, how many rows at once; see `probe` for how it is found."""

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import ValidationError
from torch import nn

from hone.storage.errors import RunError
from hone.storage.records import Record
from hone.training.config import TrainConfig
from hone.training.fitting import checkpoints
from hone.training.folder import RunFolder
from hone.training.models.loading import Model, compute_dtype
from hone.training.rows.encode import Encoded
from hone.training.rows.packing import keeps_apart
from hone.training.tasks.task import Task, of

Arithmetic = Literal["float32", "bfloat16"]
Batching = Literal["grouped", "packed"]
WORTH = {"cpu": 2e13, "cuda": 1e17}  # floating point operations of a run, from which a probe is small beside it
_LEAST_STEPS = 100


class Variant(Record):
    """One way to compute that was tried. The rate is of tokens without padding: on a processor per second of its time,
    which others at work on the machine do not change; on a card by the clock. The differences are to float32."""

    precision: Arithmetic
    batching: Batching
    tokens_per_second: float | None
    loss_difference: float | None = None
    gradient_difference: float | None = None
    said: str


class Plan(Record):
    """How a run computes. Seconds, rate and memory are measured by the clock over three steps, a short, a middling and
    a long one, optimizer included; None when nothing was tried. Memory is that of the card, or of the process."""

    precision: Arithmetic
    batching: Batching
    micro_batch: int
    tokens_per_second: float | None = None
    seconds_per_step: float | None = None
    peak_memory_bytes: int | None = None
    variants: tuple[Variant, ...] = ()

    def halves(self, config: TrainConfig) -> bool:
        """Whether the frozen matrices are kept in bfloat16: not for DoRA, which needs their exact lengths, and not
        where they have fewer bits."""
        return self.precision == "bfloat16" and config.method in ("lora", "rslora") and config.quantize == "none"


def plain(config: TrainConfig) -> Plan:
    """What is done when nothing is tried: as the configuration says; "auto" is grouped, and float32 on a processor."""
    half = compute_dtype(config.precision) == torch.bfloat16
    return Plan(
        precision="bfloat16" if half else "float32",
        batching="packed" if config.batching == "packed" else "grouped",
        micro_batch=config.micro_batch,
    )


def worth_probing(model: Model, rows: Sequence[Encoded], config: TrainConfig) -> bool:
    """Whether the run is long enough for a probe to pay: a matter of its size, not of a clock, so that short runs
    compute the same everywhere."""
    steps = -(-len(rows) // config.effective_batch) * config.epochs
    weights = sum(part.numel() for part in model.parameters())
    work = 6 * weights * sum(map(len, rows)) * config.epochs
    return steps >= _LEAST_STEPS and work >= WORTH.get(next(model.parameters()).device.type, WORTH["cpu"])


def require_packable(model: Model, task: Task, rows: Sequence[Encoded], config: TrainConfig) -> None:
    """Refuse to pack what would not stay apart.

    Raises:
        RunError: The configuration wants rows packed, and the task or the base does not allow it.
    """
    if config.batching != "packed":
        return
    if not is_causal(task):
        raise RunError("batching=packed is for causal models; set batching=grouped.")
    if not keeps_apart(model, rows):
        raise RunError("This base mixes rows that are packed end to end; set batching=grouped.")


def write_plan(folder: RunFolder, plan: Plan) -> None:
    """Put the plan beside the checkpoints, so that a resume computes in the same way."""
    checkpoints.write_plan(folder, plan.model_dump(mode="json"))


def read_plan(folder: RunFolder) -> Plan | None:
    """The plan beside the checkpoints; None when there is none, or it is damaged."""
    found = checkpoints.read_plan(folder)
    try:
        return None if found is None else Plan.model_validate(found)
    except ValidationError:
        return None


def begun_plan(folder: RunFolder, config: TrainConfig) -> Plan | None:
    """The plan that a run began with; None when it has none, or was forced to other settings since."""
    plan = read_plan(folder)
    if plan is None or plan.micro_batch > config.micro_batch:
        return None
    said = config.precision in ("auto", plan.precision) and config.batching in ("auto", plan.batching)
    return plan if said else None


def halve_frozen(model: Model) -> None:
    """Keep the frozen matrices in bfloat16, where autocast would put them at every step anyway: the same numbers, in
    half the memory. Embeddings and norms stay as they are, so the sum that runs through the layers stays exact."""
    embedded = model.get_input_embeddings().weight
    for module in model.modules():
        if type(module) is nn.Linear and not module.weight.requires_grad and module.weight is not embedded:
            module.to(torch.bfloat16)


def is_causal(task: Task) -> bool:
    """Whether this is the task of causal models, the only ones whose rows can be packed."""
    return task == of("causal")
