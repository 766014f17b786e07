"""A base of 30,000 random parameters, and run folders on it: real files, a second a run."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hone.training.config import TrainConfig
from hone.training.folder import Row, RunFolder, prepare

_TEXT = [
    "### Instruction:\nSay what is wrong.\n\n### Context:\nThe pump is broken.\n\n### Response:\nThe pump.",
    "The printer on floor three does not answer. Please send somebody before noon, it is urgent!",
    "What does this clause mean? Either side may end the contract with a month's notice.",
]
_THINGS = ["pump", "printer", "lamp", "door", "engine", "screen", "valve", "phone"]
_TROUBLES = ["is broken", "makes noise", "does not start", "leaks", "smells of smoke"]


def make_tiny_base(folder: Path, seed: int = 0, bos: bool = False) -> Path:
    """A random Llama with a byte-level BPE tokenizer, saved as any base is."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        _TEXT, trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet)
    )
    if bos:
        bpe.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer: Any = PreTrainedTokenizerFast
    tokenizer(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>").save_pretrained(str(folder))
    torch.manual_seed(seed)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=320,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=512,
            initializer_range=0.05,
            bos_token_id=0,
            eos_token_id=1,
        )
    ).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


def make_rows(count: int, start: int = 0) -> list[Row]:
    """Rows of uneven lengths; every third has no context."""
    draw = random.Random(start)
    rows = []
    for number in range(start, start + count):
        thing, trouble = draw.choice(_THINGS), draw.choice(_TROUBLES)
        context = "" if number % 3 == 0 else f"The {thing} {trouble}. " * draw.randint(1, 4)
        rows.append(
            Row(id=f"row-{number}", instruction=f"Say what {trouble}.", context=context, response=f"The {thing}.")
        )
    return rows


@pytest.fixture
def new_run(tmp_path: Path, tiny_base: Path) -> Callable[..., RunFolder]:
    """Makes a run folder of 24 train, 6 validation and 6 test rows: 6 steps of 8 rows, settings as given."""

    def make(name: str = "run", **settings: Any) -> RunFolder:
        given: dict[str, Any] = {
            "base": str(tiny_base),
            "learning_rate": 5e-3,
            "epochs": 2,
            "micro_batch": 4,
            "effective_batch": 8,
            "checkpoint_every": 2,
            "samples": 1,
            "max_new_tokens": 8,
            "max_length": 512,
            "threads": 1,
        }
        rows = {"train": make_rows(24), "validation": make_rows(6, 100), "test": make_rows(6, 200)}
        return prepare(tmp_path / name, TrainConfig(**given | settings), rows, {"name": "first batch", "sha256": "ab"})  # type: ignore[arg-type]

    return make
