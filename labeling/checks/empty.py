"""No response, or a stand-in for one."""

import re
from collections.abc import Iterator

from hone.labeling.checks.found import Found, Norms, Texts, shown

_STAND_IN = re.compile(
    r"(?:n/?a|none|null|nan|nil|tbd|todo|tba|test|empty|undefined|no (?:answer|response)|ok(?:ay)?|(?:see|as) "
    r"above|ditto|x+)[.!]?",
    re.I,
)
_WORD = re.compile(r"\w")


def find(texts: Texts, _: Norms) -> Iterator[Found]:
    """One finding at most; an answer that the instruction names itself ("none", "x") is an answer."""
    said = texts.response.strip()
    if not said:
        yield Found("empty", "response", 0, 0, "There is no response.")
    elif not _WORD.search(said) and len(said) < 4 and said not in texts.instruction:
        yield Found("empty", "response", 0, 0, f"The response is only {shown(said)}.")
    elif _STAND_IN.fullmatch(said) and said.strip(".!").lower() not in texts.instruction.lower():
        yield Found("empty", "response", 0, 0, f"The response is only {shown(said)}, a stand-in for an answer.")
