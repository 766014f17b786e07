"""Keys, tokens and passwords: what opens something for whoever reads it."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from hone.labeling.checks.found import Found, Norms, Texts
from hone.storage.reviews import Field

MASK = "[secret]"
_KNOWN: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "a private key",
        re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]{0,8000}?-----END [A-Z ]+-----)?"),
    ),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})\b")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    ("an API key", re.compile(r"\bsk-(?:proj-|ant-|live-|or-)?[A-Za-z0-9_-]{20,}")),
    ("a Stripe key", re.compile(r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}")),
    ("a Google key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("a signed token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{8,}")),
    ("a password in an address", re.compile(r"(?<=://)[^\s:/@]{1,64}:[^\s:/@]{3,64}(?=@[\w.-]+)")),
)
_SIGNS = re.compile(r"-----BEGIN|AKIA|ASIA|gh[pousr]_|github_pat|glpat-|xox|sk-|[sr]k_|AIza|hf_|eyJ|://")
_SAID = re.compile(
    r"\b(?:password|passwd|pwd|passphrase|passwort|kennwort|secret|api[ _-]?key|access[ _-]?key|auth[ _-]?token"
    r"|token)"
    r"[\"']?(?:[ ]?[:=]+[ ]?|[ ]is[ ]|[ ]lautet[ ])[\"'“]?([^\s\"'“”<>{}\[\]]{6,})",
    re.IGNORECASE,
)
_STAND_IN = re.compile(
    r"your|example|xxx|\*{3}|\.{3}|placeholder|redacted|changeme|hidden|secret|null|none|getenv|\$", re.I
)
_DENSE = re.compile(r"(?<![\w/+=.@-])[A-Za-z0-9+/_-]{32,}={0,2}(?![\w/+=@-])")
_DENSEST = 4.3  # bits a character: 64 random letters and digits have 5.2, long words in a row below 4


def find(texts: Texts, _: Norms) -> Iterator[Found]:
    """Each secret once, with a mask in its place."""
    for field, text in texts.fields():
        taken: list[tuple[int, int]] = []
        for start, end, says in sorted(_in(text)):
            if not taken or start >= taken[-1][1]:
                taken.append((start, end))
                yield _found(field, start, end, says)


def _in(text: str) -> Iterator[tuple[int, int, str]]:
    if _SIGNS.search(text):
        for name, pattern in _KNOWN:
            for found in pattern.finditer(text):
                if not _STAND_IN.search(found[0]):
                    yield (*found.span(), f"Looks like {name}.")
    for found in _SAID.finditer(text):
        value = found[1].rstrip(".,;:!?)")
        if len(value) >= 6 and _mixed(value) and not _STAND_IN.search(value):
            yield (found.start(1), found.start(1) + len(value), "Looks like a password or key that is told.")
    for found in _DENSE.finditer(text):
        if _random(found[0]):
            yield (*found.span(), "Looks like a key: a long run of letters and digits without a pattern.")


def _mixed(value: str) -> bool:
    """Letters beside digits or signs: "hunter2", not "required" and not "12.30"."""
    return any(sign.isalpha() for sign in value) and any(not sign.isalpha() for sign in value.rstrip("()"))


def _random(run: str) -> bool:
    kinds = (any(map(test, run)) for test in (str.isupper, str.islower, str.isdigit))
    if not all(kinds) or sum(sign.isdigit() for sign in run) < 4 or max(map(len, re.split(r"[/_-]", run))) < 24:
        return False
    counts = Counter(run).values()
    return -sum(n / len(run) * math.log2(n / len(run)) for n in counts) >= _DENSEST


def _found(field: Field, start: int, end: int, says: str) -> Found:
    return Found("secret", field, start, end, says, MASK)
