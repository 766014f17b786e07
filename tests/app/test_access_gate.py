"""The door of the app: who gets in, what every answer carries, and what another site's page can do."""

from collections.abc import Iterator

import httpx
import pytest
from serving import Served, launch, until_ready
from websockets.exceptions import InvalidStatus

from hone.platform.frame import app_page
from hone.storage.workspace import Workspace

PASSWORD = "a few words in a row"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("gate")
    server = launch(Workspace(folder / "workspace"), folder / "empty")
    yield until_ready(server)
    server.stop()


@pytest.fixture(scope="module")
def session(served: Served) -> str:
    """The owner's cookie."""
    return served.welcomed(PASSWORD)


@pytest.fixture
def stranger(served: Served) -> Iterator[httpx.Client]:
    with served.client() as browser:
        yield browser


@pytest.fixture
def member(served: Served, session: str) -> Iterator[httpx.Client]:
    with served.client() as browser:
        browser.cookies.set("hone_session", session)
        yield browser


@pytest.mark.parametrize("path", ["/", "/review", "/sign-in", "/welcome?token=x", "/healthz", "/_stcore/metrics"])
def test_every_answer_carries_the_strict_headers(stranger: httpx.Client, path: str) -> None:
    headers = stranger.get(path).headers
    assert "default-src 'self'; script-src 'self' blob:;" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_page_leads_a_stranger_to_sign_in_and_back(stranger: httpx.Client) -> None:
    answer = stranger.get("/review?project=contracts&pair=7")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/review%3Fproject%3Dcontracts%26pair%3D7"
    assert 'name="next" value="/review?project=contracts&amp;pair=7"' in stranger.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/_stcore/host-config", "/media/x.png", "/component/x", "/auth/login"]
)
def test_what_lies_behind_the_pages_is_closed_to_strangers(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).status_code == 403


def test_the_api_asks_for_itself(stranger: httpx.Client) -> None:
    assert stranger.get("/api/v1/projects").status_code == 401


def test_a_member_gets_the_page_under_our_name(member: httpx.Client) -> None:
    answer = member.get("/review")
    assert answer.status_code == 200
    assert "<title>Hone</title>" in answer.text


def test_the_page_has_nothing_that_our_own_policy_refuses() -> None:
    assert "<script>" not in app_page.text()
    assert "/static/js/" in app_page.text()
    assert "Streamlit app" not in app_page.text()


def test_an_ended_or_invented_session_is_a_stranger(stranger: httpx.Client) -> None:
    stranger.cookies.set("hone_session", "invented")
    assert stranger.get("/").status_code == 303


def test_a_member_can_open_the_socket_and_a_stranger_cannot(served: Served, session: str) -> None:
    with served.connected(session, Origin=served.address) as socket:
        assert socket.subprotocol == "streamlit"
    with pytest.raises(InvalidStatus, match="403"):
        served.connected(None, Origin=served.address)


def test_another_sites_page_cannot_open_a_members_socket(served: Served, session: str) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        served.connected(session, Origin="https://elsewhere.example")


@pytest.mark.parametrize("header", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/welcome", "/api/v1/projects"])
def test_another_sites_page_cannot_post(member: httpx.Client, path: str, header: dict[str, str]) -> None:
    answer = member.post(path, headers=header, data={"name": "owner", "password": PASSWORD})
    assert answer.status_code == 403
    assert "another site" in answer.text


def test_a_foreign_sign_out_did_not_sign_anybody_out(member: httpx.Client) -> None:
    member.post("/sign-out", headers={"Origin": "https://elsewhere.example"})
    assert member.get("/").status_code == 200
