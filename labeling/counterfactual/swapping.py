"""Counterfactuals: a text with the words for one group of people exchanged for another's.

Should the answer have changed? A person decides; this makes what they compare. An exchange goes both ways at once
(he becomes she and she becomes he), so that doing it twice gives the text back wherever the words allow it. English
only; what hangs on grammar (his or her, a or an, they are) follows simple rules that look at the next word.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

from hone.labeling.counterfactual.agreeing import is_noun, noun_follows, person_follows, plural_verbs, with_article
from hone.labeling.counterfactual.terms import GENDER, HIS_HER, NEUTRAL, OF_PEOPLE, ONE_WAY, PEOPLE, SETS
from hone.storage.records import Record

Span: TypeAlias = tuple[int, int]

_AGE = re.compile(
    r"(?<![\w.,])\d\d(?=[- ]years?[- ]old\b(?P<rest>[^\n]{0,20}))|(?<=\b[Aa]ged )\d\d(?![\d.,]*\d)",
)
_SOMEBODY = frozenset(("he", "she", "i", "you", "we", "they", "who"))
_YOUNGEST, _OLDEST = 18, 77  # in these years a and 95 - a change places: 25 and 70
_TITLES = ("Mr", "Ms", "Mrs", "Miss")
_NAME = re.compile(r" [A-Z][a-z]")
_TITLED = re.compile(r"\b(?:Dr|Mr|Ms|Mrs|Miss|Prof|Judge|Justice)\.? $")
_SUBJECT = re.compile(r"(\S+)[ \t\n]+(?:is|was|am|are|were|turns|turned)[ \t\n]+(?:now |only |just )?$")
_SENTENCE = re.compile(r"(?:^|[.!?:][ \t\n]+|\n)[ \t\"'“‘(]*$")


class Swap(Record):
    """A text with `term` exchanged for `other` throughout.

    `group` is the protected group that they are about, `term` and `other` are the first words that changed, and
    `spans` are the [start, end) of all that changed, in code points of `text`.
    """

    group: str
    term: str
    other: str
    text: str
    spans: tuple[Span, ...]


class SwappedPair(Record):
    """A pair with one exchange made in all of its texts. `spans` are those of instruction, context and response."""

    group: str
    term: str
    other: str
    instruction: str
    context: str
    response: str
    spans: tuple[tuple[Span, ...], tuple[Span, ...], tuple[Span, ...]]


class _Done(NamedTuple):
    """A text after an exchange; `spans` empty when nothing in it changed, `first` where it first did."""

    text: str
    spans: tuple[Span, ...] = ()
    term: str = ""
    other: str = ""
    first: int = 0


class _Word(NamedTuple):
    """What a word becomes: `usual`, or `else_` where the rule does not hold of its place."""

    usual: str
    else_: str = ""
    rule: Literal["", "before a noun", "no noun"] = ""


_Exchange: TypeAlias = Callable[[str], _Done]


def swaps(text: str) -> tuple[Swap, ...]:
    """The text with each group's words that it holds exchanged, in the order in which they are met."""
    return tuple(
        Swap(group=group, term=done.term, other=done.other, text=done.text, spans=done.spans)
        for group, (done,) in _swapped([text])
    )


def swapped_pair(instruction: str, context: str, response: str) -> tuple[SwappedPair, ...]:
    """The pair with each exchange made in all three texts at once, in the order in which they are met."""
    found: list[SwappedPair] = []
    for group, (asked, given, answered) in _swapped([instruction, context, response]):
        changed = next(done for done in (asked, given, answered) if done.spans)
        found.append(
            SwappedPair(
                group=group,
                term=changed.term,
                other=changed.other,
                instruction=asked.text,
                context=given.text,
                response=answered.text,
                spans=(asked.spans, given.spans, answered.spans),
            )
        )
    return tuple(found)


def _swapped(texts: Sequence[str]) -> list[tuple[str, list[_Done]]]:
    """Each exchange that changes one of the texts: its group, and what comes of them all."""
    found: list[tuple[tuple[int, int], str, list[_Done]]] = []
    for group, exchange in _exchanges("\n\n".join(texts)):
        done = [exchange(text) for text in texts]
        met = next(((place, one.first) for place, one in enumerate(done) if one.spans), None)
        if met is not None:
            found.append((met, group, done))
    return [(group, done) for _, group, done in sorted(found, key=lambda each: each[0])]


def _exchanges(text: str) -> list[tuple[str, _Exchange]]:
    """What is worth trying on a text: each member that it names with a few others of its set, and ages."""
    found: list[tuple[str, _Exchange]] = []
    for index, terms in enumerate(SETS):
        present = {_members(index)[key] for key in _met(tuple(_members(index)), text)}
        chosen: dict[tuple[int, int], None] = {}
        for member in sorted(present):
            others = ((member + 1) % len(terms.forms), (member - 1) % len(terms.forms))  # the way back is one of them
            chosen |= {(min(member, other), max(member, other)): None for other in others}
        found += [(terms.group, _exchanging(_words(index, *pair))) for pair in chosen]
        if terms is GENDER and len(present) == 1:  # "he or she" would become "they or they"
            found.append((terms.group, _to_neutral))
    return [*found, ("age", _other_age)]


