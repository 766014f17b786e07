"""Slices and batches by command: which pairs, what would be frozen, and what led from one batch to another."""

import json
from pathlib import Path

import pytest
from commanding import Hone, hone_in
from factories import add_person

from hone.storage.store import Store
from hone.storage.workspace import Workspace


@pytest.fixture
def hone(workspace: Workspace, tmp_path: Path) -> Hone:
    """Runs `hone --workspace W ARGUMENTS`. There are 16 pairs, every fourth about tax; the first 12 are approved."""
    run = hone_in(workspace.root)
    rows = [
        {"q": "Explain.", "c": f"clause {n} {n * 37 % 101}", "a": f"it says {n}", "t": "law" if n % 4 else "tax"}
        for n in range(1, 17)
    ]
    said = [{"key": f"#{n}", "annotator": name, "decision": "approve"} for n in range(1, 13) for name in ("ana", "ben")]
    for name, lines in (("rows", rows), ("said", said)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(each) for each in lines))
    maps = ("instruction=q", "context=c", "response=a", "metadata.topic=t")
    told = run("import", tmp_path / "rows.jsonl", "-p", "one", *(word for each in maps for word in ("--map", each)))
    assert told.exit_code == 0, told.output
    with Store(workspace) as store:
        for name in ("ana", "ben"):
            add_person(store, name, "expert")
    assert run("reviews", tmp_path / "said.jsonl").exit_code == 0
    return run


def test_a_filter_lists_a_slice_and_asks_for_more_opinions_on_it(hone: Hone) -> None:
    told = hone("pairs", "list", "--where", "metadata.topic=tax")
    assert "4 pairs: 1 open, 3 approved" in told.stdout, told.output
    assert "1 open pairs ask for 3 opinions" in hone("pairs", "ask", 3, "--where", "metadata.topic=tax").stdout
    assert "1 moved to the front" in hone("pairs", "send", "--why", "soft", "--where", "metadata.topic=tax").stdout
    refused = hone("pairs", "list", "--where", "metadata.topic=art")
    assert (refused.exit_code, "There are: law, tax." in refused.stderr) == (2, True)


def test_a_part_is_frozen_and_compared_with_the_whole(hone: Hone) -> None:
    planned = hone("batch", "freeze", "--dry-run", "--floor", 5)
    assert "Missing: topic tax has 3 of 5; 1 not decided yet." in planned.stdout, planned.output
    assert "4 not in the filter" in hone("batch", "freeze", "--where", "metadata.topic=law", "--name", "Law").stdout
    assert hone("batch", "freeze").exit_code == 0
    assert "Chosen by metadata.topic=law" in hone("batch", "show", 1).stdout
    told = hone("batch", "diff", 1, 2).stdout
    assert "From batch 1 to batch 2: 9 the same, 3 added, 0 removed, 0 changed, 0 moved." in told
    assert "+ #4 " in told
    assert json.loads(hone("batch", "diff", 2, 1, "--json").stdout)["counts"]["removed"] == 3
