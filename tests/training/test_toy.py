"""The toy base: made here without a network, whole or not at all, and able to copy a name."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hone.training import toy
from hone.training.toy_corpus import END, PAD, corpus, mail

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]


@pytest.fixture(scope="session")
def cache(base: Path) -> Path:
    return base.parent


@pytest.fixture(scope="session")
def base(learnable_base: Path) -> Path:
    return learnable_base


@pytest.fixture(scope="session")
def tokenizer(base: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe of a few steps: for what does not depend on how well it learnt."""
    monkeypatch.setitem(toy.RECIPE, "mails", 96)


def test_it_loads_as_any_base_does_and_is_tiny(base: Path) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    assert 600_000 < sum(weight.numel() for weight in model.parameters()) < 650_000
    assert model.config.tie_word_embeddings


def test_end_and_padding_are_different_tokens_everywhere(base: Path, tokenizer: Any) -> None:
    generation = json.loads((base / "generation_config.json").read_text())
    assert (tokenizer.eos_token, tokenizer.pad_token) == (END, PAD)
    assert generation["eos_token_id"] == tokenizer.eos_token_id != generation["pad_token_id"]


def test_the_folder_holds_no_pickle_and_says_what_it_is(base: Path) -> None:
    assert {path.suffix for path in base.iterdir()} == {".json", ".md", ".safetensors"}
    assert "toy base for learning the tool" in (base / "README.md").read_text()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(max_examples=60, deadline=None)
def test_every_text_comes_back_from_its_tokens(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_a_name_has_the_same_tokens_at_the_start_of_a_line_as_within_it(tokenizer: Any) -> None:
    within, above = tokenizer("by Nina Ostrow").input_ids, tokenizer("by\nNina Ostrow").input_ids
    assert above[-len(within) + 1 :] == within[1:]


def test_it_finds_the_customers_name_in_mails_that_it_never_read(base: Path, tokenizer: Any) -> None:
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(base)
    right = 0
    for seed in range(40):
        unread = mail(random.Random(f"unread {seed}"))
        asked = tokenizer(f"{unread.given}\n\nNote for repairs. Customer:", return_tensors="pt")
        said = model.generate(**asked, max_new_tokens=12)[0, asked.input_ids.shape[1] :]
        name = tokenizer.decode(said).split(".")[0].strip()
        right += bool(name) and name in unread.given
    assert right >= 20


def test_the_second_call_finds_it_and_makes_nothing(base: Path, cache: Path) -> None:
    stages: list[str] = []
    made = (base / "model.safetensors").stat().st_mtime_ns
    assert toy.toy_base(cache, lambda stage, _: stages.append(stage)) == base
    assert (base / "model.safetensors").stat().st_mtime_ns == made
    assert stages == ["ready"]


def test_the_command_prints_events_and_at_last_the_folder(base: Path, cache: Path) -> None:
    command = [sys.executable, "-m", "hone.training.toy", "--cache", str(cache)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [json.loads(line) for line in lines][-1] == {"event": "done", "folder": str(base)}


def test_importing_it_does_not_load_torch() -> None:
    ask = "import sys, hone.training.toy; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", ask], check=False).returncode == 0


@pytest.mark.usefixtures("quick")
def test_the_same_recipe_gives_the_same_weights(tmp_path: Path) -> None:
    one, other = toy.toy_base(tmp_path / "one"), toy.toy_base(tmp_path / "other")
    assert one.name == other.name
    assert (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()


@pytest.mark.usefixtures("quick")
def test_two_that_build_at_once_end_with_one_folder(tmp_path: Path) -> None:
    first: list[Path] = []

    def overtaken(stage: str, _: float) -> None:
        if stage == "saving":
            first.append(toy.toy_base(tmp_path))

    second = toy.toy_base(tmp_path, overtaken)
    assert [second] == first == list(tmp_path.iterdir())


@pytest.mark.usefixtures("quick")
def test_a_build_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def stop(stage: str, share: float) -> None:
        if stage == "pretraining" and share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toy.toy_base(tmp_path, stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick")
def test_the_cache_can_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONE_CACHE", str(tmp_path))
    assert toy.toy_base().parent == tmp_path


def test_other_texts_make_another_key() -> None:
    texts = corpus(7, 20)
    assert toy.recipe_key(texts) == toy.recipe_key(corpus(7, 20)) != toy.recipe_key(texts[1:])


def test_the_corpus_does_not_hold_the_examples_tasks() -> None:
    said = " ".join(document.given + document.note for document in corpus(7, 2000)).lower()
    for phrase in ("triage", "priority:", "### response", "who wrote, and why"):
        assert phrase not in said
