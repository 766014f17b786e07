"""Files over the network: pairs out in the shapes of others, pairs in from the server's own disk for its owner only."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

from asking import Asking, problem
from judged import answered_batch

from hone.evaluation import judging, matchups
from hone.evaluation.judging import Verdict
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.records import new_id
from hone.storage.store import Store
from hone.storage.workspace import Workspace

GOOD = b'{"prompt": "a", "completion": "b"}\n'


def test_what_reviewers_preferred_leaves_for_leads_alone(
    ask: Asking, store: Store, project: Project, lead: Person, dora: Person
) -> None:
    batch, new, old = answered_batch(store, project, lead, items=4)
    made = matchups.make(store, project, lead, batch, new, old)
    for choice in ("better", "better", "worse", "tie"):
        view = judging.next_view(store, made, dora)
        assert view.token
        side = choice if choice == "tie" else "left" if choice in view.left else "right"
        judging.submit(store, dora, view.token, Verdict.model_validate({"choice": side}), new_id())
    path = f"projects/{project.name}/export?format=dpo&provenance=true"
    found = [json.loads(line) for line in ask("GET", path).text.splitlines()]
    assert sorted(row["chosen"].split()[0] for row in found) == ["better", "better", "worse"]
    assert all(row["chosen"].split()[0] != row["rejected"].split()[0] for row in found)
    assert found[0]["provenance"]["votes"] == {"chosen": 1, "rejected": 0, "neither": 0}
    assert found[0]["prompt"].startswith("### Instruction:\nQuestion")
    assert ask("GET", path, person=dora).status_code == 403


def test_a_data_set_comes_over_the_network_as_one_archive(ask: Asking, project: Project, workspace: Workspace) -> None:
    got = ask("GET", f"projects/{project.name}/export?format=hf")
    names = zipfile.ZipFile(BytesIO(got.content)).namelist()
    assert "contracts-hf/README.md" in names
    assert "contracts-hf/data/train-00000-of-00001.parquet" in names
    assert list(workspace.exports.iterdir()) == []


def test_a_path_of_the_servers_machine_is_for_the_owner_key_alone(
    ask: Asking, project: Project, lead: Person, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_bytes(GOOD)
    path = f"projects/{project.name}/imports?file_name=rows.jsonl&path={tmp_path}/rows.jsonl"
    own_page = {"X-Hone-Request": "1", "Sec-Fetch-Site": "same-origin"}
    refused = ask.by_cookie(lead, "POST", path, headers=own_page)
    assert "Only the workspace's owner may name a file" in problem(refused, 403)
    assert ask("POST", path).json()["added"] == 1
    out = f"projects/{project.name}/exports?path={tmp_path}/out.jsonl"
    assert ask.by_cookie(lead, "POST", out, headers=own_page).status_code == 403
    assert not (tmp_path / "out.jsonl").exists()


def test_a_preview_shows_pairs_and_refusals_and_stores_nothing(ask: Asking, project: Project) -> None:
    body = GOOD + b'{"prompt": ""}\n'
    found = ask("POST", f"previews?file_name=rows.jsonl&project={project.name}", content=body).json()
    assert found["check"]["pairs"][0]["response"] == "b"
    assert found["check"]["problems"] == [{"line": 2, "reason": "the instruction is missing or empty"}]
    assert ask("GET", f"projects/{project.name}/imports").json() == []
    unclear = ask("POST", "previews?file_name=rows.csv", content=b"title,author\nx,y\n").json()
    assert (unclear["check"], unclear["preview"]["columns"]) == (None, ["title", "author"])


def test_the_refused_rows_of_an_import_can_be_fetched_by_a_lead(ask: Asking, project: Project, ana: Person) -> None:
    path = f"projects/{project.name}/imports?file_name=rows.jsonl"
    done = ask("POST", path, content=GOOD + b"{broken\n").json()
    got = ask("GET", f"imports/{done['import_id']}/refused")
    assert got.text.splitlines()[1].startswith("2,broken JSON")
    assert ask("GET", f"imports/{done['import_id']}/refused", person=ana).status_code == 403
    assert "no refused rows" in problem(ask("GET", "imports/nothing/refused"), 404)


def test_an_upload_leaves_nothing_behind(ask: Asking, project: Project, workspace: Workspace) -> None:
    ask("POST", f"projects/{project.name}/imports?file_name=x.jsonl", content=GOOD)
    ask("POST", f"projects/{project.name}/imports?file_name=x.jsonl", content=b"PK\x03\x04")
    assert list(workspace.root.glob(".incoming-*")) == []


def test_names_and_paths_that_no_file_has_are_refused_in_a_word(ask: Asking, project: Project, tmp_path: Path) -> None:
    imports, exports = f"projects/{project.name}/imports", f"projects/{project.name}/exports"
    for path in (imports, "previews"):
        refused = ask("POST", f"{path}?file_name=rows.js%00onl", content=GOOD)
        assert "The file name holds a NUL byte" in problem(refused, 422)
        assert "There is no file" in problem(ask("POST", f"{path}?file_name=rows.jsonl&path=/rows%00.jsonl"), 422)
    for path in ("", ".", "/x%00.csv"):
        assert "Name a file, such as pairs.jsonl" in problem(ask("POST", f"{exports}?path={path}"), 422)
        assert "Name a file, such as pairs.jsonl" in problem(ask("POST", f"{exports}?format=hf&path={path}"), 422)
    assert "is a folder. Name a file in it" in problem(ask("POST", f"{exports}?path={tmp_path}"), 422)
    assert "is a folder. Name a file in it" in problem(ask("POST", f"{exports}?path=/"), 422)
