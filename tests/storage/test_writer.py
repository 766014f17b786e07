"""Every change goes through one thread, in groups, and counts once it is committed."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from hone.storage.errors import Conflict, WorkspaceError
from hone.storage.store import Cursor
from hone.storage.writer import Writer


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("create table t (n integer primary key)")
        yield connection


def put(number: int) -> Callable[[Cursor], int]:
    def change(cursor: Cursor) -> int:
        cursor.execute("insert into t values (?)", [number])
        return number

    return change


def stored(connection: duckdb.DuckDBPyConnection) -> set[int]:
    return {n for (n,) in connection.cursor().execute("select n from t").fetchall()}


def test_what_call_returned_from_is_committed(connection: duckdb.DuckDBPyConnection) -> None:
    writer = Writer(connection)
    assert writer.call(put(1)) == 1
    assert stored(connection) == {1}
    writer.close()


def test_a_failing_request_fails_alone_and_its_neighbours_are_stored(connection: duckdb.DuckDBPyConnection) -> None:
    writer = Writer(connection)
    gate = threading.Event()

    def refuse(cursor: Cursor) -> None:
        put(99)(cursor)
        raise Conflict("no")

    def hold(_: Cursor) -> None:
        gate.wait(5)

    with ThreadPoolExecutor(40) as pool:
        first = pool.submit(writer.call, hold)  # the others gather behind it into one group
        good = [pool.submit(writer.call, put(number)) for number in range(20)]
        bad = [pool.submit(writer.call, refuse) for _ in range(3)]
        gate.set()
        first.result()
        assert sorted(answer.result() for answer in good) == list(range(20))
        for answer in bad:
            with pytest.raises(Conflict):
                answer.result()
    assert stored(connection) == set(range(20))
    writer.close()


def test_a_key_that_is_there_twice_is_refused_once(connection: duckdb.DuckDBPyConnection) -> None:
    writer = Writer(connection)
    writer.call(put(1))
    with pytest.raises(duckdb.ConstraintException):
        writer.call(put(1))
    writer.call(put(2))
    assert stored(connection) == {1, 2}
    writer.close()


def test_closing_finishes_what_waits_and_refuses_what_comes_after(connection: duckdb.DuckDBPyConnection) -> None:
    writer = Writer(connection)
    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(writer.call, put(number)) for number in range(50)]
        for answer in answers:
            answer.result()
    writer.close()
    writer.close()
    assert stored(connection) == set(range(50))
    with pytest.raises(WorkspaceError, match="closed"):
        writer.call(put(51))
