"""A link of the chain of models in words, the same on the page and on the command line."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hone.platform.chain_scores import LEAD_METRIC

if TYPE_CHECKING:
    from hone.platform.chain import Change, Data, Link
    from hone.platform.chain_scores import Score


def told(link: "Link") -> list[tuple[str, str]]:
    """All of a link as (what it is about, words); what there is nothing to say of is left out."""
    lines = {
        "learnt": learnt_words(link),
        "scores": scores_words(link),
        "judged": won_words(link),
        "kept": kept_words(link),
        "new": news_words(link),
        "promoted" if link.decision == "promote" else "rejected": link.reason,
    }
    return [(about, words) for about, words in lines.items() if words]


def learnt_words(link: "Link") -> str:
    """From what and how a model learnt: batch 2 by LoRA r16, on iteration 1, in run 4."""
    if not link.method:
        return ""
    batch = f"batch {link.batch} " if link.batch is not None else ""
    run = f", in run {link.run}" if link.run is not None else ""
    return f"{batch}by {link.method}, on {parent_words(link)}{run}"


def scores_words(link: "Link") -> str:
    """The leading score, on how many items of which test split."""
    lead = lead_score(link)
    if lead is None:
        return ""
    return f"ROUGE-L {score_words(lead)} on {lead.n:,} test items of batch {lead.batch}"


def won_words(link: "Link") -> str:
    """How often it was preferred blind, with what the report says."""
    verdict = f": {link.verdict}" if link.verdict else ""
    if link.won is None:
        return f"by metrics alone{verdict}" if verdict else ""
    rival = f"iteration {link.won.against}" if link.won.against else "the base"
    return f"won {link.won.share:.0%} of {link.won.votes:,} blind votes against {rival}{verdict}"


def kept_words(link: "Link") -> str:
    """How much of what an earlier model could is left."""
    return "" if link.kept is None else f"{link.kept:.0%} of the score on earlier test splits, at the least"


def lead_score(link: "Link") -> "Score | None":
    """The score that a chain leads with."""
    return next((score for score in link.scores if score.metric == LEAD_METRIC), None)


def news_words(link: "Link") -> str:
    """What is new in a model: since iteration 1: 24 pairs added; epochs 3 → 5."""
    new = "; ".join(words for words in (data_words(link.data), settings_words(link.settings)) if words)
    return f"since iteration {link.since}: {new}" if link.since and new else new


def method_words(config: Mapping[str, Any]) -> str:
    """How a model learnt, in a few words: LoRA r16, DoRA r8 in 4bit, full, DPO with LoRA r16."""
    method = str(config.get("method", "lora"))
    names = {"lora": "LoRA", "dora": "DoRA", "rslora": "rsLoRA", "full": "full"}
    words = names.get(method, method) + ("" if method == "full" else f" r{config.get('lora_r', 16)}")
    quantized = config.get("quantize", "none")
    if quantized != "none":
        words += f" in {quantized}"
    objective = config.get("objective", "sft")
    return words if objective == "sft" else f"{str(objective).upper()} with {words}"


def data_words(data: "Data | None") -> str:
    """What came and went: 24 pairs added, 2 removed, 1 changed; the same batch."""
    if data is None:
        return ""
    if data.before is None:
        return f"{data.added:,} pairs, the first batch"
    counts = {"added": data.added, "removed": data.removed, "changed": data.changed}
    told = [f"{count:,} {name}" for name, count in counts.items() if count]
    if not told:
        return "the same batch" if data.before == data.after else "the same pairs"
    number, _, rest = told[0].partition(" ")
    return ", ".join([f"{number} {'pair' if number == '1' else 'pairs'} {rest}", *told[1:]])


def settings_words(changed: "Sequence[Change]", most: int = 6) -> str:
    """What is another setting than before: epochs 3 → 5, learning rate 0.0002 → 0.0001."""
    told = [f"{_named(each.name)} {each.before} → {each.after}" for each in changed[:most]]
    more = len(changed) - most
    return ", ".join([*told, *([f"and {more} more"] if more > 0 else [])])


def _named(setting: str) -> str:
    return {"lora_r": "rank"}.get(setting, setting.removeprefix("lora_").replace("_", " "))


def score_words(score: "Score") -> str:
    """A score with its interval: 0.62 (0.55 to 0.70)."""
    between = "" if score.low is None or score.high is None else f" ({score.low:.2f} to {score.high:.2f})"
    return f"{score.value:.2f}{between}"


def parent_words(link: "Link") -> str:
    """What a model was trained on."""
    if link.number == 0:
        return ""
    return f"iteration {link.parent}" if link.parent else "the base"
