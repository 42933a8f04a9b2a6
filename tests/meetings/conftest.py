import pytest

from tests.support.clock import set_clock  # noqa: F401 - a fixture
from tests.support.without_mirrors import without_mirrors  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def _facts_alone(without_mirrors: None) -> None: ...  # noqa: F811
