"""A step is a step, however it is cut: grouped, packed, in one piece or in many, with or without enough memory."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_model import make_rows
from torch.nn.functional import cross_entropy
from transformers import BloomConfig, BloomForCausalLM

from hone.training.config import TrainConfig
from hone.training.fitting.steps import RowsFailed, StepLoader, Stepper
from hone.training.models.adapters import learning, to_train
from hone.training.models.loading import load_tokenizer
from hone.training.rows.batches import StepOrder, collate, label_logits, label_loss, mean_logprobs
from hone.training.rows.encode import Encoded, encode
from hone.training.rows.packing import keeps_apart, pack, packs
from hone.training.tasks.task import of

Make = Callable[..., Stepper]


@pytest.fixture(scope="module")
def config(tiny_base: Path) -> TrainConfig:
    return TrainConfig(base=str(tiny_base), effective_batch=16, micro_batch=4, max_length=512)


@pytest.fixture(scope="module")
def rows(config: TrainConfig, tiny_base: Path) -> list[Encoded]:
    return encode(make_rows(16), load_tokenizer(tiny_base), config, 512, "causal").rows


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def model(config: TrainConfig, tiny_base: Path) -> Any:
    torch.manual_seed(0)
    model = to_train(tiny_base, config, torch.float32).train()
    for weights in learning(model).values():
        torch.nn.init.normal_(weights, std=0.1)  # an adapter that says something
    return model


@pytest.fixture
def stepper(config: TrainConfig, rows: list[Encoded]) -> Stepper:
    return Stepper(of("causal"), rows, config, pad=1)


def gradient(stepper: Stepper, model: Any, rows: Sequence[Encoded]) -> tuple[float, torch.Tensor]:
    model.zero_grad()
    loss = stepper.gradient_that_fits(model, rows, sum(map(stepper.task.items, rows)))
    return float(loss), gradients(model)


def gradients(model: Any) -> torch.Tensor:
    found = [weights.grad for weights in learning(model).values()]
    return torch.cat([each.flatten() for each in found if each is not None])


def remembers(model: Any, places: int) -> Any:
    """As if the memory held no more than so many places at once: the error is the one that torch raises."""

    def check(_: Any, __: Any, given: dict[str, Any]) -> None:
        if given["input_ids"].numel() > places:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    return model.register_forward_pre_hook(check, with_kwargs=True)


@pytest.mark.parametrize(("count", "seed"), [(32, 0), (32, 1), (32, 2), (200, 0), (200, 1), (5000, 0)])
@pytest.mark.parametrize("micro_batch", [4, 8])
def test_at_most_a_tenth_of_what_is_computed_is_padding(count: int, seed: int, micro_batch: int) -> None:
    """Log-normal lengths; in random order 38 to 48 % would be padding."""
    draw = random.Random(seed)
    lengths = [max(2, round(draw.lognormvariate(5, 0.7))) for _ in range(count)]
    rows = [Encoded(str(place), [1] * length, 1) for place, length in enumerate(lengths)]
    config = TrainConfig(base="any", micro_batch=micro_batch, effective_batch=16)
    stepper = Stepper(of("causal"), rows, config, pad=0)
    steps = list(StepLoader(rows, config))
    computed = sum(stepper.places(part) for step in steps for part in stepper.cut(step))
    assert sorted(row.id for step in steps for row in step) == sorted(row.id for row in rows)
    assert 1 - sum(lengths) / computed <= 0.10


def test_the_steps_of_an_epoch_are_a_matter_of_seed_and_epoch() -> None:
    order = StepOrder(list(range(1, 43)), effective_batch=4, seed=0)
    first = list(order)
    assert list(order) == first
    assert [len(step) for step in first] == [4] * 10 + [2]
    order.set_epoch(1)
    assert list(order) != first
    assert list(StepOrder(list(range(1, 43)), effective_batch=4, seed=1)) != first


@pytest.mark.parametrize("micro_batch", [1, 2, 5])
@pytest.mark.parametrize("packed", [False, True])
def test_the_gradient_of_a_step_does_not_depend_on_how_it_is_cut(
    stepper: Stepper, model: Any, rows: list[Encoded], micro_batch: int, packed: bool
) -> None:
    stepper.micro_batch = 16
    loss, whole = gradient(stepper, model, rows)
    stepper.micro_batch, stepper.packed = micro_batch, packed
    other_loss, parts = gradient(stepper, model, rows)
    assert len(stepper.cut(rows)) > 1
    assert other_loss == pytest.approx(loss, abs=1e-5)
    assert (whole - parts).abs().max() <= 1e-5


def test_two_processes_with_half_a_step_each_make_its_gradient(
    stepper: Stepper, model: Any, rows: list[Encoded]
) -> None:
    _, whole = gradient(stepper, model, rows)
    items = sum(map(stepper.task.items, rows))
    model.zero_grad()
    for rank in (0, 1):
        stepper.gradient(model, rows[rank::2], items, weight=2.0)
    assert (whole - gradients(model) / 2).abs().max() <= 1e-6


def test_the_loss_is_that_of_the_whole_model(model: Any, rows: list[Encoded]) -> None:
    batch = collate(rows, pad=1)
    labels = int((batch["labels"][:, 1:] != -100).sum())
    whole = model(**{name: batch[name] for name in ("input_ids", "attention_mask", "labels")}).loss
    assert label_loss(model, batch).item() / labels == pytest.approx(whole.item(), abs=1e-6)


def test_logits_are_made_only_where_a_label_is(model: Any, rows: list[Encoded]) -> None:
    made: list[torch.Size] = []
    model.get_output_embeddings().register_forward_hook(lambda *given: made.append(given[2].shape))
    logits = label_logits(model, collate(rows, pad=1))
    assert logits.shape == made[0][1:] == (sum(len(row) - row.prompt for row in rows), 320)


def test_label_smoothing_is_torchs(config: TrainConfig, model: Any, rows: list[Encoded]) -> None:
    batch = collate(rows[:3], pad=1)
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1].flatten(0, 1)
    expected = cross_entropy(logits, batch["labels"][:, 1:].flatten(), reduction="sum", label_smoothing=0.1)
    assert label_loss(model, batch, smoothing=0.1).item() == pytest.approx(expected.item(), rel=1e-5)


def test_packed_rows_do_not_see_each_other(model: Any, rows: list[Encoded]) -> None:
    model.eval()
    together = label_logits(model, pack(rows[:3]))
    alone = torch.cat([label_logits(model, collate([row], pad=1)) for row in rows[:3]])
    assert (together - alone).abs().max() <= 1e-4
    assert keeps_apart(model, rows)


def test_a_base_that_does_not_honour_positions_is_not_packed(config: TrainConfig, rows: list[Encoded]) -> None:
    model = BloomForCausalLM(BloomConfig(vocab_size=320, hidden_size=32, n_layer=1, n_head=2, initializer_range=0.2))
    assert not keeps_apart(model, rows)


def test_packs_are_filled_by_the_longest_that_fits() -> None:
    rows = [Encoded(str(length), [0] * length, 1) for length in (3, 9, 5, 4, 2, 12)]
    assert [[row.id for row in each] for each in packs(rows, 10)] == [["12"], ["9"], ["5", "4"], ["3", "2"]]


def test_a_row_without_a_prompt_does_not_learn_its_first_token(model: Any) -> None:
    bare, other = Encoded("a", [5, 6, 7, 1], 0), Encoded("b", [8, 9, 1], 1)
    assert of("causal").items(bare) == len(collate([bare], pad=1)["targets"]) == 3
    assert pack([other, bare])["targets"].tolist() == [9, 1, 6, 7, 1]


def test_log_probabilities_are_those_of_each_row(model: Any, rows: list[Encoded]) -> None:
    model.eval()
    alone = [-label_loss(model, collate([row], pad=1)).item() / (len(row) - row.prompt) for row in rows[:4]]
    assert mean_logprobs(model, collate(rows[:4], pad=1)) == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("packed", [False, True])
def test_when_memory_runs_out_the_step_is_done_anew_in_halves(
    stepper: Stepper, model: Any, rows: list[Encoded], packed: bool
) -> None:
    stepper.micro_batch, stepper.packed = 16, packed
    loss, enough = gradient(stepper, model, rows)
    hook = remembers(model, places=3 * max(map(len, rows)))
    other_loss, scarce = gradient(stepper, model, rows)
    hook.remove()
    assert stepper.micro_batch < 16
    assert other_loss == pytest.approx(loss, abs=1e-5)
    assert (enough - scarce).abs().max() <= 1e-5
    assert torch.equal(gradient(stepper, model, rows)[1], scarce)  # as if it had been cut so from the start


def test_a_row_that_does_not_fit_even_alone_is_named(stepper: Stepper, model: Any, rows: list[Encoded]) -> None:
    longest = max(rows, key=len)
    remembers(model, places=len(longest) - 1)
    with pytest.raises(RowsFailed, match=rf"Row '{longest.id}' \({len(longest)} tokens\) does not fit") as caught:
        gradient(stepper, model, rows)
    assert caught.value.facts == {"rows": [{"id": longest.id, "tokens": len(longest)}]}


def test_another_error_than_memory_is_not_tried_again(stepper: Stepper, model: Any, rows: list[Encoded]) -> None:
    model.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("shapes do not fit")))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        gradient(stepper, model, rows)
    assert stepper.micro_batch == 4


def test_the_loss_is_that_of_trl(
    tiny_base: Path, stepper: Stepper, model: Any, rows: list[Encoded], tmp_path: Path
) -> None:
    """TRL's SFTTrainer, on the same batch of the same model."""
    from datasets import Dataset
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    given = [{"input_ids": row.ids, "labels": row.labels} for row in rows]
    args = SFTConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none", max_length=512)
    tokenizer = load_tokenizer(tiny_base)
    trainer: Any = SFTTrainer(
        model=model, args=args, train_dataset=Dataset.from_list(given), processing_class=tokenizer
    )
    with torch.no_grad():
        theirs = float(trainer.compute_loss(model, trainer.data_collator(given)))
    for packed in (False, True):
        stepper.packed = packed
        assert gradient(stepper, model, rows)[0] == pytest.approx(theirs, abs=1e-4)
