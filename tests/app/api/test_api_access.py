"""Who may ask the API what, and what a wrong request gets: one problem document, never a traceback."""

import pytest
from asking import Asking, problem

from hone.platform.api.caller import runtime
from hone.platform.runtime import Runtime
from hone.storage.errors import Conflict, Forbidden, HoneError, InputError, Locked, NotFound, RunError, WorkspaceError
from hone.storage.people import Person
from hone.storage.projects import Project

JSON = {"Content-Type": "application/json"}


def test_without_key_and_session_nobody_is_heard(ask: Asking, project: Project) -> None:
    for path in ("/status", "/projects", "/projects/contracts", "/projects/none-such", "/runs", "/people"):
        answer = ask.bare("GET", path)
        assert "owner key" in problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("key", ["Bearer wrong", "Bearer ", "bearer schlüssel", "Basic b3duZXI="])
def test_a_wrong_key_is_nobody(ask: Asking, key: str) -> None:
    problem(ask.bare("GET", "/status", headers={"Authorization": key.encode()}), 401)


def test_the_owner_key_acts_as_owner_or_as_whom_it_names(ask: Asking, ana: Person) -> None:
    assert ask("GET", "/status").json()["person"] == "owner"
    assert ask("GET", "/status", person=ana).json()["person"] == "ana"
    assert "ana" in problem(ask("GET", "/status", headers={"X-Hone-Person": "nobody"}), 404)


def test_a_session_reads_and_writes_but_cannot_name_another_person(ask: Asking, lead: Person, ana: Person) -> None:
    said = ask.by_cookie(ana, "GET", "/status", headers={"X-Hone-Person": "lena"}).json()
    assert said["person"] == "ana"
    assert ask.by_cookie(lead, "POST", "/projects", json={"name": "letters"}).status_code == 200


def test_a_write_by_cookie_must_come_from_our_own_pages(ask: Asking, lead: Person) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert "Hone's own pages" in problem(ask.by_cookie(lead, "POST", "/backups", headers=form, content=b"a=b"), 403)
    foreign = {**JSON, "Origin": "https://elsewhere.example"}
    problem(ask.by_cookie(lead, "POST", "/backups", headers=foreign, content=b"{}"), 403)
    own = {"X-Hone-Request": "1", "Origin": "http://hone"}
    assert ask.by_cookie(lead, "POST", "/backups", headers=own).status_code == 200


LEADS_ONLY = (
    "runs", "people", "checks", "projects/contracts/export", "projects/contracts/models", "projects/contracts/batches",
    "projects/contracts/batches/1", "projects/contracts/batches/1/items", "projects/contracts/reports",
    "projects/contracts/reports/1", "projects/contracts/reports/1/html", "projects/contracts/matchups/1",
    "projects/contracts/disputes",
)  # fmt: skip


@pytest.mark.parametrize("path", LEADS_ONLY)
def test_experts_and_reviewers_do_not_see_what_is_for_leads(
    ask: Asking, project: Project, ana: Person, dora: Person, path: str
) -> None:
    for person in (ana, dora):
        assert "needs lead" in problem(ask("GET", f"/{path}", person=person), 403)


def test_a_status_for_experts_and_reviewers_tells_of_no_model(
    ask: Asking, project: Project, lead: Person, dora: Person
) -> None:
    assert ask("GET", "/status", person=lead).json()["projects"][0]["next"]["command"].startswith("hone import")
    shown = ask("GET", "/status", person=dora).json()["projects"][0]
    assert (shown["iteration"], shown["judging"], shown["next"]) == (None, None, None)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), 422),
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (Forbidden("x"), 403),
        (WorkspaceError("x"), 503),
        (Locked("x"), 503),
        (RunError("x"), 409),
        (HoneError("x"), 400),
    ],
)
def test_each_error_has_its_status_and_comes_back_as_itself(opened: Runtime, error: HoneError, status: int) -> None:
    from hone.platform.api import problems
    from hone.platform.api.application import api

    app = api(opened)
    document = problems.document(error)
    assert document["status"] == status
    assert type(problems.error(document)) is type(error)
    assert app.state.runtime is opened


def test_what_is_not_valid_is_named(ask: Asking) -> None:
    assert "body.name" in problem(ask("POST", "/projects", json={}), 422)
    assert "body" in problem(ask("POST", "/projects", headers=JSON, content=b"{broken"), 422)
    assert "body.colour" in problem(ask("POST", "/projects", json={"name": "a", "colour": "red"}), 422)
    assert "Not Found" in problem(ask("GET", "/nothing/here"), 404)
    assert "Method Not Allowed" in problem(ask("DELETE", "/projects"), 405)


def test_what_nobody_foresaw_tells_nothing_of_the_inside(ask: Asking, opened: Runtime) -> None:
    def broken() -> Runtime:
        raise ZeroDivisionError("secret")

    ask.application.dependency_overrides[runtime] = broken
    answer = ask("GET", "/status")
    assert "did not foresee" in problem(answer, 500)
    assert "secret" not in answer.text


def test_the_page_of_the_api_needs_nothing_from_elsewhere(ask: Asking) -> None:
    page = ask.bare("GET", "/docs").text
    assert "<script" not in page
    assert "://" not in page
    assert "POST /projects/{name}/imports" in page
    schema = ask.bare("GET", "/openapi.json").json()
    assert schema["openapi"].startswith("3.")
    assert all(told.get("description") for each in schema["paths"].values() for told in each.values())
