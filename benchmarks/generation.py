"""How fast a model answers: one by one, in batches of some sizes, and as Hone puts them together.

    python benchmarks/generation.py                the toy base and sixty-four mails, three rounds (about two minutes)
    python benchmarks/generation.py --quick        half of the mails, one round
    python benchmarks/generation.py --base DIR     another base

Every answer goes on to its limit, as no base was trained for these questions: what is measured is the same work in
all variants. Seconds are of the processor, so that others at work on the machine change them little; on a CUDA card
they are by the clock. The last column says whether the answers are those of one by one.
"""

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from hone.training.toy import toy_base
from hone.training.toy_corpus import mail
from hone.training.worker import set_surroundings

SIZES: tuple[int | None, ...] = (1, 4, 8, 16, 32, 64, None)


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    set_surroundings(given.threads, offline=True)
    import torch

    from hone.training.models import loading
    from hone.training.speaking.batching import batches
    from hone.training.speaking.decode import Sampling, answers

    torch.set_num_threads(given.threads)
    base = given.base or toy_base()
    tokenizer = loading.load_tokenizer(base)
    model = loading.load_base(base, loading.compute_dtype(given.precision))
    asked = sorted((tokenizer(text)["input_ids"] for text in _mails(32 if given.quick else 64)), key=len)
    sampling = Sampling(max_new_tokens=given.tokens)
    clock = time.monotonic if torch.cuda.is_available() else time.process_time

    def speak(size: int | None) -> tuple[float, list[str]]:
        began = clock()
        said = [
            answer.text
            for batch in batches(asked, lambda ids: len(ids) + given.tokens, size)
            for answer in answers(model, tokenizer, batch, [], sampling)
        ]
        return clock() - began, said

    speak(None)  # what is made once is made before
    table = Table("rows together", "seconds", "answers a second", "against one by one", "same answers")
    alone, first = 0.0, list[str]()
    for size in SIZES:
        rounds = [speak(size) for _ in range(1 if given.quick else 3)]
        seconds, said = median(each[0] for each in rounds), rounds[0][1]
        alone, first = alone or seconds, first or said
        same = sum(one == other for one, other in zip(said, first, strict=True))
        table.add_row(
            "as many as fit" if size is None else str(size),
            f"{seconds:.2f}",
            f"{len(asked) / seconds:.1f}",
            f"{alone / seconds:.1f} times",
            f"{same} of {len(asked)}",
        )
    Console().print(table)


def _mails(count: int) -> list[str]:
    return [f"{mail(random.Random(f'mail {number}')).given}\n\nWho wrote, and why?\n" for number in range(count)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, help="a folder; else the toy base")
    parser.add_argument("--tokens", type=int, default=48, help="of each answer")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--quick", action="store_true")
    return parser


if __name__ == "__main__":
    main()
