"""Writes what the example's people think of its pairs: reviews.jsonl, adjudications.jsonl and judges.json.

    python platform/example/write_opinions.py        after write_example.py

Two of three experts read each pair. They find most of what was spoilt, not all of it, and each has a temper: Ana
minds the tone, Ben takes his time and lets long answers pass, Chloe is quick and misses numbers. The last pairs
of the second wave have no opinion yet, and a few disputes wait: that is work for a visitor.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SEED = 11
LEFT_UNREAD = 24  # of the second wave
LEFT_DISPUTED = {1: 2, 2: 4}  # by wave
Row = dict[str, Any]


@dataclass(frozen=True)
class Expert:
    """How one of the three reads. `misses`: the chance not to see a fault of a kind."""

    name: str
    misses: dict[str, float]
    fuss: float  # the chance to change what is right
    pace: tuple[int, int]  # seconds
    tone: int  # what is taken off a rating of the tone, half of the time


EXPERTS = (
    Expert("ana", {"verbose": 0.05, "biased": 0.0, "wrong": 0.1}, 0.03, (25, 70), 1),
    Expert("ben", {"verbose": 0.35, "biased": 0.1, "wrong": 0.04}, 0.01, (60, 180), 0),
    Expert("chloe", {"verbose": 0.1, "biased": 0.1, "wrong": 0.2, "personal_data": 0.3}, 0.01, (18, 50), 0),
)
USUAL_MISS = 0.08
# Ratings of accuracy, tone and completeness, and the error category, when a fault was seen.
SEEN: dict[str, tuple[tuple[int, int, int], tuple[str, ...]]] = {
    "": ((5, 5, 5), ()),
    "wrong": ((2, 4, 4), ("factual error",)),
    "biased": ((4, 1, 3), ("bias",)),
    "verbose": ((4, 3, 2), ("verbose",)),
    "personal_data": ((4, 3, 3), ()),
    "truncated": ((3, 3, 1), ("incomplete",)),
    "unsafe": ((2, 4, 3), ()),
    "invented": ((2, 4, 3), ("unsupported",)),
    "near duplicate": ((5, 4, 5), ()),
}
NOTES = {
    "wrong": ("The message says otherwise.", "Not what was written. Mended.", "Read the message again."),
    "biased": ("We do not speak of people like that.", "Out, whoever wrote it.", "This has no place in an answer."),
    "verbose": ("Padding.", "One sentence would do.", "Cut to the form."),
    "personal_data": ("The desk has the number.", "No addresses in answers.", ""),
    "truncated": ("Stops in the middle.", "Half an answer.", "Nothing there."),
    "unsafe": ("Dangerous!", "Never tell them to do that.", "Somebody could get hurt."),
    "invented": ("Nobody promised that.", "Where does this come from?", ""),
    "near duplicate": ("I have seen this one before.", "The same again.", "Double."),
}
REASONS = {
    "": "Nothing was wrong with the draft.",
    "wrong": "The message decides: see team, priority and names in it.",
    "biased": "The remark goes, the rest is right.",
    "verbose": "The guidelines ask for the form and nothing else.",
    "personal_data": "Contact details stay out.",
    "truncated": "The message holds all that is needed to finish it.",
    "unsafe": "We never advise that.",
    "invented": "Only what the message says.",
    "near duplicate": "One of the two is enough.",
}


def opinion(draw: random.Random, expert: Expert, row: Row, draft: str, wave: int) -> Row:
    """What this expert says of this draft."""
    kind = (row["spoilt"] or "").replace("privacy", "personal_data")
    seen = kind if draw.random() >= expert.misses.get(kind, USUAL_MISS) else ""
    decision, text = _decided(draw, expert, seen, row, draft)
    ratings, categories = SEEN[seen]
    lowered = [max(1, score - (draw.random() < 0.2)) for score in ratings]
    lowered[1] = max(1, lowered[1] - (expert.tone if draw.random() < 0.5 else 0))
    return {
        "key": row["key"],
        "annotator": expert.name,
        "decision": decision,
        "response": None if text == draft or decision == "reject" else text,
        "ratings": dict(zip(("accuracy", "tone", "completeness"), lowered, strict=True)),
        "categories": list(categories),
        "flags": _flags(draw, seen, row),
        "note": draw.choice(NOTES[seen]) if seen and draw.random() < 0.6 else "",
        "seconds": draw.randint(*expert.pace) + (15 if seen else 0),
        "wave": wave,
    }


def _decided(draw: random.Random, expert: Expert, seen: str, row: Row, draft: str) -> tuple[str, str]:
    """Approve or reject, and the text that is approved."""
    if seen == "near duplicate":
        return "reject", draft
    if seen == "truncated" and draw.random() < (0.7 if len(draft) < 12 else 0.1):
        return "reject", draft
    if seen in ("biased", "unsafe") and expert.name == "ana" and draw.random() < 0.15:
        return "reject", draft
    if seen:
        return "approve", row["right"]
    if draw.random() < expert.fuss:
        return "approve", draft.replace("sorry about", "we are sorry about").replace("; wants ", " and wants ")
    return "approve", draft


def _flags(draw: random.Random, seen: str, row: Row) -> list[Row]:
    """The words that were marked, by their place in the draft."""
    planted = row["planted"]
    if not seen or "category" not in planted:
        return []
    return [
        {
            "category": planted["category"],
            "severity": min(3, max(1, planted["severity"] + draw.choice((-1, 0, 0, 1)))),
            "field": "response",
            "start": planted["start"],
            "end": planted["end"],
            "quote": planted["text"],
            "protected_group": planted["group"],
            "comment": draw.choice(NOTES[seen]),
        }
    ]


def reviews(draw: random.Random, rows: list[Row], drafts: dict[str, str]) -> Iterator[tuple[Row, Row, Row]]:
    """Each pair that was read, with both opinions on it. Which two experts read it goes round."""
    last = [row["key"] for row in rows if row["wave"] == 2][-LEFT_UNREAD:]
    # The importer knows an exact duplicate and leaves it out, so nobody can have read it.
    read = [row for row in rows if row["key"] not in last and row["spoilt"] != "duplicate"]
    for at, row in enumerate(read):
        two = (EXPERTS[at % 3], EXPERTS[(at + 1) % 3])
        one, other = (opinion(draw, expert, row, drafts[row["key"]], row["wave"]) for expert in two)
        yield row, one, other


def decisions(given: list[tuple[Row, Row, Row]]) -> Iterator[Row]:
    """The lead's word on each dispute, but for the last few of each wave."""
    for wave, left in LEFT_DISPUTED.items():
        disputed = [row for row, one, other in given if row["wave"] == wave and _said(one) != _said(other)]
        for row in disputed[:-left]:
            kind = (row["spoilt"] or "").replace("privacy", "personal_data")
            gone = kind == "near duplicate"
            verdict = {"decision": "reject"} if gone else {"decision": "approve", "response": row["right"]}
            yield {"key": row["key"], **verdict, "reason": REASONS[kind], "wave": wave}


