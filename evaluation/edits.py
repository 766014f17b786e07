"""How alike the texts are that several people made of the same one: words kept by edits, and ROUGE-L."""

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

from hone.evaluation.intervals import Estimate, bootstrap_mean
from hone.evaluation.text_metrics import rouge_l
from hone.evaluation.tokens import needs_unicode, words
from hone.storage.records import Record, Undefined


class EditAgreement(Record):
    """Agreement of texts, over items that two or more people gave a text for and at least one of them changed.

    `same` is the share of pairs of texts with the same words; `similarity` is 1 less the word edits from one text
    to the other by the longer one's words; `rouge_l` the F-measure of ROUGE-L. All in 0..1, means over items.
    """

    items: int
    same: Estimate | Undefined
    similarity: Estimate | Undefined
    rouge_l: Estimate | Undefined


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Fewest words to insert, drop or exchange (Levenshtein 1966), a column held as bits (Myers 1999; Hyyrö 2003)."""
    if not a:
        return len(b)
    places: dict[str, int] = {}
    for index, word in enumerate(a):
        places[word] = places.get(word, 0) | 1 << index
    everything, last, distance = (1 << len(a)) - 1, 1 << (len(a) - 1), len(a)
    higher, lower = everything, 0  # where the column rises by one, and where it falls
    for word in b:
        equal = places.get(word, 0)
        kept = (((equal & higher) + higher) ^ higher) | equal | lower
        rises, falls = lower | ~(kept | higher), kept & higher
        distance += bool(rises & last) - bool(falls & last)
        rises, falls = rises << 1 | 1, falls << 1
        higher, lower = (falls | ~(kept | rises)) & everything, rises & kept & everything
    return distance


def similarity(a: Sequence[str], b: Sequence[str]) -> float:
    """1 for the same words, 0 when every word is another: 1 - distance / words of the longer one."""
    longest = max(len(a), len(b))
    return 1 - edit_distance(a, b) / longest if longest else 1.0


def edit_agreement(items: Sequence[Sequence[str]], seed: int = 0) -> EditAgreement:
    """Compare the texts of each item, every two of them; an item counts once however many texts it has.

    Args:
        items: For each item the texts that people gave, two or more; other items are left out.
        seed: Of the bootstrap over items.

    Returns:
        Undefined with "no item has two texts" where there is nothing to compare.
    """
    compared = [given for given in items if len(given) > 1]
    if not compared:
        none = Undefined(undefined="no item has two texts")
        return EditAgreement(items=0, same=none, similarity=none, rouge_l=none)
    rows = [_item(given) for given in compared]
    same, alike, rouge = (bootstrap_mean([row[place] for row in rows], seed=seed, bounds=(0, 1)) for place in range(3))
    return EditAgreement(items=len(rows), same=same, similarity=alike, rouge_l=rouge)


def _item(given: Sequence[str]) -> tuple[float, float, float]:
    """Means over the pairs of texts: same words, similarity, ROUGE-L."""
    unicode = needs_unicode(given)
    tokens = [words(text, stemmed=False, unicode=unicode) for text in given]
    two = list(combinations(tokens, 2))
    return (
        fmean(a == b for a, b in two),
        fmean(similarity(a, b) for a, b in two),
        fmean(1.0 if a == b else rouge_l(a, b) for a, b in two),
    )
