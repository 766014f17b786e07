"""Slurs and threats: a short list of our own of words that have no other use, and of what is said to frighten.

The slurs are kept in ROT13, so that nobody meets them who reads this file. Words that also name things, or that a
group uses of itself, are not among them: an expert who sees a wrong mark stops reading marks.
"""

import codecs
import re
from collections.abc import Iterator

from hone.labeling.checks.found import Found, Norms, Texts

_SLURS = (
    "avttre avttref avttn fnaqavttre xvxr xvxrf fcvp fcvpf tbbx tbbxf jrgonpx jrgonpxf enturnq enturnqf gbjryurnq "
    "gbjryurnqf puvax puvaxf snttbg snttbgf genaal genaavrf ergneq ergneqf ergneqrq cbyynpx onaquhagre zbatbybvq "
    "cnxv cnxvf jbt jbtf furznyr furznyrf fhouhzna fhouhznaf"
)
_WORDS = set(codecs.decode(_SLURS, "rot13").split())
_SLUR = re.compile(rf"(?<![\w'’.-])(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?![\w-])", re.IGNORECASE)
_HURT = r"(?:kill|murder|shoot|stab|strangle|behead|burn)"
_THREAT = re.compile(
    rf"\b(?:I(?:['’]ll| will|['’]m going to| am going to)|we(?:['’]ll| will)) {_HURT} (?:you|him|her|them|your)\b"
    r"|\b(?:go |please |just )?kill yourself\b(?! on\b)|\bgo (?:and )?die\b(?! (?:out|down|off|away))"
    r"|\b(?:you|they|all \w+s?) (?:should|must|deserve to) (?:all )?(?:die|be (?:shot|killed|hanged"
    r"|exterminated|gassed))\b"
    r"|\bI hope you (?:die|get cancer)\b",
    re.IGNORECASE,
)


def find(texts: Texts, _: Norms) -> Iterator[Found]:
    """Each slur and each threat."""
    for field, text in texts.fields():
        for found in _SLUR.finditer(text):
            yield Found("toxic", field, *found.span(), "A slur.")
        for found in _THREAT.finditer(text):
            yield Found("toxic", field, *found.span(), "A threat.")
