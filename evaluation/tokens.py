"""Words of a text as ROUGE counts them, for Latin and for other scripts, each text tokenized once."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

LATIN_WORD = re.compile(r"[a-z0-9]+")
# Scripts written without spaces between words: each letter is a token of its own.
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


@lru_cache(maxsize=1)
def _porter() -> Any:
    """The stemmer that rouge-score uses; its import takes a second, so it waits until a text is stemmed."""
    from rouge_score.tokenizers import porter

    return porter.PorterStemmer()


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Porter's stem of a word of more than three letters, as in ROUGE-1.5.5; shorter words stay."""
    return str(_porter().stem(word)) if len(word) > 3 else word


@lru_cache(maxsize=16_384)
def words(text: str, stemmed: bool, unicode: bool) -> tuple[str, ...]:
    """The tokens of a text.

    Args:
        text: Any text.
        stemmed: Whether to take Porter's stem of words in plain Latin letters.
        unicode: False is rouge-score's own rule: lower case, runs of a-z and 0-9. True keeps the letters of
            every script; on plain Latin text both give the same tokens.
    """
    found = _unicode_words(text) if unicode else LATIN_WORD.findall(text.lower())
    if not stemmed:
        return tuple(found)
    return tuple(stem(word) if word.isascii() else word for word in found)


def _unicode_words(text: str) -> list[str]:
    """Runs of letters, marks and digits; a letter of a script without spaces stands alone."""
    spaced = "".join(_spaced(char) for char in unicodedata.normalize("NFKC", text).lower())
    return spaced.split()


@lru_cache(maxsize=20_000)
def _spaced(char: str) -> str:
    """The character, parted from its neighbours where its script asks for it; a blank for anything but a letter."""
    kind = unicodedata.category(char)[0]
    if kind not in "LMN":
        return " "
    if kind == "L" and unicodedata.name(char, "").startswith(UNSPACED):
        return f" {char} "
    return char


@lru_cache(maxsize=20_000)
def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def is_non_latin(text: str) -> bool:
    """Whether most letters of the text are of another script, so that rouge-score would hardly see a word."""
    if text.isascii():
        return False
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(map(_is_latin, letters)) < len(letters)


def needs_unicode(references: Iterable[str]) -> bool:
    """Whether a set of references needs the Unicode tokenizer: one of them is mostly non-Latin.

    References alone decide. They are the same for every model of a comparison, so the choice is too.
    """
    return any(is_non_latin(text) for text in references)
