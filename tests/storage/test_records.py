"""Ids sort by time, hashes tell their parts apart, and the audit chain shows every tampering."""

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.storage import audit
from hone.storage.people import Person
from hone.storage.records import canonical, new_id, sha256
from hone.storage.store import Store


def test_ids_are_version_7_and_all_differ() -> None:
    ids = [new_id() for _ in range(2000)]
    assert len(set(ids)) == 2000
    assert {made[14] for made in ids} == {"7"}
    assert {made[19] for made in ids} <= set("89ab")
    assert [made[:13] for made in ids] == sorted(made[:13] for made in ids)


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_a_hash_tells_the_same_letters_in_other_parts_apart(one: list[str], other: list[str]) -> None:
    assert (sha256(*one) == sha256(*other)) == (one == other)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans()))
def test_the_canonical_text_does_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical(value) == canonical(backwards)
    assert json.loads(canonical(value)) == value


def test_nan_has_no_canonical_text() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"x": float("nan")})


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("update audit set act = 'nothing' where seq = 3", 3),
        ("delete from audit where seq = 2", 3),
        ("update audit set person_id = 'x' where seq = 1", 1),
    ],
)
def test_the_audit_chain_shows_what_was_changed(store: Store, lead: Person, tampering: str, broken: int) -> None:
    for number in range(4):
        store.write(partial(audit.record, person_id=lead.id, act="test", subject=f"subject {number}"))
    with store.read() as cursor:
        assert audit.first_broken(cursor) is None
    store.write(lambda cursor: cursor.execute(tampering))
    with store.read() as cursor:
        assert audit.first_broken(cursor) == broken
