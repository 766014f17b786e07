"""What every check takes and gives: the three texts of a pair, what is usual in the project, and findings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hone.storage.reviews import Field


class Texts(NamedTuple):
    """The texts of a pair. Spans count code points of one of them."""

    instruction: str
    context: str = ""
    response: str = ""

    def fields(self) -> Iterator[tuple[Field, str]]:
        """Those that are not empty, with their names."""
        for name, text in (("instruction", self[0]), ("context", self[1]), ("response", self[2])):
            if text:
                yield name, text  # type: ignore[misc]  # the names are the literals of Field


class Found(NamedTuple):
    """One finding: [start, end) of a field, 0 to 0 when it is about the whole.

    `fix` is the text that would stand there, "" to take it out, None when only a person can mend it.
    """

    kind: str
    field: Field
    start: int
    end: int
    says: str
    fix: str | None = None


class Usual(NamedTuple):
    """The middle of the natural logarithms of lengths in characters, and how far they usually are from it.

    `spread` is 1.4826 times the median absolute deviation, which for normal data is the standard deviation.
    """

    middle: float
    spread: float
    texts: int


@dataclass(frozen=True)
class Norms:
    """What is usual in a project, from a sample of its pairs.

    `ended` is the share of responses that end with a full stop or its like, None when there are too few.

    `language` is the code of the language of most responses ("en"), None when there is no majority. `lengths` are
    those of responses and contexts. `common` are words that no dictionary has but three or more pairs.
    """

    language: str | None = None
    lengths: Mapping[Field, Usual] = field(default_factory=dict[Field, Usual])
    common: frozenset[str] = frozenset()
    ended: float | None = None


def shown(text: str, length: int = 40) -> str:
    """Some words as they are quoted in a sentence, in one line."""
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= length else f"“{line[: length - 1]}…”"
