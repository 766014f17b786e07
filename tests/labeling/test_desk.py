"""The review desk: one pair at a time, leased; what is said is stored whole, once, and can be taken back."""

from datetime import timedelta
from typing import Any

import pytest
from deskwork import Desk

from hone.labeling import desk
from hone.labeling.desk import Draft, Opinion
from hone.labeling.feed import send_pairs
from hone.labeling.spans import mark
from hone.storage import pairs, queue, reviews
from hone.storage.errors import Conflict, Forbidden, InputError
from hone.storage.pairs import NewPair


def test_an_expert_gets_one_pair_and_keeps_it_until_they_submit(desk_room: Desk) -> None:
    desk_room.fill(3)
    first, again = desk_room.next(desk_room.ana), desk_room.next(desk_room.ana)
    assert first.pair == again.pair
    assert first.lease == again.lease
    desk_room.say(desk_room.ana)
    after = desk_room.next(desk_room.ana)
    assert after.pair is not None
    assert after.pair.number == 2
    assert (after.done, after.waiting) == (1, 2)


def test_an_empty_desk_says_so(desk_room: Desk) -> None:
    view = desk_room.next(desk_room.ana)
    assert (view.pair, view.lease, view.revision, view.done, view.waiting, view.last) == (None, None, None, 0, 0, None)


def test_a_reviewer_has_no_desk(desk_room: Desk) -> None:
    with pytest.raises(Forbidden, match="needs expert"):
        desk_room.next(desk_room.lead)


def test_no_more_people_hold_a_pair_than_opinions_are_wanted(desk_room: Desk) -> None:
    desk_room.fill(1)
    assert desk_room.next(desk_room.ana).pair is not None
    assert desk_room.next(desk_room.ben).pair is not None
    waiting = desk_room.next(desk_room.cleo)
    assert waiting.pair is None
    assert waiting.waiting == 1  # with others just now


def test_an_edit_becomes_a_revision_with_its_words_counted(desk_room: Desk) -> None:
    desk_room.add(NewPair(instruction="Greet", response="Hello dear friend"))
    review = desk_room.say(desk_room.ana, response="Hello old friend of mine  \n")
    with desk_room.store.read() as cursor:
        made = pairs.revision(cursor, review.revision_id)
    assert made.parent_id == review.seen_revision
    assert made.response == "Hello old friend of mine"
    assert (made.words_added, made.words_removed) == (3, 1)
    assert made.author_id == desk_room.ana.id


@pytest.mark.parametrize("same", ["Hello\nthere", "Hello\r\nthere", "Hello\nthere \n"])
def test_editing_back_to_the_original_makes_no_revision(desk_room: Desk, same: str) -> None:
    desk_room.add(NewPair(instruction="Greet", response="Hello\nthere"))
    review = desk_room.say(desk_room.ana, response=same)
    assert review.revision_id == review.seen_revision


def test_the_same_request_twice_is_one_review(desk_room: Desk) -> None:
    desk_room.fill(1)
    token = _token(desk_room)
    args = (desk_room.store, desk_room.project, desk_room.ana, token)
    first = desk.submit(*args, Opinion(decision="approve"), "the key")
    again = desk.submit(*args, Opinion(decision="reject"), "the key")
    assert again == first
    with desk_room.store.read() as cursor:
        assert len(reviews.current(cursor, first.pair_id)) == 1


def test_a_request_key_of_somebody_else_is_refused(desk_room: Desk) -> None:
    desk_room.fill(1)
    desk.submit(
        desk_room.store, desk_room.project, desk_room.ana, _token(desk_room), Opinion(decision="approve"), "the key"
    )
    with pytest.raises(Conflict, match="somebody else"):
        desk.submit(desk_room.store, desk_room.project, desk_room.ben, "any", Opinion(decision="approve"), "the key")


def test_ratings_flags_categories_and_note_are_stored_with_the_review(desk_room: Desk) -> None:
    text = "Nurses are women, doctors are men."
    [pair_id] = desk_room.add(NewPair(instruction="Describe a hospital", response=text))
    flag = mark(text, "stereotype", "Nurses are women", protected_group="women", severity=3)
    review = desk_room.say(
        desk_room.ana, "reject", ratings={"accuracy": 2}, flags=(flag,), categories=("tone",), note="No.", seconds=12.5
    )
    with desk_room.store.read() as cursor:
        [stored] = reviews.flags(cursor, [pair_id])
    assert (stored.start, stored.end, stored.severity, stored.review_id) == (0, 16, 3, review.id)
    assert (review.ratings, review.categories, review.note, review.seconds) == ({"accuracy": 2}, ("tone",), "No.", 12.5)


