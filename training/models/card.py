"""The model card: what a model is, what it learned from, how well, and what it must not be used for, in Markdown."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hone.training.models.published import CHECKED, ModelFacts

NOT_STATED = "not stated; check the base's"
_KINDS = {
    "lora": "A LoRA adapter",
    "dora": "A DoRA adapter",
    "rslora": "A rank-stabilised LoRA adapter",
    "full": "A full fine-tune",
}
_TASKS = {
    "causal": ("that answers instructions", "text-generation"),
    "seq2seq": ("that turns one text into another", "text2text-generation"),
    "classify": ("that chooses a label for a text", "text-classification"),
}
_OBJECTIVES = {
    "sft": "from approved responses",
    "dpo": "from pairs of answers of which people preferred one (DPO)",
    "kto": "from answers that people approved or rejected (KTO)",
}
_SPLITS = {"train": "learned", "rehearsal": "learned again, from earlier batches", "generic": "learned, generic text"}
_TOLD_ELSEWHERE = frozenset(
    {"kind", "schema_version", "run", "base", "base_sha256", "template", "labels", "parent", "threads", "samples"}
)


def card(facts: ModelFacts) -> str:
    """The card of a published model."""
    what, _ = _TASKS[facts.task]
    whole = facts.method == "full"
    kind = _KINDS[facts.method]
    if facts.merged_from:
        kind = f"{_KINDS[facts.settings.get('method', 'lora')]}, merged into its base,"
    belongs = "It was trained from" if whole else "It belongs on exactly one base:"
    sections = [
        _front(facts),
        f"# {facts.run}\n",
        f"{kind} {what}, trained with Hone {_OBJECTIVES[facts.objective]}. {belongs} {facts.base}\n"
        f"(weights sha256 {facts.base_sha256}).\n",
        _lines(
            [
                f"sha256 of {'all weights' if whole else 'the adapter'}: {facts.adapter_sha256}",
                f"continued from: {facts.parent_sha256 or 'nothing, it is a first iteration'}",
                *([f"merged from: {facts.merged_from}"] if facts.merged_from else []),
                *(f"merged into the base first (under/{place}): {digest}" for place, digest in enumerate(facts.under)),
            ]
        ),
        _section("Data", _data(facts)),
        _section("Settings", _lines(_settings(facts))),
        _section("Results", _results(facts)),
        _section("Prompt", _prompt(facts)),
        _section("Limits", _lines(_limits(facts))),
        _section("Licence", _licence(facts)),
    ]
    return "\n".join(section for section in sections if section)


def licence_of(base: Path) -> str:
    """What a base says of its licence, in its card or its config.json; NOT_STATED when neither does."""
    readme, config = base / "README.md", base / "config.json"
    if readme.is_file():
        front = re.match(r"---\n(.*?)\n---", readme.read_text(encoding="utf-8", errors="replace"), re.DOTALL)
        named = re.search(r"^licen[sc]e: *['\"]?([^'\"\n]+)", front.group(1), re.MULTILINE) if front else None
        if named:
            return named.group(1).strip()
    found = json.loads(config.read_text(encoding="utf-8")).get("license") if config.is_file() else None
    return found if isinstance(found, str) and found.strip() else NOT_STATED


def _front(facts: ModelFacts) -> str:
    _, pipeline = _TASKS[facts.task]
    library = "transformers" if facts.method == "full" else "peft"
    stated = [] if facts.licence == NOT_STATED else [f"license: {json.dumps(facts.licence)}"]
    lines = [
        f"library_name: {library}",
        f"base_model: {json.dumps(facts.base)}",
        f"pipeline_tag: {pipeline}",
        *stated,
        f"tags: [{facts.method}, hone]",
    ]
    return "\n".join(["---", *lines, "---"])


def _data(facts: ModelFacts) -> str:
    batch = facts.batch
    known = [name for name in ("project", "number", "name", "sha256", "frozen_at") if batch.get(name) not in (None, "")]
    said = [f"batch {name.replace('_', ' ')}: {batch[name]}" for name in known]
    approvals: Mapping[str, int] = batch.get("approvals") or {}
    if approvals:
        said.append("approved: " + ", ".join(f"{pairs} pairs by {who}" for who, pairs in sorted(approvals.items())))
    if batch.get("left_out"):
        said.append("left out when frozen: " + ", ".join(f"{n} {why}" for why, n in sorted(batch["left_out"].items())))
    for split, digest in sorted(facts.data_sha256.items()):
        count = f"{facts.rows[split]} rows " if split in facts.rows else ""
        said.append(f"{split}.jsonl: {count}{_SPLITS.get(split, 'held out')}, sha256 {digest}")
    if facts.labels:
        said.append(f"labels: {', '.join(facts.labels)}")
    return _lines(said) or "Not stated.\n"


def _settings(facts: ModelFacts) -> Iterable[str]:
    return (
        f"{name}: {value}"
        for name, value in facts.settings.items()
        if name not in _TOLD_ELSEWHERE and value is not None
    )


def _results(facts: ModelFacts) -> str:
    item = "preference" if facts.objective != "sft" else "text" if facts.task == "classify" else "token"
    loss = "not measured" if facts.validation_loss is None else f"{facts.validation_loss:.4f} nats per {item}"
    said = _lines([f"validation loss: {loss}, at step {facts.step}"])
    return f"{said}\n{_forgetting(facts.forgetting)}" if facts.forgetting else said


def _forgetting(measured: Mapping[str, Any]) -> str:
    """What was known before training and after it, a line for each test split."""
    rows = ["| before and after training | items | loss | score |", "|---|---|---|---|"]
    for split in measured.get("splits", ()):
        score = "accuracy" if "accuracy_before" in split else "rouge"
        named = "accuracy" if score == "accuracy" else "ROUGE-L"
        rows.append(
            f"| test split of batch {split.get('batch')} | {split.get('items')} | {_pair(split, 'loss')} | "
            f"{named} {_pair(split, score)} |"
        )
    generic = measured.get("generic")
    if generic and "undefined" not in generic:
        rows.append(
            f"| plain English that no batch holds | {generic.get('tokens')} tokens | {_pair(generic, 'loss')} | |"
        )
    return "\n".join(rows) + "\n"


def _pair(found: Mapping[str, Any], name: str) -> str:
    return " to ".join(_number(found.get(f"{name}_{when}")) for when in ("before", "after"))


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "not measured"


def _prompt(facts: ModelFacts) -> str:
    chat = (
        "The filled template is the user's turn of a chat (see chat_template.jinja).\n"
        if facts.prompt == "chat"
        else ""
    )
    return f"""Fill in this template; what stands between the lines is the whole of it. An empty context takes its
