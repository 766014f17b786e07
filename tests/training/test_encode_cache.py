"""Encoded rows are kept by content: a second start tokenises nothing, and nothing stale is ever read."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tiny_model import make_rows

from hone.storage.errors import RunError
from hone.training.config import TrainConfig
from hone.training.folder import Row
from hone.training.models.families import Family
from hone.training.models.loading import load_tokenizer
from hone.training.rows import cache
from hone.training.rows.encode import Encoding, encode

ROWS = make_rows(300)
CONFIG = TrainConfig(base="tiny", labels=tuple({row.response for row in ROWS}), too_long="truncate_prompt")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HONE_CACHE", str(tmp_path))
    return tmp_path / "tokens"


@pytest.fixture(scope="session")
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(tiny_base)


class Silent:
    """A tokenizer that is known and cannot be asked: it proves that nobody tokenises."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tokenizer, name)


def encoded(tokenizer: Any, rows: Sequence[Row] = ROWS, task: Family = "causal", **changes: Any) -> Encoding:
    return cache.encoded(rows, tokenizer, CONFIG.model_copy(update=changes), 90, task)


@pytest.mark.parametrize("task", ["causal", "seq2seq", "classify"])
def test_a_second_start_tokenises_nothing_and_reads_the_same(tokenizer: Any, task: Family) -> None:
    first = encoded(tokenizer, task=task)
    second = encoded(Silent(tokenizer), task=task)
    assert first == second == encode(ROWS, tokenizer, CONFIG, 90, task)
    assert first.truncated


def test_what_was_dropped_is_still_named(tokenizer: Any) -> None:
    assert encoded(tokenizer, too_long="drop").dropped == encoded(Silent(tokenizer), too_long="drop").dropped != []


def test_editing_one_row_changes_the_key(tokenizer: Any) -> None:
    edited = [*ROWS[:-1], ROWS[-1].model_copy(update={"response": "The lamp."})]
    keys = {cache.cache_key(rows, tokenizer, CONFIG, 90, "causal") for rows in (ROWS, edited, ROWS[::-1])}
    assert len(keys) == 3


@pytest.mark.parametrize("change", [{"template": "{instruction} {context}"}, {"too_long": "drop"}, {"prompt": "chat"}])
def test_a_setting_that_decides_ids_changes_the_key(tokenizer: Any, change: dict[str, Any]) -> None:
    changed = CONFIG.model_copy(update=change)
    assert cache.cache_key(ROWS, tokenizer, changed, 90, "causal") != cache.cache_key(
        ROWS, tokenizer, CONFIG, 90, "causal"
    )


def test_another_tokenizer_changes_the_key(tiny_base: Path, tokenizer: Any) -> None:
    other = load_tokenizer(tiny_base)
    other.add_tokens(["pump"])
    assert cache.tokenizer_sha256(other) != cache.tokenizer_sha256(tokenizer)


def test_a_damaged_file_is_made_again(tokenizer: Any, folder: Path) -> None:
    first = encoded(tokenizer)
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert encoded(tokenizer) == first
    assert file.stat().st_size > 100


def test_what_is_refused_is_not_kept(tokenizer: Any, folder: Path) -> None:
    with pytest.raises(RunError):
        encoded(tokenizer, too_long="refuse")
    assert not folder.exists()


def test_a_cache_that_cannot_be_written_stops_nothing(tokenizer: Any, folder: Path) -> None:
    folder.write_text("no folder")
    assert len(encoded(tokenizer).rows) == 300


def test_what_nobody_read_for_longest_goes_first(tokenizer: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded(tokenizer)
    (old,) = folder.iterdir()
    os.utime(old, (1, 1))
    monkeypatch.setattr(cache, "AT_MOST", int(1.5 * old.stat().st_size))
    encoded(tokenizer, ROWS[::-1])
    assert old not in set(folder.iterdir())
    assert len(list(folder.iterdir())) == 1


def test_other_users_of_the_machine_cannot_read_it(tokenizer: Any, folder: Path) -> None:
    encoded(tokenizer)
    assert folder.stat().st_mode & 0o077 == 0


def test_a_few_rows_leave_no_file(tokenizer: Any, folder: Path) -> None:
    assert len(encoded(tokenizer, ROWS[:20]).rows) == 20
    assert not folder.exists()
