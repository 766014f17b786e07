"""What every trainer of Hone has, whoever wrote its loss: checkpoints, events, cancelling, the best model kept."""

import math
from pathlib import Path
from typing import Any

from transformers import Trainer
from transformers.trainer_callback import PrinterCallback
from transformers.trainer_utils import TrainOutput
from typing_extensions import override

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.fitting import checkpoints, state
from hone.training.fitting.moved import Moved
from hone.training.fitting.watch import EarlyStop, Watch, best_until
from hone.training.folder import RunFolder
from hone.training.launch import world
from hone.training.session import Cancelled

_TRAINER_STATE = "trainer_state.json"  # where transformers looks for it


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
        "run_name": config.run,
        "report_to": config.tracker,
        "disable_tqdm": True,
    }


class Told(Trainer):
    """Mixin over a Trainer, first among its bases: `class MyTrainer(Told, DPOTrainer)`.

    Its arguments hold what `told_arguments` says. What it does at which step is the configuration's business; what
    happened stands in the folder's events. Its checkpoints hold safetensors and JSON, and no pickle.

    Attributes:
        tokens: Tokens learnt from in this session, without padding; a trainer adds to it in its steps.
    """

    def __init__(self, *args: Any, folder: RunFolder, config: TrainConfig, **kwargs: Any) -> None:
        self.folder = folder
        self.config = config
        self.tokens = 0
        super().__init__(*args, **kwargs)
        self.watch = Watch(self)
        self.add_callback(self.watch)
        self.add_callback(Moved())
        self.remove_callback(PrinterCallback)

    def has_validation(self) -> bool:
        """Whether there is something to evaluate on."""
        return bool(self.eval_dataset)

    def step_failed(self, what: str) -> RunError:
        """What is raised when the step at work cannot be learnt; it names the rows of that step."""
        raise NotImplementedError

    @override
    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        inherited: Any = super()
        norm = float(inherited._get_grad_norm(model, grad_norm=grad_norm))
        if not math.isfinite(norm):
            raise self.step_failed(f"The gradient is {norm}")
        return norm

    @override
    def train(self, *args: Any, **kwargs: Any) -> TrainOutput:
        """Train to the end.

        Raises:
            Cancelled: Somebody asked to stop; a checkpoint was written.
            RunError: A checkpoint could not be written.
        """
        try:
            output: TrainOutput = super().train(*args, **kwargs)
        except EarlyStop:  # it had been early enough before this start
            self.callback_handler.on_train_end(self.args, self.state, self.control)
            return TrainOutput(self.state.global_step, 0.0, {})
        if self.watch.cancelled:
            raise Cancelled
        return output

    def heed_cancel(self) -> None:
        """Save and stop if somebody asked to: for what takes long between two steps, as often as once a second.

        Together with other processes, each has to call it equally often.

        Raises:
            Cancelled: Somebody did.
        """
        if world.agreed(self.folder.cancel_requested()):
            self._save_checkpoint(self.model, None)
            raise Cancelled

    @property
    def best_step(self) -> int | None:
        """The step of the lowest validation loss, the earliest of equals; None without an evaluation."""
        return best_until(self.state, self.state.global_step)

    def keep_best(self) -> None:
        """Keep the model's weights as they are now, beside those that a resume could still need."""
        if world.is_first():
            with checkpoints.writing(self.folder, _best(self.state.global_step)) as draft:
                state.save_weights(self.model, draft)
            self._forget_worse()

    def take_best(self) -> None:
        """Give the model the weights that had the lowest validation loss, when a patience is set."""
        world.wait()  # the first process may be writing them still
        if self.config.patience is not None and self.best_step is not None:
            state.load_weights(self.model, self.folder.checkpoints / _best(self.best_step))

    def _forget_worse(self) -> None:
        at = [self.state.global_step, *checkpoints.steps(self.folder)]
        kept = {_best(step) for step in (best_until(self.state, step) for step in at) if step is not None}
        for file in self.folder.checkpoints.glob("best-*"):
            if file.name not in kept:
                file.unlink()

    @override
    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        chances = world.gathered(state.chance_now())
        name = f"checkpoint-{self.state.global_step}"
        if not world.is_first() or checkpoints.is_complete(self.folder.checkpoints / name):
            return
        with checkpoints.writing(self.folder, name) as draft:
            draft.mkdir()
            state.save_weights(self.model, draft / state.WEIGHTS)
            state.save_progress(draft, self.optimizer, self.lr_scheduler, chances)
            self.state.save_to_json(str(draft / _TRAINER_STATE))
            checkpoints.seal(draft)
        checkpoints.keep_newest(self.folder)
        self._forget_worse()
        self.folder.append_event("checkpoint", step=self.state.global_step, name=name)

    @override
    def _load_from_checkpoint(self, resume_from_checkpoint: Any, model: Any = None) -> None:
        state.load_weights(self.model, Path(resume_from_checkpoint) / state.WEIGHTS)

    @override
    def _load_optimizer_and_scheduler(self, checkpoint: Any) -> None:
        if checkpoint is not None:
            state.load_progress(Path(checkpoint), self.optimizer, self.lr_scheduler)

    @override
    def _load_rng_state(self, checkpoint: Any) -> None:
        if checkpoint is not None:
            state.take_chance(Path(checkpoint))

    @override
    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: walking the whole model at every step would cost more than it tells."""
        return 0


def _best(step: int) -> str:
    return f"best-{step}.safetensors"
