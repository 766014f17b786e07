"""Marked words: where they are in a text, and whether they are still there."""

from hone.storage.errors import InputError
from hone.storage.pairs import Revision
from hone.storage.reviews import Field, NewFlag

FIELDS: tuple[Field, ...] = ("instruction", "context", "response")


def field_text(revision: Revision, field: Field) -> str:
    """The text of one field of a revision."""
    return str(getattr(revision, field))


def locate(text: str, quote: str, nth: int = 1) -> tuple[int, int]:
    """Where the `nth` occurrence of these words is: [start, end) in code points; occurrences may overlap.

    Raises:
        InputError: The words are empty or do not occur so often.
    """
    if not quote.strip():
        raise InputError("No words are marked. Copy the words that the flag is about from the text.")
    start = -1
    for _ in range(nth):
        start = text.find(quote, start + 1)
        if start < 0:
            which = "" if nth == 1 else f" {nth} times"
            raise InputError(f"The words '{_short(quote)}' do not occur{which} in the text. Copy them exactly.")
    return start, start + len(quote)


def mark(
    text: str,
    category: str,
    quote: str,
    *,
    field: Field = "response",
    nth: int = 1,
    severity: int = 2,
    protected_group: str | None = None,
    comment: str = "",
) -> NewFlag:
    """A flag on the `nth` occurrence of `quote` in `text`, which is the text of `field`."""
    start, end = locate(text, quote, nth)
    return NewFlag(
        category=category,
        severity=severity,
        field=field,
        start=start,
        end=end,
        quote=quote,
        protected_group=protected_group,
        comment=comment,
    )


def stands_in(flag: NewFlag, text: str) -> bool:
    """Whether exactly the words of the flag are at its place in the text."""
    return 0 <= flag.start < flag.end <= len(text) and text[flag.start : flag.end] == flag.quote


def remains(flag: NewFlag, revision: Revision) -> bool:
    """Whether the marked words are still anywhere in that field: an edit may have mended or moved them."""
    return flag.quote in field_text(revision, flag.field)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
