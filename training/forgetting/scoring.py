"""How near an answer is to its reference, 0 to 1."""

import re
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[぀-ヿ㐀-鿿฀-๿]|[^\W_]+")  # of scripts without spaces each letter is one


class _Words:
    """Words of any script, lower case; on plain Latin text they are rouge-score's own."""

    def tokenize(self, text: str) -> list[str]:
        """The words of a text."""
        return _WORD.findall(text.lower())


@lru_cache(maxsize=1)
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer  # imports nltk, which takes a second

    return RougeScorer(["rougeL"], use_stemmer=False, tokenizer=_Words())


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L as F-measure (Lin 2004, eq. 2-4), by rouge-score without a stemmer."""
    return float(_scorer().score(reference, answer)["rougeL"].fmeasure)


def accuracy(answer: str, reference: str) -> float:
    """1 when the label is the right one, blanks at the ends aside, else 0."""
    return float(answer.strip() == reference.strip())
