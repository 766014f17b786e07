"""A project's settings as one file: whole on the way, and nothing left out in silence."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.labeling.projects import project_file
from hone.labeling.projects.templates.shelf import TEMPLATES
from hone.labeling.projects.templates.template import Template
from hone.storage.errors import InputError
from hone.storage.projects import Project
from hone.storage.records import new_id, now


def file_of(template: Template, **changes: Any) -> bytes:
    project = Project(id=new_id(), name="clauses", created_at=now(), version=3, settings=template.settings)
    document = json.loads(project_file.write(project))
    document["settings"] |= changes
    return json.dumps(document).encode()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
def test_what_is_written_is_read(template: Template) -> None:
    found = project_file.read(file_of(template))
    assert (found.name, found.settings, found.left_out) == ("clauses", template.settings, ())


def test_fields_of_a_newer_hone_are_named_and_left_out_only_on_demand() -> None:
    newer = json.loads(file_of(TEMPLATES[0], mood="calm"))
    newer["settings"]["rubric"][1]["weight"] = 2
    newer |= {"hone_project": 2, "signature": "abc"}
    content = json.dumps(newer).encode()
    with pytest.raises(InputError) as refused:
        project_file.read(content)
    for named in ("signature", "mood", "Rubric 2, weight", "schema version 2"):
        assert named in str(refused.value)
    found = project_file.read(content, leave_out_unknown=True)
    assert found.left_out == ("signature", "Rubric 2, weight", "mood")
    assert found.settings == TEMPLATES[0].settings


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not JSON (line 1)"),
        (b"[]", "it has no settings"),
        (b'{"settings": {}}', "schema version, is missing"),
        (b'{"hone_project": 1, "settings": {"overlap": NaN}}', "not JSON"),
        (b'{"hone_project": 1, "settings": {"overlap": 12}}', "Experts for each pair (overlap)"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[" * 200_000, "not JSON"),
        (b" " * (project_file.LARGEST + 1), "larger than 5,000,000 bytes"),
    ],
    ids=["empty", "list", "no version", "nan", "wrong value", "bytes", "deep", "large"],
)
def test_a_file_that_is_no_project_is_refused_in_one_line(content: bytes, says: str) -> None:
    with pytest.raises(InputError) as refused:
        project_file.read(content)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_there_is_a_word_for_it(content: bytes) -> None:
    with pytest.raises(InputError):
        project_file.read(content)
