"""A scrape as Prometheus makes it, and a small evaluator of our alert rules."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from typing import Any

import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.support.processes import ROOT

TOKEN = "a long random token"
RULES = ROOT / "docs" / "deploy" / "alerts.yml"
Labels = tuple[tuple[str, str], ...]
Scrape = Mapping[tuple[str, Labels], float]
COMPARE = {"==": operator.eq, ">": operator.gt, "<": operator.lt}
EXPR = re.compile(r"(?P<name>\w+)(\{(?P<labels>[^}]*)\})? (?P<how>==|>|<) (?P<value>[\d.]+)")
LABEL = re.compile(r'(\w+)(=|!~)"([^"]*)"')


def scrape(client: Client | None = None) -> Scrape:
    answer = (client or Client()).get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def value_of(found: Scrape, name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


def read_rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def firing(found: Scrape) -> set[str]:
    """Return the alerts whose condition holds in this scrape, however long they ask for."""
    return {rule["alert"] for rule in read_rules() if _holds(rule["expr"], found)}


def _holds(expr: str, found: Scrape) -> bool:
    expr, _, exception = expr.partition(" unless on() ")
    if exception and _holds(exception, found):
        return False
    # The value itself in place of one over time: a test begins with none.
    plain = re.sub(r"(?:increase|max_over_time)\((.*)\[\w+\]\)", r"\1", expr)
    parsed = EXPR.fullmatch(plain)
    assert parsed, expr
    wanted = LABEL.findall(parsed["labels"] or "")
    compare, limit = COMPARE[parsed["how"]], float(parsed["value"])
    return any(
        name == parsed["name"] and _match(dict(labels), wanted) and compare(value, limit)
        for (name, labels), value in found.items()
    )


def _match(labels: Mapping[str, str], wanted: list[tuple[str, str, str]]) -> bool:
    return all(
        labels.get(name) == value if how == "=" else not re.fullmatch(value, labels.get(name, ""))
        for name, how, value in wanted
    )
