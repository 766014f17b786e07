"""The architecture: folders, names, and imports that go one way."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("storage", "labeling", "evaluation", "training", "platform")
MAY_IMPORT = {
    "storage": {"storage"},
    "labeling": {"storage", "labeling"},
    "evaluation": {"storage", "evaluation"},
    "training": {"storage", "training"},
    "platform": set(PARTS),
}
SOURCES = sorted(path for part in PARTS for path in (ROOT / part).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield module
            if module == "hone":
                yield from (f"hone.{name.name}" for name in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        pieces = name.split(".")
        assert pieces[0] not in PARTS or pieces[0] == "platform", f"{name}: import hone.{name}"
        if pieces[0] == "hone" and len(pieces) > 1:
            assert pieces[1] in MAY_IMPORT[part], f"{part} imports {name}"
        if part != "platform":
            assert pieces[0] != "streamlit", f"{part} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_statements_are_executed_in_storage_alone(path: Path) -> None:
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("execute", "executemany")
    ]
    assert not calls or path.relative_to(ROOT).parts[0] == "storage"


def test_every_folder_of_code_is_in_the_package_list() -> None:
    declared = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {"hone." + ".".join(path.parent.relative_to(ROOT).parts) for path in SOURCES}
    assert found - {"hone.platform.example"} == declared


def test_platform_never_becomes_a_package_of_its_own() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert not (ROOT / "tests" / "platform").exists()


def test_no_file_of_platform_shadows_a_standard_module() -> None:

    names = {path.stem for path in (ROOT / "platform").glob("*.py")}
    assert not names & set(sys.stdlib_module_names)


def test_hone_holds_five_links_and_nothing_else() -> None:
    entries = {entry.name: entry for entry in (ROOT / "hone").iterdir() if entry.name != "__pycache__"}
    if not any(entry.is_symlink() for entry in entries.values()):
        pytest.skip("this checkout lost its links: everything runs, editors are blind")
    assert {name: entry.resolve() for name, entry in entries.items()} == {part: ROOT / part for part in PARTS}
