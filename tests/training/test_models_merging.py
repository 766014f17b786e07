"""A merged model says what the model says that was merged, or it is not written."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from hone.storage.errors import Conflict, RunError
from hone.training import merge as command
from hone.training.folder import RunFolder
from hone.training.models import adapters, gguf
from hone.training.models.loading import load_base, load_tokenizer
from hone.training.models.merging import Checked, merge
from hone.training.models.publish import generation_settings
from hone.training.models.published import CHECKED, check_model, read_facts
from hone.training.models.weights import weights_sha256
from hone.training.prompt import prompt_text


@pytest.fixture(scope="module")
def merged(trained: RunFolder, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("merged") / "model"
    merge(trained.model, str(tiny_base), to)
    return to


def checked(folder: Path) -> Checked:
    return Checked.model_validate_json((folder / CHECKED).read_text())


def test_a_merged_model_has_the_logits_of_the_adapter_on_its_base(merged: Path, trained: RunFolder) -> None:
    found = checked(merged)
    assert found.largest_difference <= 1e-4
    assert (found.dtype, found.rows, found.argmax_agreement) == ("float32", 6, 1.0)
    assert found.loss_after == pytest.approx(found.loss_before, abs=1e-5)
    assert found.loss_before == pytest.approx(read_facts(trained.model).validation_loss, abs=1e-5)
    assert (found.answers, found.same_answers) == (5, 5)


def test_plain_transformers_says_the_stored_answers_token_for_token(merged: Path, trained: RunFolder) -> None:
    plain: Any = AutoModelForCausalLM
    model, tokenizer = plain.from_pretrained(str(merged)), AutoTokenizer.from_pretrained(str(merged))
    rows = {row.id: row for row in trained.rows("validation")}
    template = read_facts(merged).template
    for example in checked(merged).examples:
        row = rows[example.id]
        ids = tokenizer(prompt_text(template, row.instruction, row.context))["input_ids"]
        assert ids == example.prompt
        said = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.int64))
        assert said[0, len(ids) :].tolist() == example.answer


def test_a_merged_model_is_a_model_of_hone_with_its_card(merged: Path, trained: RunFolder, tiny_base: Path) -> None:
    facts = check_model(merged, weights_sha256(tiny_base))
    assert (facts.method, facts.merged_from) == ("full", read_facts(trained.model).adapter_sha256)
    card = (merged / "README.md").read_text()
    assert "A LoRA adapter, merged into its base," in card
    assert CHECKED in card
    assert {file.name for file in merged.glob("*.safetensors")} == {"model.safetensors"}


def test_in_bfloat16_the_difference_is_told(trained: RunFolder, tiny_base: Path, tmp_path: Path) -> None:
    found = merge(trained.model, str(tiny_base), tmp_path / "half", "bfloat16")
    assert 1e-4 < found.largest_difference < 1
    assert 0.9 <= found.argmax_agreement <= 1
    assert load_file(str(tmp_path / "half" / "model.safetensors"))["lm_head.weight"].dtype == torch.bfloat16


def test_a_merged_model_that_is_another_is_not_written(
    trained: RunFolder, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, 1e-3)
    with pytest.raises(RunError, match="its logits differ by up to") as refusal:
        merge(trained.model, str(tiny_base), tmp_path / "model")
    assert "\n" not in str(refusal.value)
    assert not list(tmp_path.iterdir())


def test_a_merged_model_that_is_worse_is_not_written(
    trained: RunFolder, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, 0.3)
    with pytest.raises(RunError, match=r"is worse: its loss on 6 rows is .* merge with --dtype float32"):
        merge(trained.model, str(tiny_base), tmp_path / "model", "bfloat16")


def spoil(monkeypatch: pytest.MonkeyPatch, noise: float) -> None:
    """The merging itself goes wrong, as it did in libraries: the last layer is a little off."""

    def wrong(model: Any) -> Any:
        found = adapters.merged(model)
        found.lm_head.weight.data += noise * torch.randn(found.lm_head.weight.shape, generator=torch.Generator())
        return found

    monkeypatch.setattr("hone.training.models.merging.merged", wrong)


def test_what_is_there_already_is_left(merged: Path, trained: RunFolder, tiny_base: Path) -> None:
    with pytest.raises(Conflict, match="already there"):
        merge(trained.model, str(tiny_base), merged)


def test_the_command_tells_what_it_found_or_why_not(
    trained: RunFolder, tiny_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr(command, "set_surroundings", lambda *_, **__: None)  # of a process of its own
    given = [str(trained.model), "--base", str(tiny_base), "--to", str(tmp_path / "model")]
    assert command.main(given) == 0
    assert json.loads(capsys.readouterr().out)["same_answers"] == 5
    assert command.main(given) == 1
    said = capsys.readouterr().err
    assert said.startswith("hone: ")
    assert "already there" in said


def test_gguf_without_the_converter_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunError, match=r"needs llama.cpp's convert_hf_to_gguf.py.*set LLAMA_CPP to that folder"):
        command.merge(tmp_path / "model", "base", None, tmp_path / "model.gguf")


def test_the_converter_writes_the_file_or_its_last_word_is_told(
    merged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for llama.cpp's script: it is called as that one is."""
    script = tmp_path / "convert_hf_to_gguf.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\n"
        "assert Path(sys.argv[1], 'model.safetensors').exists() and sys.argv[4:] == ['--outtype', 'f32']\n"
        "Path(sys.argv[3]).write_bytes(b'GGUF and so on')\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("LLAMA_CPP", str(tmp_path))
    gguf.convert(merged, tmp_path / "model.gguf", "float32")
    assert (tmp_path / "model.gguf").read_bytes().startswith(b"GGUF")
    script.write_text("raise SystemExit('Model LlamaForNobody is not supported')")
    with pytest.raises(RunError, match=r"did not write other.gguf: Model LlamaForNobody is not supported"):
        gguf.convert(merged, tmp_path / "other.gguf", "float32")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["convert_hf_to_gguf.py", "model.gguf"]


