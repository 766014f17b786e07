"""The example project's files: whole, in keeping with each other, and with nobody's real data in them."""

import json
import re
from collections import Counter
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hone.labeling import opinions
from hone.labeling.files import importing
from hone.platform import example_opinions, example_project
from hone.platform.example_opinions import recorded_choice
from hone.storage import pairs, people, projects
from hone.storage.errors import NotFound
from hone.storage.store import Cursor, Store

Row = dict[str, Any]
MAIL = re.compile(r"[\w.+-]+@[\w.-]+\w")
PHONE = re.compile(r"\+?\d[\d ()-]{5,}\d")


def lines(name: str) -> list[Row]:
    return [json.loads(line) for line in (example_project.FILES / name).read_text(encoding="utf-8").splitlines()]


PAIRS = {row["key"]: row for wave in (1, 2) for row in lines(f"pairs-{wave}.jsonl")}
TRUTH = {row["key"]: row for row in lines("truth.jsonl")}
REVIEWS = lines("reviews.jsonl")
KEYS = sorted(PAIRS)


def of_kind(kind: str | None) -> list[Row]:
    return [PAIRS[key] for key in KEYS if TRUTH[key]["spoilt"] == kind]


def test_two_waves_of_enough_varied_pairs() -> None:
    assert len(lines("pairs-1.jsonl")) >= 200
    assert len(lines("pairs-2.jsonl")) >= 160
    assert len({(row["instruction"], row["context"]) for row in PAIRS.values()}) >= 300
    assert len({row["context"] for row in PAIRS.values()}) >= 180


def test_nothing_in_a_pair_tells_what_was_spoilt() -> None:
    fields = {"key", "instruction", "context", "response", "group", "family", "product", "channel"}
    assert all(set(row) == fields for row in PAIRS.values())


def test_both_families_and_every_channel_are_in_both_waves() -> None:
    for wave in (1, 2):
        rows = lines(f"pairs-{wave}.jsonl")
        assert min(Counter(row["family"] for row in rows).values()) >= 0.45 * len(rows)
        assert {row["channel"] for row in rows} == {"email", "phone", "chat", "form", "letter"}


def test_a_group_is_one_customer_and_every_message_lies_in_one_group() -> None:
    names = {key: TRUTH[key]["facts"]["name"] for key in KEYS}
    by_group = {PAIRS[key]["group"]: names[key] for key in KEYS}
    assert all(by_group[PAIRS[key]["group"]] == names[key] for key in KEYS)
    assert len(by_group) == len(set(by_group.values())) >= 120


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("wrong", 0.05, 0.07), ("biased", 0.03, 0.05), ("verbose", 0.03, 0.05), ("privacy", 0.02, 0.04),
        ("truncated", 0.01, 0.03), ("duplicate", 0.005, 0.03), ("near duplicate", 0.005, 0.03), (None, 0.7, 0.85),
    ],
)  # fmt: skip
def test_it_is_as_dirty_as_planned(kind: str | None, least: float, most: float) -> None:
    assert least <= len(of_kind(kind)) / len(PAIRS) <= most


def test_an_unspoilt_answer_is_the_right_one_and_a_spoilt_one_is_not() -> None:
    for key, row in PAIRS.items():
        whole = TRUTH[key]["spoilt"] in (None, "duplicate", "near duplicate")
        assert (row["response"] == TRUTH[key]["right"]) == whole


def test_the_right_answer_can_be_read_from_the_message() -> None:
    for key, row in PAIRS.items():
        assert TRUTH[key]["facts"]["name"] in row["context"]
        assert row["product"] in row["context"].lower()


def test_addresses_and_numbers_are_of_ranges_that_nobody_has() -> None:
    for row in PAIRS.values():
        text = f"{row['context']} {row['response']}"
        assert all(found.endswith(".example") for found in MAIL.findall(text))
        assert all(re.fullmatch(r"555-01\d\d", found) for found in PHONE.findall(text))


def test_answers_hold_personal_data_only_where_it_was_planted() -> None:
    holding = {row["key"] for row in PAIRS.values() if MAIL.search(row["response"]) or PHONE.search(row["response"])}
    assert holding == {row["key"] for row in of_kind("privacy")}


def test_no_text_has_doubled_blanks_or_an_unfilled_place() -> None:
    for key, row in PAIRS.items():
        if TRUTH[key]["spoilt"] != "near duplicate":
            assert not re.search(r"  |[{}\[\]|]| \n", row["context"] + row["response"])


def test_two_different_experts_read_each_pair_that_was_read() -> None:
    for _, both in groupby(REVIEWS, key=lambda row: str(row["key"])):
        assert len({row["annotator"] for row in both}) == 2
    counts = Counter(row["key"] for row in REVIEWS)
    assert set(counts.values()) == {2}
    assert {row["annotator"] for row in REVIEWS} == set(example_project.EXPERTS)


def test_the_last_pairs_are_left_for_a_visitor() -> None:
    read = {row["key"] for row in REVIEWS}
    assert not read & {row["key"] for row in lines("pairs-2.jsonl")[-20:]}
    assert {row["key"] for row in lines("pairs-1.jsonl")} - read == {
        row["key"] for row in of_kind("duplicate") if TRUTH[row["key"]]["wave"] == 1
    }


