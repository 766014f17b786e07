"""An OpenAI-compatible server that answers prompts: asked again when it is busy, and understood when it refuses."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from hone.storage.errors import RunError
from hone.training.session import Cancelled

KEY = "HONE_SERVER_KEY"  # in the environment, never in a configuration
TRIES = 8
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds; doubled from one try to the next
PATIENCE = httpx.Timeout(600.0, connect=10.0)
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Said:
    """An answer of a server; `tokens` is the server's count, or that of the words where it gives none."""

    text: str
    tokens: int
    seconds: float
    finish: Literal["stop", "length"]


class Server:
    """A server at its address, as http://localhost:8000/v1. Several threads may ask it at once.

    Args:
        address: Up to and with the version.
        stopped: Whether waiting for a busy server has become pointless.
    """

    def __init__(self, address: str, stopped: Callable[[], bool] = lambda: False) -> None:
        self.address = address.rstrip("/")
        self._stopped = stopped
        key = os.environ.get(KEY)
        self._client = httpx.Client(timeout=PATIENCE, headers={"Authorization": f"Bearer {key}"} if key else {})

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def model(self, wanted: str) -> str:
        """The model that is meant: the one of this name, or without a name the only one that the server has.

        Raises:
            RunError: The server is not there, refuses the key, or does not have that model.
        """
        known = self._models()
        if known is None or wanted in known:
            if wanted:
                return wanted
            raise RunError(f"{self.address} does not tell its models; name one with server_model=.")
        if not wanted and len(known) == 1:
            return known[0]
        named = ", ".join(known[:8]) or "none"
        asked = f"has no model {wanted!r}" if wanted else "has several models"
        raise RunError(f"{self.address} {asked}; name one with server_model=. It has: {named}.")

    def complete(self, model: str, prompt: str, **settings: Any) -> Said:
        """What the model says behind the text of a prompt."""
        found, seconds = self._asked("completions", {"model": model, "prompt": prompt, **settings})
        return self._said(found, lambda choice: choice["text"], seconds)

    def chat(self, model: str, text: str, **settings: Any) -> Said:
        """What the model answers to the user's turn of a chat."""
        turns = [{"role": "user", "content": text}]
        found, seconds = self._asked("chat/completions", {"model": model, "messages": turns, **settings})
        return self._said(found, lambda choice: choice["message"]["content"] or "", seconds)

    def _models(self) -> list[str] | None:
        """The names of its models; None from a server that does not list them."""
        try:
            reply = self._client.get(f"{self.address}/models", timeout=10.0)
        except httpx.HTTPError as problem:
            raise RunError(
                f"No server answers at {self.address} ({_reason(problem)}): start it, or set server= to its address."
            ) from None
        self._must_be_allowed(reply)
        try:
            return [str(each["id"]) for each in reply.json()["data"]]
        except (ValueError, KeyError, TypeError):
            return None

    def _asked(self, path: str, body: dict[str, Any]) -> tuple[Any, float]:
        """The server's reply and the seconds that it took; busy or broken off, it is asked again.

        Raises:
            Cancelled: Waiting has become pointless.
            RunError: It stays busy, or refuses.
        """
        wait = FIRST_WAIT
        for tries_left in reversed(range(TRIES)):
            began = time.monotonic()
            try:
                reply = self._client.post(f"{self.address}/{path}", json=body)
            except httpx.HTTPError as problem:
                trouble, after = _reason(problem), None
            else:
                if reply.status_code not in _AGAIN:
                    return self._understood(reply, path), time.monotonic() - began
                trouble, after = f"status {reply.status_code}: {_message(reply)}", reply.headers.get("retry-after")
            if self._stopped():
                raise Cancelled
            if tries_left == 0:
                raise RunError(
                    f"{self.address} did not answer in {TRIES} tries ({trouble}). What was answered is "
                    "kept: resume the run when the server is well."
                )
            self._pause(min(float(after) if after and after.isdigit() else wait, LONGEST_WAIT))
            wait *= 2
        raise AssertionError("the last try returns or raises")

    def _pause(self, seconds: float) -> None:
        """Wait, unless it has become pointless."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stopped():
            threading.Event().wait(min(left, 0.2))

    def _understood(self, reply: httpx.Response, path: str) -> Any:
        self._must_be_allowed(reply)
        if reply.is_success:
            try:
                return reply.json()
            except ValueError:
                raise RunError(f"{self.address}/{path} answers with something else than JSON.") from None
        raise RunError(f"{self.address}/{path} refuses (status {reply.status_code}): {_message(reply)}")

    def _must_be_allowed(self, reply: httpx.Response) -> None:
        if reply.status_code in (401, 403):
            wrong = "refuses the key in" if os.environ.get(KEY) else "wants a key: set"
            raise RunError(
                f"{self.address} {wrong} {KEY} (status {reply.status_code}); it is read from the environment in which "
                "Hone's server was started."
            )

    def _said(self, found: Any, text_of: Callable[[Any], str], seconds: float) -> Said:
        try:
            choice = found["choices"][0]
            text = text_of(choice)
            counted = (found.get("usage") or {}).get("completion_tokens")
        except (KeyError, IndexError, TypeError, AttributeError):
            raise RunError(f"{self.address} answers in another form than OpenAI's: it has no choices.") from None
        finish: Literal["stop", "length"] = "length" if choice.get("finish_reason") == "length" else "stop"
        return Said(text, counted if isinstance(counted, int) else len(text.split()), seconds, finish)


def _message(reply: httpx.Response) -> str:
    """What the server says is wrong, on one line."""
    try:
        found = reply.json()
        error = found.get("error", found)
        text = error.get("message", error) if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        text = reply.text
    return " ".join(str(text).split())[:300] or "no reason is given"


def _reason(problem: httpx.HTTPError) -> str:
    return " ".join(str(problem).split())[:200] or type(problem).__name__