def test_words_that_the_expert_flagged_and_mended_may_be_flagged(desk_room: Desk) -> None:
    text = "Call Mr Ott at 030 123."
    desk_room.add(NewPair(instruction="How do I complain?", response=text))
    flag = mark(text, "personal_data", "Mr Ott at 030 123")
    review = desk_room.say(desk_room.ana, response="Call the office.", flags=(flag,))
    assert review.decision == "approve"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"ratings": {"charm": 3}}, "'charm' is not in the rubric. There are: accuracy, tone, completeness"),
    ({"ratings": {"tone": 6}}, "tone cannot be 6: use 1, 2, 3, 4, 5"),
    ({"categories": ("boring",)}, "'boring' is no error category here"),
    ({"response": " \n"}, "empty response cannot be approved"),
    ({"response": "a\x00b"}, "NUL byte"),
    ({"response": "a" * 100_001}, "100,001 characters; the limit is 100,000"),
    ({"response": "a\ud800"}, "not UTF-8"),
    ({"note": "a" * 5_001}, "note has 5,001 characters"),
    ({"flags": (mark("plain answer", "rude", "plain"),)}, "'rude' is no kind of flag here"),
    ({"flags": (mark("plain answer", "one_sided", "plain", severity=4),)}, "severity cannot be 4"),
    ({"flags": (mark("plain answer", "stereotype", "plain"),)}, "must name the group"),
    ({"flags": (mark("x plain answer", "one_sided", "plain"),)}, "are not at 2 to 7 of the response"),
]


@pytest.mark.parametrize(("said", "why"), BAD, ids=[why for _, why in BAD])
def test_what_is_not_allowed_is_refused_by_name_and_nothing_is_stored(
    desk_room: Desk, said: dict[str, Any], why: str
) -> None:
    [pair_id] = desk_room.add(NewPair(instruction="Answer", response="plain answer"))
    with pytest.raises(InputError, match=why):
        desk_room.say(desk_room.ana, **said)
    with desk_room.store.read() as cursor:
        assert reviews.current(cursor, pair_id) == []
        assert len(pairs.revisions(cursor, pair_id)) == 1
    assert desk_room.next(desk_room.ana).pair is not None  # the lease is still there


