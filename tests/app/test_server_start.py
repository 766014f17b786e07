"""`hone serve` from its first line to its end, as processes."""

import json
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import Served, launch, until_ready

from hone.platform.frame import streamlit_options
from hone.platform.server import listen
from hone.storage import people
from hone.storage.errors import InputError
from hone.storage.store import Store
from hone.storage.workspace import Workspace

TELL_OPTIONS = """
def tell(line):
    import json, sys, streamlit
    from hone.platform.frame import streamlit_options as ours
    names = [*ours.OPTIONS, "server.address", "theme.light.primaryColor"]
    told = {name: streamlit.get_option(name) for name in names}
    libraries = ("torch", "transformers", "peft", "trl", "optuna", "ray", "datasets", "accelerate", "bitsandbytes")
    heavy = [name for name in libraries if name in sys.modules]
    print(json.dumps({"options": told, "loaded": heavy}), flush=True)
"""
HOSTILE = '[runner]\npostScriptGC = true\n[browser]\ngatherUsageStats = true\n[server]\naddress = "0.0.0.0"\n'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("running")
    server = launch(Workspace(folder / "workspace"), folder / "empty")
    yield until_ready(server)
    server.stop()


def test_a_server_says_that_it_lives_and_can_be_used(running: Served) -> None:
    with running.client() as browser:
        assert browser.get("/healthz").status_code == 200
        assert browser.get("/readyz").json() == {"ready": True}


def test_server_json_names_process_and_address_to_the_owner_only(running: Served) -> None:
    file = running.workspace.server_file
    said = json.loads(file.read_text())
    assert said["pid"] == running.process.pid
    assert said["address"].startswith("http://127.0.0.1:")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(running.workspace.owner_key_file.stat().st_mode) == 0o600


def test_a_second_server_is_sent_to_the_first(running: Served, tmp_path: Path) -> None:
    code, _, err = launch(running.workspace, tmp_path / "empty").ended()
    assert code == 1
    assert f"open in process {running.process.pid}" in err
    assert running.address in err
    assert "stop it" in err


def test_sigterm_ends_a_server_cleanly_while_a_browser_is_connected(workspace: Workspace, tmp_path: Path) -> None:
    served = until_ready(launch(workspace, tmp_path / "empty"))
    address = served.address
    with served.connected(served.welcomed("chosen by the owner")):
        code, out, err = served.stop(signal.SIGTERM)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"Hone is at {address}"
    assert not workspace.server_file.exists()
    with Store(workspace) as store, store.read() as cursor:
        assert people.password_hash(cursor, "owner")


def test_ctrl_c_ends_a_server_cleanly_and_a_kill_does_not_stop_the_next(workspace: Workspace, tmp_path: Path) -> None:
    until_ready(launch(workspace, tmp_path / "empty")).stop(signal.SIGKILL)
    assert workspace.server_file.exists()
    code, _, err = until_ready(launch(workspace, tmp_path / "empty")).stop(signal.SIGINT)
    assert (code, err) == (0, "")
    assert not workspace.server_file.exists()


def test_a_port_in_use_is_one_clear_line_and_frees_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = launch(workspace, tmp_path / "empty", port).ended()
    assert code == 1
    assert err == f"Port {port} of 127.0.0.1 is in use by another program. Choose another with --port, or --port 0.\n"
    assert not workspace.server_file.exists()


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("127.0.0.1", 99999, "99999 is no port"),
        ("203.0.113.7", 0, "Cannot listen at 203.0.113.7"),
        ("no-such-host.invalid", 0, "Cannot listen at no-such-host.invalid"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_clear_line(host: str, port: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        listen(host, port)


def test_small_answers_leave_at_once() -> None:
    with listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP  # else asyncio leaves Nagle's 40 ms on each of them


def test_streamlit_obeys_us_in_any_folder(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "somewhere"
    (folder / ".streamlit").mkdir(parents=True)
    (folder / ".streamlit" / "config.toml").write_text(HOSTILE)
    environment = {"STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "full", "STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}
    server = launch(workspace, folder, announce="tell", before=TELL_OPTIONS, environment=environment)
    code, out, err = until_ready(server).stop()
    told = json.loads(out.splitlines()[0])
    assert (code, err) == (0, "")
    assert told["options"] == {
        **streamlit_options.OPTIONS,
        "server.address": "127.0.0.1",
        "theme.light.primaryColor": "#2E6F95",
    }
    assert told["loaded"] == []


def test_hone_toml_decides_where_it_listens(workspace: Workspace, tmp_path: Path) -> None:
    workspace.make_folders()
    workspace.settings.write_text('[server]\nhost = "localhost"\n')
    served = until_ready(launch(workspace, tmp_path / "empty"))
    assert served.address.startswith("http://localhost:")
    assert httpx.get(served.address + "/healthz").status_code == 200
    served.stop()


def test_a_wrong_hone_toml_is_one_clear_line(workspace: Workspace, tmp_path: Path) -> None:
    workspace.make_folders()
    workspace.settings.write_text("[server]\nprot = 8502\n")
    code, _, err = launch(workspace, tmp_path / "empty").ended()
    assert code == 1
    assert err.endswith("hone.toml: [server] prot is no setting. Did you mean port? There are: host, port.\n")
