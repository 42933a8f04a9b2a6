"""The fixture `gateway`: the fixture `guild`, and bare websockets to it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.discordsync.sandbox.conftest import load_checker
from tests.discordsync.sandbox.gateway.wire import Gateway
from tests.discordsync.sandbox.server import Server
from tests.support.conformance import FOLDER


@pytest.fixture
def gateway(guild: Server) -> Gateway:
    """Without Discord's pauses between identifies, which have tests of their own."""
    guild.set(identify_seconds=0, all_members_seconds=0)
    return Gateway(guild)


@pytest.fixture(scope="session")
def breaks() -> Callable[[str, Any], list[str]]:
    """Tells how a value breaks one of the shapes that Discord's own document names."""
    spec = load_checker().Spec(FOLDER / "discord-openapi.json")

    def find(schema: str, value: Any) -> list[str]:
        reference = {"$ref": f"#/components/schemas/{schema}"}
        return [f"{where}: {message}" for where, message, _ in spec.check(False, reference, value)]

    return find
