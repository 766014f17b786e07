"""Bad input at every door of the command line: one clear line, an exit code, nothing lost."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commanding import Hone, hone_in
from typer.testing import Result

from hone.storage.workspace import Workspace


@pytest.fixture
def hone(workspace: Workspace) -> Hone:
    """Runs `hone --workspace W ARGUMENTS` in this process."""
    return hone_in(workspace.root)


@pytest.fixture
def known(hone: Hone, tmp_path: Path) -> Path:
    """A workspace with the project `letters` and one pair; gives a good file."""
    file = tmp_path / "good.jsonl"
    file.write_text('{"instruction": "Say hello.", "response": "Hello."}\n')
    assert hone("import", file, "--project", "letters").exit_code == 0
    return file


def one_line(told: Result, code: int) -> str:
    """The one line on stderr, after a look at the exit code."""
    assert told.exit_code == code, f"{told.stdout}{told.stderr}{told.exception}"
    said = [line for line in told.stderr.splitlines() if line.startswith("hone: ")]
    assert len(said) == 1, told.stderr
    assert "Traceback" not in told.output
    return said[0]


def pairs_of(hone: Hone) -> dict[str, int]:
    found: dict[str, int] = json.loads(hone("status", "--json").stdout)["projects"][0]["pairs"]
    return found


FILES: dict[str, tuple[bytes, str]] = {
    "empty.jsonl": (b"", "is empty"),
    "blank.csv": (b"\n\n  \n", "is empty"),
    "sheet.xlsx": (b"PK\x03\x04rest", "save the sheet as CSV"),
    "broken.json": (b'[{"instruction": "a"}, {"instr', "broken"),
    "no-columns.csv": (b"title,author\nx,y\n", "Nothing gives the instruction"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_table_of_pairs_is_refused(hone: Hone, known: Path, tmp_path: Path, name: str) -> None:
    content, says = FILES[name]
    (tmp_path / name).write_bytes(content)
    assert says in one_line(hone("import", tmp_path / name, "--project", "letters"), 2)
    assert pairs_of(hone)["open"] == 1


def test_a_file_that_is_not_there_makes_nothing(hone: Hone, workspace: Workspace, tmp_path: Path) -> None:
    assert "There is no file" in one_line(hone("import", tmp_path / "nothing.csv", "--project", "p"), 2)
    assert "without data files" in one_line(hone("import", tmp_path, "--project", "p"), 2)
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04")
    assert "Excel" in one_line(hone("import", tmp_path / "x.xlsx", "--project", "p"), 2)
    assert not workspace.root.exists()


def test_a_wrong_column_names_those_there_are(hone: Hone, known: Path) -> None:
    told = hone("import", known, "--project", "letters", "--map", "instruction=question")
    assert "no column 'question'" in one_line(told, 2)
    assert "instruction, response" in told.stderr


def test_a_broken_line_7_is_named_and_the_others_go_in(hone: Hone, known: Path, tmp_path: Path) -> None:
    rows = [json.dumps({"instruction": f"Say {n}."}) for n in range(9)]
    rows[6] = '{"instruction": "Say'
    (tmp_path / "seven.jsonl").write_text("\n".join(rows))
    strict = hone("import", tmp_path / "seven.jsonl", "--strict")
    assert "line 7" in one_line(strict, 2)
    assert pairs_of(hone)["open"] == 1
    told = hone("import", tmp_path / "seven.jsonl")
    assert told.exit_code == 0
    assert "8 added to letters" in told.stdout
    assert "line 7: " in told.stderr
    assert pairs_of(hone)["open"] == 9


def test_a_broken_line_7_of_opinions_stores_none_of_them(hone: Hone, known: Path, tmp_path: Path) -> None:
    hone("user", "add", "ana", "--role", "expert")
    rows = [json.dumps({"key": "#1", "annotator": "ana", "decision": "approve"})] * 6 + ["{oops"]
    (tmp_path / "reviews.jsonl").write_text("\n".join(rows))
    for verb in ("reviews", "adjudications", "judgements"):
        assert "line 7 is not JSON" in one_line(hone(verb, tmp_path / "reviews.jsonl"), 2)
    assert pairs_of(hone)["open"] == 1
    (tmp_path / "list.jsonl").write_text("[1, 2]")
    assert "line 1 is not a JSON object" in one_line(hone("reviews", tmp_path / "list.jsonl"), 2)


def test_opinions_of_nobody_are_refused_row_by_row(hone: Hone, known: Path, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"key": "#1", "annotator": "nobody", "decision": "approve"}\n{"key": "#9"}')
    told = hone("reviews", tmp_path / "r.jsonl")
    assert "No row" in one_line(told, 2)
    assert "row 1: " in told.stderr
    assert "row 2: " in told.stderr


@pytest.mark.parametrize("verb", ["status", "runs", "export x.jsonl", "report", "user list", "backup"])
def test_a_workspace_that_is_not_there_is_named(hone: Hone, workspace: Workspace, verb: str) -> None:
    assert str(workspace.root) in one_line(hone(*verb.split()), 2)
    assert not workspace.root.exists()


def test_a_locked_database_says_who_holds_it(hone: Hone, known: Path, workspace: Workspace) -> None:
    code = "import sys; from pathlib import Path; from hone.storage.store import Store; "
    code += (
        "from hone.storage.workspace import Workspace; Store(Workspace(Path(sys.argv[1]))); print(flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(workspace.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        said = one_line(hone("status"), 1)
        restored = one_line(hone("restore", known), 2)
        holder.kill()
    assert f"process {holder.pid}" in said
    assert "not a backup" in restored
    assert pairs_of(hone)["open"] == 1


def test_a_damaged_database_points_to_the_backup_and_comes_back(hone: Hone, known: Path, workspace: Workspace) -> None:
    copy = json.loads(hone("backup", "--json").stdout)["path"]
    workspace.database.write_bytes(b"no database at all" * 1000)
    assert "hone restore" in one_line(hone("status"), 1)
    assert "Restored" in hone("restore", copy).stdout
    assert pairs_of(hone)["open"] == 1
    assert list(workspace.root.glob("hone-replaced-*"))


def test_restore_without_a_file_lists_the_backups(hone: Hone, known: Path) -> None:
    assert "no backup" in one_line(hone("restore"), 2)
    hone("backup")
    told = hone("restore")
    assert "Name the file" in one_line(told, 2)
    assert ".duckdb" in told.stdout.replace("\n", "")


def test_a_port_in_use_is_one_line(hone: Hone, known: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Port {port}" in one_line(hone("serve", "--port", port, "--no-browser"), 2)
    assert pairs_of(hone)["open"] == 1  # and the workspace is free again


def test_a_base_without_a_tokenizer_starts_no_run(hone: Hone, tmp_path: Path, known: Path) -> None:
    freeze_twelve(hone, tmp_path)
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text("{}")
    (base / "model.safetensors").write_bytes(b"\x00")
    assert "tokenizer" in one_line(hone("train", "--batch", 1, "--base", base), 2)
    assert "toy" in one_line(hone("train", "--batch", 1), 2)
    assert "learning_rate" in one_line(hone("train", "--batch", 1, "--base", "toy", "--set", "learing_rate=1"), 2)
    assert "no batch 4" in one_line(hone("train", "--batch", 4, "--base", "toy"), 2)
    assert json.loads(hone("runs", "--json").stdout) == []


def freeze_twelve(hone: Hone, folder: Path) -> None:
    (folder / "twelve.jsonl").write_text("\n".join(json.dumps(row) for row in twelve()))
    (folder / "said.jsonl").write_text("\n".join(json.dumps(row) for row in opinions()))
    hone("user", "add", "ana", "--role", "expert")
    hone("user", "add", "ben", "--role", "expert")
    hone("import", folder / "twelve.jsonl")
    assert hone("reviews", folder / "said.jsonl").exit_code == 0
    assert hone("batch", "freeze").exit_code == 0


def twelve() -> list[dict[str, str]]:
    words = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibis", "jay", "kite", "lynx")
    return [{"id": word, "instruction": f"Describe a {word}.", "response": f"{word} " * 9} for word in words]


def opinions() -> list[dict[str, str]]:
    return [{"key": row["id"], "annotator": name, "decision": "approve"} for row in twelve() for name in ("ana", "ben")]


def test_words_that_are_no_command_or_number_get_the_usage(hone: Hone, known: Path) -> None:
    for words in (["trian"], ["train"], ["train", "--batch", "x"], ["runs", "show"], ["--as"], ["batch", "melt"]):
        assert hone(*words).exit_code == 2
    assert "0,1" in one_line(hone("generate", "--batch", 1, "--models", "a-b"), 2)
    assert "either" in one_line(hone("queue", "send"), 2)
    assert "king" in one_line(hone("user", "add", "karl", "--role", "king"), 2)
    assert "nobody" in one_line(hone("status", "--as", "nobody"), 2)
    assert "jürgen" in one_line(hone("status", "--as", "jürgen"), 2)
    assert "a/../b" in one_line(hone("user", "link", "a/../b"), 2)
    assert "has a slash" in one_line(hone("import", known, "--project", "a/b"), 2)
    assert "has a slash" in one_line(hone("init", "--project", "a/b"), 2)


def test_the_gate_answers_3_when_there_is_no_answer(hone: Hone, known: Path) -> None:
    assert "no report yet" in one_line(hone("gate"), 3)
    assert hone("gate", "--colour", "red").exit_code == 3


def test_which_project_is_meant_must_be_clear(hone: Hone, known: Path) -> None:
    assert hone("batch", "list").exit_code == 0
    assert hone("init", "--project", "second").exit_code == 0
    assert "letters, second" in one_line(hone("batch", "list"), 2)
    assert "There are: letters, second" in one_line(hone("batch", "list", "-p", "third"), 2)
    assert "--project" in one_line(hone("import", known), 2)


def test_a_role_that_is_missing_is_named(hone: Hone, known: Path) -> None:
    hone("user", "add", "ana", "--role", "expert")
    assert "this needs lead" in one_line(hone("--as", "ana", "batch", "freeze"), 1)
    assert "this needs lead" in one_line(hone("batch", "freeze", "--as", "ana"), 1)


def test_text_of_a_file_cannot_steer_the_terminal(hone: Hone, known: Path, tmp_path: Path) -> None:
    (tmp_path / "evil.csv").write_text("instruction,\x1b[31mred\nHi,\x1b]0;title\x07\n")
    told = hone("import", tmp_path / "evil.csv", "--preview")
    assert "\x1b" not in told.output
    assert "\x07" not in told.output


def test_a_full_pipe_and_help_are_quick_and_quiet(workspace: Workspace, known: Path) -> None:
    hone = [sys.executable, "-m", "hone.platform.cli", "--workspace", str(workspace.root)]
    command = f"{' '.join(hone)} status --json | head -c 1"
    told = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert told.stderr == ""
    code = "import sys, hone.platform.cli as c; print([m for m in ('torch', 'streamlit', 'numpy') if m in sys.modules])"
    light = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert light.stdout == "[]\n"
