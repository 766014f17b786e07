"""Templates: what a lawyer, a doctor or a support lead finds when they begin a project."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.projects.defaults import default_settings
from hone.labeling.projects.taxonomy import BIAS, PROTECTED_GROUPS, SAFETY, TAXONOMY
from hone.labeling.projects.templates.shelf import TEMPLATES, template
from hone.labeling.projects.templates.template import Template
from hone.storage.errors import NotFound

each_template = pytest.mark.parametrize("one", TEMPLATES, ids=lambda one: one.key)


def test_there_is_a_template_for_each_kind_of_project() -> None:
    assert {one.key for one in TEMPLATES} == {
        "summarizing", "answering", "support", "extraction", "classification", "legal", "medical",
    }  # fmt: skip


@each_template
def test_each_score_has_words_of_its_own(one: Template) -> None:
    for dimension in one.settings.rubric:
        assert sorted(dimension.anchors) == [1, 2, 3, 4, 5]
        assert len(set(dimension.anchors.values())) == 5
        assert dimension.question.endswith("?")


@each_template
def test_each_says_what_it_is_for_and_why_its_rules_are_as_they_are(one: Template) -> None:
    assert one.purpose
    assert one.audience
    assert len(one.reasons) >= 2
    assert "# " in one.settings.guidelines
    assert "{instruction}" in one.settings.template
    assert "{context}" in one.settings.template


@each_template
def test_flags_have_a_definition_and_two_examples_and_keys_of_their_own(one: Template) -> None:
    assert all(flag.definition and len(flag.examples) == 2 for flag in one.settings.taxonomy)
    assert len({flag.key for flag in one.settings.taxonomy}) == len(one.settings.taxonomy)
    assert {flag.key for flag in BIAS} <= {flag.key for flag in one.settings.taxonomy}


def test_the_fields_that_can_hurt_have_flags_of_their_own() -> None:
    legal = {flag.key for flag in template("legal").settings.taxonomy}
    medical = {flag.key for flag in template("medical").settings.taxonomy}
    assert {"jurisdiction", "out_of_date", "invented_authority"} <= legal
    assert {"unsafe_advice", "contraindication", "dose", "missed_emergency"} <= medical
    assert template("legal").settings.sign_off
    assert template("medical").settings.sign_off


def test_the_taxonomy_that_ships_covers_forms_groups_and_safety() -> None:
    assert {flag.key for flag in BIAS if flag.protected} == {
        "stereotype", "exclusion", "demeaning", "unequal_treatment",
    }  # fmt: skip
    assert {flag.key for flag in SAFETY} == {
        "unsafe_advice", "personal_data", "hallucination", "wrong_place_or_time",
    }  # fmt: skip
    assert len(PROTECTED_GROUPS) == 9
    assert default_settings().taxonomy == TAXONOMY
    assert default_settings().protected_groups == PROTECTED_GROUPS


@given(st.text(max_size=20).filter(lambda key: key not in {one.key for one in TEMPLATES}))
def test_a_template_that_is_not_there_is_named_with_those_that_are(key: str) -> None:
    with pytest.raises(NotFound, match="summarizing, answering"):
        template(key)
