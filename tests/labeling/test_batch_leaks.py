"""The fast search for texts that are nearly the same finds exactly what comparing all with all finds."""

from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.batches.duplicates import ALIKE, jaccard, shingles
from hone.labeling.batches.leaks import Shingled

WORDS = st.lists(st.sampled_from("abcdef"), max_size=14)
TEXTS = st.lists(WORDS, min_size=1, max_size=12)


def compared(texts: list[list[str]], probes: list[int], others: list[int]) -> dict[int, tuple[int, float]]:
    """Every probe with every other, as the definition says it."""
    sets = [shingles(" ".join(words)) for words in texts]
    found: dict[int, tuple[int, float]] = {}
    for probe in probes:
        likeness = [(-jaccard(sets[probe], sets[other]), other) for other in others if other != probe]
        best = min(likeness, default=(0.0, 0))
        if -best[0] >= ALIKE:
            found[probe] = (best[1], -best[0])
    return found


@given(TEXTS, st.data())
def test_it_finds_what_the_definition_says(texts: list[list[str]], data: st.DataObject) -> None:
    places = list(range(len(texts)))
    probes = data.draw(st.lists(st.sampled_from(places), unique=True))
    others = data.draw(st.lists(st.sampled_from(places), unique=True))
    found = Shingled(texts).nearest(probes, others)
    assert {probe: (like.place, like.jaccard) for probe, like in found.items()} == compared(texts, probes, others)


def test_many_copies_of_one_text_are_all_found() -> None:
    copy = [f"w{n}" for n in range(40)]
    texts = [[*copy, f"end{n}"] for n in range(600)]
    found = Shingled(texts).nearest(list(range(300)), list(range(300, 600)))
    assert {like.place for like in found.values()} == {300}
    assert len(found) == 300


def test_no_text_is_like_nothing() -> None:
    assert Shingled([]).nearest([], []) == {}
    assert Shingled([[], ["a"]]).nearest([0], [1]) == {}