def _exchanging(words: Mapping[str, _Word]) -> _Exchange:
    return lambda text: _exchanged(words, text)


def _to_neutral(text: str) -> _Done:
    done = _exchanged({word: _Word(*forms, "before a noun") for word, forms in NEUTRAL.items()}, plural_verbs(text))
    return done if done.spans else _Done(text)


def _other_age(text: str) -> _Done:
    def other(found: re.Match[str]) -> str | None:
        age = int(found[0])
        rest = found["rest"] or ""
        of_a_thing = rest and noun_follows(rest, 0) and not person_follows(rest, 0)
        subject = _SUBJECT.search(text, max(0, found.start() - 60), found.start())
        if subject and subject[1][0].islower() and subject[1].lower() not in PEOPLE | _SOMEBODY:
            return None
        return str(_YOUNGEST + _OLDEST - age) if _YOUNGEST <= age <= _OLDEST and not of_a_thing else None

    return _replaced(_AGE, text, other)


def _exchanged(words: Mapping[str, _Word], text: str) -> _Done:
    def other(found: re.Match[str]) -> str | None:
        key = _key(found[0], words)
        if key is None or (key in OF_PEOPLE and not person_follows(text, found.end())):
            return None
        if key[0].isupper() and key not in _TITLES and _in_a_name(text, found):
            return None
        before = text[max(0, found.start() - 80) : found.start()]
        return _cased(found[0], key, _chosen(words[key], text, found), before)

    return _replaced(_pattern(tuple(words)), text, other)


def _replaced(pattern: re.Pattern[str], text: str, other: Callable[[re.Match[str]], str | None]) -> _Done:
    out, position = "", 0
    spans: list[Span] = []
    done = _Done(text)
    for found in pattern.finditer(text):
        new = other(found)
        if new is None:
            continue
        out = with_article(out + text[position : found.start()], found[0], new)
        spans.append((len(out), len(out) + len(new)))
        out, position = out + new, found.end()
        if len(spans) == 1:
            done = done._replace(term=found[0], other=new, first=found.start())
    return done._replace(text=out + text[position:], spans=tuple(spans))


def _chosen(word: _Word, text: str, found: re.Match[str]) -> str:
    if word.rule == "before a noun":
        return word.usual if noun_follows(text, found.end()) else word.else_
    if word.rule == "no noun":
        return word.else_ if is_noun(text, *found.span()) else word.usual
    return word.usual


@cache
def _words(index: int, one: int, other: int) -> Mapping[str, _Word]:
    """Two members of a set change places, form by form."""
    terms = SETS[index]
    words: dict[str, _Word] = {}
    for mine, theirs in ((terms.forms[one], terms.forms[other]), (terms.forms[other], terms.forms[one])):
        words |= {a: _Word(b) for a, b in zip(mine, theirs, strict=True) if a and b}
        if terms.noun is not None and mine[0] == mine[terms.noun]:
            words[mine[0]] = _Word(theirs[0], theirs[terms.noun], "no noun")
    if terms is GENDER:
        words |= {word: _Word(*forms, "before a noun") for word, forms in HIS_HER.items()}
        words |= {word: _Word(new) for word, new in ONE_WAY.items()}
    return words


@cache
def _members(index: int) -> Mapping[str, int]:
    """Each word of a set, with the member that it is of."""
    terms = SETS[index]
    found = {form: member for member, forms in enumerate(terms.forms) for form in forms if form}
    if terms is GENDER:
        found |= {"him": 0, "his": 0, "her": 1, "hers": 1, **dict.fromkeys(ONE_WAY, 1)}
    return found


def _met(words: tuple[str, ...], text: str) -> set[str]:
    known = dict.fromkeys(words)
    return {key for found in _pattern(words).finditer(text) if (key := _key(found[0], known)) is not None}


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?!\w|-\w)", re.IGNORECASE)


def _in_a_name(text: str, found: re.Match[str]) -> bool:
    """Christian Weber, Dr French, French Guiana."""
    return bool(_NAME.match(text, found.end()) or _TITLED.search(text, max(0, found.start() - 10), found.start()))


def _key(found: str, words: Mapping[str, object]) -> str | None:
    """The word as the set has it; one with a capital must have it in the text too."""
    if found in words:
        return found
    if found.lower() in words:
        return found.lower()
    return next((word for word in words if found.isupper() and word.upper() == found), None)


def _cased(found: str, key: str, new: str, before: str) -> str:
    """The new word in the case of the old one: capitals, a capital first, as it is written."""
    if found.isupper() and len(found) > 1:
        return new.upper()
    starts = bool(_SENTENCE.search(before))
    if found[0].isupper() and (key[0].islower() or starts):
        return new[0].upper() + new[1:]
    return new
