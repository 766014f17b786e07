"""A response that stops too early."""

import re
from collections.abc import Iterator

from hone.labeling.checks.found import Found, Norms, Texts, shown

# Words that no English sentence ends with, whatever its style.
_OPEN_END = re.compile(
    r"\b(?:and|or|but|the|an|because|although|whereas|which|of|your|their|our|my|its|whose|with|from|than|"
    r"if|is|are|was|were|will|would|should|has|into|e\.g\.|i\.e\.)$"
)
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*\s")
_ITEM = re.compile(r"\s*(?:[-*•–]|\d+[.)]|[A-Za-z][.)]|\|)")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_NEARLY_ALL = 0.95  # of a project's responses end with a full stop, for one without to be cut off
_SHORTEST = 10  # characters: "ok" is not cut off, it is no answer
_LAST_WORDS = 8  # of a line, from which on it is a sentence and should end like one


def find(texts: Texts, norms: Norms) -> Iterator[Found]:
    """One finding at most, on the last words."""
    said = texts.response.rstrip()
    why = (_why(said) or _unlike_the_others(said, norms)) if said else None
    if why:
        start = max(said.rfind(" ", 0, max(0, len(said) - 24)), said.rfind("\n")) + 1
        yield Found("truncated", "response", min(start, len(said) - 1), len(said), why)


def _why(said: str) -> str | None:
    if said.count("```") % 2:
        return "A code block is opened and never closed."
    if said.endswith("```"):
        return None
    last = said.rpartition("\n")[2]
    if _OPEN_END.search(last) and len(said.split()) > 4 and not _ITEM.match(last):
        return f"Ends in mid-sentence: {shown(last[-30:])}."
    if said[-1] in ",([{" and len(said) > 20 and "\n" not in said[-60:]:
        return f"Ends with {shown(said[-1])}."
    opened = _left_open(said)
    if opened and said[-1].isalnum() and len(said) - opened[1] < 300:
        return f"A bracket {shown(opened[0])} is opened and never closed."
    if said[-1].islower() and _stops_short(said, last):
        return f"Ends in mid-sentence: {shown(last[-30:])}."
    return None


def _unlike_the_others(said: str, norms: Norms) -> str | None:
    """Where the team ends its responses with a full stop, one without was cut off."""
    if norms.ended is None or norms.ended < _NEARLY_ALL or len(said) < _SHORTEST:
        return None
    if not (said[-1].isalnum() or said[-1] == ","):
        return None
    return f"Ends without a full stop, unlike nearly all responses here: {shown(said[-30:])}."


def ends(said: str) -> bool:
    """Whether a text ends with a full stop or its like."""
    return said.rstrip().rstrip("\"'”’»)]*_").endswith((".", "!", "?", "…", "。", "！", "？", ":"))


def _left_open(said: str) -> tuple[str, int] | None:
    """The last bracket that nothing closes; None in texts with closing brackets of their own, as in a) b)."""
    stack: list[tuple[str, int]] = []
    for place, sign in enumerate(said):
        if sign in _CLOSING:
            stack.append((sign, place))
        elif sign in ")]}" and stack and _CLOSING[stack[-1][0]] == sign:
            stack.pop()
    return stack[-1] if stack else None


def _stops_short(said: str, last: str) -> bool:
    """Whether all sentences but the last one end with a sign: then the last should too."""
    before = said[: len(said) - len(last)].rstrip()
    lines = [line for line in before.split("\n") if line.strip()]
    plain = all(line.rstrip()[-1] in ".!?:;…\"'”’)" for line in lines)
    tail = _SENTENCE_END.split(last)[-1]
    sentences = len(_SENTENCE_END.findall(said))
    return sentences >= 2 and plain and not _ITEM.match(last) and len(tail.split()) >= _LAST_WORDS
