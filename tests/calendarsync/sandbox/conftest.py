"""One server for all tests; each begins with an empty calendar on 1 September 2026."""

from collections.abc import Iterator

import pytest

from tests.calendarsync.sandbox.google import Google, google_running


@pytest.fixture(scope="session")
def one_google() -> Iterator[Google]:
    with google_running() as running:
        yield running


@pytest.fixture
def google(one_google: Google) -> Google:
    one_google.reset()
    return one_google
