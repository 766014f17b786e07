"""The little English grammar that an exchange of words needs: what follows a word, a or an, they are for he is."""

import re

from hone.labeling.counterfactual.terms import DOING, NO_NOUN, PEOPLE, these

_NEXT = re.compile(r"[ \t\n]+([^\W\d_]+)")
_BEFORE = re.compile(r"([^\W\d_]+)[ \t\n]+$")
_ARTICLE = re.compile(r"\b(an?)([ \t\n]+)$", re.IGNORECASE)
_DETERMINERS = these("a an the this that another every each one no any")

_PLURAL = {"is": "are", "was": "were", "has": "have", "does": "do"}
_INVERTED = re.compile(r"\b(is|was|has|does)(n['’]t)?(?=[ \t\n]+(?:he|she)\b)", re.IGNORECASE)
_SHORT = re.compile(r"\b(he|she)(['’])s\b(?=([ \t\n]+(?:been|got|had|become|done|gone)\b)?)", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?P<who>[Hh]e|[Ss]he)(?P<gap>[ \t\n]+(?:(?:also|always|never|often|still|only|just|now|then)[ \t\n]+)?)"
    r"(?:(?P<short>is|was|has|does)(?P<no>n['’]t)|(?P<verb>[a-z]+s))\b"
)
_NO_VERBS = these("as us this thus yes perhaps sometimes besides towards afterwards unless always")


def noun_follows(text: str, end: int) -> bool:
    """Whether the next word could be a noun or its adjective: no sign between, and none of the small words."""
    following = _NEXT.match(text, end)
    return following is not None and following[1].lower() not in NO_NOUN


def person_follows(text: str, end: int) -> bool:
    """Whether the next word is one for people, as in "black man"; two adjectives may stand before it."""
    for _ in range(2):
        following = _NEXT.match(text, end)
        if following is None or following[1].lower() in NO_NOUN:
            return False
        if following[1].lower() in PEOPLE:
            return True
        end = following.end()
    return False


def is_noun(text: str, start: int, end: int) -> bool:
    """Whether the word at [start, end) is a noun by itself: "a Muslim who", not "is Muslim" or "a Muslim family"."""
    before = _BEFORE.search(text, max(0, start - 20), start)
    following = _NEXT.match(text, end)
    acts = following is not None and following[1].lower() in DOING
    return before is not None and before[1].lower() in _DETERMINERS and (acts or not noun_follows(text, end))


def with_article(before: str, old: str, new: str) -> str:
    """The text before a word, its last a or an made to agree with the new word if it agreed with the old one."""
    found = _ARTICLE.search(before, max(0, len(before) - 20))  # from its beginning, a long text takes minutes
    if found is None or found[1].lower() != _article(old) or _article(old) == _article(new):
        return before
    article = found[1] + "n" if _article(new) == "an" else found[1][0]
    return before[: found.start()] + article + found[2]


def plural_verbs(text: str) -> str:
    """The verbs of he and she as they would be for they: "he is" gives "he are", "does she" gives "do she"."""
    text = _INVERTED.sub(lambda found: _like(found[1], _PLURAL[found[1].lower()]) + (found[2] or ""), text)
    text = _SHORT.sub(lambda found: found[1] + found[2] + ("ve" if found[3] else "re"), text)
    return _VERB.sub(_with_verb, text)


def _article(word: str) -> str:
    """By its letters: an hour and a union are not told apart from a house and an uncle, save the commonest."""
    lower = word.lower()
    if lower.startswith(("uni", "use", "eu", "ukr", "one")):
        return "a"
    return "an" if lower[:1] in tuple("aeiou8") or lower in ("11", "18") else "a"


def _with_verb(found: re.Match[str]) -> str:
    if found["short"]:
        return found["who"] + found["gap"] + _PLURAL[found["short"]] + found["no"]
    return found["who"] + found["gap"] + _plural(found["verb"])


def _plural(verb: str) -> str:
    if verb in _PLURAL:
        return _PLURAL[verb]
    if verb in _NO_VERBS or verb.endswith("ss"):
        return verb
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    return verb[:-2] if verb.endswith(("sses", "xes", "zzes", "ches", "shes", "oes")) else verb[:-1]


def _like(old: str, new: str) -> str:
    return new.upper() if old.isupper() else new.capitalize() if old[0].isupper() else new
