"""A published model becomes one that needs no base beside it: merged, read back from the disk, and checked."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch.nn.functional import cross_entropy

from hone.storage.errors import Conflict, RunError
from hone.storage.records import Record, new_id
from hone.training.config import TrainConfig
from hone.training.folder import Row, RunFolder, write_whole
from hone.training.merge import Dtype
from hone.training.models.adapters import load_model, merged
from hone.training.models.loading import Model, Tokenizer, device, load_base, load_tokenizer, pad_id, position_limit
from hone.training.models.publish import publish
from hone.training.models.published import CHECKED, ModelFacts, check_model
from hone.training.models.weights import locate_base, weights_sha256
from hone.training.rows.batches import moved
from hone.training.rows.encode import Encoded, encode
from hone.training.speaking.decode import GREEDY
from hone.training.tasks import classify, seq2seq

_ROWS = 200  # of which the loss is compared
_LOGITS = 512_000_000  # bytes of logits that are kept for comparison
_ANSWERS = 5


class Example(Record):
    """What the merged model says to one stored prompt, greedily; token ids. A label's place, of a classifier."""

    id: str
    prompt: list[int]
    answer: list[int]


class Checked(Record):
    """How far a merged model is from the one that it was merged from, on rows of its run.

    `largest_difference` is of all logits that were compared, `argmax_agreement` the share of places (0 to 1) at which
    both expect the same token or label; the losses are nats per item of the task. `same_answers` counts the
    `answers` (the examples) that the model that was merged gives alike, token for token.
    """

    schema_version: Literal[1] = 1
    merged_from: str
    weights_sha256: str
    dtype: Literal["float32", "bfloat16"]
    rows: int
    places: int
    largest_difference: float
    argmax_agreement: float
    loss_before: float
    loss_after: float
    answers: int
    same_answers: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class _Seen:
    """What a model makes of rows: its logits as far as they are kept, its loss, its answers."""

    logits: list[torch.Tensor]
    loss: float
    answers: list[list[int]]


def merge(model: Path, base: str, to: Path, dtype: Dtype = "auto") -> Checked:
    """Write the merged model to a new folder, that any program which reads transformers' models can serve.

    In float32 its logits must be those of the model that was merged, to 1e-4 (and 1e-5 of their size); in bfloat16, or
    when the model was trained on a quantized base, its loss on the run's validation rows must not rise by more than
    0.02 nats or 2 percent. Otherwise nothing is written.

    Args:
        model: A model folder of a run; the run's data beside it is what both are held against.
        base: Its base: a folder, or an id on the hub.
        to: The folder to be.
        dtype: Of the weights; "auto" takes bfloat16 where the base is saved in 16 bits, else float32.

    Raises:
        Conflict: Something is at `to` already.
        RunError: The base is not the model's, the run's rows are gone, or the merged model is not the same.
    """
    if to.exists():
        raise Conflict(f"{to} is already there; choose another folder.")
    found = locate_base(base)
    facts = check_model(model, weights_sha256(found))
    rows = _rows(model)
    tokenizer = load_tokenizer(model, facts.task)
    before = load_model(found, model, torch.float32, facts.quantize)
    encoded = _encoded(rows, tokenizer, facts, position_limit(before, 1_048_576))
    reference = _seen(before, tokenizer, facts, encoded)
    if facts.quantize != "none":
        before = load_model(found, model, torch.float32)
    wanted = _saved_dtype(found) if dtype == "auto" else dtype
    draft = to.with_name(f".{to.name}.{new_id()}")
    try:
        _write(draft, before, tokenizer, facts, wanted)
        del before
        checked = _checked(draft, tokenizer, facts, encoded, reference, wanted)
        _require_same(checked, reference, strict=wanted == "float32" and facts.quantize == "none")
        write_whole(draft / CHECKED, checked.model_dump_json(indent=1) + "\n")
        to.parent.mkdir(parents=True, exist_ok=True)
        os.rename(draft, to)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return checked


def _rows(model: Path) -> list[Row]:
    run = RunFolder(model.parent)
    rows = run.rows("validation") or run.rows("train")
    if not rows:
        raise RunError(f"{run.data} has no rows, so a merged model could not be checked; merge where the run is.")
    return rows[:_ROWS]


def _encoded(rows: Sequence[Row], tokenizer: Tokenizer, facts: ModelFacts, limit: int) -> list[Encoded]:
    most = int(facts.settings.get("max_length", 2048))
    config = TrainConfig(
        base=facts.base, template=facts.template, prompt=facts.prompt, labels=facts.labels, too_long="drop"
    )
    return encode(rows, tokenizer, config, min(limit, most), facts.task).rows


