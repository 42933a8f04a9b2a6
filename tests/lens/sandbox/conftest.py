"""A sandbox of two tiny services, and a client for them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lens.sandbox.clock import Clock
from lens.sandbox.sandbox import Sandbox
from tests.lens.sandbox.client import Client
from tests.lens.sandbox.cohort import make_cohort
from tests.lens.sandbox.shelf import Shelf
from tests.support.running_sandbox import RunningSandbox, sandbox_running


def make_shelves(
    *, state_file: Path | None = None, record: Path | None = None, shelf: str = "1"
) -> Sandbox:
    clock = Clock()
    shelves = [
        Shelf("kitchen", "/kitchen", now=clock.now, identity={"shelf": shelf}),
        Shelf("office", "/office", now=clock.now),
    ]
    return Sandbox(shelves, clock=clock, state_file=state_file, record=record)


@pytest.fixture(scope="session")
def one_shelf_server() -> Iterator[RunningSandbox]:
    with sandbox_running(make_shelves) as running:
        yield running


@pytest.fixture
def shelves(one_shelf_server: RunningSandbox) -> RunningSandbox:
    one_shelf_server.reset()
    return one_shelf_server


@pytest.fixture
def kitchen(shelves: RunningSandbox) -> Client:
    return Client(shelves.url, "/kitchen")


@pytest.fixture
def office(shelves: RunningSandbox) -> Client:
    return Client(shelves.url, "/office")


@pytest.fixture
def make() -> Callable[..., Sandbox]:
    return make_shelves


@pytest.fixture
def cohort(sandbox: RunningSandbox) -> RunningSandbox:
    """The two real services, with a small cohort in them."""
    make_cohort(sandbox)
    return sandbox
