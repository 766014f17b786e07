"""What the example's people said: the experts' reviews and the lead's decisions as files, the reviewers' judgements.

The answers that two models give are computed in the demo and differ a little from machine to machine. So a
reviewer's judgement is not stored as left or right, but as what that reviewer looks for in the answer to each
pair: which facts, how heavy, what annoys them, how often they slip. Which answer is whose plays no part: both are
only texts, and swapping them swaps the choice.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from hone.storage.errors import NotFound

FILES = Path(__file__).with_name("example")
HOPELESS = 0.4  # of what an answer should hold; two below this are both bad


class Choice(TypedDict):
    """A reviewer's choice in terms of the screen, as a filled sheet holds it."""

    choice: str  # left, right, tie or both_bad
    strength: int | None  # 1 slightly, 2 clearly, 3 by far; None when neither is better
    reasons: list[str]
    seconds: float


def reviews(wave: int) -> list[dict[str, Any]]:
    """The experts' opinions on the pairs of a wave, 1 or 2, as rows that can be recorded."""
    return _of_wave("reviews.jsonl", wave)


def adjudications(wave: int) -> list[dict[str, Any]]:
    """The lead's decisions on the disputes of a wave, as rows that can be recorded."""
    return _of_wave("adjudications.jsonl", wave)


def recorded_choice(judge: str, instruction: str, context: str, left: str, right: str) -> Choice:
    """What this reviewer says of two answers to a pair of the example.

    Args:
        judge: The reviewer's sign-in name, dora or emil.
        instruction: The pair's instruction.
        context: The pair's context.
        left: The answer that is shown on the left.
        right: The other one.

    Raises:
        NotFound: There is no such reviewer, or no such pair in the example.
    """
    book = _judges()
    key = _keys().get((instruction, context))
    if key is None:
        raise NotFound("This is no pair of the example, so nobody's opinion on it is recorded. Judge it on the page.")
    if judge not in book["judges"]:
        raise NotFound(f"No opinions of {judge} are recorded; there are those of {', '.join(book['judges'])}.")
    return _choice(book["judges"][judge], book["items"][key], f"{judge} {key}", left, right)


def _choice(judge: Mapping[str, Any], item: Mapping[str, Any], seed: str, left: str, right: str) -> Choice:
    worth = {"left": _worth(judge, item, left), "right": _worth(judge, item, right)}
    gap = worth["left"] - worth["right"]
    seconds = round(float(judge["seconds"]) + len(f"{left} {right}".split()) / 4 + 20 * _hash(seed, "pace"), 1)
    if left.strip() == right.strip() or abs(gap) < 0.03 + 0.06 * _hash(seed, "eye"):
        bad = max(worth.values()) < HOPELESS
        return Choice(choice="both_bad" if bad else "tie", strength=None, reasons=[], seconds=seconds)
    if _hash(seed, "slip") < judge["slips"] and abs(gap) < 0.5:
        gap = -gap
    better, worse = (left, right) if gap > 0 else (right, left)
    return Choice(
        choice="left" if gap > 0 else "right",
        strength=1 if abs(gap) < 0.2 else 2 if abs(gap) < 0.45 else 3,
        reasons=_reasons(judge, item, better, worse),
        seconds=seconds,
    )


def _worth(judge: Mapping[str, Any], item: Mapping[str, Any], text: str) -> float:
    """The share of what the answer should hold, 0 to 1, less what annoys this reviewer."""
    weights = sum(fact["weight"] for fact in item["facts"])
    held = sum(fact["weight"] * _held(fact, text) for fact in item["facts"])
    return float(held) / float(weights) - _annoyance(judge, item, text)


def _held(fact: Mapping[str, Any], text: str) -> float:
    """1 when the text holds the fact, 0 when not; of a fact by words, the share of its words."""
    if not fact["by_words"]:
        return float(_plain(fact["text"]) in _plain(text))
    words, there = _words(fact["text"]), set(_words(text))
    return sum(word in there for word in words) / len(words)


def _annoyance(judge: Mapping[str, Any], item: Mapping[str, Any], text: str) -> float:
    """Dora minds what is longer than it need be, Emil an answer that greets nobody or does not say from whom."""
    if judge["minds"] == "length":
        return float(min(0.3, max(0.0, len(text.split()) / item["words"] - 1.15)))
    greeting = "dear " if item["family"] == "triage" else "from "
    return 0.0 if greeting in _plain(text) else 0.15


def _reasons(judge: Mapping[str, Any], item: Mapping[str, Any], better: str, worse: str) -> list[str]:
    """Why the better answer is better, the weightiest reason first; at most two."""
    gains: dict[str, float] = {}
    for fact in item["facts"]:
        gain = fact["weight"] * (_held(fact, better) - _held(fact, worse))
        gains[fact["reason"]] = gains.get(fact["reason"], 0.0) + gain
    taste = "shorter" if judge["minds"] == "length" else "tone"
    gains[taste] = gains.get(taste, 0.0) + 10 * (_annoyance(judge, item, worse) - _annoyance(judge, item, better))
    return sorted((reason for reason in gains if gains[reason] > 0.5), key=lambda reason: -gains[reason])[:2]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _words(text: str) -> Sequence[str]:
    return [word.strip(".,;:!?") for word in _plain(text).split()]


def _hash(*parts: str) -> float:
    """A number in [0, 1) that is always the same for the same texts."""
    return int.from_bytes(hashlib.sha256(" ".join(parts).encode()).digest()[:6], "big") / 2**48


def _of_wave(name: str, wave: int) -> list[dict[str, Any]]:
    rows = [row for row in _lines(name) if row["wave"] == wave]
    return [{field: value for field, value in row.items() if field != "wave"} for row in rows]


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FILES / name).read_text(encoding="utf-8").splitlines()]


@cache
def _judges() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FILES / "judges.json").read_text(encoding="utf-8"))
    return found


@cache
def _keys() -> dict[tuple[str, str], str]:
    """The key of each pair by what is asked; of exact duplicates the first, for only that one is imported."""
    rows = [row for wave in (2, 1) for row in reversed(_lines(f"pairs-{wave}.jsonl"))]
    return {(row["instruction"], row["context"]): row["key"] for row in rows}
