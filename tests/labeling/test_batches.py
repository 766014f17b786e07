"""A batch holds what was approved, split by group, and stays as it was frozen."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from deskwork import Desk

from hone.labeling import feed
from hone.labeling.batches import freezing as batches
from hone.labeling.batches import plan as batch_plan
from hone.labeling.batches.freezing import batch_hash, freeze
from hone.labeling.batches.plan import Plan
from hone.labeling.filtering import parse
from hone.labeling.flags import resolve
from hone.labeling.spans import mark
from hone.storage import audit, flags, projects
from hone.storage import batches as stored
from hone.storage.batches import Batch
from hone.storage.errors import Conflict, Forbidden, InputError, WorkspaceError
from hone.storage.pairs import NewPair


def plan(room: Desk) -> Plan:
    return batch_plan.plan(room.store, room.project)


def frozen(room: Desk) -> Batch:
    return freeze(room.store, room.project, room.lead)


def items(room: Desk, batch: Batch) -> list[stored.BatchItem]:
    with room.store.read() as cursor:
        return stored.items(cursor, batch.id)


def excluded(found: Plan) -> list[tuple[int, str, str]]:
    return [(left.pair_number, left.reason, left.detail) for left in found.exclusions]


def test_only_approved_pairs_are_in_and_the_others_are_counted_by_state(desk_room: Desk) -> None:
    desk_room.fill(8)
    for number in range(6):
        desk_room.say(desk_room.ana)
        desk_room.say(desk_room.ben, "approve" if number < 5 else "reject")
    desk_room.say(desk_room.ana, "reject")
    desk_room.say(desk_room.ben, "reject")
    found = plan(desk_room)
    assert [item.pair_number for item in found.items] == [1, 2, 3, 4, 5]
    assert found.left_out == {"open": 1, "disputed": 1, "rejected": 1}
    assert sum(found.counts.values()) == 5
    assert found.problem is None


def test_the_edited_text_is_what_the_batch_holds(desk_room: Desk) -> None:
    desk_room.fill(3)
    for expert in (desk_room.ana, desk_room.ben):
        desk_room.say(expert, response="Written by experts\n")
    desk_room.all_approve()
    first = items(desk_room, frozen(desk_room))[0]
    assert (first.response, first.approvers) == ("Written by experts", ("ana", "ben"))


def test_no_group_spans_two_splits(desk_room: Desk) -> None:
    desk_room.fill(40, groups=8)
    desk_room.all_approve()
    rows = items(desk_room, frozen(desk_room))
    splits = {group: {row.split for row in rows if row.group == group} for group in {row.group for row in rows}}
    assert all(len(found) == 1 for found in splits.values())
    assert {row.split for row in rows} == {"train", "validation", "test"}


def test_a_batch_has_number_name_hash_and_an_act(desk_room: Desk) -> None:
    desk_room.fill(5)
    desk_room.all_approve()
    batch = frozen(desk_room)
    assert (batch.number, batch.name, batch.frozen_by) == (1, "Batch 1", desk_room.lead.id)
    assert batch.sha256 == batch_hash(items(desk_room, batch))
    with desk_room.store.read() as cursor:
        newest = audit.listing(cursor, 1)[0]
    assert (newest.act, newest.subject, json.loads(newest.detail)["sha256"]) == (
        "batch frozen",
        batch.id,
        batch.sha256,
    )


def test_the_checksum_of_the_exported_file_is_the_batchs_hash(desk_room: Desk, tmp_path: Path) -> None:
    desk_room.add(NewPair(instruction="Grüße 👋", response="né\u2028e", metadata={"topic": "é"}))
    desk_room.fill(4)
    desk_room.all_approve()
    batch = frozen(desk_room)
    path = batches.export_jsonl(desk_room.store, batch, tmp_path / "batch.jsonl")
    raw = path.read_bytes()
    assert hashlib.sha256(raw).hexdigest() == batch.sha256
    lines = [json.loads(line) for line in raw.split(b"\n")[:-1]]
    assert [line["pair_number"] for line in lines] == [1, 2, 3, 4, 5]
    assert lines[0]["response"] == "né\u2028e"


def test_an_export_to_no_place_is_refused(desk_room: Desk, tmp_path: Path) -> None:
    desk_room.fill(3)
    desk_room.all_approve()
    with pytest.raises(InputError, match="Cannot write"):
        batches.export_jsonl(desk_room.store, frozen(desk_room), tmp_path / "gone" / "batch.jsonl")


def test_a_changed_item_is_found(desk_room: Desk) -> None:
    desk_room.fill(3)
    desk_room.all_approve()
    batch = frozen(desk_room)
    batches.verify(desk_room.store, batch)
    with pytest.raises(WorkspaceError, match="is not what was frozen"):
        batches.verify(desk_room.store, batch.model_copy(update={"sha256": "0" * 64}))


def test_frozen_is_frozen(desk_room: Desk) -> None:
    [first, *_] = desk_room.fill(4)
    desk_room.all_approve()
    batch = frozen(desk_room)
    before = items(desk_room, batch)
    feed.send_pairs(desk_room.store, desk_room.project, desk_room.lead, [first], "weak")
    for expert in (desk_room.ana, desk_room.ben):
        desk_room.say(expert, response="A new text")
    assert items(desk_room, batch) == before
    batches.verify(desk_room.store, batch)
    assert items(desk_room, frozen(desk_room))[0].response == "A new text"


def test_an_opinion_in_a_frozen_batch_cannot_be_taken_back(desk_room: Desk) -> None:
    desk_room.fill(3)
    desk_room.all_approve()
    frozen(desk_room)
    with pytest.raises(Conflict, match="in the frozen batch 1"):
        desk_room.undo(desk_room.ana)


def test_the_same_again_is_no_second_batch(desk_room: Desk) -> None:
    desk_room.fill(3)
    desk_room.all_approve()
    frozen(desk_room)
    with pytest.raises(Conflict, match="Batch 1 holds exactly these"):
        frozen(desk_room)


def test_what_was_tested_on_is_never_trained_on_later(desk_room: Desk) -> None:
    desk_room.fill(20)
    desk_room.all_approve()
    first = {row.pair_id: row.split for row in items(desk_room, frozen(desk_room))}
    desk_room.add(*(NewPair(instruction=f"More {n}", response=f"later{n} " * 5) for n in range(20)))
    desk_room.all_approve()
    second = {row.pair_id: row.split for row in items(desk_room, frozen(desk_room))}
    assert {pair_id: second[pair_id] for pair_id in first} == first
    assert len(second) == 40


def test_duplicates_keep_the_first(desk_room: Desk) -> None:
    desk_room.fill(4)
    desk_room.add(NewPair(instruction="explain TOPIC 0.", response="word0x0 word0x1  word0x2 word0x3 word0x4 word0x5"))
    desk_room.all_approve()
    found = plan(desk_room)
    assert excluded(found) == [(5, "duplicate", "of #1")]
    assert found.left_out["duplicate"] == 1


def test_a_new_copy_gives_way_to_the_pair_that_was_in_a_batch(desk_room: Desk) -> None:
    copy = NewPair(instruction="Again", response="just the same words here")
    desk_room.add(copy)
    desk_room.fill(4)
    desk_room.add(copy.model_copy(update={"instruction": "again!"}))
    desk_room.approve("#2", "#3", "#4", "#5", "#6")
    first = frozen(desk_room)
    desk_room.approve("#1")
    assert excluded(plan(desk_room)) == [(1, "duplicate", "of #6")]
    assert items(desk_room, first) == list(plan(desk_room).items)


def test_near_duplicates_of_test_items_stay_out_of_training(desk_room: Desk) -> None:
    words = [f"w{n}" for n in range(40)]
    desk_room.add(
        *(NewPair(instruction="Tell", context=f"story {n} " + " ".join(words), response="a tale") for n in range(6))
    )
    desk_room.fill(30)
    desk_room.all_approve()
    found = plan(desk_room)
    likes = [left for left in found.exclusions if left.reason == "near-duplicate of a test item"]
    alike = [item for item in found.items if item.instruction == "Tell"]
    assert len(likes) + len(alike) == 6
    assert len({item.split == "test" for item in alike}) == 1  # never on both sides
    again = plan(desk_room)
    assert (found.items, found.exclusions) == (again.items, again.exclusions)


def test_a_new_test_item_that_is_near_to_what_was_learnt_before_stays_out(desk_room: Desk) -> None:
    words = {n: " ".join(f"w{n}x{part}" for part in range(30)) for n in range(20)}
    desk_room.add(*(NewPair(instruction=f"Tell {n}", response=text) for n, text in words.items()))
    desk_room.all_approve()
    learnt = {item.pair_number for item in items(desk_room, frozen(desk_room)) if item.split != "test"}
    desk_room.add(*(NewPair(instruction=f"Tell {n} again", response=f"{words[n - 1]} too") for n in learnt))
    desk_room.all_approve()
    found = plan(desk_room)
    assert "near-duplicate of an item that was learnt before" in {left.reason for left in found.exclusions}
    assert not [item for item in found.items if item.split == "test" and "again" in item.instruction]
    assert learnt <= {item.pair_number for item in found.items}


def test_words_that_an_expert_flagged_and_nobody_mended_are_a_warning(desk_room: Desk) -> None:
    desk_room.add(*(NewPair(instruction=f"Ask {n}", response=f"Old people {n} are slow") for n in range(3)))
    for number in range(3):
        flag = mark(f"Old people {number} are slow", "stereotype", "Old people", protected_group="old people")
        mended = "They walk" if number else None
        desk_room.say(desk_room.ana, response=mended, flags=(flag,))
        desk_room.say(desk_room.ben, response=mended)
    assert plan(desk_room).warnings[0] == "1 approved pair still with words that an expert flagged: #1."


def test_too_few_groups_are_said_in_the_plan_and_refused_at_freezing(desk_room: Desk) -> None:
    desk_room.fill(9, groups=2)
    desk_room.all_approve()
    found = plan(desk_room)
    assert found.items == ()
    assert found.problem is not None
    with pytest.raises(InputError, match="there are 2"):
        frozen(desk_room)


def test_the_filter_chooses_and_what_it_does_not_mean_is_counted(desk_room: Desk) -> None:
    topics = ("law", "tax")
    desk_room.add(
        *(NewPair(instruction=f"{n} {t}", response=f"{t} {n}", metadata={"topic": t}) for t in topics for n in range(6))
    )
    desk_room.approve(*(f"#{n}" for n in range(1, 12) if n != 6))
    wanted = parse("metadata.topic=law state=approved")
    batch = freeze(desk_room.store, desk_room.project, desk_room.lead, "Law", wanted=wanted)
    assert {item.metadata["topic"] for item in items(desk_room, batch)} == {"law"}
    assert batch.left_out == {"not in the filter": 6, "open": 1}
    assert batch.chosen == wanted
    with desk_room.store.read() as cursor:
        assert stored.numbered(cursor, desk_room.project.id, 1).chosen == wanted
        assert json.loads(audit.listing(cursor, 1)[0].detail)["chosen"] == "state=approved metadata.topic=law"


def test_a_filter_for_other_than_approved_pairs_is_refused(desk_room: Desk) -> None:
    for text in ("state=rejected", "kind=gold"):
        with pytest.raises(InputError, match="approved pairs only"):
            freeze(desk_room.store, desk_room.project, desk_room.lead, wanted=parse(text))


def test_a_plan_that_was_seen_is_what_is_frozen_though_more_was_approved_since(desk_room: Desk) -> None:
    desk_room.fill(6)
    desk_room.approve("#1", "#2", "#3", "#4", "#5")
    seen = plan(desk_room)
    desk_room.approve("#6")
    batch = freeze(desk_room.store, desk_room.project, desk_room.lead, planned=seen)
    assert items(desk_room, batch) == list(seen.items)


def test_an_approval_that_was_taken_back_since_the_plan_is_not_frozen(desk_room: Desk) -> None:
    desk_room.fill(6)
    desk_room.approve("#1", "#2", "#3", "#4", "#5")
    desk_room.say(desk_room.ana)
    desk_room.say(desk_room.ben)
    seen = plan(desk_room)
    desk_room.undo(desk_room.ben)
    batch = freeze(desk_room.store, desk_room.project, desk_room.lead, planned=seen)
    assert len(seen.items) == 6
    assert [item.pair_number for item in items(desk_room, batch)] == [1, 2, 3, 4, 5]


def test_a_flag_that_was_resolved_warns_no_more(desk_room: Desk) -> None:
    desk_room.fill(3)
    flag = mark("word0x0 word0x1 word0x2 word0x3 word0x4 word0x5", "stereotype", "word0x1", protected_group="nurses")
    desk_room.say(desk_room.ana, flags=(flag,))
    desk_room.say(desk_room.ben)
    desk_room.all_approve()
    assert plan(desk_room).flagged == (1,)
    with desk_room.store.read() as cursor:
        [flag_id] = flags.unresolved(cursor, desk_room.project.id)
    resolve(desk_room.store, desk_room.project, desk_room.lead, flag_id, "accepted", "a fact", desk_room.key())
    assert plan(desk_room).flagged == ()


def test_a_classification_is_split_by_its_labels(desk_room: Desk) -> None:
    settings = desk_room.project.settings.model_copy(update={"task": "classification", "labels": ("yes", "no")})
    desk_room.project = desk_room.store.write(
        lambda cursor: projects.change(cursor, desk_room.project, settings, desk_room.lead)
    )
    desk_room.add(
        *(
            NewPair(instruction=f"Is {n * 7} odd?", context=f"c{n} " * 9, response="no" if n % 4 else "yes")
            for n in range(40)
        )
    )
    desk_room.all_approve()
    held = Counter((item.split, item.response) for item in plan(desk_room).items)
    assert held == {
        ("train", "no"): 21, ("validation", "no"): 3, ("test", "no"): 6,
        ("train", "yes"): 7, ("validation", "yes"): 1, ("test", "yes"): 2,
    }  # fmt: skip


def test_only_a_lead_freezes(desk_room: Desk) -> None:
    with pytest.raises(Forbidden):
        freeze(desk_room.store, desk_room.project, desk_room.ana)
