"""The child that reads for a server: `python -m hone.labeling.checks.child`.

It takes pickled calls from its standard input and answers on its standard output, behind everybody else's work. It
opens no file and no database, and ends when its input does.
"""

import os
import pickle
import sys
from contextlib import suppress
from typing import BinaryIO

from hone.labeling.checks.reader import Reader

NICE = 10  # steps behind everybody else


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer calls until there are no more."""
    reader = Reader()
    calls = {"begin": reader.begin, "expect": reader.expect, "read": reader.read}
    while True:
        try:
            what, texts = pickle.load(asked)
        except EOFError:
            return
        pickle.dump(calls[what](texts), answers)
        answers.flush()


if __name__ == "__main__":
    os.nice(NICE)
    with suppress(BrokenPipeError, KeyboardInterrupt):
        serve(sys.stdin.buffer, sys.stdout.buffer)
