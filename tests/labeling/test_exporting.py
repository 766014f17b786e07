"""Approved pairs leave in the shape that others read, as they stand at one moment, and only for a lead."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deskwork import Desk

from hone.labeling.batches import freezing as batches
from hone.labeling.files import chat
from hone.labeling.files.exporting import APPROVED, Choice, Exported, Format, export, format_of
from hone.labeling.files.importing import import_file
from hone.labeling.texts import harmless
from hone.storage import audit
from hone.storage.errors import Forbidden, InputError
from hone.storage.filters import PairFilter
from hone.storage.pairs import NewPair

EVERY = PairFilter()


def leave(room: Desk, to: Path, format: Format = "pairs", wanted: PairFilter = APPROVED, **more: Any) -> Exported:
    choice = Choice(format=format, wanted=wanted, **more)
    return export(
        room.store, room.project, room.lead, choice, to, lambda instruction, context: f"{instruction}|{context}"
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_approved_pairs_leave_with_their_approved_text_and_others_stay(desk_room: Desk, tmp_path: Path) -> None:
    desk_room.fill(3)
    desk_room.say(desk_room.ana, response="Mended.")
    desk_room.say(desk_room.ben, response="Mended.")
    assert leave(desk_room, tmp_path / "out.jsonl").rows == 1
    [row] = lines(tmp_path / "out.jsonl")
    assert (row["response"], row["pair"], row["approvers"]) == ("Mended.", 1, ["ana", "ben"])


@pytest.mark.parametrize(
    ("format", "row"),
    [
        ("alpaca", {"instruction": "Ask", "input": "About", "output": "Told"}),
        ("prompt", {"prompt": "Ask|About", "completion": "Told"}),
        (
            "chat",
            {"messages": [{"role": "user", "content": "Ask\n\nAbout"}, {"role": "assistant", "content": "Told"}]},
        ),
    ],
)
def test_each_trainer_gets_its_shape(desk_room: Desk, tmp_path: Path, format: Format, row: dict[str, Any]) -> None:
    desk_room.add(NewPair(instruction="Ask", context="About", response="Told"))
    leave(desk_room, tmp_path / "out.jsonl", format, EVERY)
    assert lines(tmp_path / "out.jsonl") == [row]


def test_a_conversation_that_came_in_leaves_as_it_was(desk_room: Desk, tmp_path: Path) -> None:
    talk = [{"role": role, "content": f"{role} says"} for role in ("system", "user", "assistant", "user", "assistant")]
    (tmp_path / "in.jsonl").write_text(json.dumps({"messages": talk}))
    import_file(desk_room.store, desk_room.project, desk_room.lead, tmp_path / "in.jsonl")
    leave(desk_room, tmp_path / "out.jsonl", "chat", EVERY)
    assert lines(tmp_path / "out.jsonl") == [{"messages": talk}]
    assert chat.KEY == "chat"


def test_a_spreadsheet_runs_no_cell_and_every_text_comes_back(desk_room: Desk, tmp_path: Path) -> None:
    odd = ["=1+1", "+SUM(A1)", "-2", "@cmd", "\ttab", "'quoted", "fine"]
    desk_room.add(*(NewPair(instruction=text, response=f"answer to {text}") for text in odd))
    leave(desk_room, tmp_path / "out.csv", "csv", EVERY)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [row["instruction"] for row in csv.DictReader(file)]
    assert cells == [harmless(text) for text in odd]
    assert all(cell[0] not in "=+-@\t\r" for cell in cells)
    assert [cell.removeprefix("'") for cell in cells] == odd


def test_provenance_says_who_did_what_when_and_under_which_guidelines(desk_room: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"prompt": "Ask", "completion": "Told"}')
    import_file(desk_room.store, desk_room.project, desk_room.lead, tmp_path / "in.jsonl")
    desk_room.say(desk_room.ana, response="Told well.", ratings={})
    desk_room.say(desk_room.ben, response="Told well.")
    leave(desk_room, tmp_path / "out.jsonl", "alpaca", provenance=True)
    [row] = lines(tmp_path / "out.jsonl")
    said = row["provenance"]
    assert (said["pair"], said["state"], said["file"], said["imported_by"]) == (1, "approved", "in.jsonl", "lena")
    assert [(each["by"], each["decision"], each["guidelines"]) for each in said["reviews"]] == [
        ("ana", "approve", 1),
        ("ben", "approve", 1),
    ]
    assert (said["versions"][0]["by"], said["versions"][0]["why"]) == ("lena", "import")
    assert said["revision"] in {each["revision"] for each in said["versions"][1:]}


def test_a_batch_leaves_as_a_data_set_with_its_splits_and_a_card(desk_room: Desk, tmp_path: Path) -> None:
    desk_room.fill(30)
    desk_room.all_approve()
    batch = batches.freeze(desk_room.store, desk_room.project, desk_room.lead)
    done = leave(desk_room, tmp_path / "set", "hf", batch=1)
    found = {path.name.split("-")[0]: pq.read_table(path).num_rows for path in (tmp_path / "set" / "data").iterdir()}
    card = (tmp_path / "set" / "README.md").read_text()
    assert found == batch.counts
    assert done.rows == sum(found.values())
    assert "license: fill in" in card
    assert batch.sha256 in card
    assert f"| train | {batch.counts['train']:,} |" in card


def test_a_data_set_that_left_comes_in_again(desk_room: Desk, tmp_path: Path) -> None:
    desk_room.fill(5)
    leave(desk_room, tmp_path / "set", "hf", EVERY)
    done = import_file(desk_room.store, desk_room.project, desk_room.lead, tmp_path / "set")
    assert (done.read, done.known, done.refused) == (5, 5, 0)


def test_a_name_with_markup_is_plain_text_in_the_card(desk_room: Desk, tmp_path: Path) -> None:
    settings = desk_room.project.settings.model_copy(update={"purpose": "![x](http://192.0.2.1)\n---\nlicense: mit"})
    desk_room.project = desk_room.project.model_copy(update={"settings": settings})
    leave(desk_room, tmp_path / "set", "hf", EVERY)
    card = (tmp_path / "set" / "README.md").read_text()
    assert "\\!\\[x\\](http" in card
    assert "\nlicense" not in card


def test_what_does_not_go_together_is_refused(desk_room: Desk, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave the filter out"):
        leave(desk_room, tmp_path / "x", "pairs", EVERY, batch=1)
    with pytest.raises(InputError, match="DPO pairs come from all judgements"):
        leave(desk_room, tmp_path / "x", "dpo", EVERY)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="is there already"):
        leave(desk_room, tmp_path / "full", "hf")
    assert not (tmp_path / "x").exists()


def test_only_a_lead_exports_and_it_is_written_down(desk_room: Desk, tmp_path: Path) -> None:
    choice = Choice()
    with pytest.raises(Forbidden):
        export(desk_room.store, desk_room.project, desk_room.ana, choice, tmp_path / "x", lambda i, c: i + c)
    leave(desk_room, tmp_path / "out.jsonl")
    with desk_room.store.read() as cursor:
        assert audit.listing(cursor, 1)[0].act == "pairs exported"


def test_the_suffix_says_the_format() -> None:
    assert [format_of(Path(name)) for name in ("a.csv", "a.parquet", "a.jsonl", "a")] == [
        "csv",
        "parquet",
        "pairs",
        "pairs",
    ]
