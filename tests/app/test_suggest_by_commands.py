"""Questions that nobody answered, by commands alone: imported, answered by a (tiny) base, reviewed."""

import json
from pathlib import Path
from typing import Any

import pytest
from commanding import Hone, exact, hone_in, lines

from hone.platform.client import connect
from hone.storage.workspace import Workspace


@pytest.fixture
def hone(tmp_path: Path) -> Hone:
    return exact(hone_in(tmp_path / "w"))


@pytest.mark.model
def test_questions_without_answers_walk_to_approved_pairs(hone: Hone, tmp_path: Path, tiny_base: Path) -> None:
    asked = lines(tmp_path / "asked.jsonl", [{"id": f"q{n}", "question": f"What is {n}?"} for n in range(4)])
    told = hone("import", asked, "--project", "sums", "--map", "instruction=question", "--map", "key=id")
    assert "4 added to sums" in told.stdout
    hone("user", "add", "ana", "--role", "expert")
    hone("project", "set", "overlap=1", "agree=1")

    assert "name a folder or an id on the hub" in hone("suggest", code=2).stderr
    short = ("--set", "max_new_tokens=4", "--set", "threads=1")
    assert hone("suggest", "--base", tiny_base, *short).stdout == "Run 1 is done. Answered 4 open pairs.\n"
    assert "Every open pair has a response, or an answer of tiny" in hone("suggest", code=1).stderr
    assert "tiny suggests answers to open pairs" in hone("runs", "show", 1).stdout

    taken, own = [review(tmp_path, text) for text in (None, "It is my own.")]
    assert taken["suggestion_id"] != own["suggestion_id"]
    recorded = hone("reviews", lines(tmp_path / "said.jsonl", [
        {"key": "q2", "annotator": "ana", "decision": "approve"},
        {"key": "q3", "annotator": "ana", "decision": "approve", "response": "It is three."},
    ]))  # fmt: skip
    assert "1 recorded" in recorded.stdout
    assert "An empty response cannot be approved" in recorded.stderr

    with connect(Workspace(tmp_path / "w")) as connection:
        found = connection.call("GET", "/projects/sums/suggestions")
    assert {name: found["taken"][name] for name in ("shown", "as_it_was", "edited")} == {
        "shown": 2, "as_it_was": 1, "edited": 1,
    }  # fmt: skip
    assert found["model"]["name"] == "tiny"
    assert json.loads(hone("status", "--json").stdout)["projects"][0]["pairs"]["approved"] == 3


def review(folder: Path, response: str | None) -> dict[str, Any]:
    """Ana approves the next pair with the model's answer on her screen: as it is, or with words of her own."""
    with connect(Workspace(folder / "w"), person="ana") as connection:
        seen = connection.call("POST", "/projects/sums/desk/next")
        assert seen["suggestion"].keys() == {"id", "response"}
        assert seen["revision"]["response"] == ""
        said = {"decision": "approve", "response": response or seen["suggestion"]["response"], "seconds": 5}
        named = {"token": seen["lease"]["token"], "suggestion_id": seen["suggestion"]["id"]}
        path, key = "/projects/sums/desk/reviews", f"key of {seen['pair']['id']}"
        found: dict[str, Any] = connection.call("POST", path, json={**said, **named, "request_key": key})
    return found
