"""What is next on the way round the loop: one step, with the command that does it."""

from typing import Any

import pytest

from hone.platform.loop import Iteration, Judging, Standing, next_step

TRAINED: dict[str, Any] = {"newest": 1, "name": "Iteration 1", "batch": 1, "champion": 0}


def standing(
    batch: int | None = None,
    iteration: dict[str, Any] | None = None,
    judging: tuple[int, int] | None = None,
    **pairs: int,
) -> Standing:
    counts = {"open": 0, "disputed": 0, "agreed": 0, "approved": 0, "rejected": 0, **pairs}
    return Standing.model_validate(
        {
            "project": "letters",
            "pairs": counts,
            "batch": batch,
            "iteration": Iteration(**(iteration or {})),
            "judging": Judging(number=1, judged=judging[0], wanted=judging[1]) if judging else None,
            "next": None,
        }
    )


@pytest.mark.parametrize(
    ("found", "command"),
    [
        (standing(), "hone import FILE"),
        (standing(open=3), "hone serve"),
        (standing(open=3, disputed=1, approved=9), "hone serve"),
        (standing(open=3, agreed=1, approved=9), "hone serve"),
        (standing(rejected=3), "hone import FILE"),
        (standing(approved=9), "hone batch freeze"),
        (standing(batch=1, approved=9), "hone train --project letters --batch 1"),
        (standing(batch=1, approved=9, iteration={"running": (4,)}), "hone runs show 4"),
        (standing(batch=2, approved=9, iteration=TRAINED), "hone train --project letters --batch 2"),
        (
            standing(batch=1, approved=9, iteration={**TRAINED, "unanswered": (0, 1)}),
            "hone generate --project letters --batch 1 --models 0,1",
        ),
        (standing(batch=1, approved=9, iteration=TRAINED), "hone matchups make"),
        (standing(batch=1, approved=9, iteration=TRAINED, judging=(3, 9)), "hone serve"),
        (standing(batch=1, approved=9, iteration=TRAINED, judging=(9, 9)), "hone report make"),
        (standing(batch=1, approved=9, iteration={**TRAINED, "report": 1, "verdict": "better"}), "hone queue send"),
        (
            standing(
                batch=1,
                approved=9,
                iteration={**TRAINED, "report": 1, "verdict": "cannot tell yet"},
                judging=(3, 9),
            ),
            "hone serve",
        ),
        (
            standing(
                batch=1,
                approved=9,
                iteration={**TRAINED, "report": 1, "verdict": "cannot tell yet"},
                judging=(9, 9),
            ),
            "hone queue send",
        ),
        (standing(batch=1, approved=9, open=2, iteration={**TRAINED, "report": 1, "decided": True}), "hone serve"),
        (standing(batch=1, approved=9, iteration={**TRAINED, "report": 1, "decided": True}), "hone batch freeze"),
    ],
)
def test_each_stop_leads_to_the_next(found: Standing, command: str) -> None:
    assert next_step(found).command.startswith(command)
    assert next_step(found).says.endswith(".")


def test_a_name_with_blanks_is_quoted() -> None:
    found = standing().model_copy(update={"project": "two words"})
    assert next_step(found).command == "hone import FILE --project 'two words'"


def test_who_judges_blind_learns_nothing_of_models() -> None:
    shown = standing(batch=1, approved=9, iteration=TRAINED, judging=(1, 2)).without_models()
    assert "Iteration 1" not in shown.model_dump_json()
    assert shown.pairs["approved"] == 9
