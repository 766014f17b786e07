"""Files of pairs come in: each good row once, each bad one with its line and its reason, never half a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from deskwork import Desk

from hone.labeling.files.importing import ImportResult, Mapping, columns, guess, import_file
from hone.storage import audit, intake, pairs
from hone.storage.errors import Forbidden, InputError

ALPACA = Mapping(fields={"instruction": "instruction", "response": "output"})
PLAIN = Mapping(fields={"instruction": "q"})
LEGAL = Path(__file__).parents[2].parent / "shared" / "data" / "legal-plain-english" / "all_v1.json"


def bring(room: Desk, path: Path, mapping: Mapping = PLAIN, **more: Any) -> ImportResult:
    return import_file(room.store, room.project, room.lead, path, mapping, **more)


def file(folder: Path, content: str | bytes, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def stored(room: Desk) -> list[pairs.Pair]:
    with room.store.read() as cursor:
        return pairs.listing(cursor, room.project.id)


def reasons(result: ImportResult) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in result.problems]


def test_json_lines_become_pairs(desk_room: Desk, tmp_path: Path) -> None:
    rows = [{"instruction": f"Do {n}", "input": "", "output": f"Done {n}", "topic": "work"} for n in range(3)]
    path = file(tmp_path, "\n".join(json.dumps(row) for row in rows))
    result = bring(desk_room, path, ALPACA)
    assert (result.read, result.added, result.known, result.refused) == (3, 3, 0, 0)
    first = stored(desk_room)[0]
    assert (first.instruction, first.response, first.metadata) == ("Do 0", "Done 0", {"topic": "work"})
    assert (first.state, first.wanted, first.source) == ("open", 2, "rows.jsonl")


def test_the_same_file_twice_adds_nothing(desk_room: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, '{"q": "one"}\n{"q": "two"}\n{"q": "one"}\n')
    assert (bring(desk_room, path).added, bring(desk_room, path).added) == (2, 0)
    assert bring(desk_room, path).known == 3


def test_each_bad_line_is_named_with_its_reason_and_the_good_ones_go_in(desk_room: Desk, tmp_path: Path) -> None:
    lines = [
        b'{"q": "good"}',
        b"",
        b'["no object"]',
        b'{"q": ""}',
        b'{"other": "no instruction"}',
        b'{"q": {"an": "object"}}',
        b'{"q": "broken',
        b'{"q": "a\\u0000b"}',
        b'{"q": "caf\xe9"}',
        b'{"q": "lone \\ud800"}',
        b'{"q": "' + b"a" * 100_001 + b'"}',
        b'{"q": 1, "q": 2}',
        b'{"q": NaN}',
        b'{"q": null}',
        b'{"q": "a", "\\ud800": "b"}',
        b'{"q": "good, too"}',
    ]
    result = bring(desk_room, file(tmp_path, b"\n".join(lines)))
    assert reasons(result) == [
        (3, "is a list, not an object with named fields"),
        (4, "the instruction is missing or empty"),
        (5, "the instruction is missing or empty"),
        (6, "the instruction (column 'q') is an object, not a text"),
        (7, "broken JSON: unterminated string starting at at column 7"),
        (8, "the instruction (column 'q') holds a NUL byte"),
        (9, "the instruction (column 'q') holds bytes that are not UTF-8"),
        (10, "the instruction (column 'q') holds bytes that are not UTF-8"),
        (11, "the instruction (column 'q') has 100,001 characters; the limit is 100,000"),
        (12, "the name 'q' stands twice in one object"),
        (13, "NaN is not JSON; use null"),
        (14, "the instruction is missing or empty"),
        (15, "has a name that holds bytes that are not UTF-8"),
    ]
    assert (result.read, result.added) == (15, 2)


def test_strict_means_that_nothing_goes_in_when_a_row_is_bad(desk_room: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, '{"q": "one"}\n{"q": ""}\n')
    with pytest.raises(InputError, match=r"1 of 2 rows of rows\.jsonl are bad, so nothing went in: line 2: the instr"):
        bring(desk_room, path, strict=True)
    assert stored(desk_room) == []
    with desk_room.store.read() as cursor:
        assert intake.imports(cursor, desk_room.project.id) == []


def test_an_import_leaves_its_row_and_its_act(desk_room: Desk, tmp_path: Path) -> None:
    bring(desk_room, file(tmp_path, '{"q": "one"}\n{"q": ""}\n'), name="upload.jsonl")
    with desk_room.store.read() as cursor:
        [row] = intake.imports(cursor, desk_room.project.id)
        newest = audit.listing(cursor, 1)[0]
    assert (row["file_name"], row["rows_read"], row["added"], row["refused"]) == ("upload.jsonl", 2, 1, 1)
    assert (newest.act, json.loads(newest.detail)["file"]) == ("pairs imported", "upload.jsonl")


def test_only_a_lead_imports(desk_room: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, '{"q": "one"}')
    with pytest.raises(Forbidden):
        import_file(desk_room.store, desk_room.project, desk_room.ana, path, PLAIN)


def test_numbers_keep_their_notation_and_line_ends_become_one_kind(desk_room: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, '{"q": 1.10, "note": true, "r": "a\\r\\nb\\rc"}')
    bring(desk_room, path, Mapping(fields={"instruction": "q", "response": "r", "metadata.sure": "note"}))
    [pair] = stored(desk_room)
    assert (pair.instruction, pair.response, pair.metadata) == ("1.10", "a\nb\nc", {"sure": "true"})


def test_short_columns_are_kept_as_metadata_and_long_ones_are_not(desk_room: Desk, tmp_path: Path) -> None:
    rows = [{"q": f"{n}", "tag": "x", "long": "y" * (99 + n), "list": [1]} for n in range(3)]
    bring(desk_room, file(tmp_path, json.dumps(rows), "rows.json"))
    assert [pair.metadata for pair in stored(desk_room)] == [{"tag": "x"}] * 3


def test_a_mapping_that_names_metadata_keeps_only_that(desk_room: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, '{"q": "one", "tag": "x", "theme": "law"}')
    bring(desk_room, path, Mapping(fields={"instruction": "q", "metadata.topic": "theme"}, constants={"group": "g"}))
    [pair] = stored(desk_room)
    assert (pair.metadata, pair.group) == ({"topic": "law"}, "g")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_file_tells_its_delimiter_by_itself(desk_room: Desk, tmp_path: Path, delimiter: str) -> None:
    text = f'q{delimiter}r\r\n"Say, {delimiter} ""hi""\r\nplease"{delimiter}Hi\r\n\r\nBye{delimiter}b\r\n'
    result = bring(desk_room, file(tmp_path, text, "rows.csv"))
    assert (result.added, result.refused) == (2, 0)
    assert stored(desk_room)[0].instruction == f'Say, {delimiter} "hi"\nplease'


def test_a_csv_row_is_named_by_the_line_where_it_starts(desk_room: Desk, tmp_path: Path) -> None:
    text = 'q,r\n"two\nlines",x\nonly one\na,b,c\n"x"y,z\n,empty\n"never closed,x\nlast,y\n'
    result = bring(desk_room, file(tmp_path, text, "rows.csv"))
    assert reasons(result) == [
        (4, "has 1 values, but the first line names 2 columns"),
        (5, "has 3 values, but the first line names 2 columns"),
        (6, "broken CSV: ',' expected after '\"'"),
        (7, "the instruction is missing or empty"),
        (8, "a quotation mark opens here and is never closed"),
    ]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_a_csv_file_may_be_in_any_usual_encoding_and_it_is_said_which(
    desk_room: Desk, tmp_path: Path, encoding: str, named: str
) -> None:
    result = bring(desk_room, file(tmp_path, "q,r\nGrüße – “so”,x\n".encode(encoding), "rows.csv"))
    assert (result.encoding, result.refused) == (named, 0)
    assert stored(desk_room)[0].instruction == "Grüße – “so”"


def test_a_utf8_csv_file_with_a_broken_byte_loses_that_row_only(desk_room: Desk, tmp_path: Path) -> None:
    result = bring(desk_room, file(tmp_path, "q\nGrüße\n".encode() + b"caf\xe9\n", "rows.csv"))
    assert (result.encoding, result.added) == ("utf-8", 1)
    assert reasons(result) == [(3, "the instruction (column 'q') holds bytes that are not UTF-8")]


def test_an_object_of_objects_gives_its_keys_to_the_pairs(desk_room: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, '{"first": {"q": "one"}, "second": {"q": "two"}}', "rows.json")
    result = bring(desk_room, path)
    assert (result.added, result.counted_in) == (2, "row")
    assert [pair.metadata["key"] for pair in stored(desk_room)] == ["first", "second"]


def test_a_row_of_a_json_document_is_named_by_its_position(desk_room: Desk, tmp_path: Path) -> None:
    result = bring(desk_room, file(tmp_path, '[{"q": "one"}, 7, {"q": []}]', "rows.json"))
    assert reasons(result) == [
        (2, "is a number, not an object with named fields"),
        (3, "the instruction (column 'q') is a list, not a text"),
    ]


REFUSED: list[tuple[str, str | bytes, str]] = [
    ("empty.jsonl", "", "empty.jsonl is empty"),
    ("blank.csv", " \n\n", "blank.csv is empty"),
    ("broken.json", '[{"q": "a"},\n{"q" "b"}]', "broken JSON: expecting ':' delimiter at line 2, column 6"),
    ("deep.json", "[" * 100_000, "nested too deeply"),
    ("twice.json", '{"a": {"q": "1"}, "a": {"q": "2"}}', "the name 'a' stands twice"),
    ("one.json", '"text"', "starts with '\"text\"'"),
    ("mixed.json", '{\n"version": 1,\n"rows": []}', "an array of objects, or an object of objects"),
    ("book.xlsx", b"PK\x03\x04rest", "save the sheet as CSV"),
    ("rows.jsonl.gz", b"\x1f\x8brest", "unpack it first"),
    ("prose.txt", "Just some words", "none of JSONL, CSV, JSON and Parquet"),
    ("heads.csv", "q,q\n1,2\n", "names 'q' twice"),
    ("cut.csv", "\ufeffq,r\n".encode("utf-16")[:-1], "is broken: a name holds bytes"),
    ("header.csv", "q,r\n", "header.csv has no rows"),
    ("none.json", "[]", "none.json has no rows"),
    ("broken.jsonl", "{broken\n{too", "no row that can be read; the first, in line 1: broken JSON"),
    ("picture.csv", b"\x00\x01,\x02\n1,2\n", "a name holds a NUL byte"),
    ("wrong.csv", "a,b\n1,2\n", "has no column 'q' for the instruction. There are: a, b"),
    ("wrong.jsonl", '{"a": 1}', "has no column 'q' for the instruction. There are: a"),
]


@pytest.mark.parametrize(("name", "content", "why"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    desk_room: Desk, tmp_path: Path, name: str, content: str | bytes, why: str
) -> None:
    with pytest.raises(InputError) as refused:
        bring(desk_room, file(tmp_path, content, name))
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert stored(desk_room) == []


def test_what_is_no_file_is_refused(desk_room: Desk, tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match=r"There is no file gone\.csv"):
        bring(desk_room, tmp_path / "gone.csv")
    with pytest.raises(InputError, match="is a folder without data files"):
        bring(desk_room, tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        bring(desk_room, loop)


def test_the_content_decides_when_the_suffix_says_nothing(desk_room: Desk, tmp_path: Path) -> None:
    assert columns(file(tmp_path, '{"q": "a"}\n{"q": "b"}', "upload")).format == "jsonl"
    assert columns(file(tmp_path, '[{"q": "a"}]', "upload.txt")).format == "json"
    assert columns(file(tmp_path, "q;r\n1;2\n", "upload.tmp")).format == "csv"
    assert columns(file(tmp_path, '{"q": "a"}\n{"q": "b"}', "lines.json")).format == "jsonl"


def test_a_preview_shows_the_columns_and_the_first_rows_as_text(tmp_path: Path) -> None:
    path = file(tmp_path, '{"q": 1}\nbroken\n{"q": [2], "r": "x"}\n')
    preview = columns(path)
    assert preview.columns == ("q", "r")
    assert preview.rows == ({"q": "1"}, {"q": "a list", "r": "x"})
    assert (preview.format, preview.encoding, preview.shape) == ("jsonl", "utf-8", "columns")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["instruction", "input", "output"], {"instruction": "instruction", "context": "input", "response": "output"}),
        (["prompt", "completion"], {"instruction": "prompt", "response": "completion"}),
        (["Question", "Answer", "id"], {"instruction": "Question", "response": "Answer", "key": "id"}),
        (["input", "output"], {"instruction": "input", "response": "output"}),
        (["text", "summary", "doc"], {"context": "text", "response": "summary", "group": "doc"}),
        (["x", "y"], {}),
    ],
)
def test_usual_column_names_are_recognised(names: list[str], found: dict[str, str]) -> None:
    assert guess(names).fields == found


def test_a_file_without_an_instruction_asks_for_one(desk_room: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, '{"text": "long", "summary": "short"}')
    with pytest.raises(InputError, match=r"Map a column of rows\.jsonl to it \(text, summary\), or set one text"):
        bring(desk_room, path, guess(["text", "summary"]))


@pytest.mark.parametrize(
    ("fields", "constants", "why"),
    [
        ({"answer": "a"}, {}, "'answer' is no part of a pair"),
        ({"metadata.": "a"}, {}, "is no part of a pair"),
        ({"metadata.\ud800": "a"}, {}, "not UTF-8"),
        ({"group": "a"}, {"group": "b"}, "both mapped to a column and set to a text"),
    ],
)
def test_a_mapping_names_parts_of_a_pair_once(fields: dict[str, str], constants: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        Mapping(fields=fields, constants=constants)


def test_progress_is_told_up_to_the_last_row(desk_room: Desk, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = file(tmp_path, "".join(f'{{"q": "{n}"}}\n' for n in range(2_500)))
    bring(desk_room, path, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == [1000, 2000, 2500]
    assert all(done <= total for done, total in seen)
    assert seen[-1] == (2500, 2500)


@pytest.mark.skipif(not LEGAL.exists(), reason="the legal example data is not beside this checkout")
def test_the_legal_data_goes_in_by_its_mapping(desk_room: Desk) -> None:
    said = "Say in plain English what this clause means."
    fields = {"context": "original_text", "response": "reference_summary", "group": "doc"}
    result = bring(desk_room, LEGAL, Mapping(fields=fields, constants={"instruction": said}))
    assert (result.read, result.added, result.refused) == (446, 446, 0)
    first = stored(desk_room)[0]
    assert (first.instruction, first.response, first.group) == (said, "hi.", "Pokemon GO Terms of Service")
    assert first.metadata["uid"] == "legalsum01"
