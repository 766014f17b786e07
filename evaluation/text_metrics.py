"""ROUGE, token F1 and exact match per item, each with a signature that says what was computed.

Two numbers are comparable exactly when their signatures are equal.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from importlib.metadata import version

from hone.evaluation.tokens import needs_unicode, words
from hone.storage.errors import InputError
from hone.storage.records import Record

METRICS = ("rouge1", "rouge2", "rougeL", "token_f1", "exact_match")
TITLES = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "token_f1": "Token F1",
    "exact_match": "Exact match",
}
ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


class ItemScores(Record):
    """Values of each metric, one per item in the order given, all in 0..1, and each metric's signature."""

    values: dict[str, tuple[float, ...]]
    signatures: dict[str, str]


def f_measure(matched: int, predicted: int, wanted: int) -> float:
    """Harmonic mean of precision and recall, in the operations of rouge-score so that values are bit-equal."""
    if matched == 0:
        return 0.0
    precision, recall = matched / predicted, matched / wanted
    return 2 * precision * recall / (precision + recall)


def overlap(predicted: Sequence[Hashable], wanted: Sequence[Hashable]) -> float:
    """F-measure of two bags, repeats counted."""
    matched = (Counter(predicted) & Counter(wanted)).total()
    return f_measure(matched, len(predicted), len(wanted))


def rouge_n(predicted: Sequence[str], wanted: Sequence[str], n: int) -> float:
    """ROUGE-N as F-measure (Lin 2004, eq. 1): overlap of the n-grams of two token sequences."""
    return overlap(_ngrams(predicted, n), _ngrams(wanted, n))


def _ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1)]


def common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, a row of the table held as the bits of one number (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for index, token in enumerate(a):
        places[token] = places.get(token, 0) | 1 << index
    everything = (1 << len(a)) - 1
    row = everything
    for token in b:
        if hits := row & places.get(token, 0):
            row = (row + hits | row - hits) & everything
    return len(a) - row.bit_count()


def rouge_l(predicted: Sequence[str], wanted: Sequence[str]) -> float:
    """Sentence-level ROUGE-L as F-measure (Lin 2004, eq. 2-4)."""
    return f_measure(common_subsequence(predicted, wanted), len(predicted), len(wanted))


def normalise(text: str) -> str:
    """SQuAD v1.1's normal form (Rajpurkar 2016): lower case, no ASCII punctuation, no articles, single blanks."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(prediction: str, reference: str, official: bool = False) -> float:
    """1 when both have the same normal form, else 0.

    The mended form compares the raw texts where normalising leaves nothing of either, so that "A" is not
    "The"; the official one calls these equal.
    """
    first, second = normalise(prediction), normalise(reference)
    if not official and not first and not second:
        return float(prediction.strip().lower() == reference.strip().lower())
    return float(first == second)


def token_f1(prediction: str, reference: str, official: bool = False) -> float:
    """F1 of the normalised words, repeats counted.

    The official script gives 0 when normalising leaves nothing, so "A" against "A" is 0; the mended form
    gives 1 whenever the exact match is 1.
    """
    if not official and exact_match(prediction, reference) == 1.0:
        return 1.0
    return overlap(normalise(prediction).split(), normalise(reference).split())


def signature(metric: str, stemmed: bool = True, unicode: bool = False, official: bool = False) -> str:
    """Name, version and options of a metric in one line."""
    if metric.startswith("rouge"):
        tokens = "unicode-v1" if unicode else f"rouge-score-{version('rouge-score')}"
        return f"{metric}|F1|tokens:{tokens}|stem:{'porter' if stemmed else 'no'}|refs:1|hone:1"
    return f"{metric}|squad-v1.1|rules:{'official' if official else 'mended'}|refs:1|hone:1"


def _measure(metric: str, stemmed: bool, unicode: bool, official: bool) -> Callable[[str, str], float]:
    """The metric as a function of prediction and reference."""

    def on_words(score: Callable[[Sequence[str], Sequence[str]], float]) -> Callable[[str, str], float]:
        return lambda a, b: score(words(a, stemmed, unicode), words(b, stemmed, unicode))

    match metric:
        case "rouge1" | "rouge2":
            return on_words(lambda a, b: rouge_n(a, b, int(metric[-1])))
        case "rougeL":
            return on_words(rouge_l)
        case "token_f1":
            return lambda a, b: token_f1(a, b, official)
        case "exact_match":
            return lambda a, b: exact_match(a, b, official)
        case _:
            raise InputError(f"There is no metric {metric!r}; choose from {', '.join(METRICS)}.")


def score_items(
    predictions: Sequence[str],
    references: Sequence[str],
    metrics: Sequence[str] = METRICS,
    stemmed: bool = True,
    official: bool = False,
) -> ItemScores:
    """Score each prediction against its reference.

    Args:
        predictions: The model's texts; an empty one scores 0 (against an empty reference too, but for the
            mended token F1 and exact match).
        references: The wanted texts, in the same order.
        metrics: Names out of METRICS.
        stemmed: ROUGE on Porter stems.
        official: Token F1 and exact match by SQuAD's own script instead of the mended rules.

    Returns:
        Per-item values in 0..1 and a signature for each metric. Where a reference is mostly non-Latin, ROUGE
        counts words by a Unicode tokenizer, and the signature says so.

    Raises:
        InputError: The two differ in length, or a metric is unknown.
    """
    if len(predictions) != len(references):
        raise InputError(f"{len(predictions)} predictions but {len(references)} references; give one for each.")
    unicode = needs_unicode(references)
    pairs = list(zip(predictions, references, strict=True))
    values: dict[str, tuple[float, ...]] = {}
    for metric in metrics:
        measure = _measure(metric, stemmed, unicode, official)
        values[metric] = tuple(measure(prediction, reference) for prediction, reference in pairs)
    return ItemScores(
        values=values, signatures={metric: signature(metric, stemmed, unicode, official) for metric in metrics}
    )
