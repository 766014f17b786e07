"""What every trainer of Hone has, whoever wrote its loss: checkpoints, events, cancelling, the best model kept."""

import shutil
from pathlib import Path
from typing import Any

from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import Trainer
from transformers.trainer_callback import PrinterCallback
from typing_extensions import override

from hone.training.config import TrainConfig
from hone.training.fitting import checkpoints
from hone.training.fitting.watch import Watch, validation_losses
from hone.training.folder import RunFolder


def told_arguments(folder: RunFolder, config: TrainConfig) -> dict[str, Any]:
    """What a told trainer needs of its TrainingArguments, or of TRL's DPOConfig and KTOConfig.

    When to log, evaluate, save and stop is decided by `Watch`, from the configuration.
    """
    return {
        "output_dir": str(folder.checkpoints),
        "eval_strategy": "no",
        "save_strategy": "no",
        "logging_strategy": "no",
        "logging_nan_inf_filter": False,
        "save_total_limit": 2,
        "run_name": config.run,
        "report_to": "none",
        "disable_tqdm": True,
    }


class Told(Trainer):
    """Mixin over a Trainer, first among its bases: `class MyTrainer(Told, DPOTrainer)`.

    Its arguments hold what `told_arguments` says. What it does at which step is the configuration's business; what
    happened stands in the folder's events.

    Attributes:
        tokens: Tokens learnt from in this session, without padding; a trainer adds to it in its steps.
        watch: Says whether the run was cancelled.
    """

    def __init__(self, *args: Any, folder: RunFolder, config: TrainConfig, **kwargs: Any) -> None:
        self.folder = folder
        self.config = config
        self.tokens = 0
        super().__init__(*args, **kwargs)
        self.watch = Watch(self)
        self.add_callback(self.watch)
        self.remove_callback(PrinterCallback)

    def has_validation(self) -> bool:
        """Whether there is something to evaluate on."""
        return bool(self.eval_dataset)

    @property
    def best_step(self) -> int | None:
        """The step of the lowest validation loss, the earliest of equals; None without an evaluation."""
        losses = validation_losses(self.state)
        return min(losses, key=lambda step: losses[step]) if losses else None

    def keep_best(self) -> None:
        """Keep the model as it is now, and the one that was the best before it."""
        draft = self.folder.checkpoints / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        model: Any = self.model
        model.save_pretrained(str(draft))
        kept = self._best(self.state.global_step)
        shutil.rmtree(kept, ignore_errors=True)
        draft.rename(kept)
        older = sorted(self.folder.checkpoints.glob("best-*"), key=lambda path: path.stat().st_mtime)[:-2]
        for path in older:
            shutil.rmtree(path)

    def take_best(self) -> None:
        """Give the model the weights that had the lowest validation loss, when a patience is set."""
        if self.config.patience is not None and self.best_step is not None:
            best = self._best(self.best_step) / "adapter_model.safetensors"
            set_peft_model_state_dict(self.model, load_file(str(best)))

    def _best(self, step: int) -> Path:
        return self.folder.checkpoints / f"best-{step}"

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
