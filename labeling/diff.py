"""What changed between two texts, in words."""

import re
from difflib import SequenceMatcher
from typing import Literal

from hone.storage.records import Record

# Scripts written without blanks are cut at each letter: Thai and Lao, kana, Han.
UNSPACED = "\\u0e00-\\u0eff\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff"
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+|\s+|[^\w\s]")  # a letter, a word, a run of blanks, or one sign
LONG = 1_000  # tokens; beyond it words that are everywhere no longer start a match, or a diff would take minutes


class Piece(Record):
    """A stretch of text that both have, that is only in the new one, or only in the old one."""

    op: Literal["same", "added", "removed"]
    text: str


def word_diff(old: str, new: str) -> list[Piece]:
    """The pieces that lead from one text to the other, in reading order, what was removed before what was added.

    Same and removed pieces joined give `old`, same and added pieces give `new`. A blank between two changed
    words counts as changed, so that a rewritten phrase is one piece.
    """
    a, b = TOKEN.findall(old), TOKEN.findall(new)
    matcher = SequenceMatcher(None, a, b, autojunk=len(b) > LONG)
    steps: list[tuple[bool, str, str]] = [
        (op == "equal", "".join(a[i:j]), "".join(b[k:m])) for op, i, j, k, m in matcher.get_opcodes()
    ]
    pieces: list[Piece] = []
    for kept, was, becomes in _joined(steps):
        if kept:
            pieces.append(Piece(op="same", text=was))
            continue
        pieces.extend(Piece(op="removed", text=text) for text in (was,) if text)
        pieces.extend(Piece(op="added", text=text) for text in (becomes,) if text)
    return pieces


def changed_words(old: str, new: str) -> tuple[int, int]:
    """How many words the new text adds and how many it drops; blanks and punctuation do not count."""
    pieces = word_diff(old, new)
    added = sum(_words(piece.text) for piece in pieces if piece.op == "added")
    removed = sum(_words(piece.text) for piece in pieces if piece.op == "removed")
    return added, removed


def _joined(steps: list[tuple[bool, str, str]]) -> list[tuple[bool, str, str]]:
    """Neighbouring changes as one, together with the blanks between them."""
    joined: list[tuple[bool, str, str]] = []
    for place, (kept, was, becomes) in enumerate(steps):
        blank = kept and 0 < place < len(steps) - 1 and was.isspace()
        if joined and not joined[-1][0] and (blank or not kept):
            joined[-1] = (False, joined[-1][1] + was, joined[-1][2] + becomes)
        else:
            joined.append((kept, was, becomes))
    return joined


def _words(text: str) -> int:
    return sum(token[0].isalnum() or token[0] == "_" for token in TOKEN.findall(text))
