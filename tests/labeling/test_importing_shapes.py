"""Files as people have them elsewhere: each shape is recognised, and nothing that stands in it is lost silently."""

import json
from collections.abc import Mapping as Row
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deskwork import Desk

from hone.labeling.files import chat
from hone.labeling.files.importing import ImportResult, check, columns, import_file
from hone.storage import pairs, reviews
from hone.storage.errors import InputError
from hone.storage.pairs import Pair

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello!\n\nUser:\nI am tricky."},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "What is a lease?"},
    {"role": "assistant", "content": "A contract to use something."},
]


def bring(room: Desk, folder: Path, rows: list[Any], name: str = "rows.json") -> ImportResult:
    path = folder / name
    path.write_text(json.dumps(rows) if name.endswith(".json") else "\n".join(map(json.dumps, rows)))
    return import_file(room.store, room.project, room.lead, path)


def stored(room: Desk) -> list[Pair]:
    with room.store.read() as cursor:
        return pairs.listing(cursor, room.project.id)


def test_a_conversation_keeps_its_turns_and_comes_back_as_it_was(desk_room: Desk, tmp_path: Path) -> None:
    done = bring(desk_room, tmp_path, [{"messages": TALK, "topic": "law"}], "talk.jsonl")
    [pair] = stored(desk_room)
    assert (done.shape, done.added, done.left_out) == ("conversations", 1, {})
    assert (pair.instruction, pair.response) == ("What is a lease?", "A contract to use something.")
    assert pair.context.startswith("System:\nBe brief.\n\nUser:\nHello!")
    assert pair.metadata["topic"] == "law"
    back = chat.messages(pair.instruction, pair.context, "Edited.", pair.metadata["chat"])
    assert back == [*TALK[:-1], {"role": "assistant", "content": "Edited."}]


def test_what_a_tool_call_says_beside_its_text_comes_back_too() -> None:
    call: dict[str, Any] = {"role": "assistant", "content": "", "tool_calls": [{"name": "look_up"}]}
    talk: list[dict[str, Any]] = [
        {"role": "user", "content": "Rate?"},
        call,
        {"role": "tool", "content": "3 %", "name": "look_up"},
    ]
    whole = [*talk, {"role": "assistant", "content": "It is 3 %."}]
    found = chat.turns(whole)
    assert chat.messages(found.instruction, found.context, found.response, found.layout) == whole


def test_a_changed_context_is_not_cut_by_the_lengths_of_the_old_one() -> None:
    found = chat.turns(TALK)
    [asked, _] = chat.messages(found.instruction, "Another context", found.response, found.layout)
    assert asked == {"role": "user", "content": "What is a lease?\n\nAnother context"}


