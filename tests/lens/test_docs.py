"""The documents say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from discordsync.state.permissions import (
    ALL_NEEDED,
    ALL_OPTIONAL,
    CREATE_INVITE,
    NEEDED,
    OPTIONAL,
)
from tests.lens.alarms import HEAD, with_table
from tests.lens.test_lock import DEV, RUN
from tests.support.processes import ROOT

OPERATIONS, SETTINGS, ALARMS = (
    (ROOT / "docs" / name).read_text(encoding="utf-8")
    for name in ("operations.md", "settings.md", "alarms.md")
)
OUR_FOLDERS = {"cohorts", "meetings", "guestvisits", "discordsync", "calendarsync", "lens", "tests"}


def test_every_alarm_is_explained_in_the_text_that_people_see() -> None:
    assert HEAD in ALARMS
    assert with_table(ALARMS) == ALARMS, "run `make docs`"


def test_every_setting_is_explained() -> None:
    settings = (ROOT / "lens" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', settings))
    assert read, "the settings are read by `env`"
    assert {name for name in read if f"`{name}`" not in SETTINGS} == set()


def test_the_bots_invitation_asks_for_what_it_needs_and_no_more() -> None:
    assert f"permissions={ALL_NEEDED | ALL_OPTIONAL | CREATE_INVITE}`" in OPERATIONS
    table = OPERATIONS.partition("| permission |")[2].partition("\n\n")[0]
    for name in (*NEEDED, *OPTIONAL):
        assert name in table


def test_every_dependency_has_its_purpose_and_nothing_else_has() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([^`]+)` \| \S", text, re.MULTILINE)) == {
        line.partition("==")[0] for line in [*RUN, *DEV]
    }


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_every_link_within_a_document_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    headings = {as_anchor(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    named = re.findall(r"`((?:\w+/)+(?:\w+\.py)?)`", document.read_text(encoding="utf-8"))
    ours = {path for path in named if path.split("/")[0] in OUR_FOLDERS}
    assert {path for path in ours if not (ROOT / path).exists()} == set()


def test_the_docstring_of_a_package_names_files_that_exist() -> None:
    packages = [path for folder in OUR_FOLDERS for path in (ROOT / folder).rglob("__init__.py")]
    named = {
        package.parent / name
        for package in packages
        for name in re.findall(r"^(\w+\.py) ", package.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named
    assert [path for path in named if not path.exists()] == []


def as_anchor(title: str) -> str:
    """As GitHub makes them."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
