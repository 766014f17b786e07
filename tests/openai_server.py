"""An OpenAI-compatible server of a real model, on a port of its own, for tests of those who ask one."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from hone.training.models import adapters, loading
from hone.training.models.published import read_facts
from hone.training.speaking.decode import Answer, Sampling, answers

Body = dict[str, Any]


@dataclass
class Desk:
    """The server's address, what it was asked, and how it behaves.

    Attributes:
        busy: So many requests are turned away with this status before each answer.
        key: The key that it wants.
    """

    address: str = ""
    asked: list[Body] = field(default_factory=list)
    busy: int = 0
    status: int = 429
    key: str | None = None


@contextmanager
def serving(base: Path, folder: Path, **behaves: Any) -> Generator[Desk, None, None]:
    """A published model behind HTTP while the block runs."""
    desk = Desk(**behaves)
    server = uvicorn.Server(uvicorn.Config(_app(desk, _speaker(base, folder)), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    desk.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    yield desk
    server.should_exit = True
    thread.join()


def _speaker(base: Path, folder: Path) -> Callable[[str, int], Answer]:
    model, tokenizer = adapters.load_model(base, folder, torch.float32), loading.load_tokenizer(base)
    stop = read_facts(folder).stop_ids
    turn = threading.Lock()

    def speak(prompt: str, longest: int) -> Answer:
        with turn:
            sampling = Sampling(max_new_tokens=longest)
            return answers(model, tokenizer, [tokenizer(prompt)["input_ids"]], stop, sampling)[0]

    return speak


def _app(desk: Desk, speak: Callable[[str, int], Answer]) -> FastAPI:
    app = FastAPI()

    @app.get("/v1/models")
    def models(request: Request) -> Body:
        _allowed(desk, request)
        return {"data": [{"id": "tuned"}]}

    @app.post("/v1/completions")
    def completions(body: Body, request: Request) -> Any:
        return _answered(desk, request, body, str(body["prompt"]), lambda text: {"text": text})

    @app.post("/v1/chat/completions")
    def chat(body: Body, request: Request) -> Any:
        said = str(body["messages"][-1]["content"])
        return _answered(desk, request, body, said, lambda text: {"message": {"role": "assistant", "content": text}})

    def _answered(desk: Desk, request: Request, body: Body, prompt: str, shape: Callable[[str], Body]) -> Any:
        _allowed(desk, request)
        desk.asked.append(body)
        if desk.busy > 0:
            desk.busy -= 1
            return JSONResponse({"error": {"message": "come back later"}}, desk.status, {"retry-after": "0"})
        if len(prompt) > 4000:
            return JSONResponse({"error": {"message": "the prompt is too long"}}, 400)
        said = speak(prompt, int(body["max_tokens"]))
        choice = {**shape(said.text), "finish_reason": said.finish}
        return {"choices": [choice], "usage": {"completion_tokens": said.tokens}}

    return app


def _allowed(desk: Desk, request: Request) -> None:
    if desk.key is not None and request.headers.get("authorization") != f"Bearer {desk.key}":
        raise HTTPException(401, "no")
