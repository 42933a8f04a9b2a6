"""The committed description of the API: what clients rely on is not taken away by accident."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from tests.support.processes import ROOT

REGENERATE = "run `make docs` and commit docs/openapi.yaml"
TYPE_KEYS = ("type", "format", "$ref", "nullable")
COMPARED_ELSEWHERE = {"description", "summary", "required", "enum", *TYPE_KEYS}
Change = Callable[[dict[str, Any]], Any]


@cache
def read_committed() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_bytes())


@cache
def describe_api() -> dict[str, Any]:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return yaml.safe_load(OpenApiYamlRenderer().render(schema, renderer_context={}))


def find_breaks(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """Name what a client of `old` relies on and `new` lacks, changes, or newly demands."""
    if isinstance(old, dict) and isinstance(new, dict):
        are_fields = where.endswith("/properties")  # so "type" is a field's name
        if not are_fields:
            yield from _compare_types(old, new, where)
        for key in old if are_fields else old.keys() - COMPARED_ELSEWHERE:
            yield from find_breaks(old[key], new.get(key), f"{where}/{key}")
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_parts(old, new, where)
    elif isinstance(old, dict | list) and old:
        yield f"{where} was removed"


def _compare_types(old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[str]:
    if any(old.get(key) != new.get(key) for key in TYPE_KEYS):
        yield f"{where} has another type"
    if missing := set(old.get("enum", ())) - set(new.get("enum", old.get("enum", ()))):
        yield f"{where} no longer has {sorted(map(str, missing))}"
    was, now = old.get("required") or [], new.get("required") or []
    if now is True and was is not True:  # a parameter
        yield f"{where} is now required"
    elif isinstance(was, list) and isinstance(now, list) and set(was) != set(now):
        yield f"{where}: required were {was}, and are {now}"


def _compare_parts(old: list[Any], new: list[Any], where: str) -> Iterator[str]:
    """Compare parameters by name, and the parts of `allOf` and `oneOf` by place."""
    if old and all(isinstance(part, dict) and "name" in part for part in old):
        ours = {part["name"]: part for part in new}
        for part in old:
            yield from find_breaks(part, ours.get(part["name"]), f"{where}/{part['name']}")
        known = {part["name"] for part in old}
        yield from (
            f"{where} now requires {part['name']}"
            for part in new
            if part.get("required") and part["name"] not in known
        )
        return
    for place, part in enumerate(old):
        yield from find_breaks(part, dict(enumerate(new)).get(place), f"{where}/{place}")


def test_the_api_takes_nothing_from_its_clients() -> None:
    breaks = list(find_breaks(read_committed(), describe_api()))
    assert breaks == [], f"clients would break; if intended, write it in CHANGELOG.md, {REGENERATE}"


def test_the_committed_description_is_that_of_the_code() -> None:
    assert describe_api() == read_committed(), REGENERATE


def first_schema(api: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in api["components"]["schemas"].values() if "properties" in one)


def remove_path(api: dict[str, Any]) -> None:
    api["paths"].popitem()


def remove_field(api: dict[str, Any]) -> None:
    first_schema(api)["properties"].popitem()


def change_type(api: dict[str, Any]) -> None:
    field = next(one for one in first_schema(api)["properties"].values() if "type" in one)
    field["type"] = "object"


def require_more(api: dict[str, Any]) -> None:
    first_schema(api).setdefault("required", []).append("another")


def remove_choice(api: dict[str, Any]) -> None:
    next(one for one in api["components"]["schemas"].values() if "enum" in one)["enum"].pop()


def remove_method(api: dict[str, Any]) -> None:
    next(iter(api["paths"].values())).popitem()


@pytest.mark.parametrize(
    "change", [remove_path, remove_method, remove_field, change_type, require_more, remove_choice]
)
def test_a_change_that_breaks_clients_is_found(change: Change) -> None:
    changed = copy.deepcopy(read_committed())
    change(changed)
    assert list(find_breaks(read_committed(), changed)), change.__name__


def test_an_addition_breaks_no_one() -> None:
    more = copy.deepcopy(read_committed())
    more["paths"]["/api/more/"] = {"get": {"responses": {}}}
    first_schema(more)["properties"]["more"] = {"type": "string"}
    assert list(find_breaks(read_committed(), more)) == []
