"""How near an answer is to its reference, 0 to 1."""

import re

_WORD = re.compile(r"[぀-ヿ㐀-鿿฀-๿]|[^\W_]+")  # of scripts without spaces each letter is one


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L as F-measure (Lin 2004, eq. 2-4), without a stemmer: on plain Latin text the very figure of rouge-score.

    That library is not imported here: it brings nltk along, and with it a second at the start of every run.
    """
    said, wanted = _words(answer), _words(reference)
    common = _common(said, wanted)
    if common == 0:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def accuracy(answer: str, reference: str) -> float:
    """1 when the label is the right one, blanks at the ends aside, else 0."""
    return float(answer.strip() == reference.strip())


def _words(text: str) -> list[str]:
    """Words of any script, lower case."""
    return _WORD.findall(text.lower())


def _common(one: list[str], other: list[str]) -> int:
    """The length of the longest common subsequence: a row of its table is one number, a bit a step (Hyyrö 2004)."""
    where: dict[str, int] = {}
    for place, word in enumerate(one):
        where[word] = where.get(word, 0) | 1 << place
    whole = (1 << len(one)) - 1
    row = whole
    for word in other:
        met = row & where.get(word, 0)
        row = (row + met | row - met) & whole
    return len(one) - row.bit_count()