def _said(review: Row) -> tuple[str, str | None]:
    return review["decision"], review["response"] if review["decision"] == "approve" else None


def facts(row: Row, family: str) -> list[Row]:
    """What a right answer to the pair must hold, and how much each part weighs with a reviewer."""
    known = row["facts"]
    if family == "who-why":
        return [
            _fact(known["name"], 3, "accurate"),
            _fact(known["by"], 1, "complete"),
            _fact(f"the {known['product']}", 2, "accurate"),
            _fact(known["why"], 3, "accurate", by_words=True),
            _fact(f"wants {known['wish']}", 2, "complete"),
        ]
    return [
        _fact(f"team: {known['team']};", 3, "accurate"),
        _fact(f"priority: {known['priority']};", 2, "accurate"),
        _fact(f"product: {known['product']};", 2, "accurate"),
        _fact(f"Dear {known['first']},", 2, "tone"),
        _fact(row["right"].rsplit(". ", 1)[1], 3, "complete", by_words=True),
    ]


def _fact(text: str, weight: int, reason: str, *, by_words: bool = False) -> Row:
    return {"text": text, "weight": weight, "reason": reason, "by_words": by_words}


def judges(rows: list[Row], pairs: dict[str, Row]) -> Row:
    """How the two reviewers judge: what each minds, how often each slips, and what every answer must hold."""
    people = {
        "dora": {"minds": "length", "slips": 0.05, "seconds": 14},
        "emil": {"minds": "greeting", "slips": 0.08, "seconds": 22},
    }
    items = {
        row["key"]: {
            "family": pairs[row["key"]]["family"],
            "words": len(row["right"].split()),
            "facts": facts(row, pairs[row["key"]]["family"]),
        }
        for row in rows
    }
    return {"judges": people, "items": items}


def read_lines(name: str) -> list[Row]:
    """The rows of a file beside this one."""
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def write_lines(name: str, rows: list[Row]) -> None:
    """One JSON object a line."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (HERE / name).write_text(text, encoding="utf-8")


def main() -> None:
    """Write all three files."""
    truth = read_lines("truth.jsonl")
    pairs = {row["key"]: row for wave in (1, 2) for row in read_lines(f"pairs-{wave}.jsonl")}
    drafts = {key: row["response"] for key, row in pairs.items()}
    given = list(reviews(random.Random(SEED), truth, drafts))
    write_lines("reviews.jsonl", [review for _, one, other in given for review in (one, other)])
    write_lines("adjudications.jsonl", list(decisions(given)))
    (HERE / "judges.json").write_text(json.dumps(judges(truth, pairs), indent=1) + "\n", encoding="utf-8")
    disputed = sum(_said(one) != _said(other) for _, one, other in given)
    print(f"{len(given)} pairs read twice, {disputed} disputed ({100 * disputed / len(given):.1f} %)")


if __name__ == "__main__":
    main()