section with it.
{chat}
~~~~~~text
{facts.template}
~~~~~~
"""


def _limits(facts: ModelFacts) -> Iterable[str]:
    yield "It was made for texts like those of its batch; of others nothing is known. People should read what it says."
    if facts.task == "classify":
        yield "It always chooses one of its labels, also for a text to which none fits."
    else:
        yield f"It was told to answer in at most {facts.max_new_tokens} tokens."
    if facts.settings.get("max_length"):
        yield f"It never learned from a text of more than {facts.settings['max_length']} tokens."
    if facts.merged_from:
        yield (
            f"{CHECKED} says how far it is from the model that was merged, and holds five prompts of the run's data "
            "and their answers, for whoever serves it; take it out before others get the model who may not see them."
        )
    if facts.quantize != "none":
        yield f"It was trained on its base in {facts.quantize}; on the whole base it answers a little differently."
    if not facts.forgetting:
        yield "What it forgot of its base was not measured."


def _licence(facts: ModelFacts) -> str:
    stated = NOT_STATED if facts.licence == NOT_STATED else f"the base's is {facts.licence}"
    return f"{stated[0].upper()}{stated[1:]}. Whether the data may leave your house is for you to say.\n"


def _section(title: str, text: str) -> str:
    return f"## {title}\n{text}" if text else ""


def _lines(said: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in said)
