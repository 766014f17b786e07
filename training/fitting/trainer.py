"""transformers' Trainer, given whole steps: Hone's own batches, loss and gradient inside its loop."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import TrainingArguments
from typing_extensions import override

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting.optim import optimizer_class, schedule
from hone.training.fitting.plan import Plan, plain
from hone.training.fitting.steps import RowsFailed, StepLoader, Stepper
from hone.training.fitting.told import Told, told_arguments
from hone.training.folder import RunFolder
from hone.training.launch import world
from hone.training.models.adapters import task_of
from hone.training.models.loading import Model, Tokenizer, device, pad_id, stop_ids
from hone.training.rows.batches import chunks
from hone.training.rows.encode import Encoded
from hone.training.speaking.decode import Sampling, answers
from hone.training.tasks.task import of

_SAMPLE_TOKENS = 64
_MICRO_BATCH = "micro_batch"  # in the trainer's log history, which a checkpoint keeps


class StepTrainer(Told):
    """Trains what asks for gradients on encoded rows, a whole step at a time, and tells the run folder.

    Its loader gives the rows of a step to every process. Each takes its share, in micro batches that fit into its
    memory, and divides by the items of the whole step: so that the weights are the same however a step is cut.

    Attributes:
        stepper: What makes the gradients; its micro batch may be smaller than it was when memory ran out.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        folder: RunFolder,
        config: TrainConfig,
        train: Sequence[Encoded],
        validation: Sequence[Encoded],
        plan: Plan | None = None,
    ) -> None:
        """With a plan it computes as that says, else as the configuration says."""
        plan = plan or plain(config)
        self.tokenizer = tokenizer
        self.task = of(task_of(model))
        self.validation = sorted(validation, key=len)
        self.sampled = list(validation[: config.samples])
        self.stepper = Stepper(self.task, train, config, pad_id(tokenizer))
        self.stepper.micro_batch = plan.micro_batch
        self.stepper.packed = plan.batching == "packed"
        self.stepper.half = plan.precision == "bfloat16"
        self.tried = False
        self.step_rows: list[Encoded] = []
        super().__init__(
            model=model,
            args=_arguments(folder, config, len(train)),
            train_dataset=list(train),
            optimizer_cls_and_kwargs=optimizer_class(config),
            folder=folder,
            config=config,
        )

    @override
    def has_validation(self) -> bool:
        return bool(self.validation)

    @override
    def get_train_dataloader(self) -> Any:
        """Whole steps; not prepared by accelerate, which would cut them."""
        return StepLoader(self.train_dataset, self.config)  # type: ignore[arg-type]

    @override
    def training_step(self, model: Model, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        """The gradient of a step; its loss times the number of processes, over which the Trainer takes the mean.

        Raises:
            RunError: The loss is not finite, or a single row does not fit into memory; the rows are named.
        """
        model.train()
        self.step_rows = list(inputs)
        before = self.stepper.micro_batch
        if not self.tried:
            before = self._recall_micro_batch()
            longest = sorted(self.train_dataset, key=len)[-self.config.effective_batch :]  # type: ignore[arg-type]
            self.stepper.try_heaviest(self.model, longest)  # not model: nothing is exchanged between processes
            self.tried = True
        items = sum(map(self.task.items, self.step_rows))
        share = self.step_rows[world.rank() :: world.size()]
        weight = float(world.size()) if share else 0.0  # every process has to take part in the exchange of gradients
        loss = self.stepper.gradient_that_fits(model, share or self.step_rows[:1], items, weight)
        self._tell_halved(before)
        if not torch.isfinite(loss):
            raise self._not_finite(f"The loss is {loss.item()}", self._guilty(share))
        self.tokens += sum(map(len, self.step_rows))
        return loss

    @override
    def step_failed(self, what: str) -> RowsFailed:
        """See Told."""
        return self._not_finite(what, self.step_rows)

    @override
    @torch.no_grad()
    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Validation loss in nats per item, over all rows at once; logged, with a few sample answers.

        At most one micro batch is in memory, and no logits but those of its labels.
        """
        model: Any = self.model
        model.eval()
        total = 0.0
        for rows in chunks(self.validation, self.config.effective_batch):
            for part in self.stepper.cut(rows[world.rank() :: world.size()]):
                total += float(self.stepper.loss(model, part))
            self.control = self.callback_handler.on_prediction_step(self.args, self.state, self.control)
        loss = sum(world.gathered(total)) / sum(map(self.task.items, self.validation))
        if world.is_first() and self.sampled:
            self._tell_samples()
        model.train()
        if not math.isfinite(loss):
            raise RunError(f"The validation loss is {loss} at step {self.state.global_step}; lower learning_rate.")
        metrics = {"eval_loss": loss}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _tell_samples(self) -> None:
        prompts = [row.ids[: row.prompt] for row in self.sampled]
        sampling = Sampling(max_new_tokens=min(_SAMPLE_TOKENS, self.config.max_new_tokens))
        with self.stepper.arithmetic(self.args.device.type):
            said = answers(self.model, self.tokenizer, prompts, stop_ids(self.model, self.tokenizer), sampling)
        for row, answer in zip(self.sampled, said, strict=True):
            self.folder.append_event("sample", step=self.state.global_step, id=row.id, text=answer.text)

    def _tell_halved(self, before: int) -> None:
        now = self.stepper.micro_batch
        if now == before:
            return
        self.state.log_history.append({"step": self.state.global_step, _MICRO_BATCH: now})
        message = f"Memory ran out with {before} rows at once; going on with {now}. The result is the same."
        self.folder.append_event("warning", message=message, micro_batch=now)

    def _recall_micro_batch(self) -> int:
        """Go on with as many rows at once as before an interruption: the order of a sum is part of its last digits."""
        told = [entry[_MICRO_BATCH] for entry in self.state.log_history if _MICRO_BATCH in entry]
        if told:
            self.stepper.micro_batch = int(told[-1])
        return self.stepper.micro_batch

    @torch.no_grad()
    def _guilty(self, rows: Sequence[Encoded]) -> list[Encoded]:
        """The rows whose own loss is not finite; all of them, when none is so alone."""
        found = [row for row in rows if not torch.isfinite(self.stepper.loss(self.model, [row]))]
        return found or list(rows)

    def _not_finite(self, what: str, rows: Sequence[Encoded]) -> RowsFailed:
        named = ", ".join(row.id for row in rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
        return RowsFailed(
            f"{what} at step {self.state.global_step + 1}; lower learning_rate, or look at these rows: {named}. "
            "Nothing was published.",
            rows,
        )


def _arguments(folder: RunFolder, config: TrainConfig, rows: int) -> TrainingArguments:
    return TrainingArguments(
        **told_arguments(folder, config),
        **schedule(config, rows),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.effective_batch,  # of whole steps; what is in memory is the stepper's
        gradient_accumulation_steps=1,
        seed=config.seed,
        use_cpu=device().type == "cpu",
        ddp_broadcast_buffers=False,  # they are the same; a step that is done anew must not ask for them again
        remove_unused_columns=False,
        label_names=["labels"],
    )
