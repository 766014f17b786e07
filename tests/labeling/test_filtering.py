"""A filter is one line of text: it says what it means, and names what exists when it cannot."""

from datetime import datetime

import pytest
from deskwork import Desk
from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.filtering import must_exist, parse, text_of, without
from hone.storage import pairs
from hone.storage.errors import InputError
from hone.storage.filters import STATES, PairFilter
from hone.storage.pairs import NewPair

WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SCORES = st.tuples(st.floats(1, 5), st.floats(1, 5)).map(lambda pair: (min(pair), max(pair)))
KEYS = st.lists(st.sampled_from(["secret", "duplicate", "any"]), max_size=2).map(tuple)
FILTERS = st.builds(
    PairFilter,
    states=st.lists(st.sampled_from(STATES), max_size=3).map(tuple),
    contains=WORD,
    source=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    group=st.none() | WORD,
    metadata=st.dictionaries(WORD, WORD, max_size=3),
    checks=KEYS,
    without_checks=KEYS,
    flagged=st.none() | WORD,
    flags_resolved=st.booleans(),
    annotator=st.none() | WORD,
    rated=st.dictionaries(WORD, SCORES, max_size=2),
    since=st.none() | st.datetimes(),
    until=st.none() | st.datetimes(),
)


def numbers(room: Desk, text: str) -> list[int]:
    with room.store.read() as cursor:
        wanted = must_exist(cursor, room.project, parse(text))
        return [pair.number for pair in pairs.listing(cursor, room.project.id, wanted)]


def test_a_line_says_all_that_a_filter_can() -> None:
    found = parse(
        'state=approved,open words="late payment" source=letters.csv metadata.topic=termination flag=any '
        "flags=resolved rated.accuracy=1..2 since=2026-11-01 until=2026-11-30 check=secret -check=duplicate by=anna"
    )
    assert found == PairFilter(
        states=("approved", "open"),
        contains="late payment",
        source="letters.csv",
        metadata={"topic": "termination"},
        checks=("secret",),
        without_checks=("duplicate",),
        flagged="any",
        flags_resolved=True,
        annotator="anna",
        rated={"accuracy": (1, 2)},
        since=datetime(2026, 11, 1),
        until=datetime(2026, 12, 1),  # the 30th is within
    )


@given(FILTERS)
def test_what_is_printed_is_read_as_the_same_filter(wanted: PairFilter) -> None:
    assert parse(text_of(wanted)) == wanted


def test_nothing_said_means_every_pair() -> None:
    assert parse("  ") == PairFilter()
    assert text_of(PairFilter()) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("termination", 'words="termination"'),
        ("topic=law", "cannot be chosen by 'topic'. There are: state, words"),
        ("state=done", "There are: open, disputed, agreed, approved, rejected"),
        ("rated.accuracy=7", "from 1 to 5"),
        ("rated.accuracy=3..2", "LOW..HIGH"),
        ("since=yesterday", "write 2026-11-30"),
        ("until=9999-12-31", "no time"),
        ("source=a source=b", "stands twice"),
        ("flags=open", "flags=resolved"),
        ('words="never closed', "never closed"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says.replace("(", r"\(")):
        parse(text)


def test_one_term_is_taken_away_and_the_others_stay() -> None:
    wanted = parse("state=approved metadata.topic=law check=secret")
    assert text_of(without(wanted, "metadata.topic", "law")) == "state=approved check=secret"


def test_names_that_nobody_has_are_refused_with_those_that_are_there(desk_room: Desk) -> None:
    desk_room.add(NewPair(instruction="Ask", response="a", source="one.csv", metadata={"topic": "law"}, group="doc 1"))
    for text, says in (
        ("source=two.csv", "There are: one.csv"),
        ("metadata.topic=tax", "There are: law"),
        ("metadata.subject=law", "no field of metadata 'subject'. There are: topic"),
        ("group=doc2", "There are: doc 1"),
        ("by=anna", "There are: ana, ben, cleo, lena"),
        ("flag=rude", "no kind of flag 'rude'. There are: any, "),
        ("rated.charm=1..2", "no dimension 'charm'"),
        ("check=smell", "no check 'smell'. There are: any, duplicate"),
    ):
        with pytest.raises(InputError, match=says):
            numbers(desk_room, text)


def test_a_name_of_metadata_that_is_a_path_elsewhere_is_refused_in_words(desk_room: Desk) -> None:
    with pytest.raises(InputError, match=r"begin with \$ or /"):
        numbers(desk_room, "metadata.$x=1")