def test_a_skipped_pair_counts_as_nothing_and_does_not_come_back_in_the_round(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    desk_room.say(desk_room.ana, "skip")
    assert desk_room.next(desk_room.ana).pair is None
    assert desk_room.pair(pair_id).done == 0
    send_pairs(desk_room.store, desk_room.project, desk_room.lead, [pair_id], "look again")
    assert desk_room.next(desk_room.ben).pair is not None


def test_a_draft_waits_for_the_expert_and_goes_with_the_submit(desk_room: Desk) -> None:
    desk_room.fill(2)
    args = (desk_room.store, desk_room.project, desk_room.ana, _token(desk_room))
    draft = Draft(response="half a sen", ratings={"tone": 2}, note="check")
    desk.save_draft(*args, draft)
    desk.leave(*args)
    assert desk_room.next(desk_room.ana).draft == draft
    review = desk_room.say(desk_room.ana)
    with desk_room.store.read() as cursor:
        assert reviews.draft(cursor, desk_room.ana.id, review.pair_id) is None


def test_a_pair_that_was_left_goes_to_the_next_expert(desk_room: Desk) -> None:
    desk_room.fill(1)
    desk_room.next(desk_room.ben)
    desk.leave(desk_room.store, desk_room.project, desk_room.ana, _token(desk_room))
    assert desk_room.next(desk_room.cleo).pair is not None


def test_a_lease_is_renewed_while_the_page_is_open(desk_room: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk_room.fill(1)
    token = _expired_token(desk_room, monkeypatch)
    renewed = desk.keep_lease(desk_room.store, desk_room.project, desk_room.ana, token)
    view = desk_room.next(desk_room.ana)
    assert view.lease is not None
    assert view.lease.token == token
    assert view.lease.expires_at == renewed.expires_at


def test_an_expired_lease_still_submits_while_the_pair_is_free(
    desk_room: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk_room.fill(1)
    token = _expired_token(desk_room, monkeypatch)
    review = desk.submit(
        desk_room.store, desk_room.project, desk_room.ana, token, Opinion(decision="approve"), desk_room.key()
    )
    assert review.person_id == desk_room.ana.id


def test_a_cleared_lease_still_submits_when_the_pair_is_named_and_free(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    token = _token(desk_room)
    desk.leave(desk_room.store, desk_room.project, desk_room.ana, token)
    args = (desk_room.store, desk_room.project, desk_room.ana, token, Opinion(decision="approve"))
    with pytest.raises(Conflict, match="no longer yours"):
        desk.submit(*args, desk_room.key())
    assert desk.submit(*args, desk_room.key(), pair_id=pair_id).pair_id == pair_id


def test_a_lost_lease_does_not_exceed_the_overlap(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    token = _token(desk_room)
    desk.leave(desk_room.store, desk_room.project, desk_room.ana, token)
    desk_room.next(desk_room.ben)
    desk_room.next(desk_room.cleo)
    with pytest.raises(Conflict, match="as many others"):
        desk.submit(
            desk_room.store,
            desk_room.project,
            desk_room.ana,
            token,
            Opinion(decision="approve"),
            desk_room.key(),
            pair_id=pair_id,
        )


def test_undo_gives_the_pair_back_with_what_was_said_as_a_draft(desk_room: Desk) -> None:
    [first, _] = desk_room.fill(2)
    desk_room.say(desk_room.ana, response="Better", ratings={"tone": 4}, note="why")
    desk_room.next(desk_room.ana)  # the page has taken the second pair already
    undone = desk_room.undo(desk_room.ana)
    assert undone is not None
    assert undone.decision == "undo"
    view = desk_room.next(desk_room.ana)
    assert view.pair is not None
    assert view.pair.id == first
    assert (view.pair.done, view.done) == (0, 0)
    assert view.draft == Draft(response="Better", ratings={"tone": 4}, note="why")


def test_after_an_undo_the_expert_may_say_something_else(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    desk_room.say(desk_room.ana)
    desk_room.undo(desk_room.ana)
    desk_room.say(desk_room.ana, "reject")
    desk_room.say(desk_room.ben, "reject")
    assert desk_room.pair(pair_id).state == "rejected"


def test_undo_takes_back_one_opinion_after_the_other(desk_room: Desk) -> None:
    desk_room.fill(2)
    said = [desk_room.say(desk_room.ana), desk_room.say(desk_room.ana)]
    undone = [desk_room.undo(desk_room.ana), desk_room.undo(desk_room.ana)]
    assert [one.undoes for one in undone if one] == [said[1].id, said[0].id]
    assert desk_room.undo(desk_room.ana) is None


def test_the_same_undo_twice_takes_back_one_opinion(desk_room: Desk) -> None:
    desk_room.fill(2)
    desk_room.say(desk_room.ana)
    desk_room.say(desk_room.ana)
    args = (desk_room.store, desk_room.project, desk_room.ana, "undo key")
    assert desk.undo(*args) == desk.undo(*args)
    assert desk_room.next(desk_room.ana).done == 1


def test_undo_reopens_a_pair_that_was_settled(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    desk_room.approve("#1")
    assert desk_room.pair(pair_id).state == "approved"
    desk_room.undo(desk_room.ben)
    pair = desk_room.pair(pair_id)
    assert (pair.state, pair.done, pair.approved_revision) == ("open", 1, None)


def test_undo_is_refused_once_the_pair_is_in_another_round(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    desk_room.all_approve()
    send_pairs(desk_room.store, desk_room.project, desk_room.lead, [pair_id], "look again")
    with pytest.raises(Conflict, match="another round"):
        desk_room.undo(desk_room.ana)


def test_undo_of_a_skip_is_refused_when_the_pair_is_with_others(desk_room: Desk) -> None:
    desk_room.fill(1)
    desk_room.say(desk_room.ana, "skip")
    desk_room.next(desk_room.ben)
    desk_room.next(desk_room.cleo)
    with pytest.raises(Conflict, match="after you skipped it"):
        desk_room.undo(desk_room.ana)


def test_a_new_round_starts_from_the_text_that_was_approved(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    for expert in (desk_room.ana, desk_room.ben):
        desk_room.say(expert, response="The better text")
    send_pairs(desk_room.store, desk_room.project, desk_room.lead, [pair_id], "weak slice")
    view = desk_room.next(desk_room.cleo)
    assert view.revision is not None
    assert view.revision.response == "The better text"
    assert view.why == "weak slice"
    desk_room.say(desk_room.cleo, response="Another text")
    again = desk_room.next(desk_room.ana)
    assert again.revision == view.revision  # blind to what Cleo wrote


def test_a_text_that_the_expert_has_not_read_is_not_approved(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    view = desk_room.next(desk_room.cleo)
    assert view.lease is not None
    assert view.revision is not None
    desk.leave(desk_room.store, desk_room.project, desk_room.cleo, view.lease.token)
    for expert in (desk_room.ana, desk_room.ben):
        desk_room.say(expert, response="Another text")
    send_pairs(desk_room.store, desk_room.project, desk_room.lead, [pair_id], "weak slice")
    args = (desk_room.store, desk_room.project, desk_room.cleo, view.lease.token, Opinion(decision="approve"))
    with pytest.raises(Conflict, match="Read it again"):
        desk.submit(*args, desk_room.key(), pair_id=pair_id, seen=view.revision.id)
    assert desk_room.pair(pair_id).done == 0


def _token(room: Desk) -> str:
    lease = room.next(room.ana).lease
    assert lease is not None
    return lease.token


def _expired_token(room: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ana's lease, of which the time is over already, and nobody has cleared it away."""
    with monkeypatch.context() as patch:
        patch.setattr(queue, "LEASE", timedelta(0))
        return _token(room)
