"""The whole loop by commands alone, with a real (tiny) base: what each says, and what a script can rely on."""

import json
from pathlib import Path
from typing import Any

import pytest
from commanding import Hone, exact, hone_in, lines
from typer.testing import Result

TINY = ["epochs=1", "learning_rate=0.05", "micro_batch=4", "effective_batch=4", "max_length=128", "max_new_tokens=12"]


@pytest.fixture
def hone(tmp_path: Path) -> Hone:
    return exact(hone_in(tmp_path / "w"))


def letters(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"k{n}", "text": f"Letter {n} on {topic(n)}.", "reply": f"It is {n * n % 97}.", "doc": f"d{n}"}
        for n in range(count)
    ]


def topic(n: int) -> str:
    return ("boats", "rent", "taxes", "trees")[n % 4] + " " + "abcdefgh"[n % 8] * 5


def said(n: int, expert: str) -> dict[str, Any]:
    """Both approve; on k3 they differ in the text."""
    row = {"key": f"k{n}", "annotator": expert, "decision": "approve", "ratings": ratings(), "seconds": 20}
    return {**row, "response": f"{expert} says it is nine."} if n == 3 else row


def ratings() -> dict[str, int]:
    return {"accuracy": 4, "tone": 5, "completeness": 4}


@pytest.mark.model
def test_a_file_of_pairs_walks_to_a_report_and_back_by_commands_alone(
    hone: Hone, tmp_path: Path, tiny_base: Path
) -> None:
    pairs = lines(tmp_path / "letters.jsonl", letters(20))
    told = hone("import", pairs, "--project", "letters", "--map", "context=text", "--map", "response=reply", "--map",
                "group=doc", "--map", "key=id", "--set", "instruction=Answer the letter.")  # fmt: skip
    assert "20 added to letters" in told.stdout
    assert "Made the project 'letters'" in told.stderr

    for name, role in (("ana", "expert"), ("ben", "expert"), ("dora", "reviewer"), ("emil", "reviewer")):
        assert "/welcome?token=" in hone("user", "add", name, "--role", role).stdout
    opinions = lines(tmp_path / "reviews.jsonl", [said(n, expert) for expert in ("ana", "ben") for n in range(20)])
    assert "40 recorded" in hone("reviews", opinions).stdout
    assert "40 known already" in hone("reviews", opinions).stdout
    assert "hone serve" in hone("status").stdout  # a lead decides
    decided = lines(tmp_path / "decided.jsonl", [{"key": "k3", "decision": "approve", "version": "A", "reason": "ok"}])
    assert "1 recorded" in hone("adjudications", decided).stdout

    assert "Froze batch 1" in hone("batch", "freeze").stdout
    assert "is what was frozen" in hone("batch", "verify", 1).stdout
    frozen = json.loads(hone("batch", "show", 1, "--json").stdout)["batch"]
    assert hone("train", "--batch", 1, "--base", tiny_base, *(f"--set={one}" for one in TINY)).stdout == (
        "Run 1 is done.\n"
    )
    answer = ("generate", "--batch", 1, "--models", "0,1", "--set", "max_new_tokens=12")
    assert hone(*answer).stdout == "Run 2 is done.\nRun 3 is done.\n"
    assert "has answered" in hone(*answer, code=1).stderr

    made = json.loads(hone("matchups", "make", "--judges", 2, "--json").stdout)
    assert made["matchups"] + made["identical"] == frozen["counts"]["test"]
    for reviewer in ("dora", "emil"):
        assert f"{made['matchups']} recorded" in judge(hone, tmp_path, reviewer).stdout

    assert "votes by 2 people" in hone("report", "make").stdout
    document = json.loads(hone("report", "--json").stdout)
    assert document["verdict"]["value"] == "cannot tell yet"  # too few votes for more
    assert "cannot tell yet" in hone("gate", code=2).stdout
    hone("report", "html", tmp_path / "report.html")
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")

    sent = json.loads(hone("queue", "send", "--slice", "group=d3", "--reopen", "--json").stdout)
    assert sent["reopened"] == 1
    assert json.loads(hone("status", "--json").stdout)["projects"][0]["pairs"]["open"] == 1
    assert "20 pairs" in hone("export", tmp_path / "batch.jsonl", "--batch", 1).stdout
    assert "verified" in hone("backup").stdout
    assert "fail" not in hone("doctor").stdout


def judge(hone: Hone, folder: Path, reviewer: str) -> Result:
    """Write the reviewer's blind sheet, fill it in, record it."""
    sheet = folder / f"{reviewer}.jsonl"
    hone("matchups", "sheet", sheet, "--reviewer", reviewer)
    rows = [json.loads(line) for line in sheet.read_text(encoding="utf-8").splitlines()]
    assert all(set(row) == {"token", "instruction", "context", "left", "right", "choice"} for row in rows)
    choices = ("left", "right", "tie", "both_bad")
    return hone(
        "judgements", lines(sheet, [{"token": row["token"], "choice": choices[n % 4]} for n, row in enumerate(rows)])
    )
