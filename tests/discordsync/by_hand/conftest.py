"""Two groups on Discord, before someone changes something by hand."""

from __future__ import annotations

import pytest

from tests.support.worlds import describe_guild


@pytest.fixture
def made(sandbox, two_groups):
    """Two groups of three, and someone who is in the guild and in no group."""
    sandbox.post("join", {"id": "300000000000000001", "username": "stranger"})
    return two_groups


@pytest.fixture
def first(made):
    return made.groups[0]


@pytest.fixture
def before(sandbox, made):
    return describe_guild(sandbox.get("state"))
