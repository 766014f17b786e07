"""Random bases of the other families, thirty to fifty thousand parameters each: T5, DistilBERT, BERT and RoBERTa."""

from pathlib import Path
from typing import Any

from tiny_model import make_rows

from hone.training.folder import Row

LABELS = ("broken", "noisy", "leaking")
_WORDS = {
    "broken": ("is broken", "fell apart", "has a crack"),
    "noisy": ("makes noise", "rattles", "hums all day"),
    "leaking": ("leaks", "drips on the floor", "lets water out"),
}


def make_t5(folder: Path) -> Path:
    """A random T5 with the toy tokenizer: pad 0, end 1, as T5 has them."""
    from transformers import T5Config, T5ForConditionalGeneration

    _tokenizer(folder, ["<pad>", "</s>"], "$A </s>", pad_token="<pad>", eos_token="</s>")
    config: Any = T5Config
    _save(
        T5ForConditionalGeneration,
        config(
            vocab_size=320,
            d_model=32,
            d_kv=16,
            d_ff=64,
            num_layers=2,
            num_heads=2,
            dropout_rate=0.0,
            decoder_start_token_id=0,
        ),
        folder,
    )
    return folder


def make_encoder(folder: Path, family: str = "distilbert") -> Path:
    """A random encoder without a head: "distilbert", "bert" or "roberta"."""
    import transformers

    special = {"cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>"}
    _tokenizer(folder, ["<s>", "<pad>", "</s>"], "<s> $A </s>", **special)
    sizes: dict[str, Any] = {"vocab_size": 320, "pad_token_id": 1, "max_position_embeddings": 128}
    if family == "distilbert":
        config: Any = transformers.DistilBertConfig(
            **sizes, dim=32, hidden_dim=64, n_layers=2, n_heads=2, initializer_range=0.2
        )
        _save(transformers.DistilBertModel, config, folder)
        return folder
    kinds = {
        "bert": (transformers.BertConfig, transformers.BertModel),
        "roberta": (transformers.RobertaConfig, transformers.RobertaModel),
    }
    made, model = kinds[family]
    shape: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    shape["initializer_range"] = 0.2
    _save(model, made(**sizes, **shape), folder)
    return folder


def make_labelled_rows(count: int, start: int = 0) -> list[Row]:
    """Rows whose response is one of LABELS, in turn."""
    rows = make_rows(count, start)
    labelled = []
    for number, row in enumerate(rows):
        label = LABELS[number % len(LABELS)]
        wording = _WORDS[label][number // len(LABELS) % len(_WORDS[label])]
        labelled.append(row.model_copy(update={"instruction": f"It {wording}.", "context": "", "response": label}))
    return labelled


def _save(kind: Any, config: Any, folder: Path) -> None:
    import torch

    torch.manual_seed(0)
    kind(config).save_pretrained(str(folder))


def _tokenizer(folder: Path, special: list[str], shape: str, **named: str) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    texts = [f"{row.instruction} {row.context} {row.response}" for row in make_rows(20)]
    bpe.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet)
    )
    ids = [(token, number) for number, token in enumerate(special)]
    bpe.post_processor = processors.TemplateProcessing(single=shape, special_tokens=ids)
    tokenizer: Any = PreTrainedTokenizerFast
    tokenizer(tokenizer_object=bpe, **named).save_pretrained(str(folder))
