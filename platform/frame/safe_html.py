"""The one door through which text of people and models becomes HTML: escaped, then wrapped in marks of ours."""

import html
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Protocol


class Piece(Protocol):
    """A stretch of a word diff."""

    @property
    def op(self) -> str:
        """same, added or removed."""
        ...

    @property
    def text(self) -> str:
        """The words."""
        ...


def esc(text: object) -> str:
    """Text that means nothing to a browser, in an element or in a quoted attribute."""
    return html.escape(str(text), quote=True)


def plain(text: object) -> str:
    """Text that means nothing to Streamlit's markdown, for labels and options: every sign is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(str(text).split()))


def clipped(text: str, length: int) -> str:
    """The text in one line, cut at a word where it is longer than `length`."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    return line[:length].rsplit(" ", 1)[0].rstrip(",.;:") + " …"


def reading(text: str, css: str = "") -> str:
    """Text as a person reads it: line breaks kept, at most about 70 characters wide."""
    return marked(text, (), css)


def marked(text: str, spans: Iterable[tuple[int, int, str]] = (), css: str = "") -> str:
    """Text with some words marked.

    Args:
        text: What a person or a model wrote.
        spans: (start, end, title) in code points. Where two overlap, the one that starts first is shown.
        css: A class of ours for the block.
    """
    out, position = [], 0
    for start, end, title in sorted(spans):
        if start < position or end > len(text) or start >= end:
            continue
        out += [esc(text[position:start]), f'<mark title="{esc(title)}">{esc(text[start:end])}</mark>']
        position = end
    out.append(esc(text[position:]))
    return f'<div class="h-text {esc(css)}">{"".join(out)}</div>'


_TAG = {"same": ("", ""), "added": ("<ins>", "</ins>"), "removed": ("<del>", "</del>")}


def diff(pieces: Sequence[Piece], css: str = "") -> str:
    """A word diff: what was added and what was removed, in place."""
    body = "".join(f"{_TAG[piece.op][0]}{esc(piece.text)}{_TAG[piece.op][1]}" for piece in pieces)
    return f'<div class="h-text h-diff {esc(css)}">{body}</div>'


def prose(text: str) -> str:
    """Guidelines as people write them: # headings, - lists and paragraphs; everything else is plain text."""
    out = []
    for listed, run in groupby(blocks(text), key=lambda block: block[0] == "li"):
        body = "".join(f"<{_BLOCK[kind]}>{esc(said)}</{_BLOCK[kind]}>".replace("\n", "<br>") for kind, said in run)
        out.append(f"<ul>{body}</ul>" if listed else body)
    return f'<div class="h-prose">{"".join(out)}</div>'


_BLOCK = {"h": "h3", "li": "li", "p": "p"}


def blocks(text: str) -> list[tuple[str, str]]:
    """The same as (kind, text): h, li or p."""
    return [each for block in re.split(r"\n\s*\n", text.strip()) for each in _block(block.splitlines())]


def _block(lines: list[str]) -> list[tuple[str, str]]:
    lines = [line.strip() for line in lines]
    first = lines[0] if lines else ""
    if first.startswith("#"):
        return [("h", first.lstrip("# ")), *(_block(lines[1:]) if len(lines) > 1 else [])]
    if first.startswith(("- ", "* ")):
        return [("li", line.lstrip("-* ")) for line in lines]
    return [("p", "\n".join(lines))] if first else []
