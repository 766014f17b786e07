"""How fast Hone trains, beside TRL on the same model and the same rows, in one process.

    python benchmarks/training.py                  the model of 24 million parameters, three rounds (about 15 minutes)
    python benchmarks/training.py --quick          fewer rows, one round (about 3 minutes)
    python benchmarks/training.py --model small    the model of 0.6 million parameters

Rates are tokens without padding per second of processor time, so that others at work on the machine change them
little; on a CUDA card they are by the clock, and a share of its peak stands beside them. Random weights and random
tokens: no network is needed, and speed does not depend on what is learnt.
"""

import argparse
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from hone.training.worker import set_surroundings

MODELS = {
    "small": {"vocab": 1024, "hidden": 128, "ff": 256, "layers": 3, "heads": 2},
    "middle": {"vocab": 8192, "hidden": 512, "ff": 1408, "layers": 6, "heads": 8},
    "large": {"vocab": 32000, "hidden": 2048, "ff": 5632, "layers": 22, "heads": 32},  # for a card
}
PEAKS = {  # dense bfloat16, operations a second, from the makers' data sheets
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "4090": 165e12,
    "A10": 125e12,
}
STEP = 8  # rows of an optimizer step
LONGEST = 1024


@dataclass(frozen=True)
class Size:
    """What is trained on: rows and tokens, and what a token costs in floating point operations."""

    rows: int
    tokens: int
    work_per_token: float


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    set_surroundings(given.threads, offline=True)  # threads and their waiting, for TRL and Hone alike
    warnings.simplefilter("ignore", FutureWarning)
    import torch
    from datasets.utils.logging import disable_progress_bar as disable_bars
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_bars()
    set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given.model, 32 if given.quick else given.rows, given.seed)
        print(bench.headline(given.threads))
        _show_rates(bench, 1 if given.quick else given.rounds)
        _show_losses(bench)
    _show_padding(given.seed)
    _show_tokenising(2_000 if given.quick else 10_000, given.seed)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=sorted(MODELS), default="middle")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="32 rows, one round")
    return parser


