"""A response that declines, or that talks about being a model."""

import re
from collections.abc import Iterator

from hone.labeling.checks.found import Found, Norms, Texts, shown

_EARLY = 300  # characters: a refusal begins an answer; further down the same words may be quoted
_MODEL = re.compile(
    r"\b(?:as (?:an?|your) (?:AI|artificial intelligence|large language model|language model|virtual assistant)\b"
    r"|I(?:['’]m| am) (?:just |only |merely )?an? (?:AI|artificial intelligence|large language model|language "
    r"model)\b"
    r"|my (?:knowledge cut-?off|training data)\b|as of my last (?:update|training))[^.\n]{0,40}",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    r"\bI(?:['’]m| am)? ?(?:sorry|afraid)?,? ?(?:but )?(?:that )?I?\s?"
    r"(?:can(?:not|['’]t)|am (?:not able|unable) to|(?:['’]m) (?:not able|unable) to|won['’]t be able to)\s"
    r"(?:help|assist|provide|fulfil+|comply|answer|complete|generate|create|offer|give|engage|do)\b[^.\n]{0,30}",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"Als KI-(?:Sprachm|M)odell|En tant qu['’](?:IA|intelligence artificielle|assistant IA)|"
    r"Como modelo de lenguaje|Come modello linguistico",
    re.IGNORECASE,
)


def find(texts: Texts, _: Norms) -> Iterator[Found]:
    """One finding at most, on the words that decline."""
    said = texts.response
    for pattern, why in ((_MODEL, "Talks about being a model"), (_OTHERS, "Talks about being a model")):
        found = pattern.search(said)
        if found and found[0].lower() not in texts.context.lower():
            yield Found("refusal", "response", *found.span(), f"{why}: {shown(found[0])}.")
            return
    found = _DECLINES.search(said, 0, _EARLY)
    if found and found.start() < _EARLY // 2 and found[0].lower() not in texts.context.lower():
        yield Found("refusal", "response", *found.span(), f"Declines: {shown(found[0])}.")
