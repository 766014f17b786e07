"""Settings are checked before anything is loaded."""

import subprocess
import sys

import pytest

from hone.storage.errors import InputError
from hone.training.config import GenerateConfig, TrainConfig
from hone.training.presets import PRESETS, preset
from hone.training.settings import parse_config, with_settings


def test_a_configuration_survives_its_json() -> None:
    for config in (TrainConfig(base="b", patience=2), GenerateConfig(base="b", temperature=0.7)):
        assert parse_config(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "does not hold"),
        ('{"kind": "train"}', "base"),
        ('{"kind": "train", "base": "b", "learning_rate": 5}', "learning_rate"),
        ('{"kind": "train", "base": "b", "lr": 1}', "lr"),
        ('{"kind": "train", "base": "b", "template": "{x}"}', "template"),
        ('{"kind": "dance", "base": "b"}', "dance"),
        ('{"kind": "train", "base": "b", "objective": "dpo", "micro_batch": 3}', "a multiple of micro_batch 3"),
        ('{"kind": "train", "base": "b", "objective": "kto", "micro_batch": 1}', "set micro_batch to 2 or more"),
        ('{"kind": "train", "base": "b", "objective": "kto", "batching": "packed"}', "set batching=grouped"),
        ('{"kind": "train", "base": "b", "objective": "dpo", "label_smoothing": 0.1}', "leave it 0"),
        ('{"kind": "generate", "base": "b", "server": "http://me:sesame@here/v1"}', "server"),
        ('{"kind": "generate", "base": "b", "server_model": "tuned"}', "set server to its address"),
        ('{"kind": "generate", "base": "b", "server": "http://here/v1", "quantize": "4bit"}', "set quantize=none"),
        ('{"kind": "generate", "base": "b", "max_new_tokens": 9, "max_length": 9}', "no room for a prompt"),
    ],
)
def test_a_wrong_configuration_is_refused_in_one_line_that_names_the_field(text: str, named: str) -> None:
    with pytest.raises(InputError, match=named) as refusal:
        parse_config(text)
    assert "\n" not in str(refusal.value)


def test_settings_are_read_as_their_field_needs_them() -> None:
    config = with_settings(
        TrainConfig(base="b", patience=3),
        [
            "learning-rate=1e-3",
            "epochs = 7",
            "patience=none",
            "too_long=drop",
            "run=0007",
            "lora_targets=q_proj,v_proj",
        ],
    )
    assert (config.learning_rate, config.epochs, config.patience) == (1e-3, 7, None)
    assert (config.too_long, config.run, config.lora_targets) == ("drop", "0007", "q_proj,v_proj")


def test_an_unknown_setting_is_refused_with_the_nearest_right_one() -> None:
    with pytest.raises(InputError, match="'lerning_rate'; the nearest is 'learning_rate'"):
        with_settings(TrainConfig(base="b"), ["lerning_rate=1"])


@pytest.mark.parametrize("setting", ["epochs", "epochs=2.5", "epochs=none", "learning_rate=fast", "micro_batch=0"])
def test_a_setting_that_does_not_fit_is_refused(setting: str) -> None:
    with pytest.raises(InputError, match="setting"):
        with_settings(TrainConfig(base="b"), [setting])


def test_every_preset_holds_and_gives_advice() -> None:
    for name in PRESETS:
        TrainConfig(base="b", **preset(name))
        assert PRESETS[name].advice.endswith(".")


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="quick, standard, toy"):
        preset("fast")


def test_the_app_can_import_configuration_and_run_folder_without_torch() -> None:
    code = (
        "import sys, hone.training.config, hone.training.folder, hone.training.models.published, hone.training.fit, "
        "hone.training.generate; sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'peft')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_none_is_a_value_where_it_is_one_and_unsets_where_nothing_may_stand() -> None:
    config = with_settings(TrainConfig(base="base", patience=2), ["quantize=none", "tracker=none", "patience=none"])
    assert (config.quantize, config.tracker, config.patience) == ("none", "none", None)
