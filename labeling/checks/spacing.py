"""Blanks where nobody wants them: at the ends of a text, and several empty lines in a row."""

import re
from collections.abc import Iterator

from hone.labeling.checks.found import Found, Norms, Texts

_GAP = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def find(texts: Texts, _: Norms) -> Iterator[Found]:
    """Each stray stretch, with what would stand there: nothing, or one empty line."""
    for field, text in texts.fields():
        inner = text.strip()
        if not inner:
            continue
        start = text.index(inner[0]) if text[0].isspace() else 0
        end = start + len(inner)
        if start:
            yield Found("spacing", field, 0, start, f"The {field} begins with blanks.", "")
        for gap in _GAP.finditer(text, start, end):
            yield Found("spacing", field, gap.start(), gap.end(), f"The {field} has empty lines in a row.", "\n\n")
        if end < len(text):
            yield Found("spacing", field, end, len(text), f"The {field} ends with blanks.", "")