def _write(draft: Path, model: Model, tokenizer: Tokenizer, facts: ModelFacts, dtype: str) -> None:
    whole = model if facts.method == "full" else merged(model)
    said = {"method": "full", "under": (), "merged_from": facts.adapter_sha256}
    draft.parent.mkdir(parents=True, exist_ok=True)
    publish(draft, whole.to(getattr(torch, dtype)), tokenizer, facts.model_copy(update=said))


@torch.inference_mode()
def _seen(model: Model, tokenizer: Tokenizer, facts: ModelFacts, rows: Sequence[Encoded]) -> _Seen:
    """One row at a time, so that no padding comes in between."""
    kept: list[torch.Tensor] = []
    total, items, room = 0.0, 0, _LOGITS
    for row in rows:
        logits, targets = _logits(model, facts, row)
        total += float(cross_entropy(logits, targets, reduction="sum"))
        items += len(targets)
        if logits.numel() * 4 <= room:
            kept.append(logits.cpu())
            room -= logits.numel() * 4
    return _Seen(kept, total / items, [_answer(model, tokenizer, facts, row) for row in rows[:_ANSWERS]])


def _logits(model: Model, facts: ModelFacts, row: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
    """What the model expects at each learnt place of a row (places, choices), in float32, and what stands there."""
    place = device()
    if facts.task == "causal":
        ids = torch.tensor([row.ids], device=place)
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits
        return logits[0, row.prompt - 1 : -1].float(), ids[0, row.prompt :]
    task: Any = seq2seq if facts.task == "seq2seq" else classify
    batch = moved(task.collate([row], 0), place)
    found = task.logits(model, batch).float()
    return found.flatten(0, -2), batch["labels"].flatten()


def _answer(model: Model, tokenizer: Tokenizer, facts: ModelFacts, row: Encoded) -> list[int]:
    """Token ids of the greedy answer, its end among them; of a classifier the place of its label."""
    if facts.task == "classify":
        return [int(_logits(model, facts, row)[0].argmax())]
    prompt = torch.tensor([row.ids[: row.prompt]], device=device())
    said: list[int] = model.generate(
        input_ids=prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=facts.max_new_tokens,
        eos_token_id=facts.stop_ids,
        pad_token_id=pad_id(tokenizer),
        **GREEDY,
    )[0].tolist()
    return said[row.prompt :] if facts.task == "causal" else said[1:]


def _checked(
    draft: Path, tokenizer: Tokenizer, facts: ModelFacts, rows: Sequence[Encoded], before: _Seen, dtype: str
) -> Checked:
    after = _seen(load_base(draft, getattr(torch, dtype), facts.task, facts.labels), tokenizer, facts, rows)
    pairs = list(zip(before.logits, after.logits, strict=True))
    places = sum(len(one) for one, _ in pairs)
    agreeing = sum(int((one.argmax(-1) == other.argmax(-1)).sum()) for one, other in pairs)
    return Checked(
        merged_from=facts.adapter_sha256,
        weights_sha256=weights_sha256(draft),
        dtype="float32" if dtype == "float32" else "bfloat16",
        rows=len(rows),
        places=places,
        largest_difference=max(float((one - other).abs().max()) for one, other in pairs),
        argmax_agreement=agreeing / places,
        loss_before=before.loss,
        loss_after=after.loss,
        answers=len(after.answers),
        same_answers=sum(one == other for one, other in zip(before.answers, after.answers, strict=True)),
        examples=tuple(
            Example(id=row.id, prompt=row.ids[: row.prompt], answer=answer)
            for row, answer in zip(rows, after.answers, strict=False)
        ),
    )


def _require_same(checked: Checked, before: _Seen, strict: bool) -> None:
    largest = max(float(logits.abs().max()) for logits in before.logits)
    allowed = 1e-4 + 1e-5 * largest
    if strict and not checked.largest_difference <= allowed:
        raise RunError(
            f"The merged model is not the same: its logits differ by up to {checked.largest_difference:.2g} where "
            f"{allowed:.2g} is allowed. Nothing was written; keep serving the adapter on its base."
        )
    rise = checked.loss_after - checked.loss_before
    if not rise <= max(0.02, 0.02 * checked.loss_before):
        raise RunError(
            f"The merged model is worse: its loss on {checked.rows} rows is {checked.loss_after:.4f} where the model "
            f"on its base has {checked.loss_before:.4f}. Nothing was written; merge with --dtype float32, "
            "or keep serving the adapter."
        )


def _saved_dtype(base: Path) -> str:
    from transformers import AutoConfig

    saved = AutoConfig.from_pretrained(str(base), local_files_only=True, trust_remote_code=False).dtype
    return "bfloat16" if saved in (torch.bfloat16, torch.float16) else "float32"
