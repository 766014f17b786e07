"""What a trainer must remember to go on bit for bit: as numbers and plain JSON, never as a pickle."""

import json
import random
from pathlib import Path
from typing import Any

import numpy
import torch
from safetensors.torch import load_file, save_file

from hone.training.launch import world
from hone.training.models.loading import Model

WEIGHTS, TENSORS, VALUES = "weights.safetensors", "state.safetensors", "state.json"


def save_weights(model: Model, file: Path) -> None:
    """Write all that learns, by its name: of an adapter a few matrices, of a full fine-tune the whole model."""
    save_file(_learning(model), str(file))


def load_weights(model: Model, file: Path) -> None:
    """Give a model the weights that `save_weights` wrote.

    Raises:
        ValueError: They are of another model.
    """
    stored, learning = load_file(str(file)), _learning(model)
    if stored.keys() != learning.keys():
        odd = sorted(stored.keys() ^ learning.keys())
        raise ValueError(f"{file} holds other weights than this model learns: {', '.join(odd[:3])}")
    for name, weights in learning.items():
        weights.copy_(stored[name])


def _learning(model: Model) -> dict[str, torch.Tensor]:
    found = model.named_parameters()
    return {name: weights.detach() for name, weights in found if weights.requires_grad}


def save_progress(folder: Path, optimizer: Any, scheduler: Any, chances: "list[Chance]") -> None:
    """Write where optimizer, scheduler and the random numbers of every process stand."""
    learnt = optimizer.state_dict()
    tensors: dict[str, torch.Tensor] = {}
    numbers: dict[str, dict[str, Any]] = {}
    for place, state in learnt["state"].items():
        numbers[str(place)] = {}
        for name, value in state.items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimizer.{place}.{name}"] = value.detach().contiguous()
            else:
                numbers[str(place)][name] = value
    values = {
        "optimizer": {"groups": learnt["param_groups"], "numbers": numbers},
        "scheduler": scheduler.state_dict(),
        "chance": [chance.values for chance in chances],
    }
    for rank, chance in enumerate(chances):
        tensors |= {f"chance.{rank}.{name}": tensor for name, tensor in chance.tensors.items()}
    save_file(tensors, str(folder / TENSORS))
    (folder / VALUES).write_text(json.dumps(values))


def load_progress(folder: Path, optimizer: Any, scheduler: Any) -> None:
    """Take optimizer and scheduler to where `save_progress` found them."""
    values = json.loads((folder / VALUES).read_text())
    state: dict[int, dict[str, Any]] = {
        int(place): dict(numbers) for place, numbers in values["optimizer"]["numbers"].items()
    }
    for key, tensor in load_file(str(folder / TENSORS)).items():
        kind, place, name = key.split(".", 2)
        if kind == "optimizer":
            state[int(place)][name] = tensor
    groups = [_with_tuples(group) for group in values["optimizer"]["groups"]]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    scheduler.load_state_dict(values["scheduler"])


def _with_tuples(group: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples; the betas of Adam are one."""
    return {name: tuple(value) if name == "betas" else value for name, value in group.items()}


class Chance:
    """Where all random numbers of one process stand.

    Attributes:
        values: Of Python and numpy, as JSON knows them.
        tensors: Of torch: `cpu`, and `cuda.0` ... for each card.
    """

    def __init__(self, values: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
        self.values = values
        self.tensors = tensors


def chance_now() -> Chance:
    """Of this process."""
    name, keys, *rest = numpy.random.get_state(legacy=True)
    tensors = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors |= {f"cuda.{card}": state for card, state in enumerate(torch.cuda.get_rng_state_all())}
    return Chance({"python": random.getstate(), "numpy": [name, numpy.asarray(keys).tolist(), *rest]}, tensors)


def take_chance(folder: Path) -> None:
    """Set the random numbers of this process to where they stood."""
    of_processes = json.loads((folder / VALUES).read_text())["chance"]
    if world.rank() >= len(of_processes):
        return  # more processes than before: the new ones go on from their seed
    values = of_processes[world.rank()]
    version, words, gauss = values["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, *rest = values["numpy"]
    numpy.random.set_state((name, numpy.array(keys, dtype=numpy.uint32), *rest))
    mine = f"chance.{world.rank()}."
    for key, state in load_file(str(folder / TENSORS)).items():
        if key == f"{mine}cpu":
            torch.set_rng_state(state)
        elif key.startswith(f"{mine}cuda."):
            card = int(key.rpartition(".")[2])
            if card < torch.cuda.device_count():
                torch.cuda.set_rng_state(state, card)
