"""The chain of models: what each learnt, how it did, what is new in it, and which one stands."""

from typing import Any

import pytest
from judged import answered_batch
from trained import add_batch, add_letters, add_trained

from hone.evaluation import assemble
from hone.platform import chain_words as words
from hone.platform.chain import Change, Data, Link, chain, changes
from hone.platform.runs import iterations
from hone.storage.models import Model
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store
from hone.training.config import TrainConfig


@pytest.fixture
def three(store: Store, project: Project, lead: Person) -> list[Model]:
    """Three iterations: the second learns anew from a larger batch, the third goes on from the second."""
    first, second = add_letters(store, project, lead, 5), add_letters(store, project, lead, 10)
    one, two = add_batch(store, project, lead, first), add_batch(store, project, lead, [*first[1:], *second])
    made = [add_trained(store, project, lead, one, epochs=3)]
    made.append(add_trained(store, project, lead, two, epochs=5, lora_r=8, result={"validation_loss": 0.5}))
    made.append(add_trained(store, project, lead, two, parent=made[1], epochs=5, lora_r=8, learning_rate=1e-4))
    return made


def told(links: tuple[Link, ...], number: int) -> dict[str, str]:
    return dict(words.told(links[number]))


def test_a_project_without_a_model_has_no_chain(store: Store, project: Project) -> None:
    assert chain(store, project) == ()


def test_each_model_says_what_it_learnt_and_on_what(store: Store, project: Project, three: list[Model]) -> None:
    links = chain(store, project)
    assert [link.number for link in links] == [0, 1, 2, 3]
    assert told(links, 0) == {}
    assert told(links, 1)["learnt"] == "batch 1 by LoRA r16, on the base, in run 1"
    assert told(links, 3)["learnt"] == "batch 2 by LoRA r8, on iteration 2, in run 3"
    assert [link.parent for link in links] == [None, 0, 0, 2]
    assert links[2].validation_loss == 0.5


def test_what_is_new_is_told_against_the_parent_or_the_iteration_before(
    store: Store, project: Project, three: list[Model]
) -> None:
    links = chain(store, project)
    assert told(links, 1)["new"] == "5 pairs, the first batch"
    assert links[2].data == Data(before=1, after=2, added=10, removed=1, changed=0)
    assert told(links, 2)["new"] == "since iteration 1: 10 pairs added, 1 removed; rank 16 → 8, epochs 3 → 5"
    assert told(links, 3)["new"] == "since iteration 2: the same batch; learning rate 0.0002 → 0.0001"


def test_the_base_is_champion_until_one_is_promoted_and_the_newest_that_stands_challenges_it(
    store: Store, project: Project, lead: Person, three: list[Model]
) -> None:
    def aliases() -> list[str]:
        return [link.alias for link in chain(store, project)]

    assert aliases() == ["champion", "", "", "challenger"]
    iterations.reject(store, project, lead, three[2], "It forgets.")
    assert aliases() == ["champion", "", "challenger", "rejected"]
    iterations.promote(store, project, lead, three[1], "Kinder.")
    assert aliases() == ["", "", "champion", "rejected"]
    assert told(chain(store, project), 3)["rejected"] == "It forgets."
    assert told(chain(store, project), 2)["promoted"] == "Kinder."


def test_scores_are_those_of_the_report_with_items_and_interval(store: Store, project: Project, lead: Person) -> None:
    _, new, old = answered_batch(store, project, lead, items=6)
    before = chain(store, project)[1].scores
    assert [(score.metric, score.n, score.batch) for score in before] == [("rougeL", 6, 1)]
    assemble.make(store, project, lead, new=new, old=old)
    base, first = chain(store, project)
    assert {score.metric for score in first.scores} == {"rougeL", "token_f1", "exact_match"}
    assert words.lead_score(first) == before[0]
    assert base.scores[0].value < first.scores[0].value
    assert (first.report, first.won) == (1, None)
    assert words.won_words(first) == "by metrics alone: cannot tell yet"


def test_twelve_iterations_are_a_chain_of_thirteen(store: Store, project: Project, lead: Person) -> None:
    batch = add_batch(store, project, lead, add_letters(store, project, lead, 5))
    made = [add_trained(store, project, lead, batch, epochs=number) for number in range(1, 13)]
    links = chain(store, project)
    assert [link.name for link in links[1:]] == [model.name for model in made]
    assert links[12].settings == (Change(name="epochs", before="11", after="12"),)


def test_settings_that_say_nothing_of_learning_are_no_change() -> None:
    before = TrainConfig(base="toy", run="one", threads=1).model_dump(mode="json")
    after = TrainConfig(base="toy", run="two", threads=2, micro_batch=8, patience=2).model_dump(mode="json")
    assert changes(before, after) == (Change(name="patience", before="none", after="2"),)
    assert changes({name: value for name, value in before.items() if name != "rehearsal"}, before) == ()


def test_another_prompt_is_told_without_its_text() -> None:
    after = TrainConfig(base="toy", template="Q: {instruction}").model_dump(mode="json")
    [change] = changes(TrainConfig(base="toy").model_dump(mode="json"), after)
    assert (change.name, change.after) == ("template", "changed")


def looked(*splits: tuple[int, float]) -> dict[str, Any]:
    """A run's result: by batch, the score after it."""
    told = [{"batch": batch, "items": 5, "rouge_before": 0.2, "rouge_after": after} for batch, after in splits]
    return {"forgetting": {"measure": "rouge", "splits": told, "generic": {"undefined": "nobody asked"}}}


def test_a_model_says_how_much_it_kept_at_the_least_of_what_its_own_line_learnt(
    store: Store, project: Project, lead: Person
) -> None:
    one, two = (add_batch(store, project, lead, add_letters(store, project, lead, 5)) for _ in range(2))
    first = add_trained(store, project, lead, one, result=looked((1, 0.8)))
    add_trained(store, project, lead, one, result=looked((1, 0.4)))
    add_trained(store, project, lead, two, result=looked((1, 0.36), (2, 0.9)))
    add_trained(store, project, lead, two, parent=first, result=looked((1, 0.72), (2, 0.9)))
    links = chain(store, project)
    assert "kept" not in told(links, 1)
    assert told(links, 3)["kept"] == "90% of the score on earlier test splits, at the least"  # of 0.4, the last before
    assert links[4].kept == pytest.approx(0.9)  # of 0.8, its parent's


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"method": "lora", "lora_r": 16}, "LoRA r16"),
        ({"method": "dora", "lora_r": 4, "quantize": "4bit"}, "DoRA r4 in 4bit"),
        ({"method": "full"}, "full"),
        ({"method": "lora", "lora_r": 8, "objective": "dpo"}, "DPO with LoRA r8"),
    ],
)
def test_methods_are_named_as_people_name_them(config: dict[str, object], says: str) -> None:
    assert words.method_words(config) == says
