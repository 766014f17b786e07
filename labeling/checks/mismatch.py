"""A response that does not have the form, the length or the language that its instruction asks for.

Only what is asked in so many words, and only where it can be counted. An instruction that asks for several things at
once is left alone.
"""

import json
import re
from collections.abc import Callable, Iterator

from hone.labeling.checks.found import Found, Norms, Texts
from hone.labeling.checks.tongues import NAMES, name, tongue

_NUMBERS = {
    word: value
    for value, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1)
} | {"a": 1, "a single": 1, "single": 1}
_N = r"(?P<n>\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten)"
_SEVERAL = re.compile(
    r"\b(?:then|also|followed by|afterwards|additionally|each|per|for every)\b|\n\s*(?:\d+[.)]|[-*•])", re.I
)

_SENTENCES = re.compile(
    rf"\b(?:in|with|using|write|into) (?:at most |no more than |just |only |exactly )?(?:(?P<one>one|a single"
    rf"|1)|{_N}) (?:short |simple |plain |full |brief )?sentences?\b",
    re.IGNORECASE,
)
_LINE = re.compile(r"\b(?:in|on|as|to) (?:just |only )?(?:one|a single) (?:short )?line\b", re.IGNORECASE)
_WORDS = re.compile(
    rf"\b(?:(?:under|below|at most|no more than|not more than|fewer than|less than|within|up to|maximum(?: of)?"
    rf"|max\.?|limit(?:ed)? to) {_N} words"
    rf"|(?P<m>\d{{1,4}}) words (?:or less|or fewer|at most|maximum|max))\b",
    re.IGNORECASE,
)
_JSON = re.compile(
    r"\b(?:as|in|return|output|respond with|reply with|valid|only) (?:a |an |only |valid )*JSON\b(?! ?(?:lines"
    r"|schema))",
    re.I,
)
_YES_NO = re.compile(
    r"\b(?:answer|reply|respond|say)(?: only| just| simply)?(?: with)?(?: only| just| either)?(?: a)? "
    r"[\"'“]?yes[\"'”]? ?(?:or|/) ?[\"'“]?no\b"
    r"|\byes or no\?|\(yes/no\)",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(?:answer|reply|respond|return|output)(?: only| just)?(?: with)?(?: only| just)? (?:a|the|one) "
    r"(?:single )?(?:number|integer|figure)\b",
    re.IGNORECASE,
)
_ITEMS = re.compile(
    rf"\b(?:list|name|give|suggest|provide|write|name me|give me) (?:exactly |the |me |top |only )*{_N} "
    rf"(?!(?:words?|sentences?|paragraphs?|lines?|letters?|times|days?|weeks?|hours?|minutes?|months?|years?"
    rf"|or)\b)[a-z-]+(?: [a-z-]+)?s\b",
    re.IGNORECASE,
)
_IN_LANGUAGE = re.compile(
    r"\b(?:(?:translate\b[^.\n]{0,80}?|translated) (?:in)?to|(?:answer|reply|respond|write|summari[sz]e"
    r"|explain)\b[^.\n]{0,40}? in) (?P<language>"
    + "|".join(sorted(set(NAMES.values()))) + r")\b(?! (?:law|class|court|market|style|context|history|case))",
    re.IGNORECASE,
)  # fmt: skip
_DRAWN_FROM = re.compile(
    r"\A\W*(?:please )?(?:extract|summari[sz]e|shorten|condense|paraphrase|rephrase|rewrite|proofread)\b", re.I
)
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)])\s+\S", re.MULTILINE)
_ABBREVIATED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nos|vs|etc|e\.g|i\.e|Inc|Ltd|Co|Art|Sec|approx|p|pp|a\.m|p\.m|U\.S|[A-Z])\.$"
)
_CONTENT = re.compile(r"[^\W\d_]{4,}|\d{2,}")
_WORD = re.compile(r"\S*\w\S*")


def find(texts: Texts, norms: Norms) -> Iterator[Found]:
    """At most one finding, of the first demand that is not met."""
    said = texts.response.strip()
    asked = texts.instruction[-2000:]
    if not said or not asked:
        return
    for check in (_json, _yes_no, _number, _line, _sentences, _words, _items):
        says = check(asked, said)
        if says:
            yield Found("mismatch", "response", 0, 0, says)
            return
    says = _language(asked, said, norms) or _nothing_shared(texts, said)
    if says:
        yield Found("mismatch", "response", 0, 0, says)


Check = Callable[[str, str], str | None]


