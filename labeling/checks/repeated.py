"""Text that goes round in circles: the same sentence three times, or a phrase that follows itself."""

import re
from collections import Counter
from collections.abc import Iterator

from hone.labeling.checks.found import Found, Norms, Texts, shown

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_SENTENCE = re.compile(r"[^.!?\n。]{12,}(?:[.!?\n。]|\Z)")
_LONGEST = 12  # words of a phrase that may loop
_TIMES = 4  # how often a phrase of three or more words stands in a row, for it to be a loop
_SHORT_TIMES = 6  # the same for one or two words: "very, very, very" is a way to speak


def find(texts: Texts, _: Norms) -> Iterator[Found]:
    """One finding at most, on the second time that it is said."""
    said = texts.response
    words = [(match[0].lower(), match.start(), match.end()) for match in _WORD.finditer(said)]
    if len(words) < _SHORT_TIMES:
        return
    plain = [word for word, _, _ in words]
    triples = set(zip(plain, plain[1:], plain[2:], strict=False))
    if len(triples) > 0.85 * (len(plain) - 2):
        return  # nearly every run of three words is new
    sentence = _same_sentence(said)
    if sentence:
        yield sentence
        return
    for length in range(1, _LONGEST + 1):
        start, times = _loop(plain, length)
        if times >= (_TIMES if length > 2 else _SHORT_TIMES):
            span = (words[start + length][1], words[start + times * length - 1][2])
            phrase = said[words[start][1] : words[start + length - 1][2]]
            if not phrase.replace(" ", "").isdigit():
                yield Found("repeated", "response", *span, f"Says {shown(phrase)} {times} times in a row.")
                return


def _same_sentence(said: str) -> Found | None:
    places: dict[str, list[tuple[int, int]]] = {}
    for match in _SENTENCE.finditer(said):
        key = " ".join(match[0].lower().split()).strip(" .!?-*#")
        if len(key.split()) >= 4:
            places.setdefault(key, []).append(match.span())
    counted = Counter({key: len(spans) for key, spans in places.items()}).most_common(1)
    if not counted or counted[0][1] < 3:
        return None
    key, times = counted[0]
    start, end = places[key][1]
    start += len(said[start:end]) - len(said[start:end].lstrip())
    return Found("repeated", "response", start, end, f"Says {shown(key)} {times} times.")


def _loop(words: list[str], length: int) -> tuple[int, int]:
    """Where a phrase of so many words follows itself most often, and how often it stands there."""
    best, run = (0, 1), 0
    for place in range(length, len(words)):
        run = run + 1 if words[place] == words[place - length] else 0
        if run // length + 1 > best[1]:
            best = (place - run - length + 1, run // length + 1)
    return best
