from tests.guestvisits.effects.conftest import installed, world  # noqa: F401 - fixtures
