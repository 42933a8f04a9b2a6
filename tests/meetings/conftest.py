import pytest


@pytest.fixture(autouse=True)
def _facts_alone(without_providers: None) -> None: ...