class Bench:
    """A base on disk, rows, and the ways to train on them; each way gets a fresh adapter."""

    def __init__(self, folder: Path, model: str, rows: int, seed: int) -> None:
        self.folder = folder
        self.base = folder / "base"
        self.vocab = MODELS[model]["vocab"]
        self.count = 0
        _make_base(self.base, **MODELS[model])
        self.rows = make_rows(rows, self.vocab, seed)
        self.config = self._config()
        self.model = self.fresh()
        frozen = sum(part.numel() for part in self.model.parameters() if not part.requires_grad)
        learnt = sum(part.numel() for part in self.model.parameters() if part.requires_grad)
        # forward and the gradient of what goes through: 4 a frozen weight; with its own gradient: 6 a learnt one
        self.size = Size(rows, sum(map(len, self.rows)), 4.0 * frozen + 6.0 * learnt)

    def fresh(self) -> Any:
        """The base with a new adapter, the same each time."""
        import torch

        from hone.training.models import adapters, loading

        torch.manual_seed(0)
        return adapters.to_train(self.base, self.config, loading.compute_dtype("float32"))

    def headline(self, threads: int) -> str:
        import torch

        name = torch.cuda.get_device_name() if torch.cuda.is_available() else f"processor, {threads} threads"
        weights = sum(part.numel() for part in self.model.parameters())
        return (
            f"{weights / 1e6:.1f} million parameters, LoRA r16 on all linear layers; {self.size.rows} rows, "
            f"{self.size.tokens:,} tokens, longest {max(map(len, self.rows))}; steps of {STEP}; {name}"
        )

    def ways(self) -> dict[str, Callable[[], float]]:
        """Name of a way, and what trains in it once and says for how many seconds."""
        return {
            "TRL, default settings": lambda: self.trl(gradient_checkpointing=True),
            "TRL, no checkpointing": self.trl,
            "TRL, group_by_length": lambda: self.trl(train_sampling_strategy="group_by_length"),
            # two packs of 1024 have about the tokens of eight rows; eight packs would be slower still
            "TRL, packing bfd": lambda: self.trl(packing=True, per_device_train_batch_size=2),
            "Hone, float32 grouped": lambda: self.hone("float32", "grouped"),
            "Hone, bfloat16 grouped": lambda: self.hone("bfloat16", "grouped"),
            "Hone, bfloat16 packed": lambda: self.hone("bfloat16", "packed"),
            "bare loop, bfloat16 grouped": lambda: self.bare("bfloat16", "grouped"),
        }

    def trl(self, **settings: Any) -> float:
        """One epoch by TRL's SFTTrainer; its defaults but for what is given."""
        trainer = self.sft_trainer(**settings)
        return _timed(trainer.train)

    def sft_trainer(self, **settings: Any) -> Any:
        """TRL's trainer on the rows as tokens."""
        import torch
        from datasets import Dataset
        from transformers import AutoTokenizer
        from transformers.trainer_callback import PrinterCallback
        from trl.trainer.sft_config import SFTConfig
        from trl.trainer.sft_trainer import SFTTrainer

        self.count += 1
        given: dict[str, Any] = {
            "output_dir": str(self.folder / f"trl-{self.count}"),
            "per_device_train_batch_size": STEP,
            "num_train_epochs": 1,
            "learning_rate": 1e-3,
            "max_length": LONGEST,
            "bf16": True,
            "use_cpu": not torch.cuda.is_available(),
            "gradient_checkpointing": False,
            "save_strategy": "no",
            "logging_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
        }
        rows = [{"input_ids": row.ids, "labels": row.labels} for row in self.rows]
        trainer = SFTTrainer(
            model=self.fresh(),
            args=SFTConfig(**given | settings),
            train_dataset=Dataset.from_list(rows),
            processing_class=AutoTokenizer.from_pretrained(str(self.base)),
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def hone(self, precision: str, batching: str) -> float:
        """One epoch by Hone's trainer, its events and last checkpoint included."""
        return _timed(self.step_trainer(precision, batching).train)

    def step_trainer(self, precision: str, batching: str) -> Any:
        """Hone's trainer on the rows as tokens."""
        from transformers import AutoTokenizer

        from hone.training.fitting.plan import Plan, halve_frozen
        from hone.training.fitting.trainer import StepTrainer
        from hone.training.folder import Row
        from hone.training.prepare import prepare

        self.count += 1
        one = [Row(id="1", instruction="a", response="b")]
        folder = prepare(self.folder / f"hone-{self.count}", self.config, {"train": one}, {})
        folder.checkpoints.mkdir()
        model = self.fresh()
        if precision == "bfloat16":
            halve_frozen(model)
        plan = Plan.model_validate({"precision": precision, "batching": batching, "micro_batch": STEP})
        tokenizer = AutoTokenizer.from_pretrained(str(self.base))
        trainer = StepTrainer(model, tokenizer, folder, self.config, self.rows, [], plan)
        trainer.tried = True  # whether memory is enough was seen before the clock runs: once a run, one micro batch
        return trainer

    def bare(self, precision: str, batching: str) -> float:
        """The same steps in a loop without a Trainer: what is left when all else is taken away."""
        from torch.nn.utils import clip_grad_norm_

        from hone.training.fitting.optim import optimizer
        from hone.training.fitting.steps import StepLoader

        trainer = self.step_trainer(precision, batching)
        model, stepper = trainer.model.train(), trainer.stepper
        learning = [part for part in model.parameters() if part.requires_grad]
        learner = optimizer(learning, self.config)

        def loop() -> None:
            for rows in StepLoader(self.rows, self.config):
                stepper.gradient(model, rows, sum(map(stepper.task.items, rows)))
                clip_grad_norm_(learning, self.config.grad_clip)
                learner.step()
                learner.zero_grad()

        return _timed(loop)

    def probed(self) -> Any:
        """What the probe of a run would choose here, as if the run were long."""
        from hone.training.fitting.probe import probe
        from hone.training.tasks.task import of

        config = self.config.model_copy(update={"epochs": 1000})
        return probe(self.fresh(), of("causal"), self.rows, config, pad=0)

    def _config(self) -> Any:
        from hone.training.config import TrainConfig

        return TrainConfig(
            base=str(self.base),
            epochs=1,
            learning_rate=1e-3,
            micro_batch=STEP,
            effective_batch=STEP,
            checkpoint_every=10**9,
            samples=0,
            max_length=LONGEST,
        )


def make_rows(count: int, vocab: int, seed: int) -> list[Any]:
    """Rows of random tokens: log-normal prompts of about 170 tokens, a quarter of a row is learnt."""
    from hone.training.rows.encode import Encoded

    draw = random.Random(seed)
    rows = []
    for number in range(count):
        length = min(755, max(16, round(draw.lognormvariate(5.13, 0.75))))
        answer = max(2, round(length * draw.uniform(0.14, 0.34)))
        rows.append(Encoded(f"row-{number}", [draw.randrange(4, vocab) for _ in range(length)], length - answer))
    return rows


def _show_rates(bench: Bench, rounds: int) -> None:
    seconds: dict[str, list[float]] = {}
    plan = bench.probed()
    for _ in range(rounds):
        for name, train in bench.ways().items():
            seconds.setdefault(name, []).append(train())
    rates = {name: bench.size.tokens / median(taken) for name, taken in seconds.items()}
    chosen = rates[f"Hone, {plan.precision} {plan.batching}"]
    default = rates["TRL, default settings"]
    best = max(rate for name, rate in rates.items() if name.startswith("TRL"))
    print(f"\n{'':<30}{'tokens/s':>10}{'of default':>12}{'GFLOP/s':>10}{'of peak':>9}")
    for name, rate in rates.items():
        work = rate * bench.size.work_per_token
        print(f"{name:<30}{rate:>10,.0f}{rate / default:>12.2f}{work / 1e9:>10,.0f}{_of_peak(work):>9}")
    print(f"\nThe probe chooses {plan.precision}, {plan.batching}:")
    for tried in plan.variants:
        print(f"  {tried.precision} {tried.batching}: {tried.tokens_per_second or 0:,.0f} tokens/s, {tried.said}")
    print(f"So Hone trains at {chosen / default:.2f} times TRL's default, {chosen / best:.2f} times its best.")
    loop, trainer = rates["bare loop, bfloat16 grouped"], rates["Hone, bfloat16 grouped"]
    steps = -(-bench.size.rows // STEP)
    print(
        f"Trainer, events and the last checkpoint cost {1 - trainer / loop:.1%} of a bare loop's rate in {steps} steps."
    )


def _show_losses(bench: Bench) -> None:
    """TRL's loss and ours on the same batch of the same model."""
    import torch

    rows = bench.rows[:STEP]
    trainer = bench.sft_trainer(bf16=False)
    inputs = trainer.data_collator([{"input_ids": row.ids, "labels": row.labels} for row in rows])
    inputs = {name: value.to(trainer.args.device) for name, value in inputs.items()}
    with torch.no_grad():
        theirs = float(trainer.compute_loss(trainer.model, inputs))
    ours = {}
    for batching in ("grouped", "packed"):
        stepper = bench.step_trainer("float32", batching).stepper
        items = sum(map(stepper.task.items, rows))
        model = bench.fresh().train()
        ours[batching] = float(stepper.gradient(model, rows, items))
    print(f"\nLoss on one batch: TRL {theirs:.6f}, Hone {ours['grouped']:.6f}, packed {ours['packed']:.6f}")


def _show_padding(seed: int) -> None:
    from hone.training.config import TrainConfig
    from hone.training.fitting.steps import Stepper
    from hone.training.rows.batches import StepOrder
    from hone.training.tasks.task import of

    config = TrainConfig(base="none", micro_batch=STEP, effective_batch=2 * STEP)
    for count in (32, 200, 5000):
        rows = make_rows(count, 100, seed)
        stepper = Stepper(of("causal"), rows, config, pad=0)
        steps = [[rows[place] for place in step] for step in StepOrder([len(row) for row in rows], 2 * STEP, seed)]
        computed = sum(stepper.places(part) for step in steps for part in stepper.cut(step))
        print(f"Padding, {count} rows: {1 - sum(map(len, rows)) / computed:.1%} of what is computed")


def _show_tokenising(count: int, seed: int) -> None:
    from transformers import PreTrainedTokenizerFast

    from hone.training.config import TrainConfig
    from hone.training.folder import Row
    from hone.training.rows.encode import encode
    from hone.training.toy_corpus import corpus

    texts = [document.given or document.note for document in corpus(seed, 400)]
    draw = random.Random(seed)
    rows = [
        Row(id=str(n), instruction="Triage this ticket.", context=draw.choice(texts), response="team: billing")
        for n in range(count)
    ]
    kind: Any = PreTrainedTokenizerFast
    tokenizer = kind(tokenizer_object=_tokenizer(texts, 1024), eos_token="</s>")
    config = TrainConfig(base="none", max_length=4096)
    seconds = _timed(lambda: encode(rows, tokenizer, config, 4096, "causal"))
    print(f"Tokenised: {count / seconds:,.0f} pairs a second of one core")


def _timed(work: Callable[[], object]) -> float:
    """Seconds of processor time, or on a card by the clock."""
    import torch

    card = torch.cuda.is_available()
    read = time.perf_counter if card else time.process_time
    began = read()
    work()
    if card:
        torch.cuda.synchronize()
    return read() - began


def _of_peak(work: float) -> str:
    import torch

    if not torch.cuda.is_available():
        return ""
    name = torch.cuda.get_device_name()
    peak = next((value for part, value in PEAKS.items() if part in name), None)
    return f"{work / peak:.1%}" if peak else "?"


def _make_base(folder: Path, vocab: int, hidden: int, ff: int, layers: int, heads: int) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocab,
            hidden_size=hidden,
            intermediate_size=ff,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            max_position_embeddings=2048,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=1,
        )
    ).save_pretrained(str(folder))
    kind: Any = PreTrainedTokenizerFast
    tokenizer = kind(tokenizer_object=_tokenizer(["a b c"], 300), eos_token="</s>", pad_token="<pad>")
    tokenizer.save_pretrained(str(folder))


def _tokenizer(texts: Sequence[str], size: int) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<pad>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    return made


if __name__ == "__main__":
    sys.exit(main())
