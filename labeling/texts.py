"""What may be the text of a pair, and the one form in which texts are kept."""

from hone.storage.errors import InputError

LONGEST = 100_000  # code points of an instruction, a context or a response
LONGEST_NOTE = 5_000


def clean(text: str) -> str:
    """The text with one kind of line end: a browser gives back `\\n` for what went in as `\\r\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def problem(text: str, longest: int = LONGEST) -> str | None:
    """Why a text cannot be kept, or None: too long, a NUL byte, or bytes that are not Unicode."""
    if len(text) > longest:
        return f"has {len(text):,} characters; the limit is {longest:,}"
    if "\x00" in text:
        return "holds a NUL byte"
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "holds bytes that are not UTF-8"
    return None


def must_be_text(name: str, text: str, longest: int = LONGEST) -> str:
    """The cleaned text, or InputError naming the field and why it cannot be kept."""
    why = problem(text, longest)
    if why:
        raise InputError(f"The {name} {why}. Mend it and send it again.")
    return clean(text)


def same(one: str, other: str) -> bool:
    """Whether two texts are the same apart from white space at their ends."""
    return clean(one).rstrip() == clean(other).rstrip()


def harmless(text: str) -> str:
    """A cell that no spreadsheet runs as a formula: an apostrophe before =, +, -, @, a tab or a carriage return.

    A text that begins with an apostrophe gets one more, so that taking one away always gives the text back.
    """
    return f"'{text}" if text[:1] in _STARTS_A_FORMULA else text


_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
