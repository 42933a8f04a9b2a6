"""The alarms' table of docs/alarms.md, from the code's own: `make docs` writes it."""

from __future__ import annotations

import os
import re

import django

from tests.support.processes import ROOT

ALARMS = ROOT / "docs" / "alarms.md"
HEAD = "| where | what is wrong | needs somebody | what to do |\n|---|---|---|---|\n"


def rows() -> list[str]:
    """One for each trouble that there is."""
    from cohorts.reconcile.issues import ISSUES
    from cohorts.reconcile.provider import provider_specs

    tables = {"any": ISSUES}
    tables |= {spec.title: dict(spec.issues) for spec in provider_specs().values()}
    return [
        f"| {where} | {text.sentence} | {'yes' if text.needs_person else 'no'} | {text.fix} |"
        for where, table in tables.items()
        for text in table.values()
    ]


def with_table(text: str) -> str:
    """The document with the table as it should be."""
    table = HEAD + "".join(f"{row}\n" for row in rows())
    return re.sub(re.escape(HEAD) + r"(\|.*\n)*", lambda _: table, text)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lens.settings")
    django.setup()
    ALARMS.write_text(with_table(ALARMS.read_text(encoding="utf-8")), encoding="utf-8")
