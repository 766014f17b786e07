"""A base of 30,000 random parameters and rows to train it on: real files, a second a run."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from hone.training.folder import Row, RunFolder

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
            initializer_range=0.2,  # a wide head, so that an adapter can make any token likely
            bos_token_id=0,
            eos_token_id=1,
        )
    ).save_pretrained(str(folder))
    return folder


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


def start_worker(folder: RunFolder) -> subprocess.Popen[bytes]:
    """Another process that is at work on the run, as far as anybody can see, until it is killed."""
    code = (
        "import sys; from hone.training.folder import RunFolder; "
        "RunFolder(sys.argv[1]).write_worker(); print(flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(folder.path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    return child
