"""A server answers instead of this machine: the same questions, so the same answers; patience, and clear refusals."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openai_server import Desk, serving

from hone.training.folder import RunFolder
from hone.training.generate import generate, read_generations
from hone.training.speaking import server

Make = Callable[..., RunFolder]


@pytest.fixture(scope="module")
def at_work(tiny_base: Path, trained: RunFolder) -> Iterator[Desk]:
    with serving(tiny_base, trained.model) as desk:
        yield desk


@pytest.fixture
def desk(at_work: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(server, "FIRST_WAIT", 0.001)
    monkeypatch.delenv(server.KEY, raising=False)
    at_work.asked.clear()
    at_work.busy, at_work.status, at_work.key = 0, 429, None
    return at_work


def texts(folder: RunFolder) -> dict[str, str]:
    return {generation.id: generation.text for generation in read_generations(folder)}


def failure(folder: RunFolder) -> str:
    assert folder.status() == "failed"
    return str(folder.read_events()[0][-1].data["message"])


def test_a_server_of_the_model_gives_the_answers_that_the_model_gives_here(new_generation: Make, desk: Desk) -> None:
    here, there = new_generation("here"), new_generation("there", server=desk.address)
    assert (generate(here.path), generate(there.path)) == (0, 0)
    assert texts(there) == texts(here)
    assert all(answer.finish == "stop" and answer.tokens > 0 for answer in read_generations(there))
    assert (there.result()["server_model"], there.result()["rows"]) == ("tuned", 10)


def test_a_chat_model_is_asked_by_turns(new_generation: Make, desk: Desk) -> None:
    folder = new_generation(server=desk.address, prompt="chat", template="{instruction} {context}")
    assert generate(folder.path) == 0
    assert all(body["messages"][0]["role"] == "user" for body in desk.asked)
    assert len(texts(folder)) == 10


def test_a_row_has_the_same_seed_whatever_was_asked_before(new_generation: Make, desk: Desk) -> None:
    for name, batch_size in (("one", 1), ("many", 10)):
        assert generate(new_generation(name, server=desk.address, batch_size=batch_size, temperature=1.0).path) == 0
    seeds = [(body["prompt"], body["seed"]) for body in desk.asked]
    assert sorted(seeds[:10]) == sorted(seeds[10:])
    assert len({seed for _, seed in seeds}) == 10


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(new_generation: Make, desk: Desk, status: int) -> None:
    desk.busy, desk.status = 5, status
    folder = new_generation(server=desk.address)
    assert generate(folder.path) == 0
    assert len(desk.asked) == 15


def test_a_server_that_stays_busy_fails_the_run_which_goes_on_later(new_generation: Make, desk: Desk) -> None:
    folder = new_generation(server=desk.address, batch_size=1)
    folder.request_cancel()
    assert generate(folder.path) == 3  # one row is answered
    desk.busy = 1000
    assert generate(folder.path) == 1
    assert "did not answer in 8 tries (status 429: come back later)" in failure(folder)
    desk.busy = 0
    assert generate(folder.path) == 0
    assert len(texts(folder)) == 10
    assert len(desk.asked) == 1 + 8 + 9


def test_a_key_is_taken_from_the_environment(new_generation: Make, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.key = "sesame"
    refused, wrong, right = (new_generation(name, server=desk.address) for name in "abc")
    assert generate(refused.path) == 1
    assert "wants a key: set HONE_SERVER_KEY (status 401)" in failure(refused)
    monkeypatch.setenv(server.KEY, "abracadabra")
    assert generate(wrong.path) == 1
    assert "refuses the key in HONE_SERVER_KEY (status 401)" in failure(wrong)
    monkeypatch.setenv(server.KEY, "sesame")
    assert generate(right.path) == 0
    assert "sesame" not in right.config_file.read_text() + right.result_file.read_text()


def test_a_model_that_the_server_does_not_have_is_named_with_those_that_it_has(
    new_generation: Make, desk: Desk
) -> None:
    folder = new_generation(server=desk.address, server_model="tuner")
    assert generate(folder.path) == 1
    assert "has no model 'tuner'; name one with server_model=. It has: tuned." in failure(folder)


def test_a_server_that_is_not_there_is_one_clear_line(new_generation: Make) -> None:
    folder = new_generation(server="http://127.0.0.1:9/v1")
    assert generate(folder.path) == 1
    assert failure(folder).startswith("No server answers at http://127.0.0.1:9/v1 (")
    assert "start it, or set server= to its address" in failure(folder)


def test_what_the_server_refuses_is_told_with_its_row(new_generation: Make, desk: Desk) -> None:
    folder = new_generation(server=desk.address, template="{instruction} {context}" + "x" * 4000)
    assert generate(folder.path) == 1
    assert "Row 'row-" in failure(folder)
    assert "refuses (status 400): the prompt is too long" in failure(folder)


def test_asking_a_server_needs_no_torch(new_generation: Make, desk: Desk) -> None:
    folder = new_generation(server=desk.address)
    ask = f"import sys; from hone.training.generate import generate; generate({str(folder.path)!r}); "
    code = subprocess.run([sys.executable, "-c", ask + "sys.exit('torch' in sys.modules)"], check=False).returncode
    assert (code, len(texts(folder))) == (0, 10)
