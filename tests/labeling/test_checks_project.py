"""The checks over a project: which pairs are alike, what is kept, and what a lead has mended at once."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.labeling import desk
from hone.labeling.checks import alike, every, mending, spacing
from hone.labeling.checks.found import Found, Norms, Texts
from hone.labeling.checks.mending import mend, mended
from hone.labeling.checks.reader import Reader, ReaderChild
from hone.labeling.checks.running import ProjectChecks
from hone.storage import findings, pairs, reviews
from hone.storage.errors import Forbidden, InputError, WorkspaceError
from hone.storage.findings import Finding
from hone.storage.pairs import NewPair, Pair
from hone.storage.people import Person
from hone.storage.projects import Project
from hone.storage.store import Store

LETTER = (
    "I bought a kettle from your shop last week and it leaks at the handle whenever it boils. I kept the bill and "
    "the box. Please tell me whether you will send a new one or pay me back."
)
REPLY = (
    "Dear customer, we are sorry that your kettle leaks. We will send a new one tomorrow; keep the old one until "
    "our driver collects it, and let us know which day suits you best."
)


def add(store: Store, project: Project, lead: Person, *new: NewPair) -> None:
    store.write(lambda cursor: pairs.add(cursor, project.id, new, author_id=lead.id, wanted=2))


def check(store: Store, project: Project) -> None:
    checks = ProjectChecks(store, project.id, Reader())
    while checks.portion(lambda: True):
        pass


def all_pairs(store: Store, project: Project) -> list[Pair]:
    with store.read() as cursor:
        return pairs.listing(cursor, project.id)


def kinds(store: Store, project: Project) -> list[tuple[str, ...] | None]:
    return [pair.checks for pair in all_pairs(store, project)]


def test_the_same_words_are_a_duplicate_and_the_first_pair_is_named(
    store: Store, project: Project, lead: Person
) -> None:
    one = NewPair(instruction="Reply.", context=LETTER, response=REPLY)
    other = NewPair(instruction="Reply:", context=LETTER.upper(), response=REPLY.replace(".", " !"))
    add(store, project, lead, one, other)
    check(store, project)
    assert kinds(store, project) == [(), ("duplicate",)]
    with store.read() as cursor:
        (found,) = findings.of_pairs(cursor, [all_pairs(store, project)[1].id])
    assert found.says == "The same as pair #1, apart from case, spacing and punctuation."


def test_nearly_the_same_is_found_across_imports_and_a_shared_context_is_not(
    store: Store, project: Project, lead: Person
) -> None:
    add(store, project, lead, NewPair(instruction="Reply.", context=LETTER, response=REPLY))
    check(store, project)
    add(
        store,
        project,
        lead,
        NewPair(instruction="Reply.", context=LETTER + " Thanks.", response=REPLY + " Bye."),
        NewPair(instruction="Who wrote?", context=LETTER, response="A customer whose kettle leaks at its handle."),
    )
    check(store, project)
    assert kinds(store, project) == [(), ("near_duplicate",), ()]


WORDS = st.lists(st.sampled_from(["kettle", "leaks", "bill", "box", "new", "old", "day", "driver"]), min_size=10)


@given(WORDS, WORDS, st.integers(0, 9))
def test_pairs_of_the_same_words_always_meet_in_every_bucket(asked: list[str], said: list[str], cut: int) -> None:
    one = Texts(" ".join(asked), "", " ".join(said))
    other = Texts(" ".join(asked).title(), "", ",  ".join(said) + "!")
    assert alike.buckets(one) == alike.buckets(other)
    assert alike.same(one, other)
    assert alike.likeness(one, other) == 1
    assert 0 <= alike.likeness(one, Texts(" ".join(asked[cut:]), "", " ".join(said))) <= 1


def test_pairs_that_are_alike_to_nine_tenths_meet(store: Store, project: Project, lead: Person) -> None:
    long = [f"word{number}" for number in range(300)]
    for place in range(0, 300, 30):
        changed = [*long[:place], "changed", *long[place + 1 :]]
        one, other = Texts(" ".join(long), "", " ".join(long)), Texts(" ".join(long), "", " ".join(changed))
        assert alike.likeness(one, other) > 0.97
        assert set(alike.buckets(one)) & set(alike.buckets(other))


def test_what_was_stopped_goes_on_with_the_pairs_that_are_left(store: Store, project: Project, lead: Person) -> None:
    add(store, project, lead, *[NewPair(instruction=f"Add {n}.", response=f"The sum is {n}.") for n in range(300)])
    turns = iter([True, False])
    ProjectChecks(store, project.id, Reader()).portion(lambda: next(turns))
    with store.read() as cursor:
        assert findings.progress(cursor, project.id).checked == 200
    check(store, project)
    with store.read() as cursor:
        assert findings.progress(cursor, project.id).checked == 300


def test_a_project_is_checked_again_in_portions_with_the_same_result(
    store: Store, project: Project, lead: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "FORGET", 2)
    add(store, project, lead, *(NewPair(instruction=f"Reply{mark}", response=REPLY) for mark in ".:!?;"))
    check(store, project)
    before = kinds(store, project)
    assert before == [(), *[("duplicate",)] * 4]
    mending.check_again(store, project, lead)
    assert kinds(store, project) == [None] * 5
    check(store, project)
    assert kinds(store, project) == before


def test_a_child_reads_what_this_process_would_read() -> None:
    texts = [Texts("Reply.", LETTER, REPLY), Texts("Reply.", "", " We recieve a@b.example"), Texts("", "", "")]
    reader = Reader()
    reader.begin(texts)
    with ReaderChild() as child:
        child.begin(texts)
        assert child.read(texts) == reader.read(texts)


def test_a_child_that_was_killed_is_told_of(store: Store) -> None:
    with ReaderChild() as child:
        child._child.kill()  # pyright: ignore[reportPrivateUsage]
        child._child.wait()  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(WorkspaceError, match="has ended"):
            child.read([Texts("a")])


DIRTY = NewPair(instruction="Reply.", context="Mail ann@mail.example.", response=" Dear Ann,\n\n\n\n\nyes, it is.")


def test_a_fix_is_a_revision_by_the_lead_and_the_import_stays(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    add(store, project, lead, DIRTY)
    check(store, project)
    assert mend(store, project, lead, ["trim", "personal_data"]).pairs == 1
    (pair,) = all_pairs(store, project)
    assert (pair.context, pair.response) == ("Mail [e-mail].", "Dear Ann,\n\nyes, it is.")
    with store.read() as cursor:
        made = next(one for one in pairs.revisions(cursor, pair.id) if one.id == pair.first_revision)
        imported = pairs.revision(cursor, str(made.parent_id))
    assert (made.author_id, made.reason) == (lead.id, "fix: mask, trim")
    assert imported.response == DIRTY.response
    view = desk.next_view(store, project, ana)
    assert view.revision is not None
    assert view.revision.id == made.id
    check(store, project)
    assert kinds(store, project) == [()]


def test_the_file_can_be_imported_again_after_a_fix(store: Store, project: Project, lead: Person) -> None:
    add(store, project, lead, DIRTY)
    check(store, project)
    mend(store, project, lead, ["trim"])
    add(store, project, lead, DIRTY)
    assert len(all_pairs(store, project)) == 1


def test_a_duplicate_is_left_out_by_a_decision_with_its_reason(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    one = NewPair(instruction="Reply.", context=LETTER, response=REPLY)
    add(store, project, lead, one, one.model_copy(update={"response": REPLY + " "}))
    check(store, project)
    mend(store, project, lead, ["duplicate"])
    first, second = all_pairs(store, project)
    assert (first.state, second.state) == ("open", "rejected")
    with store.read() as cursor:
        decided = reviews.adjudication_of(cursor, second.id, 1)
    assert decided is not None
    assert decided.reason.startswith("Duplicate: The same as pair #1")
    assert desk.next_view(store, project, ana).waiting == 1


def test_a_pair_that_somebody_works_on_is_left_as_it_is(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    add(store, project, lead, DIRTY)
    check(store, project)
    desk.next_view(store, project, ana)
    made = mend(store, project, lead, ["trim"])
    assert (made.pairs, made.left_out) == (0, {"with an expert at the moment": 1})


def test_only_named_pairs_are_mended(store: Store, project: Project, lead: Person) -> None:
    add(store, project, lead, DIRTY, DIRTY.model_copy(update={"instruction": "Answer."}))
    check(store, project)
    assert mend(store, project, lead, ["trim"], [2, 77]).pairs == 1
    assert [pair.response[0] for pair in all_pairs(store, project)] == [" ", "D"]


def test_what_only_an_expert_can_mend_is_refused_and_so_is_an_expert(
    store: Store, project: Project, lead: Person, ana: Person
) -> None:
    with pytest.raises(InputError, match="only an expert"):
        mend(store, project, lead, ["spelling"])
    with pytest.raises(InputError, match="no such check"):
        mend(store, project, lead, ["beauty"])
    with pytest.raises(Forbidden):
        mend(store, project, ana, ["trim"])


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.text(max_size=3))))
def test_fixes_that_overlap_are_made_once_and_nothing_else_changes(
    text: str, fixes: list[tuple[int, int, str]]
) -> None:
    first = pairs.Revision.model_validate(
        {"id": "r", "pair_id": "p", "parent_id": None, "instruction": "i", "context": "", "response": text,
         "author_id": "a", "reason": "import", "words_added": 0, "words_removed": 0, "created_at": "2026-01-01"}
    )  # fmt: skip
    author = Person.model_validate(
        {"id": "a", "name": "lena", "full_name": "Lena", "roles": ["lead"], "created_at": "2026-01-01"}
    )
    found = [
        Finding(pair_id="p", kind="residue", field="response", start=start, end=end, says="x", fix=fix)
        for start, end, fix in fixes
    ]
    made = mended(first, found, author).response
    applied = [one for one in found if one.start < one.end <= len(text)]
    if not applied:
        assert made == text
    else:
        assert made.startswith(text[: min(one.start for one in applied)])
        assert made.endswith(text[max(one.end for one in applied) :])


def test_a_text_on_which_a_check_fails_has_no_findings_and_stops_no_other(
    store: Store, project: Project, lead: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find(texts: Texts, norms: Norms) -> Iterator[Found]:
        yield from spacing.find(texts, norms)
        if "unlucky" in texts.response:
            raise ValueError("no check foresaw this")

    monkeypatch.setattr(every, "CHECKS", (SimpleNamespace(find=find),))
    answers = (" One.", " The unlucky one.", " Three.")
    add(store, project, lead, *(NewPair(instruction=f"Say {answer}", response=answer) for answer in answers))
    check(store, project)
    assert kinds(store, project) == [("spacing",), (), ("spacing",)]
    assert "no check foresaw this" in capsys.readouterr().err
