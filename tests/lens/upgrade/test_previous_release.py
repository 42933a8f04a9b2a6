"""The kept release is the one before, and what it does not know is marked as new."""

from __future__ import annotations

import re
import tarfile

from lens.schedules import ENTRIES
from tests.lens.upgrade.two_releases import ARCHIVE, PREVIOUS, find_unusable_columns
from tests.support.processes import ROOT


def read(path: str) -> str:
    with tarfile.open(ARCHIVE) as archive:
        file = archive.extractfile(path)
        assert file
        return file.read().decode()


def test_the_kept_release_is_the_newest_or_the_one_before_it() -> None:
    released = re.findall(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert PREVIOUS in released[:2], "replace it: docs/releasing.md, step 8"
    assert f'__version__ = "{PREVIOUS}"' in read("lens/__init__.py")
    assert ARCHIVE.stat().st_size < 1_500_000


def test_a_task_that_the_previous_release_does_not_know_is_marked_as_new() -> None:
    known = {*re.findall(r'"((?:\w+\.)+\w+)"', read("lens/schedules.py"))}
    assert {entry.func for entry in ENTRIES if entry.is_new} == {
        entry.func for entry in ENTRIES if entry.func not in known
    }


def test_columns_that_the_previous_release_misses_or_would_have_to_fill_are_found() -> None:
    before = {("meeting", "id"): False, ("meeting", "title"): True}
    after = {
        ("meeting", "id"): False,
        ("meeting", "was_held"): True,
        ("meeting", "was_held_at"): False,
        ("risk", "meeting"): True,
    }
    assert find_unusable_columns(before, after) == [("meeting", "title"), ("meeting", "was_held")]
