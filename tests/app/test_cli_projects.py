"""`hone project`: begin, read, change, copy, take elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from commanding import Hone, hone_in

from hone.storage.workspace import Workspace


@pytest.fixture
def hone(workspace: Workspace) -> Hone:
    """Runs `hone --workspace W ARGUMENTS` in this process."""
    return hone_in(workspace.root)


def settings(hone: Hone, name: str) -> dict[str, Any]:
    shown = hone("project", "show", "--project", name, "--json")
    return dict(json.loads(shown.stdout)["settings"])


def test_a_project_goes_from_a_template_to_a_file_and_back(hone: Hone, tmp_path: Path) -> None:
    assert "Made the project 'leases'" in hone("project", "new", "leases", "--template", "legal").output
    guide = tmp_path / "guide.md"
    guide.write_text("# Tone\n\n- plain\n", encoding="utf-8")
    changed = hone(
        "project", "set", "overlap=3", "order=random", 'categories=["tone", "format"]', f"guidelines=@{guide}"
    )
    assert "Version 2 of leases." in changed.output
    assert "Nothing was changed." in hone("project", "set", "overlap=3").output
    told = hone("project", "versions").output
    assert "Experts for each pair: 3, before 2" in told
    assert "Order of the queue: random, before oldest" in told
    assert "with the settings of 'leases'" in hone("project", "copy", "rents").output
    file = tmp_path / "leases.json"
    hone("project", "export", file, "--project", "leases")
    assert "Made the project 'flats'" in hone("project", "import", file, "--name", "flats").output
    assert settings(hone, "leases") == settings(hone, "rents") == settings(hone, "flats")
    assert settings(hone, "flats")["guidelines"] == "# Tone\n\n- plain\n"
    listed = hone("project", "list").output
    assert all(name in listed for name in ("leases", "rents", "flats", "signed off"))


def test_what_cannot_be_done_is_one_line_and_a_code(hone: Hone, tmp_path: Path) -> None:
    hone("project", "new", "letters")
    newer = tmp_path / "newer.json"
    newer.write_text('{"hone_project": 9, "name": "later", "settings": {"mood": 1}}', encoding="utf-8")
    for arguments, says in (
        (("new", "x", "--template", "law"), "There is no template 'law'. There are: summarizing"),
        (("set", "overlap"), "'overlap' is no setting. Write key=value"),
        (("set", "overlap=12"), "Experts for each pair (overlap)"),
        (("set", f"guidelines=@{tmp_path / 'none.md'}"), "There is no file"),
        (("import", newer), "does not know: mood. The file has schema version 9"),
    ):
        refused = hone("project", *arguments)
        assert refused.exit_code == 2
        assert says in refused.output
        assert "Traceback" not in refused.output
    taken = hone("project", "import", newer, "--without-unknown")
    assert "left out: mood" in taken.output
    assert taken.exit_code == 0


def test_templates_are_listed(hone: Hone) -> None:
    hone("project", "new", "letters")
    listed = hone("project", "templates").output
    assert "medical" in listed
    assert "Summarizing" in listed
