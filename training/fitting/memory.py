"""Memory: how much a run has had at most, and whether an error says that there was too little."""

import resource
import sys

import torch

from hone.training.models.loading import device

_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "alloc_cpu")


def out_of_memory(error: BaseException) -> bool:
    """Whether this is what torch raises when a tensor finds no room, on a card or in the machine."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _WORDS)


def forget_peak() -> None:
    """Begin anew with the peak of a card; that of a process cannot be forgotten."""
    if _on_card():
        torch.cuda.reset_peak_memory_stats()


def peak_bytes() -> int:
    """The most that tensors took on the card since `forget_peak`; without a card the most that this process took."""
    if _on_card():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def give_back() -> None:
    """Hand what is cached on the card back to it."""
    if _on_card():
        torch.cuda.empty_cache()


def _on_card() -> bool:
    return device().type == "cuda"
