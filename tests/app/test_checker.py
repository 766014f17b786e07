"""The thread that checks pairs in the background, and the command that shows what it found."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from commanding import Hone, hone_in

from hone.labeling.checks import reader
from hone.platform.checker import Checker
from hone.storage import findings, pairs
from hone.storage.pairs import NewPair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store

ROWS = [NewPair(instruction=f"Add {n}.", response=f" The sum of it is {n}.") for n in range(30)]


def checked(store: Store, project: Project) -> int:
    with store.read() as cursor:
        return findings.progress(cursor, project.id).checked


def test_pairs_are_checked_at_the_start_and_after_each_import(store: Store, project: Project, lead: Person) -> None:
    store.write(lambda cursor: pairs.add(cursor, project.id, ROWS[:10], author_id=lead.id))
    checker = Checker(store)
    checker.start()
    assert checker.wait(120)
    assert checked(store, project) == 10
    store.write(lambda cursor: pairs.add(cursor, project.id, ROWS[10:], author_id=lead.id))
    checker.wake()
    assert checker.wait(120)
    assert checked(store, project) == 30
    checker.stop()
    assert not checker.started


def test_it_stops_at_once_and_the_next_one_goes_on(store: Store, project: Project, lead: Person) -> None:
    many = [NewPair(instruction=f"Add {n}.", response=f"The sum is {n}. " * 30) for n in range(450)]
    store.write(lambda cursor: pairs.add(cursor, project.id, many, author_id=lead.id))
    first, second = Checker(store), Checker(store)
    first.start()
    first.stop()
    assert checked(store, project) < 450
    second.start()
    assert second.wait(120)
    second.stop()
    assert checked(store, project) == 450


CHILD = """
import os, signal, time
from hone.labeling.checks import child, reader

def unknown_words(texts):
    if "segfault" in texts.response:
        os.kill(os.getpid(), signal.SIGSEGV)
    return set()

def check(texts, norms):
    while "hang" in texts.response:
        time.sleep(1)
    return every(texts, norms)

every, reader.check, reader.unknown_words = reader.check, check, unknown_words
child.main()
"""


def test_a_text_at_which_the_child_ends_or_hangs_is_left_out_and_told_of(
    store: Store, project: Project, lead: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reader, "COMMAND", [sys.executable, "-c", CHILD])
    monkeypatch.setattr(reader, "LONGEST", 4.0)
    answers = (" One.", " A segfault.", " Three.", " It will hang.", " Five.")
    new = [NewPair(instruction=f"Say {answer}", response=answer) for answer in answers]
    store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id))
    checker = Checker(store)
    checker.start()
    assert checker.wait(120)
    checker.stop()
    with store.read() as cursor:
        found = [pair.checks for pair in pairs.listing(cursor, project.id)]
    assert found == [("spacing",), (), ("spacing",), (), ("spacing",)]
    told = capsys.readouterr().out
    assert ("pair #2 is left" in told, "pair #4 is left" in told, told.count("is left")) == (True, True, 2)


def test_a_child_that_never_begins_is_no_pairs_fault(
    store: Store, project: Project, lead: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reader, "COMMAND", [sys.executable, "-c", "raise SystemExit(1)"])
    store.write(lambda cursor: pairs.add(cursor, project.id, ROWS[:3], author_id=lead.id))
    checker = Checker(store)
    checker.start()
    assert checker.wait(120)
    checker.stop()
    assert checked(store, project) == 0
    assert "the checks wait: The process that reads the pairs has ended" in capsys.readouterr().out


def test_more_than_some_thousands_wait_for_a_server(store: Store, project: Project, lead: Person) -> None:
    store.write(lambda cursor: pairs.add(cursor, project.id, ROWS, author_id=lead.id))
    checker = Checker(store)
    assert checker.finish(project.id, at_most=29).checked == 0
    assert checker.finish(project.id, at_most=30).checked == 30


def test_nothing_that_checks_is_imported_with_the_server() -> None:
    code = "import sys, hone.platform.server; print([n for n in sys.modules if 'langid' in n or 'spellcheck' in n])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.fixture
def hone(tmp_path: Path) -> Hone:
    rows = [{"instruction": "Reply.", "response": f" Mail a{n}@b.example, it is number {n}."} for n in range(3)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))

    run = hone_in(tmp_path / "w")
    told = run("import", str(tmp_path / "rows.jsonl"), "--project", "mail")
    assert told.exit_code == 0, told.output
    return run


def test_an_import_is_checked_and_the_command_shows_what_was_found(hone: Hone) -> None:
    told = json.loads(hone("check", "--json").stdout)
    assert told["progress"] == {"checked": 3, "total": 3}
    assert {one["kind"]["key"]: one["pairs"] for one in told["kinds"]} == {"personal_data": 3, "spacing": 3}
    assert "“a0@b.example” looks like an e-mail address." in hone("check", "--kind", "personal_data").output


def test_the_command_mends_named_pairs_and_says_what_it_left(hone: Hone) -> None:
    assert "1 pair mended." in hone("check", "--fix", "mask,trim", "--pairs", "2").output
    told = json.loads(hone("check", "--json").stdout)
    assert {one["kind"]["key"]: one["pairs"] for one in told["kinds"]} == {"personal_data": 2, "spacing": 2}
    assert "3 of 3 pairs checked" in hone("check", "--again").output


def test_what_cannot_be_mended_is_refused_in_one_line(hone: Hone) -> None:
    told = hone("check", "--fix", "toxic")
    assert told.exit_code == 2
    assert "only an expert can see to it" in told.output
    assert hone("check", "--kind", "beauty").exit_code == 2
    assert hone("check", "--pairs", "2").exit_code == 2
