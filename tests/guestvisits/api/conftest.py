"""A learner of group A, signed in to the API."""

import pytest
from django.test import Client


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def client(alice) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    return client
