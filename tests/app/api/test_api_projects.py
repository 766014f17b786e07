"""Projects by the API: from a template, changed, copied, taken to another workspace and back."""

import json

import pytest
from asking import Asking, problem

from hone.labeling.projects.templates.shelf import TEMPLATES
from hone.storage.people import Person
from hone.storage.projects import Project

P = "/projects/contracts"


def test_a_project_begins_from_a_template_with_an_aim(ask: Asking) -> None:
    known = ask("GET", "/templates").json()
    assert [each["key"] for each in known] == [each.key for each in TEMPLATES]
    made = ask("POST", "/projects", json={"name": "leases", "template": "legal"}).json()
    assert made["settings"] == known[5]["settings"]
    assert made["settings"]["aim"] == 600
    assert "There is no template 'law'" in problem(ask("POST", "/projects", json={"name": "x", "template": "law"}), 404)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"overlap": 99}, "Experts for each pair (overlap)"),
        ({"mood": "calm"}, "There is no setting 'mood'"),
        ({"template": "none"}, "The template has no {instruction}"),
        ({"gate": {"guards": [{"metric": "bleu"}]}}, "there is no metric 'bleu'"),
        ({"training": {"epoch": 3}}, "the nearest is 'epochs'"),
    ],
)
def test_a_change_that_does_not_fit_names_its_setting(
    ask: Asking, project: Project, changes: dict[str, object], says: str
) -> None:
    assert says in problem(ask("PATCH", f"{P}/settings", json=changes), 422)
    assert ask("GET", P).json()["version"] == 1


def test_versions_tell_who_changed_what(ask: Asking, project: Project) -> None:
    ask("PATCH", f"{P}/settings", json={"overlap": 3})
    first, second = ask("GET", f"{P}/versions").json()
    assert (first["version"], first["made_by"], first["changes"]) == (1, "lena", [])
    assert second["changes"] == ["Experts for each pair: 3, before 2"]


def test_a_copy_has_the_settings(ask: Asking, project: Project) -> None:
    made = ask("POST", f"{P}/copies", json={"name": "letters"}).json()
    assert made["settings"] == ask("GET", P).json()["settings"]
    assert "already" in problem(ask("POST", f"{P}/copies", json={"name": "letters"}), 409)


def test_a_file_goes_out_and_comes_in_as_another_project(ask: Asking) -> None:
    made = ask("POST", "/projects", json={"name": "leases", "template": "medical"}).json()
    content = ask("GET", "/projects/leases/file").content
    assert "already a project 'leases'" in problem(ask("POST", "/project-files", content=content), 409)
    taken = ask("POST", "/project-files", params={"name": "clinic"}, content=content).json()
    assert (taken["project"]["settings"], taken["left_out"]) == (made["settings"], [])


def test_what_a_file_holds_beyond_is_named(ask: Asking, project: Project) -> None:
    document = ask("GET", f"{P}/file").json()
    document["settings"]["mood"] = "calm"
    content = json.dumps(document).encode()
    assert "does not know: mood" in problem(ask("POST", "/project-files", params={"name": "x"}, content=content), 422)
    taken = ask("POST", "/project-files", params={"name": "x", "leave_out_unknown": True}, content=content).json()
    assert taken["left_out"] == ["mood"]
    assert "larger than" in problem(ask("POST", "/project-files", content=b" " * 5_000_001), 422)


def test_an_expert_begins_and_changes_nothing(ask: Asking, project: Project, ana: Person) -> None:
    for method, path, body in (
        ("POST", "/projects", {"name": "x"}),
        ("POST", f"{P}/copies", {"name": "x"}),
        ("PATCH", f"{P}/settings", {"overlap": 1}),
    ):
        assert ask(method, path, json=body, person=ana).status_code == 403
