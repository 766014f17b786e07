"""Events are whole lines, numbered from one, read once each."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.storage.errors import RunError
from hone.training.events import EventLog


def test_events_are_read_once_each_by_offset(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    assert log.read() == ([], 0)
    log.append("started")
    first, offset = log.read()
    log.append("progress", step=1, text="zwei\nZeilen")
    second, end = log.read(offset)
    assert [event.kind for event in first + second] == ["started", "progress"]
    assert second[0].data == {"step": 1, "text": "zwei\nZeilen"}
    assert log.read(end) == ([], end)


@given(cut=st.integers(min_value=0))
def test_no_reader_sees_half_a_line(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    log = EventLog(tmp_path_factory.mktemp("log") / "events.jsonl")
    for step in range(3):
        log.append("progress", step=step, text="é" * step)
    raw = log.path.read_bytes()
    cut %= len(raw) + 1
    log.path.write_bytes(raw[:cut])
    early, offset = log.read()
    log.path.write_bytes(raw)
    late, _ = log.read(offset)
    assert [event.seq for event in early + late] == [1, 2, 3]


def test_a_line_torn_by_a_kill_is_cut_off_by_the_next_writer(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append("started")
    _, offset = log.read()
    with log.path.open("ab") as file:
        file.write(b'{"seq":2,"kind":"prog')
    assert log.read(offset) == ([], offset)
    log.append("started")
    events, _ = log.read(offset)
    assert [(event.seq, event.kind) for event in events] == [(2, "started")]


def test_a_line_longer_than_the_tail_keeps_the_count(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append("started")
    log.append("warning", rows="x" * 300_000)
    assert log.append("done").seq == 3


def test_two_writers_never_share_a_number(tmp_path: Path) -> None:
    logs = [EventLog(tmp_path / "events.jsonl") for _ in range(4)]
    threads = [threading.Thread(target=lambda log=log: [log.append("progress") for _ in range(25)]) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events, _ = logs[0].read()
    assert [event.seq for event in events] == list(range(1, 101))


def test_a_damaged_line_is_named_not_passed_over(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.path.write_text("nonsense\n")
    with pytest.raises(RunError, match="nonsense"):
        log.read()
    with pytest.raises(RunError, match="no event"):
        log.append("started")
