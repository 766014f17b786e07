"""transformers' Trainer, with Hone's batches, loss, checkpoints and events."""

import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import PrinterCallback
from typing_extensions import override

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting import checkpoints
from hone.training.folder import RunFolder
from hone.training.models.loading import Model, Tokenizer, compute_dtype, pad_id, stop_ids
from hone.training.rows.batches import LengthGrouped, chunks, collate, label_loss
from hone.training.rows.encode import Encoded
from hone.training.speaking.decode import Sampling, answers

_POINTS = 200  # of the loss curve
_PROGRESS_SECONDS = 0.5
_SAMPLE_TOKENS = 64


class LoraTrainer(Trainer):
    """Trains the adapter of a PEFT model on encoded rows, and tells the run folder.

    Attributes:
        tokens: Tokens seen in this session, without padding.
        watch: Says whether the run was cancelled.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        folder: RunFolder,
        config: TrainConfig,
        train: Sequence[Encoded],
        validation: Sequence[Encoded],
    ) -> None:
        self.folder = folder
        self.config = config
        self.tokenizer = tokenizer
        self.validation = sorted(validation, key=len)
        self.sampled = list(validation[: config.samples])
        self.tokens = 0
        self.pad = pad_id(tokenizer)
        self.watch = _Watch(self)
        super().__init__(
            model=model,
            args=_arguments(folder.checkpoints, config, len(train)),
            train_dataset=train,
            data_collator=lambda rows: collate(rows, self.pad),
            callbacks=[self.watch],
        )
        self.remove_callback(PrinterCallback)
        self.model_accepts_loss_kwargs = True  # our loss divides by the labels of the whole step

    @property
    def best_step(self) -> int | None:
        """The step of the lowest validation loss, the earliest of equals; None without an evaluation."""
        losses = validation_losses(self.state)
        return min(losses, key=lambda step: losses[step]) if losses else None

    def best_adapter(self, step: int) -> Path:
        """Where the adapter of a best step is kept while the run lasts."""
        return self.folder.checkpoints / f"best-{step}"

    def keep_best(self) -> None:
        """Keep the adapter as it is now, and the one that was the best before it."""
        draft = self.folder.checkpoints / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        model: Any = self.model
        model.save_pretrained(str(draft))
        kept = self.best_adapter(self.state.global_step)
        shutil.rmtree(kept, ignore_errors=True)
        draft.rename(kept)
        older = sorted(self.folder.checkpoints.glob("best-*"), key=lambda path: path.stat().st_mtime)[:-2]
        for path in older:
            shutil.rmtree(path)

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

    @override
    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        checkpoint = self.folder.checkpoints / f"checkpoint-{self.state.global_step}"
        shutil.rmtree(checkpoint, ignore_errors=True)
        super()._save_checkpoint(model, trial)
        checkpoints.seal(checkpoint)
        self.folder.append_event("checkpoint", step=self.state.global_step, name=checkpoint.name)

    @override
    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: walking the whole model at every step would cost more than it tells."""
        return 0


class _Watch(TrainerCallback):
    """Decides when to log, evaluate, save and stop, and writes the events."""

    def __init__(self, trainer: LoraTrainer) -> None:
        self.trainer = trainer
        self.folder = trainer.folder
        self.config = trainer.config
        self.cancelled = False

    @override
    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.began = self.told = time.monotonic()
        self.first = state.global_step
        self.told_tokens = 0
        self.log_every = max(1, state.max_steps // _POINTS)
        self.evaluate_every = self.config.evaluate_every or math.ceil(state.max_steps / self.config.epochs)

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        step, last = state.global_step, state.global_step >= state.max_steps
        self.cancelled = not last and self.folder.cancel_requested()
        due = step % self.evaluate_every == 0 or last
        control.should_log = step % self.log_every == 0 or step == 1 or last or self.cancelled
        control.should_evaluate = bool(self.trainer.validation) and due
        control.should_save = self.cancelled or (step % self.config.checkpoint_every == 0 and not last)
        control.should_training_stop = last or self.cancelled
        self._tell_progress(state, always=last or self.cancelled)

    @override
    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        logs = logs or {}
        names = {"loss": "loss", "eval_loss": "validation_loss", "learning_rate": "learning_rate"}
        told = {names[name]: value for name, value in logs.items() if name in names}
        if told:
            self.folder.append_event("metric", step=state.global_step, **told)

    @override
    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.config.patience is None:
            return
        best = self.trainer.best_step
        if best == state.global_step:
            self.trainer.keep_best()
        since = [step for step in validation_losses(state) if best is not None and step > best]
        if len(since) >= self.config.patience:
            control.should_training_stop = True

    def _tell_progress(self, state: TrainerState, always: bool) -> None:
        now = time.monotonic()
        if not always and now - self.told < _PROGRESS_SECONDS:
            return
        rate = (self.trainer.tokens - self.told_tokens) / max(now - self.told, 1e-6)
        a_step = (now - self.began) / (state.global_step - self.first)
        self.folder.append_event(
            "progress",
            step=state.global_step,
            total_steps=state.max_steps,
            epoch=round(state.epoch or 0.0, 3),
            tokens_per_second=round(rate, 1),
            eta_seconds=round(a_step * (state.max_steps - state.global_step), 1),
        )
        self.told, self.told_tokens = now, self.trainer.tokens


def validation_losses(state: TrainerState) -> dict[int, float]:
    """Validation loss by step, in the order of the evaluations; they survive a resume."""
    return {int(entry["step"]): entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry}


def _arguments(output: Path, config: TrainConfig, rows: int) -> TrainingArguments:
    steps = math.ceil(rows / config.effective_batch) * config.epochs
    half = compute_dtype(config.precision) == torch.bfloat16
    return TrainingArguments(
        output_dir=str(output),
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
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        logging_nan_inf_filter=False,
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
    )
