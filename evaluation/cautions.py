"""What a reader must know before believing any figure of a report."""

from collections.abc import Sequence

from hone.evaluation.answers import ErrorLine
from hone.evaluation.inputs import ReportInputs
from hone.evaluation.keeping_words import warnings as of_keeping
from hone.evaluation.votes import Preference
from hone.storage.records import Record, Undefined

NEARLY_ALL = 0.95
MANY_CUT_OFF = 0.2


class Identical(Record):
    """Items on which both models gave the same answer, blanks at the ends aside."""

    count: int
    n: int


def cautions(
    given: ReportInputs,
    preference: Preference | Undefined,
    identical: Identical,
    errors: Sequence[ErrorLine],
) -> tuple[str, ...]:
    """What a reader must know before believing any figure."""
    found: list[str] = []
    if given.example_data or any(vote.example for vote in given.votes):
        found.append("Opinions in this report are recorded example data, not fresh judgements of people.")
    if 0 < len(given.votes) < given.wanted:
        found.append(
            f"{len(given.votes):,} of {given.wanted:,} judgements are in. A report that is made again after every few "
            "of them says better by luck at last: decide by the one that has all."
        )
    if given.new.sha256 == given.old.sha256:
        found.append("Both models have the same hash: this compares a model with itself.")
    elif identical.count >= NEARLY_ALL * identical.n:
        found.append(
            f"Two models with different hashes gave the same answer on {identical.count:,} of {identical.n:,} "
            "items: check that each one's own weights were loaded."
        )
    unlike = sorted(
        name
        for name in given.new.generation.keys() | given.old.generation.keys()
        if given.new.generation.get(name) != given.old.generation.get(name)
    )
    if unlike:
        found.append(
            f"The two answered under different settings ({', '.join(unlike)}): "
            "what differs may be theirs, not the model's."
        )
    if not isinstance(preference, Undefined) and preference.position.says.endswith("favoured"):
        found.append(f"Position: {preference.position.says}; read the win rate with care.")
    cut = next(line for line in errors if line.name == "cut off")
    for name, count in ((given.new.name, cut.new), (given.old.name, cut.old)):
        if count > MANY_CUT_OFF * cut.n:
            found.append(f"{name} was cut off at the length limit on {count:,} of {cut.n:,} items: raise the limit.")
    if given.keeping:
        found += of_keeping(given.new.name, given.keeping)
    return tuple(found)