def _json(asked: str, said: str) -> str | None:
    if not _JSON.search(asked):
        return None
    body = re.sub(r"\A```(?:json)?\s*|\s*```\Z", "", said)
    if not body.startswith(("{", "[", '"')) and "{" in body and "```" in said:
        return None  # in a block with words around it
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return "The instruction asks for JSON; the response is none."
    return None


def _yes_no(asked: str, said: str) -> str | None:
    if not _YES_NO.search(asked) or re.match(
        r"\W*(?:yes|no|true|false|it depends|unclear|unknown|not (?:stated|given))\b", said, re.I
    ):
        return None
    return "The instruction asks for yes or no; the response begins with neither."


def _number(asked: str, said: str) -> str | None:
    spelt = "|".join((*_NUMBERS, "zero", "none", "eleven", "twelve", "hundred", "thousand", "million"))
    if not _NUMBER.search(asked) or re.search(rf"\d|[½¼¾²³]|\b(?:{spelt}|\w+t(?:een|y))\b", said, re.I):
        return None
    return "The instruction asks for a number; there is none in the response."


def _line(asked: str, said: str) -> str | None:
    lines = len([line for line in said.split("\n") if line.strip()])
    if lines > 1 and _LINE.search(asked) and not _SEVERAL.search(asked):
        return f"The instruction asks for one line; the response has {lines}."
    return None


def _sentences(asked: str, said: str) -> str | None:
    found = _SENTENCES.search(asked)
    if found is None or _SEVERAL.search(asked):
        return None
    wanted = 1 if found["one"] else _value(found["n"])
    count = _count_sentences(said)
    if count > wanted + (0 if wanted == 1 else 1):
        return f"The instruction asks for {_times(wanted, 'sentence')}; the response has {count}."
    return None


def _words(asked: str, said: str) -> str | None:
    found = _WORDS.search(asked)
    if found is None or _SEVERAL.search(asked):
        return None
    wanted = _value(found["n"] or found["m"])
    count = len(_WORD.findall(said))
    if count > wanted * 1.1 + 2:  # how words are counted differs
        return f"The instruction asks for at most {_times(wanted, 'word')}; the response has {count:,}."
    return None


def _items(asked: str, said: str) -> str | None:
    found = _ITEMS.search(asked)
    if found is None or _SEVERAL.search(asked):
        return None
    wanted, count = _value(found["n"]), len(_BULLET.findall(said))
    if count < 2 or count == wanted or wanted < 2 or re.search(r"^\s+(?:[-*•–])\s", said, re.MULTILINE):
        return None  # no list, or one with a list in it
    return f"The instruction asks for {wanted}; the response lists {count}."


def _language(asked: str, said: str, norms: Norms) -> str | None:
    found = _IN_LANGUAGE.search(asked)
    if found is None or _IN_LANGUAGE.search(asked, found.end()):
        return None
    wanted = next(code for code, known in NAMES.items() if known.lower() == found["language"].lower())
    is_in = tongue(said, wanted)
    if is_in is None or name(is_in) == name(wanted) or is_in != norms.language:
        return None  # what is in the project's own language was not translated; more is not certain
    return f"The instruction asks for {name(wanted)}; the response is in {name(is_in)}."


def _nothing_shared(texts: Texts, said: str) -> str | None:
    """For what is drawn from its context: not one word of four letters, not one number in common."""
    if len(texts.context) < 200 or not _DRAWN_FROM.search(texts.instruction) or not said.isascii():
        return None
    words = {word[:5].lower() for word in _CONTENT.findall(said)}
    given = {word[:5].lower() for word in _CONTENT.findall(f"{texts.instruction} {texts.context}")}
    if len(words) < 8 or words & given or _IN_LANGUAGE.search(texts.instruction):
        return None
    return "The response shares no word with the text that it is drawn from."


def _count_sentences(said: str) -> int:
    count, start = 0, 0
    for end in re.finditer(r"[.!?…。]+[\"'”’)]*(?=\s+[\"'“‘(]?[A-Z\d]|\s*\Z)|\n+", said):
        part = said[start : end.start() + 1].strip()
        if len(part) > 1 and not _ABBREVIATED.search(part) and any(sign.isalpha() for sign in part):
            count, start = count + 1, end.end()
    return count + (1 if any(sign.isalpha() for sign in said[start:]) else 0)


def _value(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS[text.lower()]


def _times(count: int, word: str) -> str:
    return f"one {word}" if count == 1 else f"{count:,} {word}s"
