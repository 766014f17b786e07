"""transformers' Trainer, with Hone's batches, loss, checkpoints and events."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import TrainingArguments
from typing_extensions import override

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting.told import Told, told_arguments
from hone.training.folder import RunFolder
from hone.training.models.loading import Model, Tokenizer, compute_dtype, pad_id, stop_ids
from hone.training.rows.batches import LengthGrouped, chunks, collate, label_loss
from hone.training.rows.encode import Encoded
from hone.training.speaking.decode import Sampling, answers

_SAMPLE_TOKENS = 64


class LoraTrainer(Told):
    """Trains the adapter of a PEFT model on encoded rows, and tells the run folder."""

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        folder: RunFolder,
        config: TrainConfig,
        train: Sequence[Encoded],
        validation: Sequence[Encoded],
    ) -> None:
        self.tokenizer = tokenizer
        self.validation = sorted(validation, key=len)
        self.sampled = list(validation[: config.samples])
        self.pad = pad_id(tokenizer)
        super().__init__(
            model=model,
            args=_arguments(folder, config, len(train)),
            train_dataset=train,
            data_collator=lambda rows: collate(rows, self.pad),
            folder=folder,
            config=config,
        )
        self.model_accepts_loss_kwargs = True  # our loss divides by the labels of the whole step

    @override
    def has_validation(self) -> bool:
        return bool(self.validation)

    @override
    def compute_loss(
        self,
        model: Model,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Mean over the labels of the whole step, however it is cut into micro batches."""
        self.tokens += inputs["tokens"]
        loss = label_loss(model, inputs) / num_items_in_batch
        if not torch.isfinite(loss):
            raise RunError(
                f"The loss is {loss.item()} at step {self.state.global_step + 1}; "
                "lower learning_rate, or look at the rows of this run. Nothing was published."
            )
        return loss

    @override
    @torch.no_grad()
    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Validation loss in nats per label token, over all rows at once; logged, with a few sample answers."""
        model = self.model
        assert model is not None
        model.eval()
        total, labels = 0.0, 0
        for rows in chunks(self.validation, self.config.micro_batch * 2):
            batch = {
                key: value.to(model.device) if key != "tokens" else value
                for key, value in collate(rows, self.pad).items()
            }
            with self.compute_loss_context_manager():
                total += float(label_loss(model, batch))
            labels += sum(len(row) - row.prompt for row in rows)
        self._tell_samples()
        model.train()
        metrics = {"eval_loss": total / labels}
        if not math.isfinite(metrics["eval_loss"]):
            raise RunError(f"The validation loss is {total} at step {self.state.global_step}; lower learning_rate.")
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _tell_samples(self) -> None:
        if not self.sampled:
            return
        prompts = [row.ids[: row.prompt] for row in self.sampled]
        sampling = Sampling(max_new_tokens=min(_SAMPLE_TOKENS, self.config.max_new_tokens))
        said = answers(self.model, self.tokenizer, prompts, stop_ids(self.model, self.tokenizer), sampling)
        for row, answer in zip(self.sampled, said, strict=True):
            self.folder.append_event("sample", step=self.state.global_step, id=row.id, text=answer.text)

    @override
    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        lengths = [len(row) for row in self.train_dataset]  # type: ignore[union-attr]
        return LengthGrouped(lengths, self.config.effective_batch, self.config.seed)


def _arguments(folder: RunFolder, config: TrainConfig, rows: int) -> TrainingArguments:
    steps = math.ceil(rows / config.effective_batch) * config.epochs
    half = compute_dtype(config.precision) == torch.bfloat16
    return TrainingArguments(
        **told_arguments(folder, config),
        num_train_epochs=config.epochs,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule if config.schedule != "constant" else "constant_with_warmup",
        warmup_steps=round(config.warmup * steps),
        per_device_train_batch_size=config.micro_batch,
        gradient_accumulation_steps=config.accumulation,
        weight_decay=config.weight_decay,
        max_grad_norm=config.grad_clip,
        seed=config.seed,
        bf16=half,
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        remove_unused_columns=False,
        label_names=["labels"],
    )
