"""Files that would fill the memory, stop the reader, or run something: each ends in a clear word, nothing is lost."""

import csv
import gzip
import json
import tracemalloc
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deskwork import Desk

from hone.labeling.files import checking, reading_arrow, reading_text
from hone.labeling.files.importing import ImportResult, Mapping, import_file
from hone.labeling.files.reading import read
from hone.labeling.files.refusals import file_of
from hone.storage import pairs
from hone.storage.errors import InputError

GOOD = b'{"instruction": "Say hello.", "response": "Hello."}\n'


def bring(room: Desk, path: Path) -> ImportResult:
    return import_file(room.store, room.project, room.lead, path)


def file(folder: Path, content: bytes, name: str = "rows.jsonl") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def stored(room: Desk) -> list[pairs.Pair]:
    with room.store.read() as cursor:
        return pairs.listing(cursor, room.project.id)


@pytest.fixture
def small_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of a row is 64 kB instead of 8 MB."""
    for module in ("decoding", "reading_text", "reading_arrow"):
        monkeypatch.setattr(f"hone.labeling.files.{module}.LONGEST_ROW", 2**16)


def test_a_line_of_gigabytes_is_refused_by_its_number_and_never_held(desk_room: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, GOOD)
    with path.open("r+b") as sparse:  # 60 MB of NUL bytes that take no room on the disk
        sparse.seek(60 * 2**20)
        sparse.write(b"\n" + GOOD.replace(b"hello", b"goodbye"))
    tracemalloc.start()
    done = bring(desk_room, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (done.added, [(row.line, row.reason) for row in done.problems]) == (2, [(2, reading_text.TOO_LONG)])
    assert peak < 45 * 2**20


def test_one_pair_of_too_many_characters_is_refused_and_the_next_goes_in(desk_room: Desk, tmp_path: Path) -> None:
    huge = b'{"instruction": "' + b"a" * 5_000_000 + b'"}\n'
    done = bring(desk_room, file(tmp_path, huge + GOOD))
    assert (done.added, done.problems[0].line) == (1, 1)
    assert "has 5,000,000 characters; the limit is 100,000" in done.problems[0].reason


def test_a_quotation_mark_that_is_never_closed_stops_the_reading_in_good_time(
    desk_room: Desk, tmp_path: Path, small_rows: None
) -> None:
    content = b'instruction,response\nfine,yes\n"open,no\n' + b"more,text\n" * 10_000
    done = bring(desk_room, file(tmp_path, content, "rows.csv"))
    assert (done.added, done.problems[0].line) == (1, 3)
    assert "what follows was not read" in done.problems[0].reason


def test_odd_texts_are_kept_as_they_are_and_run_nowhere(desk_room: Desk, tmp_path: Path) -> None:
    odd = [
        "שלום \u202eevil\u202c",
        "👩‍👩‍👧‍👦 \U0001f3f4\U000e0067",
        "<script>alert(1)</script>",
        "![pixel](http://192.0.2.1/x.png)",
        "=HYPERLINK(0)",
        "'; drop table pair; --",
        "${jndi:x} {{7*7}} %s",
    ]
    rows = "".join(json.dumps({"instruction": text, "response": text}) + "\n" for text in odd)
    done = bring(desk_room, file(tmp_path, rows.encode()))
    assert (done.added, done.refused) == (len(odd), 0)
    assert [pair.response for pair in stored(desk_room)] == odd


def test_every_refused_row_is_in_a_file_to_mend_in_which_no_formula_runs(
    desk_room: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "TOLD", 2)
    lines = [b"=cmd|' /C calc'!A0", b'{"instruction": ""}', b"caf\xe9 \x00", *[b"{broken"] * 3]
    done = bring(desk_room, file(tmp_path, GOOD + b"\n".join(lines)))
    assert (done.refused, len(done.problems), done.refused_file) == (6, 2, f"refused-{done.import_id}.csv")
    with file_of(desk_room.store.workspace.exports, done.import_id).open(newline="") as refused:
        found = list(csv.reader(refused))
    assert [row[0] for row in found] == ["line", "2", "3", "4", "5", "6", "7"]
    assert found[1][2] == "'=cmd|' /C calc'!A0"
    assert found[2][1:] == ["the instruction is missing or empty", '{"instruction": ""}']


def test_a_parquet_file_that_unpacks_to_far_too_much_is_refused_before_it_does(
    desk_room: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_arrow, "LARGEST_GROUP", 2**20)
    bomb = pa.table({"instruction": ["a" * 4_000_000], "response": ["b"]})
    pq.write_table(bomb, tmp_path / "bomb.parquet", compression="zstd", use_dictionary=False)
    assert (tmp_path / "bomb.parquet").stat().st_size < 10_000
    with pytest.raises(InputError, match=r"unpacks to 3 MB .* the limit is 1 MB.* smaller row groups"):
        bring(desk_room, tmp_path / "bomb.parquet")


def written(path: Path, table: pa.Table, packed: str | None, *, stream: bool) -> Path:
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with path.open("wb") as raw, new(raw, table.schema, options=pa.ipc.IpcWriteOptions(compression=packed)) as to:
        to.write_table(table)
    return path


@pytest.mark.parametrize("stream", [True, False])
def test_an_arrow_batch_that_unpacks_to_far_too_much_is_refused_before_it_does(
    desk_room: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    monkeypatch.setattr(reading_arrow, "LARGEST_GROUP", 2**20)
    plain, few = pa.array(["a" * 4_000_000]), pa.DictionaryArray.from_arrays(pa.array([0, 0]), ["z" * 4_000_000])
    for texts, packed in ((plain, "zstd"), (plain, "lz4"), (plain, None), (few, "zstd")):
        bomb = written(tmp_path / "bomb.arrow", pa.table({"instruction": texts}), packed, stream=stream)
        before = pa.default_memory_pool().max_memory()
        with pytest.raises(InputError, match=r"unpacks to 3 MB .* the limit is 1 MB.* smaller batches"):
            bring(desk_room, bomb)
        assert pa.default_memory_pool().max_memory() == before
    good = pa.table({"instruction": ["Say hello"] * 9 + [None], "n": range(10), "turns": [[{"a": "b"}]] * 10})
    for place, packed in enumerate(("zstd", "lz4", None)):
        assert read(written(tmp_path / f"{place}.arrow", good, packed, stream=stream)).sample[8].values["n"] == "8"
    monkeypatch.setattr(reading_arrow, "MOST_VALUES", 9)
    with pytest.raises(InputError, match="and 10 values in one batch"):
        bring(desk_room, tmp_path / "2.arrow")


@pytest.mark.parametrize("packed", ["zstd", None])
def test_an_arrow_file_with_any_byte_wrong_is_read_or_refused(tmp_path: Path, packed: str | None) -> None:
    table = pa.table({"instruction": ["Say hello", "Say good-bye"], "n": [1, 2], "turns": [[{"a": "b"}], []]})
    whole = written(tmp_path / "whole.arrow", table, packed, stream=True).read_bytes()
    for at in range(0, len(whole), 7):
        for broken in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xA5]) + whole[at + 1 :]):
            with suppress(InputError):
                assert len(list(islice(read(file(tmp_path, broken, "rows.arrow")).rows(), 100))) <= 100


def test_a_dictionary_that_says_a_long_text_many_times_is_weighed_before_it_is_written_out(
    desk_room: Desk, tmp_path: Path
) -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 300 + [1], pa.int32()), ["z" * 9_000_000, "short"])
    table = pa.table({"instruction": texts})  # 2.7 GB of text in 600 bytes
    pq.write_table(table, tmp_path / "bomb.parquet", compression="zstd", store_schema=False)
    tracemalloc.start()
    source = read(tmp_path / "bomb.parquet")
    assert [row.problem for row in source.sample] == [reading_text.TOO_LONG] * 300 + [None]
    assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    tracemalloc.stop()


def test_a_parquet_file_that_is_cut_off_or_is_none_is_one_line(desk_room: Desk, tmp_path: Path) -> None:
    pq.write_table(pa.table({"instruction": ["a"] * 100}), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    for name, content in {"cut.parquet": whole[:-20], "none.parquet": b"PAR1" + b"x" * 60}.items():
        with pytest.raises(InputError, match="is broken, or not what its name says") as refused:
            bring(desk_room, file(tmp_path, content, name))
        assert "\n" not in str(refused.value)


def test_the_content_decides_and_not_the_suffix(desk_room: Desk, tmp_path: Path) -> None:
    pq.write_table(pa.table({"instruction": ["from parquet"]}), tmp_path / "rows.csv")
    assert bring(desk_room, tmp_path / "rows.csv").added == 1
    assert bring(desk_room, file(tmp_path, GOOD, "rows.parquet")).added == 1


def test_a_gzip_file_is_named_for_what_it_is(desk_room: Desk, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a gzip file: unpack it first"):
        bring(desk_room, file(tmp_path, gzip.compress(GOOD), "rows.jsonl"))


def test_a_file_that_is_replaced_while_it_is_read_is_noticed(desk_room: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, b"".join(GOOD.replace(b"hello", b"%d" % n) for n in range(3_000)))
    changed: list[int] = []

    def change(done: int, _: int) -> None:
        if not changed:
            changed.append(done)
            path.unlink()
            path.write_bytes(GOOD)

    with pytest.raises(InputError, match=r"was changed or replaced while it was read.* 3,000 pairs went in; import"):
        import_file(desk_room.store, desk_room.project, desk_room.lead, path, progress=change)
    assert bring(desk_room, path).added == 1


def test_a_row_that_is_broken_after_the_first_megabytes_is_refused_by_line(desk_room: Desk, tmp_path: Path) -> None:
    rows = [json.dumps({"q": f"{n} " + "word " * 200}).encode() for n in range(5_000)]
    rows[4_990] = b'{"q": "caf\xe9"}'
    done = import_file(
        desk_room.store,
        desk_room.project,
        desk_room.lead,
        file(tmp_path, b"\n".join(rows)),
        Mapping(fields={"instruction": "q"}),
    )
    assert (done.added, done.problems[0].line) == (4_999, 4_991)
    assert "holds bytes that are not UTF-8" in done.problems[0].reason


def test_a_json_document_is_read_piece_by_piece_and_a_break_near_its_end_stores_nothing(
    desk_room: Desk, tmp_path: Path
) -> None:
    rows = [{"instruction": f"{n} " + "word " * 300} for n in range(3_000)]  # 4.6 MB: several pieces
    assert bring(desk_room, file(tmp_path, json.dumps(rows, indent=1).encode(), "rows.json")).added == 3_000
    broken = json.dumps([{"instruction": f"new {n} " + "word " * 300} for n in range(3_000)], indent=1)[:-3]
    with pytest.raises(InputError, match=r"is broken JSON: .* at line 9001, column 2"):
        bring(desk_room, file(tmp_path, broken.encode(), "broken.json"))
    with desk_room.store.read() as cursor:
        assert sum(pairs.counts(cursor, desk_room.project.id).values()) == 3_000
