"""hone.toml: what may stand there, and what is said of what may not."""

import stat
import tomllib
from pathlib import Path

import pytest

from hone.platform import settings
from hone.platform.settings import DEFAULT_TEXT, SECTIONS, Settings
from hone.storage.errors import InputError

OIDC = """
[oidc]
client_id = "hone"
client_secret = "secret"
server_metadata_url = "https://login.example.org/.well-known/openid-configuration"
redirect_uri = "https://hone.example.org/oauth2callback"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "hone.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_server_listens_to_this_machine_only(tmp_path: Path) -> None:
    found = settings.read(tmp_path / "hone.toml")
    assert found == Settings()
    assert (found.server.host, found.server.port, found.oidc) == ("127.0.0.1", 8501, None)


def test_every_section_can_be_set(tmp_path: Path) -> None:
    text = '[server]\nhost = "0.0.0.0"\nport = 80\n[training]\nthreads = 8\nat_once = 2\ndevice = "cuda"\n' + OIDC
    found = settings.read(written(tmp_path, text))
    assert (found.server.port, found.training.threads, found.training.at_once) == (80, 8, 2)
    assert found.oidc is not None
    assert found.oidc.client_id == "hone"


def test_the_default_file_says_nothing_but_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "hone.toml"
    settings.write_default(path)
    assert settings.read(path) == Settings()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_line_of_the_default_file_is_right_when_its_comment_is_taken_off(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") for line in DEFAULT_TEXT.splitlines() if "=" in line or "[" in line]
    found = settings.read(written(tmp_path, "\n".join(line for line in lines if not line.startswith("Single"))))
    assert found.server == Settings().server
    assert {name for name in SECTIONS if name in tomllib.loads("\n".join(lines))} == set(SECTIONS)


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path, "[server]\nport = 9000\n")
    settings.write_default(path)
    assert settings.read(path).server.port == 9000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nprot = 1", "[server] prot is no setting. Did you mean port? There are: host, port."),
        ("[sever]\nport = 1", "[sever] is no section. Did you mean server? There are: server, oidc, training."),
        ("[server]\nport = 'high'", "[server] port is 'high'; it must be a whole number, without quotes."),
        ("[server]\nport = 70000", "[server] port is 70000; it must be 65535 or less."),
        ("[server]\nport = true", "[server] port is true; it must be a whole number, without quotes."),
        ("[server]\nhost = 5", "[server] host is 5; it must be a text in quotes."),
        ("[training]\nthreads = 0", "[training] threads is 0; it must be 1 or more."),
        ("[training]\ndevice = 'tpu'", "[training] device is 'tpu'; it must be 'auto', 'cpu', 'cuda' or 'mps'."),
        ("[training]\nlauncher = 'mpi'", "[training] launcher is 'mpi'; it must be 'local', 'torchrun' or 'ray'."),
        (
            "[training]\nprocesses = 2",
            "[training] processes is 2, but launcher is 'local', which starts one; "
            'set launcher = "torchrun" or "ray", or take processes out.',
        ),
        (
            "[training]\nservers = ['http://me:secret@gpu/v1']",
            "[training] servers is 'http://me:secret@gpu/v1'; it must be a whole web address without a password in it.",
        ),
        ("server = 8501", "server is 8501; it must be a section that starts with the line [server]."),
        ("[oidc]\nclient_id = 'x'", "[oidc] client_secret is missing. Add a line `client_secret = ...`."),
        (
            OIDC.replace("/oauth2callback", "/back"),
            "[oidc] redirect_uri is 'https://hone.example.org/back'; it must be a whole web address "
            "that ends in /oauth2callback.",
        ),
        ("[server\nport = 1", "is not valid TOML: Expected ']'"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as problem:
        settings.read(written(tmp_path, text))
    assert said in str(problem.value)
    assert "hone.toml" in str(problem.value)
    assert "\n" not in str(problem.value)
