"""Where experts differ a lead decides, without knowing who said what."""

import pytest
from deskwork import Desk

from hone.labeling import adjudication, sending_back, standing
from hone.labeling.adjudication import Dispute, Version
from hone.labeling.batches import freezing as batches
from hone.labeling.spans import mark
from hone.storage import pairs
from hone.storage.errors import Conflict, Forbidden, InputError
from hone.storage.reviews import Adjudication


def disputed(room: Desk, ana: str = "Ana's text", ben: str = "Ben's text") -> Dispute:
    room.fill(1)
    room.say(room.ana, response=ana, note="shorter")
    room.say(room.ben, response=ben, ratings={"tone": 5})
    [dispute] = adjudication.disputes(room.store, room.project, room.lead)
    return dispute


def decide(room: Desk, dispute: Dispute, decision: str = "approve", **more: str) -> Adjudication:
    more.setdefault("request_key", room.key())
    said = "approve" if decision == "approve" else "reject"
    return adjudication.decide(room.store, room.project, room.lead, dispute.pair.id, said, **more)  # type: ignore[arg-type]


def by_text(dispute: Dispute, text: str) -> Version:
    return next(version for version in dispute.versions if version.response == text)


def test_two_who_differ_make_a_dispute_with_a_version_for_each(desk_room: Desk) -> None:
    dispute = disputed(desk_room)
    assert [version.label for version in dispute.versions] == ["A", "B"]
    assert by_text(dispute, "Ana's text").note == "shorter"
    assert by_text(dispute, "Ben's text").ratings == {"tone": 5}
    assert all(version.edited for version in dispute.versions)


def test_a_dispute_tells_nobodys_name(desk_room: Desk) -> None:
    said = disputed(desk_room).model_dump_json()
    for person in (desk_room.ana, desk_room.ben):
        assert person.id not in said
        assert f'"{person.name}"' not in said


def test_the_letters_do_not_follow_who_came_first(desk_room: Desk) -> None:
    desk_room.fill(24)
    for number in range(24):
        desk_room.say(desk_room.ana, response=f"Ana {number}")
        desk_room.say(desk_room.ben, response=f"Ben {number}")
    found = adjudication.disputes(desk_room.store, desk_room.project, desk_room.lead)
    first = {dispute.versions[0].response.split()[0] for dispute in found}
    assert first == {"Ana", "Ben"}
    again = adjudication.disputes(desk_room.store, desk_room.project, desk_room.lead)
    assert again == found


def test_the_version_that_a_lead_picks_is_what_the_batch_holds(desk_room: Desk) -> None:
    dispute = disputed(desk_room)
    pick = by_text(dispute, "Ben's text")
    decide(desk_room, dispute, version=pick.label, reason="clearer")
    assert desk_room.approved_text(dispute.pair.id) == "Ben's text"
    desk_room.fill(5)
    desk_room.all_approve()
    batch = batches.freeze(desk_room.store, desk_room.project, desk_room.lead)
    rows = [row for split in batches.rows_by_split(desk_room.store, batch).values() for row in split]
    [row] = [row for row in rows if row.pair_id == dispute.pair.id]
    assert (row.response, row.approvers) == ("Ben's text", ("ben", "lena"))


def test_a_lead_may_write_another_text(desk_room: Desk) -> None:
    dispute = disputed(desk_room)
    decided = decide(desk_room, dispute, response="A third text \n")
    assert desk_room.approved_text(dispute.pair.id) == "A third text"
    with desk_room.store.read() as cursor:
        assert pairs.revision(cursor, decided.revision_id).author_id == desk_room.lead.id
    assert len(decided.reviews) == 2


def test_a_text_that_an_expert_wrote_stays_that_experts(desk_room: Desk) -> None:
    dispute = disputed(desk_room)
    decided = decide(desk_room, dispute, response="Ana's text")
    with desk_room.store.read() as cursor:
        assert pairs.revision(cursor, decided.revision_id).author_id == desk_room.ana.id


def test_a_lead_may_reject_the_pair(desk_room: Desk) -> None:
    dispute = disputed(desk_room)
    decide(desk_room, dispute, "reject")
    assert desk_room.pair(dispute.pair.id).state == "rejected"
    assert adjudication.disputes(desk_room.store, desk_room.project, desk_room.lead) == []


def test_the_same_request_twice_is_one_decision(desk_room: Desk) -> None:
    dispute = disputed(desk_room)
    first = decide(desk_room, dispute, version="A", request_key="one")
    assert decide(desk_room, dispute, version="B", request_key="one") == first


def test_what_is_decided_is_decided(desk_room: Desk) -> None:
    dispute = disputed(desk_room)
    decide(desk_room, dispute, version="A")
    with pytest.raises(Conflict, match="is approved, not disputed"):
        decide(desk_room, dispute, version="B")
    with pytest.raises(Conflict, match="a lead has decided"):
        desk_room.undo(desk_room.ana)


