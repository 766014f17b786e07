"""What a person sees of long work: help, bars, plain lines in a log, Ctrl-C that leaves a run at work."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hone.platform.cli import ORDER, app
from hone.platform.commands import terminal
from hone.storage.workspace import Workspace


def test_help_lists_the_verbs_in_the_order_of_the_loop_and_the_exit_codes() -> None:
    said = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "100"}).stdout
    places = [said.index(f"│ {verb} ") for verb in ORDER]
    assert places == sorted(places)
    assert "Exit codes:" in said
    assert "130  stopped by Ctrl-C" in said


@pytest.mark.parametrize("verb", ORDER)
def test_each_verb_explains_itself(verb: str) -> None:
    told = CliRunner().invoke(app, [verb, "--help"])
    assert told.exit_code == 0
    assert "Usage: hone" in told.stdout


def test_a_log_file_gets_a_line_at_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress("Importing") as step:
        for done in range(0, 1001, 10):
            step(done, 1000, "rows")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 11
    assert said[-1] == "Importing: 1,000 of 1,000 rows"


def test_what_a_table_shows_is_text_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table(("name", ">n"), [("[red]x[/red]", 1), ("a\x1b[2Jb\u202e", None)])
    said = capsys.readouterr().out
    assert "[red]x[/red]" in said
    assert "\x1b" not in said
    assert "\u202e" not in said


@pytest.mark.model
def test_ctrl_c_leaves_a_run_at_work_and_the_next_command_finds_it(
    workspace: Workspace, tmp_path: Path, tiny_base: Path
) -> None:
    hone = [sys.executable, "-m", "hone.platform.cli", "--workspace", str(workspace.root)]
    frozen(hone, tmp_path)
    small = ["--set", "micro_batch=1", "--set", "effective_batch=1", "--set", "max_length=128"]
    slow = ["--set", "epochs=1000", "--set", "patience=none", "--set", "samples=0"]
    train = subprocess.Popen(
        [*hone, "train", "--batch", "1", "--base", str(tiny_base), *small, *slow], stderr=subprocess.PIPE, text=True
    )
    assert train.stderr
    assert "Run 1, training" in train.stderr.readline()  # the first progress that was read from it
    train.send_signal(signal.SIGINT)
    _, said = train.communicate(timeout=60)
    assert train.returncode == 130
    assert "Run 1 goes on by itself" in said
    assert "Traceback" not in said
    assert json.loads(output(hone, "runs", "show", "1", "--json"))["run"]["status"] == "running"
    output(hone, "runs", "cancel", "1")
    assert "cancelled" in output(hone, "runs", "show", "1", "--follow")
    resumed = subprocess.run([*hone, "runs", "resume", "1", "--detach"], capture_output=True, text=True, check=True)
    assert "Run 1 goes on by itself" in resumed.stderr
    output(hone, "runs", "cancel", "1")
    assert "cancelled" in output(hone, "runs", "show", "1", "--follow")


def frozen(hone: list[str], folder: Path) -> None:
    """Batch 1 of twelve pairs that one expert approved."""
    words = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibis", "jay", "kite", "lynx")
    rows = [{"id": word, "instruction": f"Describe a {word}.", "response": f"{word} " * 9} for word in words]
    (folder / "pairs.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    said = [{"key": word, "annotator": name, "decision": "approve"} for word in words for name in ("owner", "ana")]
    (folder / "said.jsonl").write_text("\n".join(json.dumps(row) for row in said))
    output(hone, "import", str(folder / "pairs.jsonl"), "--project", "animals")
    output(hone, "user", "add", "ana", "--role", "expert")
    output(hone, "reviews", str(folder / "said.jsonl"))
    output(hone, "batch", "freeze")


def output(hone: list[str], *arguments: str) -> str:
    return subprocess.run([*hone, *arguments], capture_output=True, text=True, check=True, timeout=120).stdout
