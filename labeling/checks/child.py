"""The child that reads for a server: `python -m hone.labeling.checks.child`.

It takes calls from its standard input and answers on its standard output, once for each text, behind everybody else's
work. It opens no file and no database, and ends when its input does.
"""

import os
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from hone.labeling.checks.reader import Reader

NICE = 10  # steps behind everybody else


def serve(calls: Connection, answers: Connection) -> None:
    """Say that it is there, then answer calls until there are no more."""
    reader = Reader()
    does = {"begin": reader.beginning, "expect": reader.expecting, "read": reader.reading}
    answers.send("ready")
    while True:
        try:
            what, texts = calls.recv()
        except EOFError:
            return
        for answer in does[what](texts):
            answers.send(answer)


def main() -> None:
    """Serve on the standard input and output."""
    os.nice(NICE)
    answers = Connection(os.dup(sys.stdout.fileno()), readable=False)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not stand between the answers
    with suppress(BrokenPipeError, KeyboardInterrupt):
        serve(Connection(os.dup(sys.stdin.fileno()), writable=False), answers)


if __name__ == "__main__":
    main()
