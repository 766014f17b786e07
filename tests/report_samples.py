"""Small inputs of a report: two models, items, votes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hone.evaluation.inputs import ModelFacts, ReportInputs, TestItem, Vote

MADE_AT = datetime(2026, 11, 20, 10, 0)
REFERENCES = (
    "You keep the rights to what you write.",
    "They may close your account when you break the rules.",
    "Your data is deleted after ninety days.",
    "No refunds are given for a month that has begun.",
)


def item(number: int, new: str | None = None, old: str | None = None, **fields: Any) -> TestItem:
    """An item whose new answer is the reference and whose old one is half of it, unless given."""
    reference = REFERENCES[number % len(REFERENCES)]
    words = reference.split()
    return TestItem(
        id=f"item-{number:03}",
        number=number,
        instruction="Say this in plain English.",
        reference=reference,
        new=reference if new is None else new,
        old=" ".join(words[: len(words) // 2]) if old is None else old,
        **fields,
    )


def vote(number: int, choice: str = "new", rater: str = "ada", left: str = "new", **fields: Any) -> Vote:
    return Vote.model_validate({"item": f"item-{number:03}", "rater": rater, "left": left, "choice": choice, **fields})


def votes(new: int, old: int = 0, tie: int = 0, both_bad: int = 0) -> list[Vote]:
    """One rater's votes, one on each item; sides alternate."""
    choices = ["new"] * new + ["old"] * old + ["tie"] * tie + ["both_bad"] * both_bad
    return [vote(n, choice, left="new" if n % 2 else "old") for n, choice in enumerate(choices)]


def model(name: str, iteration: int = 1) -> ModelFacts:
    return ModelFacts(iteration=iteration, name=name, base="tiny", sha256=name * 4)


def inputs(items: Sequence[TestItem] | None = None, votes: Sequence[Vote] = (), **fields: Any) -> ReportInputs:
    given = [item(number) for number in range(12)] if items is None else items
    return ReportInputs(
        project="contracts",
        new=fields.pop("new", model("tuned", 2)),
        old=fields.pop("old", model("base", 1)),
        items=tuple(given),
        votes=tuple(votes),
        made_at=MADE_AT,
        **fields,
    )


def swapped(given: ReportInputs) -> ReportInputs:
    """The same evidence with new and old exchanged."""
    other = {"new": "old", "old": "new"}
    items = tuple(
        each.model_copy(
            update={"new": each.old, "old": each.new, "new_finish": each.old_finish, "old_finish": each.new_finish}
        )
        for each in given.items
    )
    changed = tuple(
        each.model_copy(update={"left": other[each.left], "choice": other.get(each.choice, each.choice)})
        for each in given.votes
    )
    return given.model_copy(update={"new": given.old, "old": given.new, "items": items, "votes": changed})
