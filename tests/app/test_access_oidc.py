"""Single sign-on from the button to the app, with a real provider on this machine."""

from collections.abc import Iterator

import httpx
import pytest
from joserfc.jwk import RSAKey
from oidc_provider import FakeProvider, provider
from serving import Served, launch, until_ready
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.testclient import TestClient

from hone.platform.access.sign_in import Door
from hone.platform.access.sign_in_oidc import Provider
from hone.platform.runtime import Runtime
from hone.platform.server import listen
from hone.platform.settings import Oidc
from hone.storage import people
from hone.storage.store import Store
from hone.storage.workspace import Workspace

ANA = {"email": "ana@example.org", "email_verified": True}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProvider]:
    with provider() as fake:
        yield fake


@pytest.fixture(scope="module")
def served(fake: FakeProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("oidc")
    workspace = Workspace(folder / "workspace")
    with Store(workspace) as store:
        store.write(lambda c: people.add(c, "ana", ("expert",), full_name="Ana Soler", email="ana@example.org"))
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    workspace.settings.write_text(
        f'[server]\nport = {port}\n[oidc]\nprovider = "Example & Co"\nclient_id = "hone"\nclient_secret = "s"\n'
        f'server_metadata_url = "{fake.address}/.well-known/openid-configuration"\n'
        f'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
    )
    server = launch(workspace, folder / "empty", port)
    yield until_ready(server)
    server.stop()


@pytest.fixture
def browser(served: Served, fake: FakeProvider) -> Iterator[httpx.Client]:
    fake.claims, fake.signing_key = dict(ANA), None
    with served.client() as browser:
        yield browser


def walk(browser: httpx.Client, start: str = "/sign-in/provider") -> httpx.Response:
    """From the button to the provider and back to Hone; the answer to the return."""
    to_provider = browser.get(start)
    back = browser.get(to_provider.headers["Location"])
    return browser.get(back.headers["Location"])


def test_the_button_stands_on_the_sign_in_page_and_keeps_the_wanted_page(browser: httpx.Client) -> None:
    page = browser.get("/sign-in?next=/review%3Fproject%3Da").text
    assert "Sign in with Example &amp; Co" in page
    assert 'href="/sign-in/provider?next=/review%3Fproject%3Da"' in page


def test_somebody_the_provider_vouches_for_gets_a_session_of_ours(browser: httpx.Client, fake: FakeProvider) -> None:
    answer = walk(browser, "/sign-in/provider?next=/review%3Fproject%3Da")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/review?project=a"
    assert "Ana Soler" in browser.get("/sign-out").text
    assert fake.asked["code_challenge_method"] == "S256"
    assert set(fake.asked["scope"].split()) == {"openid", "email", "profile"}


def test_signing_out_ends_it(browser: httpx.Client) -> None:
    walk(browser)
    browser.post("/sign-out")
    assert browser.get("/").headers["Location"] == "/sign-in?next=/"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email": "eve@example.org", "email_verified": True}, "Nobody here has the email eve@example.org."),
        ({"email": "ana@example.org", "email_verified": False}, "has not verified ana@example.org"),
        ({**ANA, "nonce": "of another sign-in"}, "did not sign you in"),
        ({**ANA, "aud": "another client"}, "did not sign you in"),
        ({**ANA, "iss": "https://elsewhere.example"}, "did not sign you in"),
        ({**ANA, "exp": 1}, "did not sign you in"),
    ],
)
def test_anybody_else_is_told_why_and_stays_outside(
    browser: httpx.Client, fake: FakeProvider, claims: dict[str, object], said: str
) -> None:
    fake.claims = claims
    answer = walk(browser)
    assert answer.status_code == 403
    assert said in answer.text
    assert browser.get("/").status_code == 303


def test_a_claim_signed_by_somebody_else_is_refused(browser: httpx.Client, fake: FakeProvider) -> None:
    fake.signing_key = RSAKey.generate_key(2048)
    assert walk(browser).status_code == 403


def test_a_return_that_nobody_began_is_refused(browser: httpx.Client) -> None:
    answer = browser.get("/oauth2callback?code=the-code&state=invented")
    assert answer.status_code == 403
    assert "Begin again" in answer.text


def test_a_refusal_at_the_provider_leads_back_to_the_form(browser: httpx.Client) -> None:
    sent = httpx.URL(browser.get("/sign-in/provider").headers["Location"]).params
    answer = browser.get(f"/oauth2callback?error=access_denied&state={sent['state']}")
    assert answer.status_code == 403
    assert "Example &amp; Co did not sign you in" in answer.text


def test_strangers_stay_outside_also_with_single_sign_on(browser: httpx.Client) -> None:
    assert browser.get("/").status_code == 303
    assert browser.get("/_stcore/host-config").status_code == 403


def test_a_provider_that_is_down_is_said_on_the_form(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    with listen("127.0.0.1", 0) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/.well-known/openid-configuration"
    back = "http://127.0.0.1:1/oauth2callback"
    oidc = Oidc(client_id="hone", client_secret="s", server_metadata_url=nobody, redirect_uri=back)
    with Runtime(workspace) as opened:
        session = Middleware(SessionMiddleware, secret_key="of this test")
        app = Starlette(routes=Provider(Door(opened), oidc).routes(), middleware=[session])
        answer = TestClient(app).get("/sign-in/provider")
    assert answer.status_code == 502
    assert "single sign-on cannot be reached. Try again a little later." in answer.text
    assert nobody in caplog.text
