"""TRL's trainers of preferences, told and made durable as all trainers of Hone are.

DPO: Rafailov et al. 2023, equation 7. KTO: Ethayarajh et al. 2024, equation 8. The losses are TRL's, and without
dropout: a model is compared with itself as it was. Hone gives them rows that are tokens already, and the
log-probabilities of the model that the run starts from, computed once before step 1: so a continued adapter is compared
with itself, not with the bare base, and nothing is kept twice.
"""

from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from torch.utils.data import DataLoader
from transformers import TrainingArguments
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer
from typing_extensions import override

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting.optim import optimizer_class, schedule
from hone.training.fitting.told import Told, told_arguments
from hone.training.folder import RunFolder
from hone.training.models.adapters import learning
from hone.training.models.loading import Model, Tokenizer, device, stop_ids
from hone.training.preference.rows import Opinions, Pairs, Preferences
from hone.training.session import Cancelled
from hone.training.speaking.decode import Sampling, answers

_REFERENCE = "ref"  # what TRL calls the copy of an adapter
_SAMPLE_TOKENS = 64
_LOOK_EVERY = 20  # micro batches, while the start model is asked
_MEANS = ("rewards/margins", "rewards/accuracies")


class NotFinite(RunError):
    """A step cannot be learnt; its rows are named, and its facts list them all."""

    def __init__(self, what: str, step: int, rows: Sequence[str]) -> None:
        named = ", ".join(rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
        super().__init__(
            f"{what} at step {step}; lower learning_rate, or look at these rows: {named}. Nothing was published."
        )
        self.facts = {"rows": [{"id": row} for row in rows]}


class _FromTokens(Told):
    """A trainer of TRL that gets token ids, knows its reference beforehand, and counts every row of a step alike.

    Attributes:
        tokenizer: Of the base.
        learnt: The rows that are learnt.
        held_out: The rows that are evaluated on; may be empty.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        folder: RunFolder,
        config: TrainConfig,
        learnt: Preferences,
        held_out: Preferences,
        args: TrainingArguments,
    ) -> None:
        self.tokenizer = tokenizer
        self.learnt = learnt
        self.held_out = held_out
        self.step_batches: list[Any] = []  # of the optimizer step that is at work
        exact = {name: weights.data for name, weights in learning(model).items()}
        super().__init__(
            model=model,
            args=args,
            processing_class=tokenizer,
            train_dataset=Dataset.from_dict(learnt.columns()),
            eval_dataset=Dataset.from_dict(held_out.columns()) if len(held_out) else None,
            folder=folder,
            config=config,
        )
        self.optimizer_cls_and_kwargs = optimizer_class(config)  # TRL's trainers do not all take it
        for name, weights in learning(model).items():
            weights.data = exact.get(name, weights.data)  # TRL rounds what learns on a quantized base to bfloat16
        if _REFERENCE in getattr(self.model, "peft_config", {}):
            self.model.delete_adapter(_REFERENCE)  # type: ignore[union-attr,operator]  # its answers are known by now

    def _prepare_dataset(self, dataset: Any, processing_class: Any, args: Any, dataset_name: str) -> Any:  # noqa: ARG002
        """As it is: the rows are tokens, none is too long."""
        return dataset

    def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:  # noqa: ARG002
        """The rows with what the start model says of them, in columns; nothing is kept on disk."""
        batches = DataLoader(dataset, batch_size=batch_size, collate_fn=self.data_collator)
        said: list[dict[str, torch.Tensor]] = []
        for batch in batches:
            if self.folder.cancel_requested():
                raise Cancelled  # nothing is learnt yet that could be saved
            if len(said) % _LOOK_EVERY == 0:
                share = round(len(said) / len(batches), 3)
                self.folder.append_event("progress", stage="asking the start model", share=share)
            said.append(self._reference(self._prepare_inputs(batch)))
        for column in said[0]:
            dataset = dataset.add_column(column, torch.cat([each[column] for each in said]).tolist())
        return dataset

    def _reference(self, batch: dict[str, Any]) -> dict[str, torch.Tensor]:
        """By TRL's name of the column, one number a row of the batch."""
        raise NotImplementedError

    def _asked(self, batch: dict[str, Any]) -> tuple[Any, Any]:
        trl: Any = self
        found: tuple[Any, Any] = trl.compute_ref_log_probs(self.model, batch)
        return found

    def _rows_in(self, batch: dict[str, Any]) -> int:
        raise NotImplementedError

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None: the card is written when the model is published."""

    @override
    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> tuple[list[Any], Any]:
        """The micro batches of a step, which is told by them."""
        self.step_batches, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        return self.step_batches, items

    @override
    def step_failed(self, what: str) -> "NotFinite":
        """See Told."""
        return self._not_finite(what, self.step_batches)

    @override
    def compute_loss(self, model: Model, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """TRL's mean over a micro batch, weighed by its rows, so that a step is a mean over all of its rows."""
        told: dict[str, list[float]] = self._metrics["train" if model.training else "eval"]  # type: ignore[attr-defined]
        before = {name: len(told.get(name, ())) for name in _MEANS}
        loss: Any = super().compute_loss(model, inputs, *args, **kwargs)
        for name in _MEANS:
            if len(told.get(name, ())) > before[name]:  # TRL tells the mean over micro batches: by their rows, here too
                told[name].extend(told[name][-1:] * (self._rows_in(inputs) - 1))
        if not torch.isfinite(loss):
            raise self._not_finite(f"The loss is {loss.item()}", [inputs])
        if not model.training:
            return loss
        self.tokens += int(inputs["attention_mask"].sum())
        rows = sum(map(self._rows_in, self.step_batches))
        return loss * (self._rows_in(inputs) * self.current_gradient_accumulation_steps / rows)

    @override
    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """TRL's evaluation of the held-out rows, then a few sample answers."""
        metrics: dict[str, float] = super().evaluate(*args, **kwargs)
        count = self.config.samples
        if self.held_out.prompts[:count]:
            model: Any = self.model
            model.eval()
            sampling = Sampling(max_new_tokens=min(_SAMPLE_TOKENS, self.config.max_new_tokens))
            stop = stop_ids(model, self.tokenizer)
            with self.autocast_smart_context_manager():
                said = answers(model, self.tokenizer, self.held_out.prompts[:count], stop, sampling)
            for row, answer in zip(self.held_out.ids, said, strict=False):
                self.folder.append_event("sample", step=self.state.global_step, id=row, text=answer.text)
            model.train()
        return metrics

    def _not_finite(self, what: str, batches: Sequence[dict[str, Any]]) -> "NotFinite":
        read: set[tuple[int, ...]] = set()
        for batch in batches:
            lengths = batch["attention_mask"].sum(dim=1).tolist()
            read |= {tuple(ids[:length]) for ids, length in zip(batch["input_ids"].tolist(), lengths, strict=True)}
        return NotFinite(what, self.state.global_step + 1, self.learnt.named(read) or self.held_out.named(read))


class DpoTrainer(_FromTokens, DPOTrainer):
    """Direct preference optimization: the preferred response becomes likelier against the other one."""

    @override
    def _reference(self, batch: dict[str, Any]) -> dict[str, torch.Tensor]:
        chosen, rejected = self._asked(batch)
        return {"ref_chosen_logps": chosen.cpu(), "ref_rejected_logps": rejected.cpu()}

    @override
    def _rows_in(self, batch: dict[str, Any]) -> int:
        return len(batch["input_ids"]) // 2


class KtoTrainer(_FromTokens, KTOTrainer):
    """Kahneman-Tversky optimization: good responses become likelier than usual, bad ones less."""

    @override
    def _reference(self, batch: dict[str, Any]) -> dict[str, torch.Tensor]:
        one, other = self._asked(batch)
        return {"ref_logps": one.cpu(), "ref_KL_logps": other.cpu()}

    @override
    def _rows_in(self, batch: dict[str, Any]) -> int:
        return len(batch["input_ids"])


PreferenceTrainer = DpoTrainer | KtoTrainer


def trainer_of(
    model: Model,
    tokenizer: Tokenizer,
    folder: RunFolder,
    config: TrainConfig,
    learnt: Preferences,
    held_out: Preferences,
    dtype: torch.dtype,
) -> PreferenceTrainer:
    """The trainer of the run's objective, with what the start model says of every row known.

    Args:
        model: What is trained; as it is now, it is the reference.
        tokenizer: The base's.
        folder: Of the run.
        config: Its settings; the objective is dpo or kto.
        learnt: At least one row, as tokens.
        held_out: May be empty: then nothing is evaluated.
        dtype: Of the arithmetic.

    Raises:
        RunError: TRL cannot train this model with these settings.
    """
    arguments = _arguments(folder, config, len(learnt), dtype)
    given = (model, tokenizer, folder, config, learnt, held_out)
    try:
        if isinstance(learnt, Pairs):
            return DpoTrainer(*given, DPOConfig(**arguments))
        settings: dict[str, Any] = {**arguments, **_weights(learnt), "train_sampling_strategy": "sequential"}
        return KtoTrainer(*given, KTOConfig(**settings))
    except ValueError as error:  # what TRL cannot train, as an adapter on the head
        raise RunError(f"{config.objective} cannot begin: {' '.join(str(error).split())}") from None


def _weights(train: Opinions) -> dict[str, float]:
    """Good and bad rows weigh the same in all, as the paper advises (equation 9)."""
    good, bad = sum(train.good), len(train) - sum(train.good)
    if not good or not bad:
        return {}
    return {"desirable_weight": max(1.0, bad / good), "undesirable_weight": max(1.0, good / bad)}


def _arguments(folder: RunFolder, config: TrainConfig, rows: int, dtype: torch.dtype) -> dict[str, Any]:
    return {
        **told_arguments(folder, config),
        **schedule(config, rows),
        "num_train_epochs": config.epochs,
        "per_device_train_batch_size": config.micro_batch,
        "per_device_eval_batch_size": config.micro_batch,
        "gradient_accumulation_steps": config.effective_batch // config.micro_batch,
        "seed": config.seed,
        "beta": config.beta,
        "max_length": None,  # nothing is cut here: the rows were measured
        "precompute_ref_log_probs": True,
        "prediction_loss_only": True,
        "gradient_checkpointing": config.recompute,
        "bf16": dtype == torch.bfloat16,
        "use_cpu": device().type == "cpu",
        "dataloader_pin_memory": device().type == "cuda",
    }
