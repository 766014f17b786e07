"""ROUGE, token F1 and exact match: published values, rouge-score value for value, and the edges."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from hone.evaluation.text_metrics import METRICS, common_subsequence, exact_match, score_items, token_f1
from hone.storage.errors import InputError

DATA = Path(__file__).parents[3] / "shared" / "data" / "rouge-testdata"
ROUGE = ("rouge1", "rouge2", "rougeL")
texts = st.text(alphabet=st.sampled_from("abcdefgs running jumped'.,-\n"), max_size=60)


@pytest.mark.skipif(not DATA.exists(), reason="the published ROUGE test data is not on this machine")
def test_perl_rouge_values_are_reproduced_to_five_decimals() -> None:
    predictions = (DATA / "prediction.txt").read_text().splitlines()
    targets = (DATA / "target.txt").read_text().splitlines()
    plain = score_items(predictions, targets, ROUGE, stemmed=False).values
    stemmed = score_items(predictions, targets, ROUGE).values
    assert [round(plain[name][0], 5) for name in ROUGE] == [0.51163, 0.39024, 0.51163]
    assert [round(plain[name][1], 5) for name in ("rouge1", "rouge2")] == [0.5, 0.36364]
    assert round(stemmed["rouge1"][1], 5) == 0.52941


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5), st.booleans())
def test_every_value_is_bit_equal_to_rouge_score(pairs: list[tuple[str, str]], stemmed: bool) -> None:
    scorer = RougeScorer(list(ROUGE), use_stemmer=stemmed)
    found = score_items([p for p, _ in pairs], [r for _, r in pairs], ROUGE, stemmed=stemmed).values
    for index, (prediction, reference) in enumerate(pairs):
        theirs = scorer.score(reference, prediction)
        assert [found[name][index] for name in ROUGE] == [theirs[name].fmeasure for name in ROUGE]


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_the_longest_common_subsequence_equals_the_textbook_recursion(a: list[str], b: list[str]) -> None:
    def slow(i: int, j: int) -> int:
        if i == len(a) or j == len(b):
            return 0
        return 1 + slow(i + 1, j + 1) if a[i] == b[j] else max(slow(i + 1, j), slow(i, j + 1))

    assert common_subsequence(a, b) == slow(0, 0)


def test_an_article_alone_matches_itself_in_the_mended_form_and_not_in_the_official_one() -> None:
    assert (exact_match("A", "A"), token_f1("A", "A")) == (1.0, 1.0)
    assert (exact_match("A", "A", official=True), token_f1("A", "A", official=True)) == (1.0, 0.0)
    assert (exact_match("A", "The"), token_f1("A", "The")) == (0.0, 0.0)
    assert exact_match("A", "The", official=True) == 1.0


def test_token_f1_counts_repeats_and_ignores_case_articles_and_punctuation() -> None:
    assert token_f1("The cat, the cat!", "cat") == pytest.approx(2 * 0.5 * 1 / 1.5)
    assert exact_match("The Cat.", "a cat") == 1.0


def test_an_empty_answer_scores_nothing() -> None:
    found = score_items([""], ["some words here"]).values
    assert {name: found[name][0] for name in METRICS} == dict.fromkeys(METRICS, 0.0)


@pytest.mark.parametrize(
    "text",
    ["мы храним ваши данные", "我们保留数据", "نحن نحتفظ ببياناتك", "हम आपका डेटा रखते हैं", "เราเก็บข้อมูล"],
)
def test_text_in_another_script_is_scored_and_the_signature_says_so(text: str) -> None:
    found = score_items([text, text[: len(text) // 2]], [text, text], ROUGE)
    assert found.values["rouge1"][0] == 1.0
    assert 0 < found.values["rouge1"][1] < 1
    assert "tokens:unicode" in found.signatures["rouge1"]


def test_the_unicode_tokenizer_changes_nothing_for_plain_latin_text() -> None:
    latin, reference = "It's running 24/7, isn't it?", "It runs 24 hours"
    alone = score_items([latin], [reference], ROUGE)
    beside_greek = score_items([latin, "ναι"], [reference, "ναι"], ROUGE)
    assert [alone.values[n][0] for n in ROUGE] == [beside_greek.values[n][0] for n in ROUGE]


def test_only_references_choose_the_tokenizer_so_two_models_share_it() -> None:
    assert "unicode" not in score_items(["我们保留数据"], ["We keep data"]).signatures["rouge1"]


def test_signatures_tell_options_apart() -> None:
    signatures = {
        score_items(["a"], ["a"], stemmed=stemmed, official=official).signatures["rouge1"]
        + score_items(["a"], ["a"], stemmed=stemmed, official=official).signatures["token_f1"]
        for stemmed in (True, False)
        for official in (True, False)
    }
    assert len(signatures) == 4


def test_missing_references_and_unknown_metrics_are_refused() -> None:
    with pytest.raises(InputError, match="2 predictions but 1 references"):
        score_items(["a", "b"], ["a"])
    with pytest.raises(InputError, match="choose from rouge1"):
        score_items(["a"], ["a"], ["bleu"])


def test_a_long_answer_is_scored_in_reasonable_time() -> None:
    long = "the service may change at any time " * 3000
    assert score_items([long], ["the service may change"], ROUGE).values["rougeL"][0] < 0.01