def test_sharegpt_speaks_of_human_and_gpt(desk_room: Desk, tmp_path: Path) -> None:
    talk = [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Me."}, {"from": "human", "value": "And?"}]
    done = bring(desk_room, tmp_path, [{"id": "a", "conversations": talk}])
    [pair] = stored(desk_room)
    assert (pair.instruction, pair.context, pair.response) == ("And?", "User:\nWho?\n\nAssistant:\nMe.", "")
    assert (done.without_response, pair.metadata["key"]) == (1, "a")


def test_a_conversation_without_a_user_or_with_a_stranger_is_refused_by_row(desk_room: Desk, tmp_path: Path) -> None:
    strange = [{"role": "wizard", "content": "x"}]
    done = bring(desk_room, tmp_path, [{"messages": TALK}, {"messages": TALK[:1]}, {"messages": strange}])
    assert [row.line for row in done.problems] == [2, 3]
    assert "no message of the conversation is a user's" in done.problems[0].reason
    assert "the role 'wizard'" in done.problems[1].reason


def test_prompt_and_completion_may_be_messages(desk_room: Desk, tmp_path: Path) -> None:
    bring(desk_room, tmp_path, [{"prompt": TALK[:2], "completion": TALK[2:3]}])
    assert [(pair.context, pair.response) for pair in stored(desk_room)] == [("System:\nBe brief.", "Hi.")]


def label_studio(*annotations: Row[str, Any]) -> dict[str, Any]:
    data = {"instruction": "Explain.", "response": "Draft answer."}
    return {"id": 7, "data": data, "annotations": list(annotations), "predictions": []}


def result(name: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": kind, "value": value}


def test_a_label_studio_export_brings_its_annotations(desk_room: Desk, tmp_path: Path) -> None:
    dimension = desk_room.project.settings.rubric[0].key
    decided = [
        result("verdict", "choices", choices=["approve"]),
        result(dimension, "rating", rating=4),
        result("edited response", "textarea", text=["Better answer."]),
    ]
    rated = [result(dimension, "rating", rating=1)]
    row = label_studio(
        {"completed_by": {"username": "ana"}, "result": decided, "lead_time": 12.5},
        {"completed_by": 4, "result": rated},
        {"completed_by": {"username": "ben"}, "result": rated},
    )
    done = bring(desk_room, tmp_path, [row])
    [pair] = stored(desk_room)
    with desk_room.store.read() as cursor:
        [said] = reviews.current(cursor, pair.id)
        text = pairs.revision(cursor, said.revision_id).response
    assert (done.shape, done.opinions, done.annotations_kept) == ("Label Studio export", 1, 2)
    assert (said.person_id, said.decision, said.ratings, said.seconds) == (
        desk_room.ana.id,
        "approve",
        {dimension: 4},
        12.5,
    )
    assert text == "Better answer."
    assert [each["completed_by"] for each in json.loads(pair.metadata["annotations"])] == ["4", {"username": "ben"}]


def test_an_argilla_export_of_either_version_brings_its_answers(desk_room: Desk, tmp_path: Path) -> None:
    new = {
        "id": "r1",
        "fields": {"prompt": "One?", "response": "1"},
        "responses": {"decision": [{"value": "reject", "user_id": "ben"}]},
        "suggestions": {"quality": {"value": 3, "agent": "a model"}},
        "metadata": {"topic": "numbers"},
    }
    old = {
        "external_id": "r2",
        "fields": {"prompt": "Two?", "response": "2"},
        "responses": [{"user_id": "ana", "status": "submitted", "values": {"decision": {"value": "approve"}}}],
        "suggestions": [],
    }
    done = bring(desk_room, tmp_path, [new, old])
    first, second = stored(desk_room)
    with desk_room.store.read() as cursor:
        said = [reviews.current(cursor, pair.id)[0].decision for pair in (first, second)]
    assert (done.shape, done.opinions, said) == ("Argilla export", 2, ["reject", "approve"])
    assert (first.metadata["topic"], first.metadata["key"], second.metadata["key"]) == ("numbers", "r1", "r2")
    assert "a model" in first.metadata["argilla suggestions"]


def test_the_same_export_twice_says_nothing_twice(desk_room: Desk, tmp_path: Path) -> None:
    row = label_studio({"completed_by": "ana", "result": [result("ok", "choices", choices=["reject"])]})
    first, again = (bring(desk_room, tmp_path, [row]) for _ in range(2))
    assert (first.added, again.added, again.known, again.opinions, again.opinions_refused) == (1, 0, 1, 1, ())
    with desk_room.store.read() as cursor:
        assert len(reviews.current(cursor, stored(desk_room)[0].id)) == 1


def test_a_parquet_file_brings_texts_numbers_and_lists_of_messages(desk_room: Desk, tmp_path: Path) -> None:
    table = pa.table({"messages": [TALK, TALK[3:]], "score": [0.5, None], "ok": [True, False], "raw": [b"\x00", b"x"]})
    pq.write_table(table, tmp_path / "rows.parquet")
    done = import_file(desk_room.store, desk_room.project, desk_room.lead, tmp_path / "rows.parquet")
    first, second = stored(desk_room)
    assert (done.read, done.added, done.counted_in, done.left_out) == (2, 2, "row", {"raw": 2})
    assert (first.response, first.metadata["score"], second.metadata) == (TALK[-1]["content"], "0.5", {"ok": "false"})


def test_a_folder_of_a_data_set_gives_its_splits(desk_room: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "data set"
    for split, number in (("train", 1), ("test", 2)):
        (folder / split).mkdir(parents=True)
        table = pa.table({"prompt": [f"{split} {n}" for n in range(number)], "completion": ["yes"] * number})
        file = str(folder / split / "data-00000-of-00001.arrow")
        with pa.OSFile(file, "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        (folder / split / "state.json").write_text("{}")
    (folder / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    done = import_file(desk_room.store, desk_room.project, desk_room.lead, folder)
    assert (done.added, done.file_name) == (3, "data set")
    assert sorted(pair.metadata["split"] for pair in stored(desk_room)) == ["test", "test", "train"]


def test_a_folder_without_rows_is_refused(desk_room: Desk, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    with pytest.raises(InputError, match="is a folder without data files"):
        import_file(desk_room.store, desk_room.project, desk_room.lead, tmp_path)


def test_a_dry_run_tells_what_an_import_would_do_and_stores_nothing(desk_room: Desk, tmp_path: Path) -> None:
    rows = [{"prompt": "a", "completion": "1"}, {"prompt": "b"}, {"prompt": ""}, {"prompt": "b"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    bring(desk_room, tmp_path, rows[:1], "known.jsonl")
    found = check(desk_room.store, desk_room.project, tmp_path / "rows.jsonl")
    assert (found.read, found.new, found.known, found.refused, found.without_response) == (4, 1, 2, 1, 2)
    assert (found.problems[0].line, found.pairs[1].instruction) == (3, "b")
    assert len(stored(desk_room)) == 1


def test_columns_of_a_shape_are_those_that_it_becomes(tmp_path: Path) -> None:
    (tmp_path / "talk.json").write_text(json.dumps([{"messages": TALK, "source": "x"}]))
    assert columns(tmp_path / "talk.json").columns == ("source", "instruction", "context", "response")
