"""A response in another language than most of the project's, unless the instruction asks for that."""

import re
from collections.abc import Iterator

from hone.labeling.checks.found import Found, Norms, Texts
from hone.labeling.checks.tongues import NAMES, name, tongue

_ASKED = re.compile(
    r"\btranslat|übersetz|tradui|traduc|tradu[zç]|\b(?:in|into|to|auf|en|ins) (?:" + ""
    r"|".join(sorted(set(NAMES.values())))
    + r"|deutsch|englisch|französisch|español|français|italiano|inglés|anglais)\b",
    re.IGNORECASE,
)  # fmt: skip


def find(texts: Texts, norms: Norms) -> Iterator[Found]:
    """One finding at most. An instruction in that language too is a pair of that language: said once, of both."""
    if norms.language is None:
        return
    found = tongue(texts.response, norms.language)
    if found is None or found == norms.language or _ASKED.search(texts.instruction):
        return
    says = f"The response is in {name(found)}; most of the project is in {name(norms.language)}."
    yield Found("language", "response", 0, 0, says)
