"""Simple facts about each answer that need no judgement: empty, cut off, its length, how much it repeats."""

from collections.abc import Callable, Sequence

from hone.evaluation.inputs import Finish, TestItem
from hone.evaluation.intervals import Estimate, share, sign_test
from hone.evaluation.tokens import words
from hone.storage.records import Record, Undefined

LONG = 2.0
SHORT = 0.5
REPEATING = 0.2


class AnswerFacts(Record):
    """One answer.

    `length_ratio` is its words over the reference's; `repeated` is rep-4, the share of 4-grams that occurred
    before in the same answer (Welleck 2020), in 0..1.
    """

    words: int
    empty: bool
    cut_off: bool
    length_ratio: float | Undefined
    repeated: float | Undefined


class ErrorLine(Record):
    """On how many of the same items each model shows a fault, and McNemar's exact p of the items that differ."""

    name: str
    definition: str
    n: int
    new: int
    old: int
    only_new: int
    only_old: int
    new_rate: Estimate | Undefined
    old_rate: Estimate | Undefined
    p: float


def repeated_share(tokens: Sequence[str], size: int = 4) -> float | Undefined:
    """rep-n: 1 - unique n-grams / all n-grams; Undefined for a text with fewer than two n-grams."""
    grams = [tuple(tokens[start : start + size]) for start in range(len(tokens) - size + 1)]
    if len(grams) < 2:
        return Undefined(undefined="too short")
    return 1 - len(set(grams)) / len(grams)


def answer_facts(text: str, finish: Finish, reference: str) -> AnswerFacts:
    """The facts of one answer beside its reference."""
    tokens = words(text, stemmed=False, unicode=True)
    wanted = len(words(reference, stemmed=False, unicode=True))
    return AnswerFacts(
        words=len(tokens),
        empty=not text.strip(),
        cut_off=finish == "length",
        length_ratio=len(tokens) / wanted if wanted else Undefined(undefined="the reference has no words"),
        repeated=repeated_share(tokens),
    )


def _over(value: float | Undefined, limit: float) -> bool:
    return not isinstance(value, Undefined) and value > limit


def _short(facts: AnswerFacts) -> bool:
    return not isinstance(facts.length_ratio, Undefined) and facts.length_ratio < SHORT and not facts.empty


FAULTS: tuple[tuple[str, str, Callable[[AnswerFacts], bool]], ...] = (
    ("empty", "nothing but blanks", lambda facts: facts.empty),
    ("cut off", "stopped at the length limit, without an end of its own", lambda facts: facts.cut_off),
    (
        "repeats itself",
        "more than a fifth of its 4-word sequences occurred before in it",
        lambda facts: _over(facts.repeated, REPEATING),
    ),
    (
        "much longer",
        "more than twice the reference's words",
        lambda facts: _over(facts.length_ratio, LONG),
    ),
    ("much shorter", "under half of the reference's words, but not empty", _short),
)


def faults_of(facts: AnswerFacts) -> tuple[str, ...]:
    """The names of the faults that an answer shows."""
    return tuple(name for name, _, shows in FAULTS if shows(facts))


def error_lines(items: Sequence[TestItem], level: float = 0.95) -> tuple[ErrorLine, ...]:
    """Count each fault in the answers of both models to the same items."""
    new = [answer_facts(item.new, item.new_finish, item.reference) for item in items]
    old = [answer_facts(item.old, item.old_finish, item.reference) for item in items]
    return tuple(
        _line(name, definition, [shows(f) for f in new], [shows(f) for f in old], level)
        for name, definition, shows in FAULTS
    )


def _line(name: str, definition: str, new: list[bool], old: list[bool], level: float) -> ErrorLine:
    only_new = sum(n and not o for n, o in zip(new, old, strict=True))
    only_old = sum(o and not n for n, o in zip(new, old, strict=True))
    return ErrorLine(
        name=name,
        definition=definition,
        n=len(new),
        new=sum(new),
        old=sum(old),
        only_new=only_new,
        only_old=only_old,
        new_rate=share(sum(new), len(new), level),
        old_rate=share(sum(old), len(old), level),
        p=sign_test(only_new, only_old),
    )
