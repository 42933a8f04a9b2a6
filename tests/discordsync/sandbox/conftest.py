"""The fixture `guild`: Discord's sandbox alone, with Ada, Ben and Cleo in the guild.

Every answer that a test causes is held against Discord's own document, where that is at hand.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import discord.http
import pytest

from tests.discordsync.sandbox.server import Server, serving
from tests.support.conformance import FOLDER


@pytest.fixture(scope="session")
def discord_server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def guild(
    discord_server: Server, discord_document: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """The server, begun again; discord.py finds it."""
    discord_server.begin()
    base = f"http://127.0.0.1:{discord_server.port}/api/v10"
    monkeypatch.setattr(discord.http.Route, "BASE", base)
    yield discord_server
    if discord_document is not None:
        violations = discord_document(discord_server.exchanges)
        assert not violations, "\n".join(violations[:20])


@pytest.fixture(scope="session")
def discord_document() -> Any:
    """Reports how recorded answers break Discord's document; None where it is not at hand."""
    if not FOLDER.is_dir():
        return None
    checker = load_checker()
    spec = checker.Spec(FOLDER / "discord-openapi.json")

    def find_violations(exchanges: list[dict[str, Any]]) -> list[str]:
        return [
            f"{exchange['method']} {exchange['path']} {exchange['status']} {where}: {message}"
            for exchange in map(with_numbers_for_words, exchanges)
            if exchange["status"] != 501 and spec.find(exchange["method"], below_api(exchange))[0]
            for _, _, _, where, message in checker.check(spec, exchange, {"response"})
        ]

    return find_violations


@pytest.fixture(scope="session")
def breaks() -> Callable[[str, Any], list[str]]:
    """Reports how a value breaks one of the shapes that Discord's own document names."""
    spec = load_checker().Spec(FOLDER / "discord-openapi.json")

    def find(schema: str, value: Any) -> list[str]:
        reference = {"$ref": f"#/components/schemas/{schema}"}
        return [f"{where}: {message}" for where, message, _ in spec.check(False, reference, value)]

    return find


def load_checker() -> ModuleType:
    found = importlib.util.spec_from_file_location("checker", FOLDER / "discord_conformance.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["checker"] = module
    found.loader.exec_module(module)
    return module


def below_api(exchange: dict[str, Any]) -> str:
    return str(exchange["path"]).removeprefix("/api/v10")


def with_numbers_for_words(exchange: dict[str, Any]) -> dict[str, Any]:
    """The document types the codes of form errors as numbers, though Discord sends words."""

    def replaced(node: Any) -> Any:
        if isinstance(node, list):
            return [{**leaf, "code": 0} for leaf in node]
        return {key: replaced(value) for key, value in node.items()}

    response = exchange["response"]
    if not isinstance(response, dict) or response.get("code") != 50035:
        return exchange
    errors = replaced(response["errors"])
    return {**exchange, "response": {**response, "errors": errors}}
