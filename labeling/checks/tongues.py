"""Which language a text is in: by its script and small words where they settle it, else by py3langid's model.

The small words are read in 20 microseconds, the model in some milliseconds: it is asked only for a text that does not
look like the language that is expected.
"""

import math
import re

from hone.labeling.checks.words import dictionary

FEWEST = 40  # letters, below which nothing is said
_READ = 400  # characters that the model reads
_SURE = 0.98
_SMALL_SHARE = 0.12  # of the words of a running text at least so many are small words of its language
_WORD = re.compile(r"[^\W\d_]+")
NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nb": "Norwegian", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
SMALL = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the a of and to in is i he they my me his her but so what that for it with as was on be by this "
        "are or from at not have which you we an your "
        "will if can has shall may any its their our all been were would when there",
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an "
        "werden aus "
        "er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor",
        "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la avec "
        "cette ou être vous nous son sa leur aux été ont mais comme votre",
        "es": "de la que el en y los del se las por un para con no una su al lo como más pero sus le ya o este sí "
        "porque esta entre cuando muy sin sobre es está son fue han",
        "it": "di e il la che in un a per è una sono del con non da della le i si al come più dei nel alla gli lo "
        "delle anche ma se o dalla questo questa",
        "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à "
        "seu sua ou ser quando muito há nos já está",
        "nl": "de het een en van in is dat op te zijn met voor niet die aan er om ook als dan maar bij uit naar "
        "heeft "
        "worden wordt deze door over of tot kan geen",
    }.items()
}
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)


def tongue(text: str, expected: str | None = None) -> str | None:
    """The code of the language, such as "en"; None for a text that is short, or that nothing settles.

    Code, tables and lists of names have no small words and settle nothing. `expected` is tried first.
    """
    words = [word.lower() for word in _WORD.findall(text[:4000])]
    if sum(map(len, words)) < (FEWEST if text.isascii() else FEWEST // 3):
        return None
    if expected in SMALL and _share(words, expected) >= _SMALL_SHARE:
        return expected
    script = _script(text, sum(map(len, words)))
    if script:
        return script
    best = max(SMALL, key=lambda code: _share(words, code))
    share = _share(words, best)
    if share >= 2 * _SMALL_SHARE and share >= 2 * (_share(words, expected) if expected in SMALL else 0):
        return best
    if expected == "en" and _reads_english(words):
        return None
    found = _by_model(" ".join(text.split())[:_READ])
    if found in SMALL and _share(words, found) < _SMALL_SHARE / 2:
        return None  # the model always names one, but this has hardly a small word of it
    return found if found in NAMES else None


def name(code: str) -> str:
    """English for German, say; the code itself where we have no name for it."""
    return NAMES.get(code, code)


def _share(words: list[str], code: str) -> float:
    small = SMALL[code]
    return sum(word in small for word in words) / len(words)


def _reads_english(words: list[str]) -> bool:
    """Whether most words are English ones: a list, a table, a headline has no small words."""
    known = dictionary()
    return sum(word in known for word in words) >= 0.6 * len(words)


def _script(text: str, letters: int) -> str | None:
    if text.isascii():
        return None
    return next((code for code, signs in _SCRIPTS if len(signs.findall(text)) > 0.3 * letters), None)


def _by_model(text: str) -> str | None:
    from py3langid import rank  # 17 MiB and a fifth of a second: only when a text asks for it

    ranked: list[tuple[str, float]] = rank(text)  # natural logarithms, the likeliest first
    total = sum(math.exp(score - ranked[0][1]) for _, score in ranked)
    return str(ranked[0][0]) if 1 / total >= _SURE else None
