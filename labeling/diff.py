"""What changed between two texts, in words."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter
from typing import Literal, TypeAlias

from hone.storage.records import Record

Step: TypeAlias = tuple[bool, str, str]  # kept or changed, what it was, what it becomes

# Scripts written without blanks are cut at each letter: Thai and Lao, kana, Han.
UNSPACED = "\\u0e00-\\u0eff\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff"
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+|\s+|[^\w\s]")  # a letter, a word, a run of blanks, or one sign
SENTENCE = re.compile(r"[^.!?\n。]*[.!?\n。]+\s*|[^.!?\n。]+$")
LONG = 1_000  # tokens; beyond it a text is compared by sentences first, or a diff would take minutes


class Piece(Record):
    """A stretch of text that both have, that is only in the new one, or only in the old one."""

    op: Literal["same", "added", "removed"]
    text: str


def word_diff(old: str, new: str) -> list[Piece]:
    """The pieces that lead from one text to the other, in reading order, what was removed before what was added.

    Same and removed pieces joined give `old`, same and added pieces give `new`. A blank between two changed
    words counts as changed, so that a rewritten phrase is one piece.
    """
    pieces: list[Piece] = []
    for kept, was, becomes in _joined(_steps(old, new)):
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


def _steps(old: str, new: str) -> list[Step]:
    """What is kept and what is changed, alternately."""
    a, b = TOKEN.findall(old), TOKEN.findall(new)
    steps = _compared(TOKEN, a, b) if max(len(a), len(b)) <= LONG else _by_sentence(old, new)
    return [
        (kept, "".join(was for _, was, _ in run), "".join(becomes for _, _, becomes in run))
        for kept, run in ((kept, list(run)) for kept, run in groupby(steps, key=itemgetter(0)))
    ]


def _compared(unit: re.Pattern[str], a: list[str], b: list[str]) -> Iterator[Step]:
    """The units of two texts matched (Ratcliff and Obershelp, as in difflib), without the ends that are the same."""
    head = _alike(a, b)
    tail = _alike(a[head:][::-1], b[head:][::-1])
    if head:
        yield (True, "".join(a[:head]), "".join(b[:head]))
    yield from _matched(unit, a[head : len(a) - tail], b[head : len(b) - tail])
    if tail:
        yield (True, "".join(a[len(a) - tail :]), "".join(b[len(b) - tail :]))


def _alike(a: list[str], b: list[str]) -> int:
    """How many units the two begin with in common: most edits leave most of a text alone."""
    return next(
        (place for place, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b))
    )


def _matched(unit: re.Pattern[str], a: list[str], b: list[str]) -> Iterator[Step]:
    matcher = SequenceMatcher(None, a, b, autojunk=len(b) > LONG)
    for op, i, j, k, m in matcher.get_opcodes():
        if op == "replace" and unit is SENTENCE and j - i == m - k:
            yield from ((False, was, becomes) for was, becomes in zip(a[i:j], b[k:m], strict=True))
        else:
            yield (op == "equal", "".join(a[i:j]), "".join(b[k:m]))


def _by_sentence(old: str, new: str) -> Iterator[Step]:
    """Long texts: whole sentences first, then the words of those that changed."""
    for kept, was, becomes in _compared(SENTENCE, SENTENCE.findall(old), SENTENCE.findall(new)):
        yield from [(kept, was, becomes)] if kept else _compared(TOKEN, TOKEN.findall(was), TOKEN.findall(becomes))


def _joined(steps: list[Step]) -> list[Step]:
    """Two changes with nothing but a blank between them as one."""
    joined: list[Step] = []
    for place, (kept, was, becomes) in enumerate(steps):
        blank = kept and 0 < place < len(steps) - 1 and was.isspace()
        if joined and not joined[-1][0] and (blank or not kept):
            joined[-1] = (False, joined[-1][1] + was, joined[-1][2] + becomes)
        else:
            joined.append((kept, was, becomes))
    return joined


def _words(text: str) -> int:
    return sum(token[0].isalnum() or token[0] == "_" for token in TOKEN.findall(text))
