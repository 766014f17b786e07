"""Generating by an OpenAI-compatible server that has the model: nothing is loaded here, not even torch.

The server reads the same text as a model on this machine would: the rendered prompt, or the user's turn of a chat.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hone.storage.errors import InputError, RunError
from hone.storage.records import sha256
from hone.training.config import GenerateConfig
from hone.training.fitting import checkpoints
from hone.training.folder import Row, RunFolder, write_whole
from hone.training.generate import Generation, read_generations
from hone.training.models.published import read_facts
from hone.training.models.weights import file_sha256
from hone.training.prompt import DEFAULT_TEMPLATE, prompt_text
from hone.training.speaking.batching import batches
from hone.training.speaking.lines import begin_or_go_on, fill
from hone.training.speaking.server import Said, Server

AT_ONCE = 8  # requests, where batch_size does not say another number


@dataclass(frozen=True)
class Question:
    """A row as the server is asked."""

    id: str
    text: str


def answer_rows(folder: RunFolder, config: GenerateConfig) -> dict[str, Any]:
    """Let the server answer every test row that has no answer yet, and write result.json.

    Returns:
        What the event "done" tells: rows, tokens, seconds.

    Raises:
        Cancelled: Somebody asked to stop; what was answered is kept.
        RunError: The server is not there, refuses, or stays busy; what was answered is kept.
    """
    began = time.monotonic()
    folder.verify()
    template, chats = _prompt(config)
    begin_or_go_on(folder, folder.generations_file, checkpoints.identity(folder, "", None))
    questions = sorted((_question(row, template) for row in folder.rows("test")), key=lambda each: len(each.text))
    server = Server(config.server or "", folder.cancel_requested)
    try:
        model = server.model(config.server_model)
        ask = _Asking(server, model, config, chats)
        at_once = config.batch_size or AT_ONCE
        with ThreadPoolExecutor(at_once) as threads:
            together = batches(questions, lambda each: len(each.text), at_once)
            fill(folder, folder.generations_file, Generation, together, lambda batch: list(threads.map(ask, batch)))
    finally:
        server.close()
    return _finish(folder, config, model, template, chats, time.monotonic() - began)


@dataclass(frozen=True)
class _Asking:
    """Asks one question; several threads do so at once."""

    server: Server
    model: str
    config: GenerateConfig
    chats: bool

    def __call__(self, question: Question) -> Generation:
        said = self._said(question)
        return Generation(
            id=question.id,
            text=said.text,
            tokens=said.tokens,
            seconds=round(said.seconds, 6),
            finish=said.finish,
        )

    def _said(self, question: Question) -> Said:
        settings: dict[str, Any] = {
            "max_tokens": self.config.max_new_tokens,
            "temperature": self.config.temperature,
            "top_p": self.config.top_p,
            "seed": int(sha256(str(self.config.seed), question.id)[:7], 16),  # of the row, whatever was asked before
        }
        ask = self.server.chat if self.chats else self.server.complete
        try:
            return ask(self.model, question.text, **settings)
        except RunError as problem:
            raise RunError(f"Row {question.id!r}: {problem}") from None


def _prompt(config: GenerateConfig) -> tuple[str, bool]:
    """The template, and whether its text is the user's turn of a chat: what the run says, else the model's own."""
    facts = read_facts(Path(config.model)) if config.model else None
    template = config.template or (facts.template if facts else DEFAULT_TEMPLATE)
    return template, (config.prompt or (facts.prompt if facts else "template")) == "chat"


def _question(row: Row, template: str) -> Question:
    try:
        return Question(row.id, prompt_text(template, row.instruction, row.context))
    except InputError as problem:
        raise RunError(f"Row {row.id!r}: {problem}") from None


def _finish(
    folder: RunFolder, config: GenerateConfig, model: str, template: str, chats: bool, seconds: float
) -> dict[str, Any]:
    said = read_generations(folder)
    counts = {"rows": len(said), "tokens": sum(generation.tokens for generation in said)}
    result = {
        "schema_version": 1,
        "run": config.run,
        "base": config.base,
        "model": config.model,
        "server": config.server,
        "server_model": model,
        "prompt": "chat" if chats else "template",
        "template": template,
        **counts,
        "generations_sha256": file_sha256(folder.generations_file),
        "stopped": sum(generation.finish == "stop" for generation in said),
        "seconds": {"total": round(seconds, 3)},
    }
    write_whole(folder.result_file, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return {**counts, "seconds": round(seconds, 3)}
