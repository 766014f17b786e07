"""A filter names pairs by where they stand, what they are, and what was said and found about them."""

import json
from datetime import timedelta

import pytest
from factories import opinion

from hone.storage import pairs, slices
from hone.storage.errors import InputError
from hone.storage.filters import PairFilter
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id, now
from hone.storage.reviews import NewFlag, add
from hone.storage.store import Store, insert


@pytest.fixture
def ids(store: Store, project: Project, lead: Person) -> list[str]:
    new = [
        NewPair(
            instruction=f"Explain clause {n}.",
            response="Late payment costs more." if n == 2 else "You may leave.",
            source="a.csv" if n < 3 else "b.csv",
            group=f"doc {n % 2}",
            metadata={"topic": "law" if n % 2 else "tax", "a b": str(n)},
        )
        for n in range(1, 5)
    ]
    return store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id))


def found(store: Store, project: Project, **wanted: object) -> list[int]:
    chosen = PairFilter.model_validate(wanted)
    with store.read() as cursor:
        listed = [pair.number for pair in pairs.listing(cursor, project.id, chosen)]
        assert pairs.count(cursor, project.id, chosen) == len(listed) == len(pairs.ids(cursor, project.id, chosen))
    return listed


def test_by_words_source_group_and_metadata(store: Store, project: Project, ids: list[str]) -> None:
    assert found(store, project) == [1, 2, 3, 4]
    assert found(store, project, contains="late PAYMENT") == [2]
    assert found(store, project, source="b.csv", group="doc 1") == [3]
    assert found(store, project, metadata={"topic": "law"}) == [1, 3]
    assert found(store, project, metadata={"topic": "law", "a b": "3"}) == [3]
    assert found(store, project, metadata={"gone": "x"}) == []


def test_a_page_goes_on_after_a_number_and_keeps_the_filter(store: Store, project: Project, ids: list[str]) -> None:
    law = PairFilter(metadata={"topic": "law"})
    with store.read() as cursor:
        assert [pair.number for pair in pairs.listing(cursor, project.id, law, after=1, limit=1)] == [3]


def test_gold_pairs_are_there_only_for_who_asks(store: Store, project: Project, ids: list[str]) -> None:
    store.write(lambda cursor: cursor.execute("update pair set kind = 'gold' where id = ?", [ids[0]]))
    assert found(store, project) == [2, 3, 4]
    assert found(store, project, kind="gold") == [1]


def test_by_state_with_its_counts(store: Store, project: Project, ids: list[str]) -> None:
    store.write(lambda cursor: cursor.execute("update pair set state = 'rejected' where id = ?", [ids[1]]))
    assert found(store, project, states=("rejected",)) == [2]
    with store.read() as cursor:
        counted = pairs.counts(cursor, project.id, PairFilter(source="a.csv"))
    assert (counted["open"], counted["rejected"], counted["approved"]) == (1, 1, 0)


def test_by_findings_and_a_pair_that_nobody_checked_is_never_called_free_of_one(
    store: Store, project: Project, ids: list[str]
) -> None:
    def check(pair_id: str, kinds: str) -> None:
        store.write(lambda cursor: cursor.execute("update pair set checks = ? where id = ?", [kinds, pair_id]))

    check(ids[0], " near_duplicate ")
    check(ids[1], " duplicate secret ")
    check(ids[2], "")
    assert found(store, project, checks=("duplicate",)) == [2]
    assert found(store, project, checks=("any",)) == [1, 2]
    assert found(store, project, without_checks=("duplicate",)) == [1, 3]
    with store.read() as cursor:
        assert slices.checks(cursor, project.id) == {"near_duplicate": 1, "duplicate": 1, "secret": 1}
        assert slices.unchecked(cursor, project.id) == 1


def test_by_who_said_it_what_scores_they_gave_and_when(
    store: Store, project: Project, ids: list[str], ana: Person, ben: Person
) -> None:
    moment = now()
    for place, person, score in ((0, ana, 2), (0, ben, 3), (1, ana, 5)):
        when = moment - timedelta(days=place)
        store.write(
            lambda cursor, i=place, p=person, s=score, w=when: opinion(  # type: ignore[misc]
                cursor, ids[i], p, ratings={"accuracy": s}, created_at=w
            )
        )
    assert found(store, project, annotator="ana") == [1, 2]
    assert found(store, project, annotator="ben") == [1]
    assert found(store, project, rated={"accuracy": (2, 2.5)}) == [1]
    assert found(store, project, rated={"accuracy": (1, 5)}) == [1, 2]
    assert found(store, project, since=moment) == [1]
    assert found(store, project, until=moment) == [2]


def test_by_flags_and_whether_somebody_resolved_them(
    store: Store, project: Project, ids: list[str], ana: Person, lead: Person
) -> None:
    mark = NewFlag(category="gender", severity=2, field="response", start=0, end=3, quote="You")

    def flagged(pair_id: str) -> str:
        review = store.write(lambda cursor: opinion(cursor, pair_id, ana))
        return store.write(lambda cursor: add(cursor, review.model_copy(update=_again()), [mark])[0].id)

    flagged(ids[0])
    settled = flagged(ids[2])
    row = {
        "id": new_id(),
        "flag_id": settled,
        "pair_id": ids[2],
        "person_id": lead.id,
        "outcome": "accepted",
        "reason": "fine",
    }
    store.write(lambda cursor: insert(cursor, "flag_resolution", {**row, "request_key": new_id(), "created_at": now()}))
    assert found(store, project, flagged="any") == [1, 3]
    assert found(store, project, flagged="age") == []
    assert found(store, project, flags_resolved=True) == [2, 3, 4]
    assert found(store, project, flagged="gender", flags_resolved=True) == [3]


def _again() -> dict[str, str]:
    return {"id": new_id(), "request_key": new_id()}


def test_slices_count_their_values_under_a_filter(store: Store, project: Project, ids: list[str]) -> None:
    with store.read() as cursor:
        assert slices.fields(cursor, project.id) == ["a b", "topic"]
        topics = slices.values(cursor, project.id, "metadata.topic", PairFilter(source="b.csv"))
        assert [(each.value, each.pairs) for each in topics] == [("law", 1), ("tax", 1)]
        assert [each.value for each in slices.values(cursor, project.id, "group", limit=1)] == ["doc 0"]
        assert slices.has(cursor, project.id, "source", "a.csv")
        with pytest.raises(InputError, match=r"state, source, group, metadata\.NAME"):
            slices.values(cursor, project.id, "topic")


def test_metadata_with_quotes_and_other_scripts_is_found(store: Store, project: Project, lead: Person) -> None:
    odd = {'say "it"': "naïve\n“yes”", "税": "法", "a.b": json.dumps({"x": 1})}
    new = [NewPair(instruction="Odd.", metadata=odd)]
    store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id))
    assert found(store, project, metadata=odd) == [1]