def test_marked_words_stand_where_the_flag_says() -> None:
    flags = [(row, flag) for row in REVIEWS for flag in row["flags"]]
    assert len(flags) >= 30
    for row, flag in flags:
        assert PAIRS[row["key"]]["response"][flag["start"] : flag["end"]] == flag["quote"]


def test_flags_and_categories_are_those_of_the_example_project() -> None:
    settings = example_project.settings()
    known = {category.key: category for category in settings.taxonomy}
    for row in REVIEWS:
        assert set(row["categories"]) <= set(settings.categories)
        for flag in row["flags"]:
            assert not known[flag["category"]].protected or flag["protected_group"]


def test_experts_differ_now_and_then_and_a_few_disputes_wait() -> None:
    disputed = set()
    for key, both in groupby(REVIEWS, key=lambda row: str(row["key"])):
        one, other = both
        differ = one["decision"] != other["decision"] or one["response"] != other["response"]
        disputed |= {key} if differ and (one["decision"], other["decision"]) != ("reject", "reject") else set()
    decided = {row["key"] for row in lines("adjudications.jsonl")}
    assert 0.05 <= len(disputed) / (len(REVIEWS) / 2) <= 0.12
    assert decided < disputed
    assert 3 <= len(disputed - decided) <= 8


def test_most_of_what_was_spoilt_is_mended_by_somebody() -> None:
    for kind in ("wrong", "biased", "privacy", "unsafe"):
        keys = {row["key"] for row in of_kind(kind)} & {row["key"] for row in REVIEWS}
        touched = {row["key"] for row in REVIEWS if row["response"] or row["decision"] == "reject"}
        assert len(keys & touched) >= 0.9 * len(keys)


def test_pairs_opinions_and_decisions_go_into_a_project_whole(store: Store) -> None:
    def begin(cursor: Cursor) -> Any:
        for name, (_, roles) in example_project.people().items():
            people.add(cursor, name, roles)
        lead = people.named(cursor, example_project.LEAD[0])
        return lead, projects.create(cursor, example_project.NAME, example_project.settings(), lead)

    lead, project = store.write(begin)
    for wave in (1, 2):
        file = example_project.FILES / f"pairs-{wave}.jsonl"
        mapping = importing.guess(importing.columns(file).columns)
        importing.import_file(store, project, lead, file, mapping, strict=True)
        given = opinions.record_reviews(store, project, lead, example_opinions.reviews(wave))
        decided = opinions.record_adjudications(store, project, lead, example_opinions.adjudications(wave))
        assert given.refused == decided.refused == ()
    with store.read() as cursor:
        states = Counter(pair.state for pair in pairs.listing(cursor, project.id, limit=1000))
    assert states["approved"] >= 340
    assert 3 <= states["disputed"] <= 8
    assert states["open"] >= 20


answers = st.one_of(
    st.text(max_size=40),
    st.sampled_from(KEYS).map(lambda key: str(PAIRS[key]["response"])),
    st.sampled_from(KEYS).map(lambda key: str(TRUTH[key]["right"])),
)


@given(st.sampled_from(sorted(example_project.REVIEWERS)), st.sampled_from(KEYS), answers, answers)
@settings(max_examples=300, deadline=None)
def test_swapping_the_sides_swaps_the_choice_and_nothing_else(judge: str, key: str, one: str, other: str) -> None:
    asked = PAIRS[key]["instruction"], PAIRS[key]["context"]
    there, back = recorded_choice(judge, *asked, one, other), recorded_choice(judge, *asked, other, one)
    swapped = {"left": "right", "right": "left"}
    assert back == {**there, "choice": swapped.get(there["choice"], there["choice"])}


@pytest.mark.parametrize("judge", sorted(example_project.REVIEWERS))
def test_reviewers_nearly_always_prefer_the_right_answer_to_one_for_another_message(judge: str) -> None:
    preferred = [
        recorded_choice(
            judge, PAIRS[key]["instruction"], PAIRS[key]["context"], TRUTH[key]["right"], "Dear you, hello."
        )
        for key in KEYS
    ]
    assert sum(choice["choice"] == "left" for choice in preferred) / len(KEYS) >= 0.9


def test_two_useless_answers_are_both_bad_and_two_equal_ones_a_tie() -> None:
    row = PAIRS[KEYS[0]]
    asked = row["instruction"], row["context"]
    assert recorded_choice("emil", *asked, "from", "From")["choice"] == "both_bad"
    assert recorded_choice("emil", *asked, TRUTH[KEYS[0]]["right"], TRUTH[KEYS[0]]["right"])["choice"] == "tie"


def test_an_unknown_reviewer_or_pair_is_named() -> None:
    row = PAIRS[KEYS[0]]
    with pytest.raises(NotFound, match="dora, emil"):
        recorded_choice("zoe", row["instruction"], row["context"], "", "")
    with pytest.raises(NotFound, match="no pair of the example"):
        recorded_choice("dora", "What?", "", "", "")
