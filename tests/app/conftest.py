"""A tiny base model, and runs on it: real files, real children, a few seconds each. And the example workspace."""

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from small_runs import training_run

from hone.platform import demo
from hone.platform.runs.supervisor import Supervisor
from hone.storage import runs
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.runs import Run
from hone.storage.store import Store
from hone.storage.workspace import Workspace


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of 20,000 parameters with a tokenizer of bytes, saved as any base is."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("bases") / "tiny"
    letters = ["</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    bpe = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    tokenizer: Any = PreTrainedTokenizerFast
    tokenizer(tokenizer_object=bpe, eos_token="</s>").save_pretrained(str(folder))
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(letters),
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=256,
            eos_token_id=0,
        )
    ).save_pretrained(str(folder))
    return folder


@pytest.fixture
def supervisor(store: Store) -> Iterator[Supervisor]:
    """At work on the store, with little patience for children that do not stop."""
    watching = Supervisor(store, patience=1.0)
    watching.start()
    yield watching
    for run in _unfinished(store):
        watching.cancel(run)
        watching.wait(run.id, timeout=30)
    watching.stop()


def _unfinished(store: Store) -> list[Run]:
    with store.read() as cursor:
        return runs.unfinished(cursor)


@pytest.fixture
def new_run(store: Store, project: Project, lead: Person, tiny_base: Path) -> Callable[..., Run]:
    """Prepares a training run of 2 steps and stores it as waiting; settings as given."""

    def make(base: Path | str = tiny_base, **settings: Any) -> Run:
        return training_run(store, project, lead, base, **settings)

    return make


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The example workspace as `hone demo` builds it, once for all tests: copy it before you open it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    workspace = Workspace(shared / "hone-demo")
    os.environ.setdefault("HONE_CACHE", str(shared / "cache"))
    with (shared / "hone-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told: list[float] = []
        demo.build(workspace, lambda says, share: told.append(share))
    assert told == sorted(told), "the share that is done went back"
    return workspace


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever test comes first waits for the example to be built: minutes when the machine is busy."""
    for item in items:
        if "demo_workspace" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(1200))
