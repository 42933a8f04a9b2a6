"""A class name means one thing: it is defined in one module of the product."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("lens", "cohorts", "meetings", "guestvisits", "discordsync", "calendarsync")
NAMED_BY_DJANGO = {"Command"}  # of management commands


def product_modules() -> list[Path]:
    """Without migrations, and without the sandboxes, which use their services' own names."""
    modules = (path for app in APPS for path in (ROOT / app).rglob("*.py"))
    return [path for path in modules if not {"migrations", "sandbox"} & set(path.parts)]


def test_no_class_name_is_defined_in_two_modules() -> None:
    """Top-level classes only: a model's choices are always named with their model."""
    places = defaultdict(set)
    for path in product_modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name not in NAMED_BY_DJANGO:
                places[node.name].add(str(path.relative_to(ROOT)))
    assert len(places) > 400
    assert {name: sorted(where) for name, where in places.items() if len(where) > 1} == {}
