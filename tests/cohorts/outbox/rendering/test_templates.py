"""Every template of the product: what it lets through, and that it can be filled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template import engines
from django.template.base import Node, VariableNode

from cohorts.outbox.registry import notifications

FOLDER = Path(settings.BASE_DIR) / "templates" / "messages"
KINDS = sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir())
DISCORD = sorted(FOLDER.glob("*/discord_*.txt"))
PLAIN = sorted(set(FOLDER.glob("**/*.txt")) - set(DISCORD))
HARMLESS = {
    "address",
    "channel_link",
    "counted",
    "discord_text",
    "discord_time",
    "mention",
    "time",
}


def variables(file: Path) -> Iterator[VariableNode]:
    def walk(nodes: list[Node]) -> Iterator[VariableNode]:
        for node in nodes:
            if isinstance(node, VariableNode):
                yield node
            for name in node.child_nodelists:
                yield from walk(getattr(node, name, None) or [])

    name = str(file.relative_to(FOLDER.parent))
    template: Any = engines["django"].get_template(name)
    return walk(template.template.nodelist)


def last_filter(variable: VariableNode) -> str:
    filters = variable.filter_expression.filters
    return filters[-1][0].__name__ if filters else ""


def test_each_kind_has_templates_and_a_context():
    assert set(KINDS) == notifications.keys()


@pytest.mark.parametrize("file", DISCORD, ids=lambda file: file.parent.name)
def test_a_discord_template_lets_nobodys_markup_through(file):
    found = list(variables(file))
    assert found
    assert [str(v) for v in found if last_filter(v) not in HARMLESS] == []


@pytest.mark.parametrize("file", PLAIN, ids=lambda file: "/".join(file.parts[-2:]))
def test_plain_text_shows_other_peoples_text_on_one_line(file):
    for variable in variables(file):
        path = str(variable.filter_expression.var)
        if path.endswith((".name", ".display_name")) or path == "cohorts":
            assert last_filter(variable) == "one_line", path


@pytest.mark.parametrize("file", sorted(FOLDER.glob("**/*.html")), ids=lambda file: file.stem)
def test_no_html_template_switches_escaping_off(file):
    words = file.read_text(encoding="utf-8")
    assert "|safe" not in words
    assert "autoescape off" not in words
