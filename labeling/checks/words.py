"""The English words that a dictionary has."""

from functools import cache


@cache
def dictionary() -> dict[str, int]:
    """The English words of pyspellchecker with how often film subtitles have them: 160,000."""
    from spellchecker import SpellChecker  # 15 MiB and a quarter of a second: in the thread that checks

    return dict(SpellChecker(language="en").word_frequency.dictionary)
