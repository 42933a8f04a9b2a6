"""Migrations that databases may have been migrated by are never changed.

A new one is added to the list when it is released: `sha256sum */migrations/0*.py
*/*/migrations/0*.py > tests/lens/released_migrations.txt`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import lens
from tests.support.processes import ROOT

LIST = Path(__file__).with_name("released_migrations.txt")


def test_o3_released_migrations_are_unchanged() -> None:
    changed = []
    for line in LIST.read_text().splitlines():
        digest, path = line.split()
        file = ROOT / path
        if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            changed.append(path)
    assert not changed, "add a new migration instead"


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert {project, headings[0]} == {lens.__version__}
