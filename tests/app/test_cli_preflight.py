"""What `hone train --check` prints of a look that has ended."""

from typing import Any

import pytest

from hone.platform.commands import preflight
from hone.platform.runs.preflight import Look
from hone.training.preflight import Duplicate, Estimate, Finding, LongRow, Overlong, Preflight, SplitFigures, TokenView

TOLD = Estimate(
    seconds={"start": 6.0, "train": 120.0, "save": 0.01},
    total_seconds=126.01,
    steps=40,
    tokens_per_second=5000.0,
    precision="float32",
    batching="grouped",
    micro_batch=4,
    parameters=1_000_000,
    trainable=20_000,
    memory_bytes=600_000_000,
    memory_total=8_000_000_000,
    disk_bytes=30_000_000,
    disk_free=5_000_000_000,
)
FOUND = Preflight(
    limit=512,
    splits=(SplitFigures(split="train", rows=147, tokens=23_987, learnt=5_509),),
    longest=(LongRow(id="pair-a", split="train", tokens=263, learnt=57, begins="Triage this"),),
    overlong=(Overlong(id="pair-b", split="train", tokens=700, outcome="shortened", kept=512),),
    views=tuple(TokenView(id="pair-a", tokens=(("Hi", False), ("Bye", True), ("</s>", True))) for _ in range(3)),
    duplicates=(Duplicate(id="pair-a", test_id="pair-b", batch=1),),
    estimate=TOLD,
    findings=(Finding(kind="warning", text="Only so many steps."),),
)
LOOK = Look(
    id="x", state="done", result=FOUND, numbers={"pair-a": 7, "pair-b": 8}, beside=(3,), cost=1.5, currency="EUR"
)


def told(capsys: pytest.CaptureFixture[str], **changes: Any) -> str:
    preflight.tell(LOOK.model_copy(update=changes).model_dump(mode="json"))
    return " ".join(capsys.readouterr().out.split())


def test_a_look_is_told_in_tables(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys)
    for part in ("train 147 23987 5509", "#7 train 263 57 Triage this", "Learnt of #7: Bye</s>", "shortened to 512"):
        assert part in said
    assert "2 min (start 6.0 s, train 2 min); rough: run 3 is at work beside it" in said
    assert "1.50 EUR" in said
    assert said.endswith("warning: Only so many steps.")


def test_what_could_not_be_found_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    refused = Preflight(findings=(Finding(kind="refusal", text="There is no base."),))
    assert told(capsys, result=refused, cost=None) == "refusal: There is no base."
