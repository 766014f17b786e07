"""Trackers: whoever uses MLflow, Weights & Biases or TensorBoard sees the run there, too. No text of a pair.

Without other settings of theirs in the environment, everything stays below the run's own folder: a tracking server
(MLFLOW_TRACKING_URI) or an account (WANDB_MODE=online) is the user's to name.
"""

import os
from importlib.util import find_spec

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.folder import RunFolder


def prepare_tracker(folder: RunFolder, config: TrainConfig) -> None:
    """Set what the run's tracker reads from the environment. Call it before anything large is loaded.

    Raises:
        RunError: The tracker is not installed.
    """
    tracker = config.tracker
    if tracker == "none":
        return
    if find_spec(tracker) is None:
        raise RunError(f"tracker is {tracker}, which is not installed; `pip install {tracker}`, or set tracker=none.")
    home = folder.path / tracker
    home.mkdir(exist_ok=True)
    if tracker == "tensorboard":
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(home)
    elif tracker == "mlflow":
        os.environ.setdefault("MLFLOW_TRACKING_URI", home.resolve().as_uri())
        os.environ.setdefault("MLFLOW_EXPERIMENT_NAME", "hone")
        os.environ["HF_MLFLOW_LOG_ARTIFACTS"] = "false"
    else:
        os.environ["WANDB_DIR"] = str(home)
        os.environ.setdefault("WANDB_MODE", "offline")
        os.environ.setdefault("WANDB_PROJECT", "hone")
        os.environ |= {"WANDB_WATCH": "false", "WANDB_LOG_MODEL": "false"}
        os.environ |= {"WANDB_CONSOLE": "off", "WANDB_DISABLE_CODE": "true"}  # neither the log nor the program
