"""Signing in and out by the pages outside the app, as a browser without scripts does it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import Served, launch, until_ready

from hone.platform.access.sign_in import local_path
from hone.storage import people
from hone.storage.store import Store
from hone.storage.workspace import Workspace

NO_MATCH = "That name and password do not match"


@pytest.fixture(scope="module")
def invitation() -> dict[str, str]:
    """Filled when the workspace is made: who was invited, and by which secret."""
    return {}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, invitation: dict[str, str]) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("sign-in")
    workspace = Workspace(folder / "workspace")
    _people(workspace, invitation)
    server = launch(workspace, folder / "empty")
    yield until_ready(server)
    server.stop()


def _people(workspace: Workspace, invitation: dict[str, str]) -> None:
    with Store(workspace) as store:
        add = people.add
        store.write(lambda c: add(c, "lena", ("admin",), full_name="Lena <b>Lead</b>", password="long enough"))
        store.write(lambda c: add(c, "ana", ("expert",), full_name="Ana Soler", password="hone-demo", example=True))
        for name in ("gus", "ida", "kim"):
            guest = store.write(lambda c, name=name: add(c, name, ("expert", "reviewer")))  # type: ignore[misc]
            invitation[name] = store.write(lambda c, guest=guest: people.invite(c, guest))  # type: ignore[misc]


@pytest.fixture
def browser(served: Served) -> Iterator[httpx.Client]:
    with served.client() as browser:
        yield browser


def sign_in(browser: httpx.Client, name: str, password: str, wanted: str = "/") -> httpx.Response:
    return browser.post("/sign-in", data={"name": name, "password": password, "next": wanted})


def test_the_right_password_sets_a_cookie_and_leads_to_the_wanted_page(browser: httpx.Client) -> None:
    answer = sign_in(browser, " Lena ", "long enough", "/report?number=2")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/report?number=2"
    cookie = answer.headers["Set-Cookie"]
    for attribute in ("hone_session=", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=1209600"):
        assert attribute in cookie
    assert "Secure" not in cookie
    assert browser.get("/").status_code == 200


def test_behind_a_proxy_with_https_the_cookie_is_secure(browser: httpx.Client) -> None:
    fields = {"name": "lena", "password": "long enough"}
    answer = browser.post("/sign-in", data=fields, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"]


def test_whoever_is_signed_in_goes_on_at_once(browser: httpx.Client) -> None:
    sign_in(browser, "lena", "long enough")
    assert browser.get("/sign-in?next=/pairs").headers["Location"] == "/pairs"


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(browser: httpx.Client) -> None:
    wrong_password = sign_in(browser, "lena", "not this one")
    wrong_name = sign_in(browser, "lenb", "long enough")
    assert wrong_password.status_code == wrong_name.status_code == 403
    assert NO_MATCH in wrong_password.text
    assert wrong_password.text.replace("lena", "lenb") == wrong_name.text
    assert "Set-Cookie" not in wrong_password.headers


def test_guessing_is_slowed_down_and_says_for_how_long(browser: httpx.Client) -> None:
    answers = [sign_in(browser, "victim", f"guess number {count}") for count in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) <= 2
    assert "Too many attempts. Try again in" in answers[-1].text
    assert sign_in(browser, "lena", "long enough").status_code == 303


def test_what_was_typed_comes_back_as_text(browser: httpx.Client) -> None:
    shown = sign_in(browser, '"><script>alert(1)</script>', "x", '/a"onfocus=x').text
    assert "<script>" not in shown
    assert "&quot;&gt;&lt;script&gt;" in shown
    assert '"onfocus' not in shown


def test_example_accounts_sign_in_with_one_press(browser: httpx.Client) -> None:
    page = browser.get("/sign-in?next=/review").text
    assert "Example workspace" in page
    assert "Ana Soler<span>expert</span>" in page
    assert "Lena" not in page
    assert sign_in(browser, "ana", "hone-demo").status_code == 303


def test_sign_out_ends_the_session_not_only_the_cookie(browser: httpx.Client, served: Served) -> None:
    sign_in(browser, "lena", "long enough")
    token = browser.cookies["hone_session"]
    assert "Lena &lt;b&gt;Lead&lt;/b&gt;" in browser.get("/sign-out").text
    assert browser.post("/sign-out").headers["Location"] == "/sign-in?out=1"
    assert "hone_session" not in browser.cookies
    with served.client() as thief:
        thief.cookies.set("hone_session", token)
        assert thief.get("/").status_code == 303


def test_an_invitation_works_once(browser: httpx.Client, invitation: dict[str, str]) -> None:
    token = invitation["gus"]
    assert "expert and reviewer" in browser.get(f"/welcome?token={token}").text
    fields = {"token": token, "full_name": "Gus  Gray", "password": "of my own", "again": "of my own"}
    assert browser.post("/welcome", data=fields).headers["Location"] == "/"
    assert "Gus Gray" in browser.get("/sign-out").text
    assert browser.post("/welcome", data=fields).status_code == 410
    assert browser.get(f"/welcome?token={token}").status_code == 410
    assert sign_in(browser, "gus", "of my own").status_code == 303


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [("of my own", "of my own!", "The two passwords differ."), ("short", "short", "fewer than 8 characters")],
)
def test_a_refused_password_leaves_the_invitation_as_it_was(
    browser: httpx.Client, invitation: dict[str, str], password: str, again: str, said: str
) -> None:
    token = invitation["ida"]
    answer = browser.post(
        "/welcome", data={"token": token, "full_name": "Ida Ito", "password": password, "again": again}
    )
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Ida Ito"' in answer.text
    assert browser.get(f"/welcome?token={token}").status_code == 200


def test_a_form_larger_than_any_of_ours_is_not_read(browser: httpx.Client) -> None:
    assert sign_in(browser, "lena", "long enough" * 1000).status_code == 403


def test_the_pages_are_never_kept_by_a_cache(browser: httpx.Client, invitation: dict[str, str]) -> None:
    assert browser.get("/sign-in").headers["Cache-Control"] == "no-store"
    assert browser.get(f"/welcome?token={invitation['kim']}").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://x.example", "//x.example", "/\\x.example", "/\t/x.example", "\\\\x.example", "x", "", "/sign-in", None],
)
def test_no_address_leads_to_another_site(elsewhere: str | None) -> None:
    assert local_path(elsewhere) == "/"


@given(st.text())
def test_wherever_it_leads_it_is_a_path_of_ours(wanted: str) -> None:
    path = local_path("/" + wanted)
    assert path.startswith("/")
    assert not path.startswith("//")
    assert "\\" not in path
    assert path.isascii()
    assert path.isprintable()


def test_the_style_sheet_and_the_mark_are_there_without_a_session(browser: httpx.Client) -> None:
    page = browser.get("/sign-in").text
    for path in ("/assets/sign-in.css", "/assets/mark.svg"):
        assert path in page
        assert browser.get(path).status_code == 200
    assert browser.get("/favicon.png").headers["Content-Type"] == "image/svg+xml"


def test_no_file_of_ours_but_the_assets_is_served(browser: httpx.Client) -> None:
    assert browser.get("/assets/..%2fserver.py").status_code in (400, 404)
    assert Path(people.__file__).name not in browser.get("/assets/").text
