import pytest

from tests.support.without_mirrors import without_mirrors  # noqa: F401 - a fixture


@pytest.fixture
def facts_alone(without_mirrors: None) -> None:  # noqa: F811
    """For tests about facts: no mirror is asked to look."""
