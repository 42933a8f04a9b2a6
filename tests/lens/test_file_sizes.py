"""A file of code can be read in one sitting (CONTRIBUTING.md)."""

from __future__ import annotations

from tests.support.processes import ROOT

FOLDERS = (
    *("lens", "cohorts", "meetings", "guestvisits", "discordsync", "calendarsync"),
    *("templates", "static", "tests"),
)
CODE = {".py", ".html", ".css", ".js"}
MOST_LINES = 400


def test_no_file_of_code_has_more_than_400_lines() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in files
        if path.suffix in CODE
    }
    assert len(lines) > 1500
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
