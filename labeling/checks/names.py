"""Names of people, where a language model for it is installed on this machine; otherwise none are looked for.

`pip install spacy` and one of its models (`python -m spacy download en_core_web_sm`) is all: the next check finds it.
"""

from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import distributions
from importlib.util import find_spec
from typing import Any

MODEL = "_core_"  # in the name of every spaCy model that knows names: en_core_web_sm, de_core_news_md
LONGEST = 20_000  # characters of a text that are read


def names_in(text: str) -> list[tuple[int, int]]:
    """The [start, end) of people's names, at least two words each; none without a model."""
    tagger = _tagger()
    if tagger is None:
        return []
    people: Iterable[Any] = (entity for entity in tagger(text[:LONGEST]).ents if entity.label_ in ("PERSON", "PER"))
    return [(person.start_char, person.end_char) for person in people if " " in person.text.strip()]


@cache
def _tagger() -> Callable[[str], Any] | None:
    """The first spaCy model that is installed, loaded once."""
    if find_spec("spacy") is None:
        return None
    models = sorted(str(found.metadata["Name"]).replace("-", "_") for found in distributions() if found.metadata)
    known = next((model for model in models if MODEL in model and find_spec(model)), None)
    if known is None:
        return None
    import spacy  # pyright: ignore[reportMissingImports]

    tagger: Callable[[str], Any] = spacy.load(known, disable=["parser", "lemmatizer"])
    return tagger
