"""Where a pair stands: as soon as enough opinions coincide, and not before."""

from itertools import pairwise
from typing import Literal

from deskwork import Desk
from hypothesis import given
from hypothesis import strategies as st

from hone.labeling import desk
from hone.labeling.desk import Opinion
from hone.labeling.standing import Standing, standing
from hone.storage import projects
from hone.storage.records import new_id, now
from hone.storage.reviews import Adjudication, Decision, Review

TEXTS = {"a": "Same text", "b": "Same text \n", "c": "Other text"}


def said(decision: Decision, revision: str = "a") -> Review:
    return Review(
        id=new_id(),
        pair_id="pair",
        round=1,
        person_id="somebody",
        seen_revision="a",
        revision_id=revision,
        decision=decision,
        ratings={},
        project_version=1,
        source="page",
        request_key=new_id(),
        created_at=now(),
    )


def decided(decision: Literal["approve", "reject"], revision: str = "c") -> Adjudication:
    return Adjudication(
        id=new_id(),
        pair_id="pair",
        round=1,
        person_id="lead",
        reviews=(),
        decision=decision,
        revision_id=revision,
        reason="",
        source="page",
        request_key=new_id(),
        created_at=now(),
    )


def stand(*given: Review, overlap: int = 2, agree: int = 2, ended: Adjudication | None = None) -> Standing:
    return standing(given, ended, overlap, agree, TEXTS)


def test_nothing_said_is_open() -> None:
    assert stand() == Standing(state="open", done=0)


def test_one_of_two_opinions_is_open() -> None:
    assert stand(said("approve")) == Standing(state="open", done=1)


def test_two_approvals_of_one_text_approve_it() -> None:
    assert stand(said("approve"), said("approve")) == Standing(state="approved", done=2, approved_revision="a")


def test_two_who_wrote_the_same_words_agree_and_the_first_ones_revision_counts() -> None:
    assert stand(said("approve", "b"), said("approve", "a")).approved_revision == "b"


def test_two_approvals_of_different_texts_are_disputed() -> None:
    assert stand(said("approve", "a"), said("approve", "c")) == Standing(state="disputed", done=2)


def test_approval_and_rejection_are_disputed() -> None:
    assert stand(said("approve"), said("reject")).state == "disputed"


def test_two_rejections_reject_whatever_the_texts() -> None:
    assert stand(said("reject", "a"), said("reject", "c")) == Standing(state="rejected", done=2)


def test_a_skip_counts_as_nothing() -> None:
    assert stand(said("skip"), said("approve")) == Standing(state="open", done=1)


def test_two_of_three_decide_and_the_third_changes_nothing() -> None:
    two = (said("approve"), said("approve"))
    assert stand(*two, overlap=3).state == "approved"
    assert stand(*two, said("reject"), overlap=3) == Standing(state="approved", done=3, approved_revision="a")
    assert stand(said("reject"), *two, overlap=3).state == "approved"


def test_when_one_is_enough_the_first_one_decides() -> None:
    assert stand(said("reject"), said("approve"), agree=1).state == "rejected"


def test_a_leads_decision_ends_the_round() -> None:
    differ = (said("approve"), said("reject"))
    assert stand(*differ, ended=decided("approve")) == Standing(state="approved", done=2, approved_revision="c")
    assert stand(*differ, ended=decided("reject")) == Standing(state="rejected", done=2)


@given(
    st.lists(st.tuples(st.sampled_from(["approve", "reject", "skip"]), st.sampled_from("abc")), max_size=8),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_what_is_settled_stays_settled_as_opinions_come_in(
    opinions: list[tuple[Decision, str]], overlap: int, agree: int
) -> None:
    given = [said(*opinion) for opinion in opinions]
    states = [stand(*given[:n], overlap=overlap, agree=agree) for n in range(len(given) + 1)]
    for before, after in pairwise(states):
        if before.state in ("approved", "rejected"):
            assert (after.state, after.approved_revision) == (before.state, before.approved_revision)


def test_an_opinion_that_was_on_its_way_when_two_others_agreed_is_kept(desk_room: Desk) -> None:
    wider = desk_room.project.settings.model_copy(update={"overlap": 3})
    desk_room.project = desk_room.store.write(
        lambda cursor: projects.change(cursor, desk_room.project, wider, desk_room.lead)
    )
    [pair_id] = desk_room.fill(1)
    late = desk_room.next(desk_room.cleo)
    desk_room.all_approve()
    assert desk_room.pair(pair_id).state == "approved"
    assert late.lease is not None
    opinion = Opinion(decision="reject")
    desk.submit(desk_room.store, desk_room.project, desk_room.cleo, late.lease.token, opinion, "late")
    pair = desk_room.pair(pair_id)
    assert (pair.state, pair.done) == ("approved", 3)