def test_the_padding_of_a_published_model_never_ends_its_answers(merged: Path, trained: RunFolder) -> None:
    """The tokenizer has no padding token, so its end stands in; a server that dropped padding would drop the end."""
    tokenizer = load_tokenizer(trained.model)
    assert tokenizer.pad_token_id is None
    for folder in (merged, trained.model):
        settings = GenerationConfig.from_pretrained(str(folder))
        assert (settings.eos_token_id, settings.pad_token_id) == (1, None)
        assert (settings.max_new_tokens, settings.do_sample) == (8, False)


def test_a_padding_token_that_is_no_end_is_kept(trained: RunFolder, tiny_base: Path) -> None:
    model, tokenizer = load_base(tiny_base, torch.float32), load_tokenizer(tiny_base)
    tokenizer.pad_token = "!"
    several = read_facts(trained.model).model_copy(update={"stop_ids": [1, 7]})
    settings = generation_settings(model, tokenizer, several)
    assert (settings.pad_token_id, settings.eos_token_id) == (tokenizer.pad_token_id, [1, 7])
    tokenizer.pad_token = tokenizer.eos_token
    assert generation_settings(model, tokenizer, several).pad_token_id is None


def test_weights_that_are_not_finite_are_not_merged(trained: RunFolder, tiny_base: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "data").mkdir(parents=True)
    (run / "data" / "validation.jsonl").write_bytes(trained.data_file("validation").read_bytes())
    model = run / "model"
    model.mkdir()
    for file in trained.model.iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    weights = load_file(str(model / "adapter_model.safetensors"))
    next(iter(weights.values()))[0, 0] = torch.inf
    save_file(weights, str(model / "adapter_model.safetensors"))
    facts = read_facts(model).model_copy(update={"adapter_sha256": weights_sha256(model)})
    (model / "hone.json").write_text(facts.model_dump_json())
    with pytest.raises(RunError):
        merge(model, str(tiny_base), tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
