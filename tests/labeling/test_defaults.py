"""What a new project asks for."""

import pytest

from hone.labeling.projects.defaults import default_settings
from hone.storage.errors import InputError


def test_every_dimension_has_five_anchors_and_every_flag_a_definition() -> None:
    settings = default_settings()
    assert all(sorted(dimension.anchors) == [1, 2, 3, 4, 5] for dimension in settings.rubric)
    assert all(category.definition for category in settings.taxonomy)
    assert {category.key for category in settings.taxonomy if category.protected} >= {"stereotype"}


def test_single_fields_can_be_replaced() -> None:
    settings = default_settings(overlap=3, purpose="Contracts in plain English")
    assert (settings.overlap, settings.agree, settings.purpose) == (3, 2, "Contracts in plain English")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"overlapp": 2}, "There is no setting 'overlapp'"),
        ({"agree": 3}, r"agree \(3\) cannot be more than overlap \(2\)"),
        ({"fractions": (0.5, 0.1, 0.1)}, "add up to 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(changes: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        default_settings(**changes)
