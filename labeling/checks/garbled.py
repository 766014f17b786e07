"""Letters that were read in the wrong encoding: UTF-8 taken for Windows-1252 or Latin-1, once or twice."""

import re
from collections.abc import Iterator

from hone.labeling.checks.found import Found, Norms, Texts, shown

# What the first byte of a UTF-8 sequence looks like in Windows-1252, and what its other bytes look like.
_FIRST = "ÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙàáâãäåæçèéêëìíîïðñòóô"
_REST = "\u0080-¿€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_RUN = re.compile(rf"[{_FIRST}][{_FIRST}{_REST}]+")
_LOST = re.compile("�+")


def find(texts: Texts, _: Norms) -> Iterator[Found]:
    """Each garbled run with the letters that were meant; letters that are lost for good without."""
    for field, text in texts.fields():
        if text.isascii():
            continue
        for run in _RUN.finditer(text):
            bytes_read = run[0].rstrip(_FIRST)
            start, end = run.start(), run.start() + len(bytes_read)
            meant = _meant(bytes_read)
            if meant:
                says = f"{shown(_word(text, start, end))} has letters in the wrong encoding: {shown(meant)} was meant."
                yield Found("garbled", field, start, end, says, meant)
        for lost in _LOST.finditer(text):
            yield Found("garbled", field, *lost.span(), f"A letter of {shown(_word(text, *lost.span()))} is lost.")


def _meant(run: str) -> str | None:
    """The text whose UTF-8 bytes this is; None when the bytes are none."""
    try:
        meant = b"".join(map(_byte, run)).decode("utf-8")
    except (UnicodeError, ValueError):
        return None
    again = _meant(meant) if _RUN.fullmatch(meant) else None
    return again or (meant.replace("\u00a0", " ") if meant.isprintable() or meant == "\u00a0" else None)


def _byte(letter: str) -> bytes:
    """Windows-1252, with Latin-1 for the five bytes that it leaves open."""
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return bytes([ord(letter)])  # ValueError beyond 255


def _word(text: str, start: int, end: int) -> str:
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[start:end]