def test_an_expert_who_takes_back_their_opinion_ends_the_dispute(desk_room: Desk) -> None:
    dispute = disputed(desk_room)
    desk_room.undo(desk_room.ben)
    assert adjudication.disputes(desk_room.store, desk_room.project, desk_room.lead) == []
    desk_room.say(desk_room.ben, response="Ana's text")
    assert desk_room.approved_text(dispute.pair.id) == "Ana's text"


@pytest.mark.parametrize(
    ("decision", "said", "why"),
    [
        ("approve", {"version": "C"}, "no version 'C'. There are: A, B"),
        ("approve", {}, "either a version"),
        ("approve", {"version": "A", "response": "x"}, "not both"),
        ("approve", {"response": " "}, "empty response cannot be approved"),
        ("reject", {"version": "A"}, "takes no version"),
    ],
)
def test_a_decision_that_does_not_say_which_text_is_refused(
    desk_room: Desk, decision: str, said: dict[str, str], why: str
) -> None:
    dispute = disputed(desk_room)
    with pytest.raises(InputError, match=why):
        decide(desk_room, dispute, decision, **said)
    assert desk_room.pair(dispute.pair.id).state == "disputed"


def test_flags_stay_in_sight_with_whether_their_words_remain(desk_room: Desk) -> None:
    [pair_id] = desk_room.fill(1)
    with desk_room.store.read() as cursor:
        text = pairs.get(cursor, pair_id).response
    flag = mark(text, "one_sided", text[:7])
    desk_room.say(desk_room.ana, response="A mended text", flags=(flag,))
    desk_room.say(desk_room.ben, flags=(flag,))
    [dispute] = adjudication.disputes(desk_room.store, desk_room.project, desk_room.lead)
    assert {version.edited: version.flags[0].remains for version in dispute.versions} == {True: False, False: True}


def test_experts_do_not_adjudicate(desk_room: Desk) -> None:
    dispute = disputed(desk_room)
    with pytest.raises(Forbidden):
        adjudication.disputes(desk_room.store, desk_room.project, desk_room.ana)
    with pytest.raises(Forbidden):
        adjudication.decide(
            desk_room.store, desk_room.project, desk_room.ana, dispute.pair.id, "reject", request_key="x"
        )


def test_one_dispute_after_the_other_can_be_read_without_the_others(desk_room: Desk) -> None:
    desk_room.fill(3)
    for _ in range(3):
        desk_room.say(desk_room.ana, response="Ana's text")
        desk_room.say(desk_room.ben, response="Ben's text")
    asked = (desk_room.store, desk_room.project, desk_room.lead)
    found = [adjudication.disputes(*asked, limit=1, skip=skip)[0].pair.number for skip in range(3)]
    assert found == [1, 2, 3]
    assert adjudication.disputes(*asked, limit=1, skip=3) == []
    assert adjudication.waits(*asked).disputed == 3


def signed_off(room: Desk) -> Dispute:
    """Ana and Ben agree on a text in a project that asks for a lead's word."""
    settings = room.project.settings.model_copy(update={"sign_off": True})
    room.project = room.store.write(lambda cursor: standing.change_settings(cursor, room.project, settings, room.lead))
    room.fill(1)
    room.say(room.ana, response="Agreed text")
    room.say(room.ben, response="Agreed text ")
    [dispute] = adjudication.disputes(room.store, room.project, room.lead, "agreed")
    return dispute


def test_what_experts_agree_on_waits_for_a_lead_where_the_project_says_so(desk_room: Desk) -> None:
    dispute = signed_off(desk_room)
    waits = adjudication.waits(desk_room.store, desk_room.project, desk_room.lead)
    assert (waits.disputed, waits.agreed, dispute.pair.state) == (0, 1, "agreed")
    assert dispute.agreed is not None
    decide(desk_room, dispute, version=dispute.agreed, reason="")
    assert desk_room.approved_text(dispute.pair.id) == "Agreed text"


def test_a_lead_may_edit_or_reject_what_experts_agree_on(desk_room: Desk) -> None:
    dispute = signed_off(desk_room)
    decide(desk_room, dispute, response="Agreed text, mended")
    assert desk_room.approved_text(dispute.pair.id) == "Agreed text, mended"


def test_what_experts_agree_on_can_be_sent_back(desk_room: Desk) -> None:
    dispute = signed_off(desk_room)
    sending_back.send_back(
        desk_room.store, desk_room.project, desk_room.lead, dispute.pair.id, "Too long", version="A", request_key="b"
    )
    assert desk_room.pair(dispute.pair.id).state == "open"
