"""A toy base model, made on this machine: small enough to learn the tool with, and nothing else.

    python -m hone.training.toy --cache DIR      prints one JSON line per event, the last one names the folder

A byte-level BPE of 1024 tokens and a Llama of 0.62 million parameters, trained from nothing in about half
a minute on two cores, without a network. What makes so small a model able to copy a name after so little:
weights that start wide (0.05, not 0.02), a head that starts by looking back, one document per row, a loss that
counts notes more than mails, many small steps, and Muon for the matrices.
"""

import argparse
import json
import math
import os
import random
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hone.storage.records import sha256
from hone.training.toy_corpus import END, PAD, Document, corpus

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor
    from transformers import LlamaForCausalLM

Progress = Callable[[str, float], None]
Row = tuple[list[int], list[float]]  # token ids, and how much the loss counts each

RECIPE: dict[str, float] = {
    "seed": 7,
    "mails": 6400,
    "vocabulary": 1024,
    "hidden": 128,
    "layers": 3,
    "heads": 2,
    "feed_forward": 256,
    "positions": 1024,
    "initializer_range": 0.05,
    "look_back": 8.0,
    "look_back_turns": 12,
    "batch": 16,
    "rate": 4e-3,
    "muon_rate": 0.015,
    "warmup": 20,
    "given_weight": 0.15,
    "longest": 256,
}
END_ID, PAD_ID = 0, 1  # special tokens come first in the vocabulary

CARD = """---
license: apache-2.0
pipeline_tag: text-generation
---
# A toy base for learning the tool

Hone made this model on this machine, in about half a minute, from mails that a program put together and from
Python's own language manual. It has {parameters:,} parameters. After fine-tuning it can copy a name and fill
in a form. It knows nothing, and what it says about the world is worth nothing.

Use it to walk through Hone: import, review, train, judge, report. For work, name a real base model instead.

- Architecture: Llama, {layers} layers, width {hidden}, byte-level BPE of {vocabulary} tokens, tied embeddings.
- Data: {documents:,} short documents, read once. No personal data: names are put together from syllables.
- Licence: Apache-2.0, like Hone itself.
- Recipe: {key}
"""


def toy_base(cache: Path | None = None, progress: Progress | None = None) -> Path:
    """The folder of the toy base; made when the cache does not have it yet.

    Args:
        cache: Where finished bases lie; `$HONE_CACHE`, else `~/.cache/hone`.
        progress: Called with a stage and the share of that stage that is done, 0 to 1.

    Returns:
        A folder with safetensors, tokenizer, generation config and model card. It appears only when whole,
        and two processes that build at once end with one and the same folder.
    """
    cache = cache or Path(os.environ.get("HONE_CACHE") or Path.home() / ".cache" / "hone")
    tell = progress or (lambda _stage, _share: None)
    documents = corpus(int(RECIPE["seed"]), int(RECIPE["mails"]))
    key = recipe_key(documents)
    folder = cache / f"toy-base-{key[:12]}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="making-") as made:
            _make(Path(made) / "model", documents, key, tell)
            _publish(Path(made) / "model", folder)
    tell("ready", 1.0)
    return folder


def recipe_key(documents: list[Document]) -> str:
    """A hash of all that decides the weights: the sources, the texts, the libraries' major versions."""
    majors = [version(name).split(".")[0] for name in ("torch", "transformers", "tokenizers")]
    texts = sha256(*(part for document in documents for part in (document.given, document.note)))
    return sha256(Path(__file__).read_text(encoding="utf-8"), texts, *majors)


def _publish(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was first, and its copy is as good
            raise


def _make(folder: Path, documents: list[Document], key: str, tell: Progress) -> None:
    # libgomp's waiting threads spin and starve whatever else runs here; it reads this when torch is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    tell("tokenizer", 0.0)
    tokenizer = _tokenizer([text for document in documents for text in (document.given, document.note) if text])
    rows = [_row(tokenizer, document) for document in documents]
    tell("tokenizer", 1.0)
    with _few_threads():
        model = _pretrain(rows, tokenizer.get_vocab_size(), tell)
    tell("saving", 0.0)
    _save(folder, model, tokenizer, key, len(documents))


@contextmanager
def _few_threads() -> Generator[None]:
    """At most two threads: matrices so small only lose time on more."""
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(min(2, usual))
    yield
    torch.set_num_threads(usual)


def _tokenizer(texts: list[str]) -> "Tokenizer":
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    # A word has the same tokens at a line's start as within it, or the model could not copy one from there.
    tokenizer.normalizer = normalizers.Replace("\n", "\n ")
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Replace("\n ", "\n")])
    trainer = trainers.BpeTrainer(
        vocab_size=int(RECIPE["vocabulary"]),
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _row(tokenizer: "Tokenizer", document: Document) -> Row:
    given = tokenizer.encode(document.given + "\n\n").ids if document.given else []
    note = [*tokenizer.encode(document.note).ids, END_ID]
    longest = int(RECIPE["longest"])
    weights = [RECIPE["given_weight"]] * len(given) + [1.0] * len(note)
    return (given + note)[:longest], weights[:longest]


def _batches(rows: list[Row], draw: random.Random) -> Iterator[list[Row]]:
    """Every row once, in batches of like length, the batches in random order."""
    size = int(RECIPE["batch"])
    by_length = sorted(rows, key=lambda row: len(row[0]))
    batches = [by_length[at : at + size] for at in range(0, len(rows), size)]
    draw.shuffle(batches)
    yield from batches


def _share(step: int, steps: int) -> float:
    """The share of the full rate: a linear rise, then a half cosine down to a twentieth."""
    warm = min(1.0, (step + 1) / RECIPE["warmup"])
    return warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def _pretrain(rows: list[Row], vocabulary: int, tell: Progress) -> "LlamaForCausalLM":
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(RECIPE["seed"]))
        model = _blank_model(vocabulary)
    matrices = [weight for name, weight in model.named_parameters() if name.endswith("proj.weight")]
    others = [weight for name, weight in model.named_parameters() if not name.endswith("proj.weight")]
    # Muon needs a third of AdamW's steps to train matrices from nothing; embeddings and norms are not for it.
    muon = torch.optim.Muon(matrices, momentum=0.95, weight_decay=0.0)
    adam = torch.optim.AdamW(others, betas=(0.9, 0.95), weight_decay=0.01)
    batches = list(_batches(rows, random.Random(int(RECIPE["seed"]))))
    model.train()
    for step, batch in enumerate(batches):
        share = _share(step, len(batches))
        _loss(model, batch).backward()  # type: ignore[no-untyped-call]
        for optimizer, rate in ((adam, RECIPE["rate"]), (muon, RECIPE["muon_rate"])):
            optimizer.param_groups[0]["lr"] = rate * share
            optimizer.step()
        model.zero_grad()
        tell("pretraining", (step + 1) / len(batches))
    model.eval()  # type: ignore[no-untyped-call]
    return model


def _blank_model(vocabulary: int) -> "LlamaForCausalLM":
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=int(RECIPE["hidden"]),
        num_hidden_layers=int(RECIPE["layers"]),
        num_attention_heads=int(RECIPE["heads"]),
        intermediate_size=int(RECIPE["feed_forward"]),
        max_position_embeddings=int(RECIPE["positions"]),
        attention_bias=True,
        initializer_range=RECIPE["initializer_range"],
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=END_ID,
        pad_token_id=PAD_ID,
    )
    model = LlamaForCausalLM(config)
    _look_back(model)
    return model


def _look_back(model: "LlamaForCausalLM") -> None:
    """Make one head of the first layer begin by looking at the token before.

    To copy is to find where the last token stood before and to take what followed it there. The first half of that
    is given here by biases that rotary positions turn apart: the score of two tokens is highest one step apart.
    """
    import torch

    attention: Any = model.model.layers[0].self_attn
    turns: Any = model.model.rotary_emb.inv_freq  # (head / 2,) angle of one step
    half, some, strength = len(turns), int(RECIPE["look_back_turns"]), RECIPE["look_back"]
    with torch.no_grad():
        attention.k_proj.bias[:some] = strength
        attention.q_proj.bias[:some] = strength * turns.cos()[:some]
        attention.q_proj.bias[half : half + some] = -strength * turns.sin()[:some]


def _loss(model: "LlamaForCausalLM", batch: list[Row]) -> "Tensor":
    """Weighted mean of the next token's loss. Padding stands on the right, where no token looks."""
    import torch

    width = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([ids + [PAD_ID] * (width - len(ids)) for ids, _ in batch])  # (rows, width)
    weights = torch.tensor([w + [0.0] * (width - len(w)) for _, w in batch])[:, 1:].reshape(-1)
    logits = model(input_ids=ids, use_cache=False).logits[:, :-1].float()  # (rows, width - 1, vocabulary)
    each = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].reshape(-1), reduction="none")
    return (each * weights).sum() / weights.sum()


def _save(folder: Path, model: "LlamaForCausalLM", tokenizer: "Tokenizer", key: str, documents: int) -> None:
    from transformers import GenerationConfig, PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a bar for one file of 2 MB would only break the lines of events
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        eos_token_id=END_ID, pad_token_id=PAD_ID, do_sample=False
    )
    model.save_pretrained(folder)
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, model_max_length=int(RECIPE["positions"])
    )
    fast.save_pretrained(folder)
    facts = {**{name: int(value) for name, value in RECIPE.items()}, "documents": documents, "key": key}
    card = CARD.format(parameters=sum(weight.numel() for weight in model.parameters()), **facts)
    (folder / "README.md").write_text(card, encoding="utf-8")


def main() -> None:
    """Make the toy base and print what happens, one JSON object a line."""
    parser = argparse.ArgumentParser(description="Make the toy base model, or find it in the cache.")
    parser.add_argument("--cache", type=Path, help="where finished bases lie (default: $HONE_CACHE or ~/.cache/hone)")
    shown: dict[str, int] = {}

    def tell(stage: str, share: float) -> None:
        percent = int(100 * share)
        if shown.get(stage) != percent:
            shown[stage] = percent
            print(json.dumps({"event": "progress", "stage": stage, "share": round(share, 4)}), flush=True)

    folder = toy_base(parser.parse_args().cache, tell)
    print(json.dumps({"event": "done", "folder": str(folder)}), flush=True)


if __name__ == "__main__":
    main()
